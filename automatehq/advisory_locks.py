"""Advisory locks of PostgreSQL: session, transaction, time-out, slots."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection

POLL_INTERVAL = 0.05  # seconds


@contextmanager
def session_lock(name: str, *, waiting: Callable[[str], object]) -> Iterator[None]:
    """Hold the session-level lock `name`; `waiting` is called with a message if another process holds it.

    The lock has a connection of its own and ends with it, also after a kill. A pooler that shares connections breaks it.
    """
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    lock_connection = connection.copy()
    try:
        with lock_connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
            if not cursor.fetchone()[0]:
                waiting(f"Waiting: another process holds the lock “{name}”.")
                cursor.execute("SELECT pg_advisory_lock(%s)", [key])
            yield
    finally:
        lock_connection.close()


def transaction_lock(key: str) -> None:
    """Take the lock on `key` until the transaction ends, after waiting for it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def try_transaction_lock(key: str) -> bool:
    """Take the lock of `transaction_lock` if it is free; return whether it was taken."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [key]
        )
        (is_acquired,) = cursor.fetchone()
    return bool(is_acquired)


def try_transaction_lock_within(key: str, seconds: float) -> bool:
    """Take the lock of `transaction_lock`, waiting `seconds` at most; return whether it was taken.

    Polls, because a lock time-out of PostgreSQL would abort the transaction.
    """
    deadline = time.monotonic() + seconds
    while not try_transaction_lock(key):
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_INTERVAL)
    return True


def acquire_slot(name: str, slots: int) -> bool:
    """Hold one of `slots` numbered locks of that name until the transaction ends; return False if all are taken."""
    return any(try_transaction_lock(f"{name} {slot}") for slot in range(slots))
