"""Letting one process at a time do something to the database."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def session_lock(name: str, *, waiting: Callable[[str], object]) -> Iterator[None]:
    """Hold `name`, which no two processes on the same database hold at once; `waiting` is told if there is a wait.

    On a connection of its own, whose end (also by a kill) lets go. Not through a pooler that shares connections.
    """
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    own = connection.copy()
    try:
        with own.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
            if not cursor.fetchone()[0]:
                waiting(f"Waiting: another process has “{name}” in hand.")
                cursor.execute("SELECT pg_advisory_lock(%s)", [key])
            yield
    finally:
        own.close()
