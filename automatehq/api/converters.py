"""Path converters: a path segment as a value or as an error.

Django responds 404 when a converter rejects a segment. These converters accept every segment. So authentication comes
first, and a malformed id gives 400 like a malformed id in a body.
"""

import datetime
import re
import uuid

from django.urls import register_converter
from django.utils.translation import gettext_lazy as _

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})(?:-([0-9]{2}))?")
FIRST_YEAR, LAST_YEAR = 1900, 2199


def parse_uuid(text: object) -> uuid.UUID | None:
    """Return the UUID of a text of 36 characters with hyphens, else None."""
    if isinstance(text, uuid.UUID):
        return text
    if isinstance(text, str) and _UUID.fullmatch(text):
        return uuid.UUID(text)
    return None


def parse_month(text: object) -> datetime.date | None:
    """Return the first of the month from `2026-03` or any date in it, else None."""
    match = _MONTH.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    year, month, day = int(match[1]), int(match[2]), int(match[3] or 1)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        return datetime.date(year, month, day).replace(day=1)
    except ValueError:
        return None


def parse_date(text: object) -> datetime.date | None:
    """Return the date of `YYYY-MM-DD` within the supported years, else None."""
    if not isinstance(text, str) or not _DATE.fullmatch(text):
        return None
    try:
        date = datetime.date.fromisoformat(text)
    except ValueError:
        return None
    return date if FIRST_YEAR <= date.year <= LAST_YEAR else None


INVALID_ID = _("Invalid ID.")
INVALID_MONTH = _("Invalid month. Use the format 2026-03.")
INVALID_DATE = _("Invalid date. Use the format 2026-03-05.")


class InvalidPathValue(str):
    """A malformed path segment; views find no row for it."""

    __slots__ = ()
    error_message = INVALID_ID


class MalformedMonth(InvalidPathValue):
    __slots__ = ()
    error_message = INVALID_MONTH


class IdConverter:
    """Converter of `<id:pk>`: a UUID."""

    regex = "[^/]+"

    def to_python(self, value: str) -> uuid.UUID | InvalidPathValue:
        return parse_uuid(value) or InvalidPathValue(value)

    def to_url(self, value: object) -> str:
        return str(value)


class MonthConverter:
    """Converter of `<month:month>`: the first of the month of `2026-03` or a date."""

    regex = "[^/]+"

    def to_python(self, value: str) -> datetime.date | InvalidPathValue:
        return parse_month(value) or MalformedMonth(value)

    def to_url(self, value: datetime.date | str) -> str:
        return value if isinstance(value, str) else f"{value:%Y-%m}"


register_converter(IdConverter, "id")
register_converter(MonthConverter, "month")
