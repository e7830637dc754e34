"""The origin of an event: channel, request and client address."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

from automatehq.client_ip import get_client_ip
from automatehq.middleware.request_id import current_request_id


@dataclass(frozen=True)
class Origin:
    """The channel of an event, with the id and client address of a request.

    The channel is `api`, `admin`, `command` or `task`.
    """

    channel: str = "command"
    request_id: str = ""
    address: str = ""


COMMAND = Origin()
_origin: ContextVar[Origin] = ContextVar("automatehq_origin", default=COMMAND)


def current_origin() -> Origin:
    return _origin.get()


@contextmanager
def origin(channel: str, request_id: str = "", address: str = "") -> Iterator[None]:
    """Set the origin of the events that are recorded in the block."""
    token = _origin.set(Origin(channel, request_id, address))
    try:
        yield
    finally:
        _origin.reset(token)


class OriginMiddleware:
    """Middleware that sets the origin for the time of a request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        channel = "admin" if request.path_info.startswith("/admin/") else "api"
        with origin(channel, current_request_id() or "", get_client_ip(request) or ""):
            return self.get_response(request)
