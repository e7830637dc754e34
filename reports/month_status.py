"""The state of a business's month, for the head of its page: one query."""

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

from .dashboard import count_for_business


@dataclass(frozen=True, slots=True)
class Closed:
    """The closing of a month: user, time and note."""

    id: uuid.UUID
    by: str
    at: datetime | None
    note: str


@dataclass(frozen=True, slots=True)
class Exported:
    """The newest finished export of the whole month, over all sites."""

    id: uuid.UUID
    name: str
    by: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class MonthState:
    """The state of a month.

    `unassigned` and `unreviewed` count cards of the month. `side_bar` holds the counts of the side bar, over all
    months.
    """

    unassigned: int
    unreviewed: int
    closed: Closed | None
    exported: Exported | None
    side_bar: dict[str, int]


def month_state(business: Business, month: date) -> MonthState:
    """Return the state of `month` in `business`, which is the business in scope."""
    cards = WorkCard.objects.all()
    month_cards = cards.for_month(month)
    runs = ExportRun.objects.for_month(month).filter(
        status=ExportRun.Status.DONE, site=None
    )
    figures: dict[str, Any] = {
        "unassigned": count_for_business(month_cards.unassigned()),
        "unreviewed": count_for_business(
            month_cards.with_status(ReviewStatus.NEEDS_REVIEW)
        ),
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
    values = rows.annotate(**figures).values(*figures).get()
    return MonthState(
        unassigned=values["unassigned"],
        unreviewed=values["unreviewed"],
        closed=values["closed"] and Closed(**_parse(values["closed"])),
        exported=values["exported"] and Exported(**_parse(values["exported"])),
        side_bar=parse_counts(values),
    )


def _first(rows: QuerySet[Any], **fields: str) -> Subquery:
    """Return a subquery with the first of `rows` as an object, or null.

    The rows are those of the outer query's business.
    """
    rows_of_business = rows.filter(business=OuterRef("pk"))
    return Subquery(
        rows_of_business.annotate(first=JSONObject(**fields)).values("first")[:1]
    )


def _parse(values: dict[str, Any]) -> dict[str, Any]:
    return {**values, "id": uuid.UUID(values["id"]), "at": parse_datetime(values["at"])}
