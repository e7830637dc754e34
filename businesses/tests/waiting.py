"""Waiting for a blocked transaction, so that tests of concurrency need no sleep."""

import time

from django.db import connection

_BY_THIS_CONNECTION = """
SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))
"""
_BY_ANY = """
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')
"""


def wait_until_blocked(*, by_any: bool = False, seconds: float = 30) -> None:
    """Return when a transaction waits for a lock of the current connection.

    With `by_any`, outside a scope, it may wait for a lock of any connection.

    Raises: `AssertionError` if none waits within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(_BY_ANY if by_any else _BY_THIS_CONNECTION)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("No transaction waits.")
