"""How a month of a business stands, for the head of its page: one query."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.utils.dateparse import parse_datetime

from businesses.models import Business
from exports.models import ExportRun
from reports.side_bar import count_annotations, parse_counts
from workcards.models import ClosedMonth, WorkCard
from workcards.transitions import ReviewStatus

from .dashboard import figure_of


@dataclass(frozen=True, slots=True)
class Closed:
    """Who closed the month, when, and the note that was left."""

    id: uuid.UUID
    by: str
    at: datetime | None
    note: str


@dataclass(frozen=True, slots=True)
class Exported:
    """The newest file of the whole month that is there."""

    id: uuid.UUID
    name: str
    by: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class MonthState:
    """`unassigned` and `unreviewed` are cards of the month; `side_bar` is what the side bar shows, of all months."""

    unassigned: int
    unreviewed: int
    closed: Closed | None
    exported: Exported | None
    side_bar: dict[str, int]


def month_state(business: Business, month: date) -> MonthState:
    """How `month` stands in `business`, whose scope this is."""
    cards = WorkCard.objects.all()
    of_month = cards.for_month(month)
    runs = ExportRun.objects.for_month(month).filter(
        status=ExportRun.Status.DONE, site=None
    )
    figures: dict[str, Any] = {
        "unassigned": figure_of(of_month.unassigned()),
        "unreviewed": figure_of(of_month.with_status(ReviewStatus.NEEDS_REVIEW)),
        "closed": _first(
            ClosedMonth.objects.for_month(month),
            id="pk",
            by="closed_by_name",
            at="closed_at",
            note="note",
        ),
        "exported": _first(
            runs.order_by("-created_at", "-id"),
            id="pk",
            name="generated_file_name",
            by="exported_by_name",
            at="created_at",
        ),
    }
    rows = Business.objects.filter(pk=business.pk).order_by()
    figures |= count_annotations()
    found = rows.annotate(**figures).values(*figures).get()
    return MonthState(
        unassigned=found["unassigned"],
        unreviewed=found["unreviewed"],
        closed=found["closed"] and Closed(**_read(found["closed"])),
        exported=found["exported"] and Exported(**_read(found["exported"])),
        side_bar=parse_counts(found),
    )


def _first(rows: QuerySet[Any], **fields: str) -> Subquery:
    """The first of `rows` of the business of the outer query, as an object; null if there is none."""
    of_business = rows.filter(business=OuterRef("pk"))
    return Subquery(
        of_business.annotate(found=JSONObject(**fields)).values("found")[:1]
    )


def _read(found: dict[str, Any]) -> dict[str, Any]:
    return {**found, "id": uuid.UUID(found["id"]), "at": parse_datetime(found["at"])}
