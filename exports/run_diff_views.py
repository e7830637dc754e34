"""The API endpoint of the diff between a run and the current data."""

import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse, HttpResponseBase
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    extend_schema_serializer,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from automatehq.api.errors import Invalid
from automatehq.api.fields import DateField, HoursField, MonthField
from automatehq.api.openapi_examples import load_examples
from automatehq.api.routing import endpoint
from automatehq.api.serializers import StrictSerializer
from workcards.matrix import State
from workcards.month_rows import DRAFT, DRAFT_CONFLICT
from workcards.transitions import DayStatus

from .models import ExportRun
from .run_diff import (
    Change,
    ChangeKind,
    PaidFigures,
    changes_csv,
    changes_file_name,
    diff_run,
)

# A response lists at most this many changes; the file contains all.
LISTED = 5000
STATES = {
    "": State.APPROVED,
    DRAFT: State.NEEDS_REVIEW,
    DRAFT_CONFLICT: State.CONFLICT,
}
TYPES = ("json", "csv")


class NamedSerializer(StrictSerializer):
    id = serializers.UUIDField()
    name = serializers.CharField()


class FiguresSerializer(StrictSerializer):
    hours = HoursField(allow_null=True)
    minutes = serializers.IntegerField(allow_null=True)
    day_status = serializers.ChoiceField(choices=DayStatus.choices, allow_null=True)
    state = serializers.ChoiceField(choices=[state.value for state in State])
    work_card_id = serializers.UUIDField()


class ChangeSerializer(StrictSerializer):
    employee = NamedSerializer()
    date = DateField()
    site = NamedSerializer()
    old = FiguresSerializer(allow_null=True)
    new = FiguresSerializer(allow_null=True)
    difference = HoursField(
        help_text="Change of the hours to pay; negative for a reduction."
    )
    difference_minutes = serializers.IntegerField(
        help_text="Change of the minutes to pay; negative for a reduction."
    )


class ChangeCountsSerializer(StrictSerializer):
    added = serializers.IntegerField()
    removed = serializers.IntegerField()
    changed = serializers.IntegerField()


@extend_schema_serializer(examples=load_examples("exports", "changes"))
class ChangesSerializer(StrictSerializer):
    """The changes since a run. `counts` and `difference` cover all changes, including unlisted changes."""

    run_id = serializers.UUIDField()
    processing_month = MonthField()
    counts = ChangeCountsSerializer()
    difference = HoursField(help_text="Total change of the hours to pay.")
    difference_minutes = serializers.IntegerField(
        help_text="Total change of the minutes to pay."
    )
    is_complete = serializers.BooleanField(
        help_text=f"False if there are more than {LISTED} changes. The CSV file has all."
    )
    added = ChangeSerializer(many=True)
    removed = ChangeSerializer(many=True)
    changed = ChangeSerializer(many=True)


if TYPE_CHECKING:
    from businesses.tenancy.viewsets import TenantReadOnlyViewSet

    Base = TenantReadOnlyViewSet[ExportRun]
else:
    Base = object


class ChangesMixin(Base):
    """The endpoint `/export_runs/{id}/changes` of the viewset of export runs."""

    @endpoint(
        "GET {id}/changes",
        right="exports.see",
        parameters=[
            OpenApiParameter("type", str, enum=TYPES, description="`json` by default."),
        ],
        responses={
            (200, "application/json"): ChangesSerializer,
            (200, "text/csv"): OpenApiTypes.BINARY,
        },
    )
    def changes(self, request: Request, pk: uuid.UUID) -> HttpResponseBase:
        """Return the days added, removed or changed since the run, as JSON or CSV."""
        kind = request.query_params.get("type", "json")
        if kind not in TYPES:
            known = ", ".join(TYPES)
            raise Invalid(
                "invalid_choice",
                _("Choose one of these types: %(names)s.") % {"names": known},
                "type",
            )
        run = self.get_object()
        changes = diff_run(run)
        if kind == "csv":
            return csv_response(run, changes)
        return Response(changes_as_json(run, changes))


def csv_response(run: ExportRun, changes: list[Change]) -> HttpResponse:
    """Return the file of corrections as a download. It is computed for each request, so it must not be cached."""
    disposition = content_disposition_header(True, changes_file_name(run))  # noqa: FBT003
    return HttpResponse(
        changes_csv(changes),
        content_type="text/csv",
        headers={
            "Content-Disposition": disposition or "attachment",
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


def changes_as_json(run: ExportRun, changes: list[Change]) -> dict[str, object]:
    """Return the body that `ChangesSerializer` describes."""
    counts = Counter(change.kind for change in changes)
    listed = changes[:LISTED]
    return {
        "run_id": str(run.pk),
        "processing_month": f"{run.processing_month:%Y-%m}",
        "counts": {kind.value: counts[kind] for kind in ChangeKind},
        "difference": f"{sum(change.difference for change in changes):.2f}",
        "difference_minutes": sum(change.difference_minutes for change in changes),
        "is_complete": len(listed) == len(changes),
        **{
            kind.value: [_as_json(change) for change in listed if change.kind is kind]
            for kind in ChangeKind
        },
    }


def _as_json(change: Change) -> dict[str, Any]:
    day = change.day
    return {
        "employee": {"id": day.employee_id, "name": change.person.name},
        "date": day.work_date,
        "site": {"id": day.site_id, "name": change.site_name},
        "old": _figures(change.old),
        "new": _figures(change.new),
        "difference": f"{change.difference:.2f}",
        "difference_minutes": change.difference_minutes,
    }


def _figures(figures: PaidFigures | None) -> dict[str, Any] | None:
    if figures is None:
        return None
    return {
        "hours": figures.hours,
        "minutes": figures.minutes,
        "day_status": figures.day_status,
        "state": STATES[figures.draft].value,
        "work_card_id": figures.work_card_id,
    }
