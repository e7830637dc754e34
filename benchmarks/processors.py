"""How long processes have been on a processor: on a machine with other work the clock counts that too. Linux only."""

from collections.abc import Iterable
from pathlib import Path

from django.db import connection

from .databases import Database
from .servers import Server


def processor_seconds(pids: Iterable[int]) -> float:
    """Of all threads of these processes together, since they began."""
    stats = [
        stat for pid in pids for stat in Path(f"/proc/{pid}/task").glob("*/schedstat")
    ]
    return sum(int(stat.read_text().split()[0]) for stat in stats) / 1e9


def application_seconds(server: Server, database: Database, *, but: int = 0) -> float:
    """Of the web processes and of PostgreSQL's sessions for them, all `but` one: whichever there are now, since each of
    gunicorn's threads opens one when its turn comes first.
    """
    web = [child.pid for child in server.process.children()]
    return processor_seconds([*web, *backends(database, but=but)])


def backends(database: Database, *, but: int = 0) -> list[int]:
    """PostgreSQL's processes that serve sessions in `database`, all `but` one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = %s AND usename = current_user AND pid NOT IN (%s, pg_backend_pid())",
            [database.name, but],
        )
        return [pid for (pid,) in cursor.fetchall()]
