"""The processor time of processes. Linux only.

Clock time also includes other work of the machine.
"""

from collections.abc import Iterable
from pathlib import Path

from django.db import connection

from .databases import Database
from .servers import Server


def processor_seconds(pids: Iterable[int]) -> float:
    """Return the processor seconds that all threads of these processes have used."""
    stats = [
        stat for pid in pids for stat in Path(f"/proc/{pid}/task").glob("*/schedstat")
    ]
    return sum(int(stat.read_text().split()[0]) for stat in stats) / 1e9


def application_seconds(server: Server, database: Database, *, but: int = 0) -> float:
    """Return the processor seconds of the web processes and their PostgreSQL sessions.

    The session `but` does not count. The sessions are listed at each call, because each of gunicorn's threads opens
    one at its first request.
    """
    web = [child.pid for child in server.process.children()]
    return processor_seconds([*web, *backends(database, but=but)])


def backends(database: Database, *, but: int = 0) -> list[int]:
    """Return the ids of PostgreSQL's processes for `database`, except `but`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = %s AND usename = current_user AND pid NOT IN (%s, pg_backend_pid())",
            [database.name, but],
        )
        return [pid for (pid,) in cursor.fetchall()]
