"""Waiting until another transaction is blocked, so that tests of concurrency need no sleep."""

import time

from django.db import connection


def wait_until_blocked(seconds: float = 20) -> None:
    """Return once a transaction waits for a lock of the current connection. Raises `AssertionError` if none does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted "
                "AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("No transaction waits for this one.")
