"""Counts of what happens too often, kept in the cache so that they hold across processes.

A count begins with its first event and ends a stated time after it. (Django's own `cache.incr` gives a key the cache's
default lifetime and loses counts between processes.) Works in every scope and in none: the counts are the framework's.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction

from businesses.tenancy.context import unscoped

POLL_INTERVAL = 0.05  # seconds


@dataclass(frozen=True)
class WindowCount:
    """How often something has happened, and for how many more seconds that counts."""

    count: int = 0
    seconds_left: float = 0.0


def take_turn(key: str) -> None:
    """Wait until nobody else is at `key`; it is ours until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def try_transaction_lock(key: str) -> bool:
    """Take the lock of `take_turn` if it is free; False if not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [key]
        )
        (is_taken,) = cursor.fetchone()
    return bool(is_taken)


def try_transaction_lock_within(key: str, seconds: float) -> bool:
    """Take the lock of `take_turn`, waiting `seconds` at most; return whether it was taken.

    Polls, because a lock time-out of PostgreSQL's would abort the transaction.
    """
    deadline = time.monotonic() + seconds
    while not try_transaction_lock(key):
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_INTERVAL)
    return True


def acquire_slot(name: str, places: int) -> bool:
    """Hold one of so many places of that name until the transaction ends; False if all are taken."""
    return any(try_transaction_lock(f"{name} {place}") for place in range(places))


def tally(key: str) -> WindowCount:
    """The count of `key` as it stands."""
    return window_counts([key])[key]


def window_counts(keys: Sequence[str]) -> dict[str, WindowCount]:
    """Return the count of each key. One query."""
    with unscoped():
        stored = cache.get_many([_stored(key) for key in keys])
    return {key: _as_of_now(*stored.get(_stored(key), (0, 0.0))) for key in keys}


def running(prefix: str) -> dict[str, WindowCount]:
    """Return the counts that have not ended whose keys begin with `prefix`. Two queries."""
    beginning = cache.make_key(_stored(prefix))
    table = connection.ops.quote_name(str(settings.CACHES["default"]["LOCATION"]))
    with unscoped(), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT cache_key FROM {table} WHERE starts_with(cache_key, %s) ORDER BY 1",  # noqa: S608  a setting
            [beginning],
        )
        rest = [row[0].removeprefix(beginning) for row in cursor.fetchall()]
    found = window_counts([f"{prefix}{name}" for name in rest])
    return {key: tally for key, tally in found.items() if tally.count}


def forget(key: str) -> None:
    """Set the count of `key` to zero."""
    with unscoped():
        cache.delete(_stored(key))


def _as_of_now(count: int, ends_at: float) -> WindowCount:
    seconds_left = ends_at - time.time()
    return WindowCount(count, seconds_left) if seconds_left > 0 else WindowCount()


def count(key: str, *, seconds: int, more: int = 1) -> WindowCount:
    """Count `more`. The first begins a window of `seconds`, after which the count is zero again."""
    with unscoped(), transaction.atomic():
        take_turn(_stored(key))
        before = tally(key)
        seconds_left = before.seconds_left or float(seconds)
        now = WindowCount(before.count + more, seconds_left)
        cache.set(
            _stored(key), (now.count, time.time() + seconds_left), seconds_left + 1
        )
    return now


def _stored(key: str) -> str:
    return f"count:{key}"
