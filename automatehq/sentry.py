"""Error reports to an optional Sentry server, without personal data."""

from collections.abc import Callable
from typing import Any

import sentry_sdk
from sentry_sdk.types import Event, Hint

from .middleware.request_id import current_request_id

# Tags of every event with their functions; apps add tags.
TAGS: dict[str, Callable[[], object]] = {"request_id": current_request_id}
# Fields of a request that are sent; the query string may contain a passport number.
REQUEST_FIELDS = ("method", "url")
# Error messages of the database quote the rejected values.
QUOTING = ("psycopg2", "django.db")


def start(dsn: str) -> None:
    """Send errors to `dsn` from now on."""
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
    """Return the event with ids of the log and audit trail, and without users' input."""
    request: dict[str, Any] = event.get("request") or {}
    event["request"] = {
        name: str(request[name]).partition("?")[0]
        for name in REQUEST_FIELDS
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
