"""Handling of an unreachable database in requests, commands and workers."""

import logging
import sys
import time
from collections.abc import Callable
from typing import Any

from django.core.signals import got_request_exception
from django.db import Error, close_old_connections, connection
from django.http import HttpRequest, HttpResponse

from .api.error_views import unavailable
from .api.errors import outage_of

logger = logging.getLogger(__name__)

# Seconds between two attempts to connect: the first delay, and the maximum after doubling.
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0


class OutageMiddleware:
    """Middleware that returns 503 with Retry-After for errors of a database outage.

    Every inner middleware converts its exceptions to a 500 response immediately. So the middleware listens to the
    signal for exceptions. It covers errors in a view, when a scope is opened or committed, and when a session is read
    or saved.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        got_request_exception.connect(_store_outage)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        outage = getattr(request, "outage", None)
        if outage is None or response.status_code != 500:
            return response
        return unavailable(request, outage)


def _store_outage(*, request: Any = None, **kwargs: Any) -> None:
    outage = outage_of(sys.exception())
    if outage is not None and request is not None:
        request.outage = outage


def sentence_of(error: BaseException) -> str | None:
    """Return a message for a command that failed because of an outage, else None."""
    if outage_of(error) is None:
        return None
    reason = next(iter(str(error).strip().splitlines()), "no reason given")
    return f"The database is not available: {reason}\nThe command stopped. Run it again when the database is available."


def wait_for_database(
    *, seconds: float | None = None, is_needed: Callable[[], bool] = lambda: True
) -> bool:
    """Wait until the database accepts writes.

    Return False after `seconds`, or when `is_needed` returns False. Must not be called inside a transaction.
    """
    give_up_at = None if seconds is None else time.monotonic() + seconds
    pause = FIRST_PAUSE
    while is_needed():
        if takes_writes():
            return True
        if give_up_at is not None and time.monotonic() + pause > give_up_at:
            return False
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
    return False


def takes_writes() -> bool:
    """Return True if the database responds and is not read-only. Opens a connection if needed."""
    close_old_connections()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_read_only")
            (is_read_only,) = cursor.fetchone()
    except Error as error:
        if outage_of(error) is None:
            raise
        return False
    return bool(is_read_only == "off")
