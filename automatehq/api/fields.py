"""Serializer fields for text, months, hours, times, timestamps and references."""

import datetime
import re
import uuid
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from automatehq.text import clean_line, clean_text

from .converters import (
    INVALID_DATE,
    INVALID_ID,
    INVALID_MONTH,
    parse_date,
    parse_month,
    parse_uuid,
)
from .unknown_ids import report_rejected_value

_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_END_OF_DAY = "24:00"
TIMESTAMP_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_CENT = Decimal("0.01")
# Longer passwords are rejected before they are hashed.
PASSWORD_LIMIT = 128
TOKEN_LIMIT = 4096


class LineSerializerField(serializers.CharField):
    """A line of text, cleaned before it is validated: see `automatehq/text.py`."""

    def run_validation(self, data: object = empty) -> object:
        return super().run_validation(_cleaned(data, clean_line))


class LinesSerializerField(serializers.CharField):
    """Text of several lines, cleaned before it is validated."""

    def run_validation(self, data: object = empty) -> object:
        return super().run_validation(_cleaned(data, clean_text))


class EmailSerializerField(serializers.EmailField):
    """An e-mail address, cleaned before it is validated."""

    def run_validation(self, data: object = empty) -> object:
        return super().run_validation(_cleaned(data, clean_line))


def _cleaned(data: Any, clean: Callable[[str], str]) -> Any:
    return clean(data) if isinstance(data, str) else data


class StrictText(serializers.CharField):
    """Mixin of text fields that reject numbers and booleans."""

    def to_internal_value(self, data: object) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class StringField(StrictText, LineSerializerField):
    """A line of text; numbers are rejected."""


class PasswordField(StrictText):
    """A password: neither cleaned nor included in responses."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            write_only=True, trim_whitespace=False, max_length=PASSWORD_LIMIT, **kwargs
        )


class TokenField(StrictText):
    """A token that the API issued."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=TOKEN_LIMIT, **kwargs)


class EmailAddressField(StrictText, EmailSerializerField):
    """An e-mail address, in lower case as it is stored."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=254, **kwargs)

    def to_internal_value(self, data: object) -> str:
        return super().to_internal_value(data).lower()


@extend_schema_field(
    {"type": "string", "pattern": r"^\d{4}-\d{2}(-\d{2})?$", "examples": ["2026-03"]}
)
class MonthField(serializers.Field[datetime.date, Any, str, Any]):
    """The first of a month; written as `2026-03`, read from `2026-03` or any date in it."""

    default_error_messages = {"invalid": INVALID_MONTH}

    def to_internal_value(self, data: object) -> datetime.date:
        month = parse_month(data)
        if month is None:
            self.fail("invalid")
        return month

    def to_representation(self, value: datetime.date) -> str:
        return value.isoformat()[:7]


class DateField(serializers.DateField):
    """A date as `YYYY-MM-DD`; other ISO 8601 formats and distant years are rejected."""

    default_error_messages = {"invalid": INVALID_DATE}

    def to_internal_value(self, value: object) -> datetime.date:
        date = parse_date(value)
        if date is None:
            self.fail("invalid")
        return date


@extend_schema_field(
    {"type": "string", "pattern": r"^\d{1,2}:[0-5]\d$", "examples": ["08:30"]}
)
class HourMinuteField(serializers.TimeField):
    """A local time to the minute, written as `HH:MM`; `H:MM` is accepted too.

    With `is_end`, `24:00` is read as midnight at the end of the day.
    """

    default_error_messages = {"invalid": _("Invalid time. Use the format 08:30.")}

    def __init__(self, *, is_end: bool = False, **kwargs: Any) -> None:
        self.is_end = is_end
        super().__init__(**kwargs)

    def to_internal_value(self, value: object) -> datetime.time:
        text = value if isinstance(value, str) else ""
        if self.is_end and text == _END_OF_DAY:
            return datetime.time(0)
        if not _TIME.fullmatch(text):
            self.fail("invalid")
        return datetime.time.fromisoformat(text.zfill(5))

    def to_representation(self, value: datetime.time) -> str:
        return value.isoformat("minutes")


class TimestampField(serializers.DateTimeField):
    """A time in UTC to the second: `2026-03-05T08:00:00Z`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            format=TIMESTAMP_FORMAT, default_timezone=datetime.UTC, **kwargs
        )

    def to_representation(self, value: datetime.datetime) -> str:
        # Same format as TIMESTAMP_FORMAT, in a fifth of the time.
        return f"{value.astimezone(datetime.UTC).isoformat()[:19]}Z"


@extend_schema_field(
    {"type": "string", "pattern": r"^-?\d+\.\d{2}$", "examples": ["8.50"]}
)
class HoursField(serializers.DecimalField):
    """Hours with two decimals; written as `"8.50"`, read from a string or a number.

    The limit of five digits applies to input, a day or a card. Totals in responses may be larger.
    """

    default_error_messages = {
        "invalid": _("Invalid number of hours. Use the format 8.50.")
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 5)
        kwargs.setdefault("decimal_places", 2)
        super().__init__(**kwargs)

    def to_internal_value(self, data: int | float | str | Decimal) -> Decimal:
        # Rejects exponents, NaN and digits of other alphabets, all of which Decimal accepts.
        is_number = isinstance(data, (str, int, float)) and not isinstance(data, bool)
        if not is_number or not _NUMBER.fullmatch(str(data).strip()):
            self.fail("invalid")
        hours: Decimal = super().to_internal_value(data)
        return hours

    def to_representation(self, value: Decimal | float | str) -> str:
        hours = value if isinstance(value, Decimal) else Decimal(str(value))
        return f"{hours.quantize(_CENT, ROUND_HALF_UP):f}"


class IdField(serializers.UUIDField):
    """An id as the API writes it; UUIDField also accepts integers and braces."""

    default_error_messages = {"invalid": INVALID_ID}

    def to_internal_value(self, data: object) -> uuid.UUID:
        value = parse_uuid(data)
        if value is None:
            self.fail("invalid")
        return value


class ShortListField(serializers.ListField):
    """A list of at most `max_length` items; the length is checked before the items."""

    def to_internal_value(self, data: list[object]) -> list[object]:
        if (
            isinstance(data, list)
            and self.max_length is not None
            and len(data) > self.max_length
        ):
            self.fail("max_length", max_length=self.max_length)
        values: list[Any] = super().to_internal_value(data)
        return values


@extend_schema_field({"type": "string", "format": "uuid"})
class ReferenceField(serializers.PrimaryKeyRelatedField[Any]):
    """A reference `site_id` in a body, read as the row: `queryset=Site.objects`.

    The source is the name without `_id`. An id outside the scope gives 400 `does_not_exist`, also if another business
    has a row with it. Both cases cost one query and are reported alike for the audit trail.
    """

    default_error_messages = {
        "does_not_exist": _("No record has this ID."),
        "invalid": INVALID_ID,
    }

    def bind(self, field_name: str, parent: serializers.BaseSerializer[Any]) -> None:
        if self.source is None and field_name.endswith("_id"):
            self.source = field_name.removesuffix("_id")
        super().bind(field_name, parent)

    def run_validation(self, data: object = empty) -> object:
        # RelatedField reads "" as null, which would hide a client's mistake.
        return serializers.Field.run_validation(self, data)

    def to_internal_value(self, data: object) -> object:
        value = parse_uuid(data)
        if value is None:
            self.fail("invalid")
        queryset: Any = self.get_queryset()
        row = queryset.filter(pk=value).first()
        if row is None:
            report_rejected_value(
                self.context.get("request"),
                kind="unknown_id",
                model=queryset.model,
                field=str(self.field_name),
                value=value,
            )
            self.fail("does_not_exist")
        return row

    def get_attribute(self, instance: object) -> object:
        """Return the id, which is a column of the row."""
        return getattr(instance, f"{self.source}_id")

    def to_representation(self, value: object) -> str:
        return str(value)


@extend_schema_field(
    {
        "type": ["object", "null"],
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "name": {"type": "string"},
        },
        "required": ["id", "name"],
        "readOnly": True,
    }
)
class NamedReference(serializers.Field[Any, Any, dict[str, str] | None, Any]):
    """A read-only `{id, name}` beside `…_id`, or null.

    `site = NamedReference("site.site_name")` reads the id from `site_id` of the row and the name along the path.
    `uploaded_by = NamedReference("uploaded_by_name")` reads the name stored beside a reference, so that no join can
    lose the row.
    """

    def __init__(self, name: str, *, id_from: str | None = None, **kwargs: Any) -> None:
        self.name_path = name.split(".")
        self.id_from = id_from
        super().__init__(read_only=True, source="*", **kwargs)

    def to_representation(self, row: object) -> dict[str, str] | None:
        id_from = self.id_from or f"{self.field_name}_id"
        value = row[id_from] if isinstance(row, dict) else getattr(row, id_from)
        if value is None:
            return None
        name = row
        for attribute in self.name_path:
            name = (
                name[attribute] if isinstance(name, dict) else getattr(name, attribute)
            )
        return {"id": str(value), "name": "" if name is None else str(name)}


def plain_attribute(field: serializers.Field[object, object, object, object]) -> str:
    """Return the attribute that `field` outputs unchanged, or "" for a computed value."""
    has_own_way = type(
        field
    ).get_attribute is not serializers.Field.get_attribute or isinstance(
        field, serializers.BaseSerializer
    )
    if has_own_way or len(field.source_attrs) != 1:
        return ""
    return str(field.source_attrs[0])
