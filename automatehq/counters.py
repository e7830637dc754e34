"""Counts of what happens too often, kept in the cache so that they hold across processes.

A count begins with its first event and ends a stated time after it. (Django's own `cache.incr` gives a key the cache's
default lifetime and loses counts between processes.) Works in every scope and in none: the counts are the framework's.
"""

import time
from dataclasses import dataclass

from django.core.cache import cache
from django.db import connection, transaction

from businesses.tenancy.context import unscoped


@dataclass(frozen=True)
class Tally:
    """How often something has happened, and for how many more seconds that counts."""

    count: int = 0
    seconds_left: float = 0.0


def take_turn(key: str) -> None:
    """Wait until nobody else is at `key`; it is ours until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def take_a_place(name: str, places: int) -> bool:
    """Hold one of so many places of that name until the transaction ends; False if all are taken."""
    with connection.cursor() as cursor:
        for place in range(places):
            cursor.execute(
                "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))",
                [f"{name} {place}"],
            )
            if cursor.fetchone()[0]:
                return True
    return False


def tally(key: str) -> Tally:
    """The count of `key` as it stands."""
    with unscoped():
        count, ends_at = cache.get(_stored(key)) or (0, 0.0)
    seconds_left = ends_at - time.time()
    return Tally(count, seconds_left) if seconds_left > 0 else Tally()


def count(key: str, *, seconds: int, more: int = 1) -> Tally:
    """Count `more`. The first begins a window of `seconds`, after which the count is zero again."""
    with unscoped(), transaction.atomic():
        take_turn(_stored(key))
        before = tally(key)
        seconds_left = before.seconds_left or float(seconds)
        now = Tally(before.count + more, seconds_left)
        cache.set(
            _stored(key), (now.count, time.time() + seconds_left), seconds_left + 1
        )
    return now


def _stored(key: str) -> str:
    return f"count:{key}"
