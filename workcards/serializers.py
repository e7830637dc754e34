"""Serializers of work cards and their days. docs/api.md lists every field."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from automatehq.api.fields import (
    DateField,
    HourMinuteField,
    HoursField,
    IdField,
    LineSerializerField,
    MonthField,
    NamedReference,
    ReferenceField,
)
from automatehq.api.serializers import StrictModelSerializer, StrictSerializer
from workforce.models import Employee, Site

from .day_warnings import CODES
from .hours import MAX_BREAK_MINUTES, sum_hours, sum_minutes
from .models import DayEntry, WorkCard
from .transitions import DayStatus

LAST_VERSION = 2**31 - 1
MAX_ENTRIES = 31


class LedgerSerializer(serializers.Serializer[Any]):
    """The paid day of a date."""

    hours = HoursField(allow_null=True)
    minutes = serializers.IntegerField(allow_null=True)
    day_status = serializers.ChoiceField(DayStatus.choices, allow_null=True)
    work_card_id = IdField()
    site = NamedReference("site_name")


class DaySerializer(StrictSerializer):
    """A day of a card.

    `minutes` follows from times and break, else from `total_hours`. `ledger` is the day that is paid for the date
    now. `set_aside_by_id` is the card that is paid instead of this approved one, or null. A request may contain all
    three; they are ignored.
    """

    work_date = DateField()
    from_time = HourMinuteField(required=False, allow_null=True)
    to_time = HourMinuteField(is_end=True, required=False, allow_null=True)
    break_minutes = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=MAX_BREAK_MINUTES
    )
    total_hours = HoursField(required=False, allow_null=True)
    minutes = serializers.IntegerField(read_only=True, allow_null=True)
    day_status = serializers.ChoiceField(
        DayStatus.choices, required=False, allow_null=True
    )
    comment = LineSerializerField(
        required=False, allow_blank=True, allow_null=True, max_length=500
    )
    ledger = LedgerSerializer(read_only=True, allow_null=True)
    set_aside_by_id = IdField(read_only=True, allow_null=True)

    def to_internal_value(self, data: object) -> dict[str, object]:
        body = _without(data, "minutes", "ledger", "set_aside_by_id")
        values: dict[str, object] = super().to_internal_value(body)
        return values


class DayEntriesSerializer(StrictSerializer):
    """All days of a card, with the card's version."""

    version = serializers.IntegerField(min_value=1, max_value=LAST_VERSION)
    entries: Any = serializers.ListSerializer(
        child=DaySerializer(), max_length=MAX_ENTRIES
    )
    total_hours = HoursField(read_only=True)
    total_minutes = serializers.IntegerField(read_only=True)

    class Meta:
        # PATCH requires both, too: it changes fields of days, not of this body.
        always_required = ("version", "entries")

    def to_internal_value(self, data: object) -> dict[str, object]:
        # Ignored, because the totals follow from the entries. An outdated version gets its own error.
        body = _without(data, "total_hours", "total_minutes")
        values: dict[str, object] = super().to_internal_value(body)
        return values


def _without(data: Any, *names: str) -> Any:
    if not isinstance(data, Mapping):
        return data
    return {key: value for key, value in data.items() if key not in names}


class ScanSerializer(serializers.Serializer[WorkCard]):
    """The URLs of a card's scan, with width and height of its display rendition."""

    url = serializers.SerializerMethodField()
    display_url = serializers.SerializerMethodField()
    width = serializers.SerializerMethodField()
    height = serializers.SerializerMethodField()

    def get_url(self, card: WorkCard) -> str:
        return reverse("work-card-file", args=[card.pk])

    def get_display_url(self, card: WorkCard) -> str:
        return f"{self.get_url(card)}?rendition=display"

    def get_width(self, card: WorkCard) -> int | None:
        return self._size(card).get("width")

    def get_height(self, card: WorkCard) -> int | None:
        return self._size(card).get("height")

    def _size(self, card: WorkCard) -> dict[str, int | None]:
        renditions = card.file.renditions if card.file else []
        return renditions[card.page - 1] if len(renditions) >= card.page else {}


class WarningSerializer(serializers.Serializer[Any]):
    """A warning: its code, a sentence, the card's dates, the other cards involved.

    `is_refused` is true if the business's settings reject the approval because of it.
    """

    code = serializers.ChoiceField(CODES)
    detail = serializers.CharField()
    dates = serializers.ListField(child=DateField())
    work_card_ids = serializers.ListField(child=IdField())
    is_refused = serializers.BooleanField()


# Fields of a card that a response has only if the request includes details.
DETAIL_FIELDS = ("days", "file", "warnings", "warning_details")


class WorkCardSerializer(StrictModelSerializer):
    """A card. Clients can edit `site_id`, `processing_month` and `notes`.

    Other fields change by actions.

    Its row comes from `with_figures()`. `days` and `file` are included if the context has `details`; the row then
    comes from `with_details()`. `warnings` and `warning_details` are included if the row has `approval_warnings` too.
    """

    site_id = ReferenceField(queryset=Site.objects)
    site = NamedReference("site.site_name")
    employee_id: Any = IdField(read_only=True, allow_null=True)
    employee = NamedReference("employee.full_name")
    processing_month = MonthField()
    total_hours = HoursField(read_only=True)
    total_minutes = serializers.IntegerField(read_only=True)
    day_count = serializers.IntegerField(read_only=True)
    uploaded_by = NamedReference("uploaded_by_name")
    approved_by = NamedReference("approved_by_name")
    has_file = serializers.BooleanField(read_only=True)
    month_is_closed = serializers.BooleanField(read_only=True)
    days = DaySerializer(source="day_entries", many=True, read_only=True)
    file = serializers.SerializerMethodField()
    warnings = serializers.SerializerMethodField()
    warning_details = serializers.SerializerMethodField()

    class Meta:
        model = WorkCard
        fields = (
            "id",
            "business_id",
            "site_id",
            "site",
            "employee_id",
            "employee",
            "processing_month",
            "source",
            "review_status",
            "version",
            "total_hours",
            "total_minutes",
            "day_count",
            "notes",
            "rejected_reason",
            "uploaded_by",
            "approved_by",
            "approved_at",
            "original_filename",
            "mime_type",
            "file_size_bytes",
            "sha256_hash",
            "source_page_number",
            "has_file",
            "month_is_closed",
            "created_at",
            "updated_at",
            *DETAIL_FIELDS,
        )
        may_be_absent = DETAIL_FIELDS
        read_only_fields = tuple(
            name
            for name in fields
            if name not in ("site_id", "processing_month", "notes")
        )

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        if not self.context.get("details"):
            for name in DETAIL_FIELDS:
                del fields[name]
        return fields

    def to_internal_value(self, data: object) -> dict[str, object]:
        # A request may contain them. They are ignored, because they depend on other cards.
        body = _without(data, "warnings", "warning_details")
        values: dict[str, object] = super().to_internal_value(body)
        return values

    def to_representation(self, card: object) -> dict[str, object]:
        values = super().to_representation(card)
        if not hasattr(card, "approval_warnings"):
            values.pop("warnings", None)
            values.pop("warning_details", None)
        return values

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_warnings(self, card: WorkCard) -> list[str]:
        return [warning.detail for warning in getattr(card, "approval_warnings", ())]

    @extend_schema_field(WarningSerializer(many=True))
    def get_warning_details(self, card: WorkCard) -> list[dict[str, object]]:
        return [warning.as_json for warning in getattr(card, "approval_warnings", ())]

    @extend_schema_field(ScanSerializer(allow_null=True))
    def get_file(self, card: WorkCard) -> dict[str, object] | None:
        return dict(ScanSerializer(card).data) if card.has_file else None


class ManualCardSerializer(WorkCardSerializer):
    """The initial values of a card without a scan."""

    employee_id = ReferenceField(queryset=Employee.objects)


def days_json(card: WorkCard) -> dict[str, object]:
    """Return the days of a card as the API formats them."""
    entries = list(DayEntry.objects.filter(work_card=card).with_ledger())
    sheet = {
        "version": card.version,
        "entries": entries,
        "total_hours": sum_hours(entry.total_hours for entry in entries),
        "total_minutes": sum_minutes(entry.minutes for entry in entries),
    }
    return dict(DayEntriesSerializer(sheet).data)
