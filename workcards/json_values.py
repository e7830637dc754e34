"""Values as the API and the audit trail format them in JSON."""

import uuid
from datetime import UTC, datetime
from decimal import Decimal

from automatehq.api.fields import TIMESTAMP_FORMAT


def named_reference(row_id: uuid.UUID | None, name: str) -> dict[str, str] | None:
    """Return `{id, name}`, or None without an id."""
    return None if row_id is None else {"id": str(row_id), "name": name}


def timestamp_text(value: datetime) -> str:
    """Return a timestamp in UTC, such as `2026-03-05T08:00:00Z`."""
    return value.astimezone(UTC).strftime(TIMESTAMP_FORMAT)


def hours_text(hours: Decimal | None) -> str | None:
    """Return hours with two decimals, or None."""
    return None if hours is None else f"{hours:.2f}"
