"""The database's clock, and a given clock for sample data of past months."""

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from django.db import connection
from django.utils import timezone
from uuid_utils.compat import uuid7


class GivenClock:
    """A clock that shows the time in `time` and makes reproducible ids.

    While it runs, all code of this process that asks Django or this module for the time gets `time`, and new rows get
    ids that derive from `time` and the seed. For commands with one thread only.
    """

    def __init__(self, time: datetime, seed: str) -> None:
        self.time = time
        self._rng = random.Random(seed)  # noqa: S311 -- ids of sample data
        self._count = 0

    def now(self) -> datetime:
        return self.time.astimezone(UTC)

    def new_id(self) -> uuid.UUID:
        """Return a UUID of version 7 for `time`. Ids of one millisecond ascend, up to 4,096."""
        self._count = (self._count + 1) % 4096
        milliseconds = int(self.time.timestamp() * 1000)
        return uuid.UUID(
            int=milliseconds << 80
            | 0x7 << 76
            | self._count << 64
            | 0b10 << 62
            | self._rng.getrandbits(62)
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        """Replace the clock of this process until the block ends."""
        real_now = timezone.now
        token = _given.set(self)
        # Django's `auto_now` and `localdate` call this function, as do the services.
        timezone.now = self.now
        try:
            yield
        finally:
            timezone.now = real_now
            _given.reset(token)


_given: ContextVar[GivenClock | None] = ContextVar("automatehq_clock", default=None)


def new_id() -> uuid.UUID:
    """Return a new UUID of version 7."""
    given = _given.get()
    return given.new_id() if given else uuid7()


def database_now() -> datetime:
    """Return the time of the database's clock. One query, in any scope or without one.

    Credentials are compared with the time of a sign-out. A machine with a fast clock would issue credentials that stay
    valid after a later sign-out. A machine with a slow clock would reject the credentials that it issued.
    """
    given = _given.get()
    if given:
        return given.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row: tuple[datetime] = cursor.fetchone()
    return row[0]
