"""Reports of errors to a Sentry server, if there is one. What goes there is where it went wrong, and not whose data it was."""

from collections.abc import Callable
from typing import Any

import sentry_sdk
from sentry_sdk.types import Event, Hint

from .middleware.request_id import current_request_id

# Tags of every event, each with the function that reads its value; an app adds its own.
TAGS: dict[str, Callable[[], object]] = {"request_id": current_request_id}
# Of a request; the query string may carry a passport number.
KEPT_OF_REQUEST = ("method", "url")
# What the database says of an error quotes the values that it refused.
QUOTING = ("psycopg2", "django.db")


def start(dsn: str) -> None:
    """From now on errors are sent to `dsn`."""
    sentry_sdk.init(
        dsn=dsn,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        traces_sample_rate=None,
        before_send=without_personal_data,
    )


def without_personal_data(event: Event, hint: Hint) -> Event:
    """The event with the ids that lead to our own log and trail, and without what people entered."""
    request: dict[str, Any] = event.get("request") or {}
    event["request"] = {
        name: str(request[name]).partition("?")[0]
        for name in KEPT_OF_REQUEST
        if name in request
    }
    for name in ("user", "extra", "breadcrumbs"):
        event.pop(name, None)  # type: ignore[misc]
    for error in (event.get("exception") or {}).get("values", ()):
        if (error.get("module") or "").startswith(QUOTING):
            error["value"] = "left out"
    tags = {name: read() for name, read in TAGS.items()}
    event["tags"] = {name: str(value) for name, value in tags.items() if value}
    return event
