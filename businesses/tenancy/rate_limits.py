"""Rate limits: counts of events in a time window.

The counts are stored in the cache and shared by all processes. A window begins with its
first event and ends a given time later. Django's `cache.incr` gives a key the default
lifetime of the cache and loses counts between processes. The functions work in every
scope and outside, because the cache table holds no tenant rows.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction

from automatehq.advisory_locks import transaction_lock

from .context import unscoped


@dataclass(frozen=True)
class WindowCount:
    """The number of events in the current window, and the seconds until it ends."""

    count: int = 0
    seconds_left: float = 0.0


def get_count(key: str) -> WindowCount:
    """Return the current count of `key`."""
    return get_counts([key])[key]


def get_counts(keys: Sequence[str]) -> dict[str, WindowCount]:
    """Return the count of each key. One query."""
    with unscoped():
        stored = cache.get_many([_stored(key) for key in keys])
    return {key: _as_of_now(*stored.get(_stored(key), (0, 0.0))) for key in keys}


def running_counts(prefix: str) -> dict[str, WindowCount]:
    """Return the counts above zero of keys that begin with `prefix`. Two queries."""
    beginning = cache.make_key(_stored(prefix))
    table = connection.ops.quote_name(str(settings.CACHES["default"]["LOCATION"]))
    with unscoped(), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT cache_key FROM {table} WHERE starts_with(cache_key, %s) ORDER BY 1",  # noqa: S608  a setting
            [beginning],
        )
        rest = [row[0].removeprefix(beginning) for row in cursor.fetchall()]
    rows = get_counts([f"{prefix}{name}" for name in rest])
    return {key: tally for key, tally in rows.items() if tally.count}


def reset(key: str) -> None:
    """Set the count of `key` to zero."""
    with unscoped():
        cache.delete(_stored(key))


def _as_of_now(count: int, ends_at: float) -> WindowCount:
    seconds_left = ends_at - time.time()
    return WindowCount(count, seconds_left) if seconds_left > 0 else WindowCount()


def increment(key: str, *, seconds: int, more: int = 1) -> WindowCount:
    """Add `more` to the count of `key`.

    The first event begins a window of `seconds`. After it the count is zero again.
    """
    with unscoped(), transaction.atomic():
        transaction_lock(_stored(key))
        before = get_count(key)
        seconds_left = before.seconds_left or float(seconds)
        now = WindowCount(before.count + more, seconds_left)
        cache.set(
            _stored(key), (now.count, time.time() + seconds_left), seconds_left + 1
        )
    return now


def _stored(key: str) -> str:
    return f"count:{key}"
