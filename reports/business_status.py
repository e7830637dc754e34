"""The status of a business beside the month's figures: one query for home."""

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.aggregates import JSONBAgg
from django.db.models import (
    Count,
    Exists,
    Max,
    Min,
    OuterRef,
    Q,
    Subquery,
    TextField,
    Value,
)
from django.db.models.functions import Cast, JSONObject
from django.utils import timezone

from accounts.models import User
from businesses.models import Business
from exports.models import ExportRun
from reports.side_bar import count_annotations, parse_counts
from workcards.models import ClosedMonth, DayEntry, WorkCard
from workcards.month_math import last_of_month, previous_month
from workcards.transitions import ReviewStatus
from workforce.models import Employee, Site

from .dashboard import count_for_business


@dataclass(frozen=True, slots=True)
class BusinessStatus:
    """The status of a business, seen from a month.

    `due` is the month to finish: the month on the page, or the one before if that month is still running. `side_bar`
    holds the counts of the side bar, over all months. `conflicts` is None or `{days, cards, card_id}` of the month's
    days that are already paid with other figures; `card_id` is the newest of their cards.
    """

    month: date
    due: date
    side_bar: dict[str, int] = field(default_factory=dict)
    oldest_review_at: datetime | None = None
    conflicts: dict[str, Any] | None = None
    is_closed: bool = False
    is_due_closed: bool = False
    due_cards: int = 0
    due_waiting: int = 0
    due_exported_at: datetime | None = None
    has_cards: bool = False
    has_employees: bool = False
    has_sites: bool = False
    has_colleagues: bool = False
    sites: list[dict[str, str]] | None = None

    @property
    def site_names(self) -> dict[uuid.UUID, str]:
        """Return the names of the sites where the business has employees or cards, by id."""
        return {uuid.UUID(one["id"]): one["name"] for one in self.sites or ()}

    @property
    def is_running(self) -> bool:
        return self.due != self.month


def get_business_status(business: Business, month: date) -> BusinessStatus:
    """Return the status of `business`, seen from `month`.

    One query in the scope of the business. It finds nothing in the scope of another business.
    """
    today = timezone.localdate(timezone=business.zone)
    is_running = today <= last_of_month(month)
    due = previous_month(month) if is_running else month
    cards, closed = WorkCard.objects.all(), ClosedMonth.objects.all()
    exported = ExportRun.objects.for_month(due).filter(status=ExportRun.Status.DONE)
    figures: dict[str, Any] = {
        "oldest_review_at": _oldest(
            cards.for_month(month).with_status(ReviewStatus.NEEDS_REVIEW)
        ),
        "conflicts": _conflicts(DayEntry.objects.in_conflict(month)),
        "is_closed": _exists(closed.for_month(month)),
        "is_due_closed": _exists(closed.for_month(due)),
        "due_cards": count_for_business(cards.for_month(due)),
        "due_waiting": count_for_business(cards.for_month(due).pending()),
        "due_exported_at": Subquery(
            exported.filter(business=OuterRef("pk"))
            .order_by("-created_at")
            .values("created_at")[:1]
        ),
        "has_cards": _exists(cards),
        "has_employees": _exists(Employee.objects.all()),
        "has_sites": _is_own_site(),
        "has_colleagues": Exists(
            User.objects.filter(business=OuterRef("pk"), is_active=True)[1:]
        ),
        "sites": _names(Site.objects.in_use()),
    }
    rows = Business.objects.filter(pk=business.pk).order_by()
    count_fields = count_annotations()
    figures |= count_fields
    values = rows.annotate(**figures).values(*figures).first() or {}
    counts = {name: values.pop(name) for name in count_fields if name in values}
    return BusinessStatus(month, due, parse_counts(counts), **values)


def _oldest(rows: Any) -> Subquery:
    oldest = rows.filter(business=OuterRef("pk")).order_by().values("business")
    return Subquery(oldest.annotate(least=Min("created_at")).values("least"))


def _conflicts(days: Any) -> Subquery:
    days_of_business = (
        days.filter(business=OuterRef("pk")).order_by().values("business")
    )
    conflict = JSONObject(
        days=Count("pk"),
        cards=Count("work_card", distinct=True),
        # Ids begin with a timestamp, so the greatest is the newest.
        card_id=Max(Cast("work_card", TextField())),
    )
    return Subquery(days_of_business.annotate(conflict=conflict).values("conflict"))


def _exists(rows: Any) -> Exists:
    return Exists(rows.filter(business=OuterRef("pk")))


def _is_own_site() -> Exists:
    """Return an expression: the business has created an active site, or uses one.

    Sites that only other businesses use do not count.
    """
    own = Q(steward=OuterRef("pk")) | Q(pk__in=Site.objects.in_use().values("pk"))
    return Exists(Site.objects.filter(own, is_active=True))


def _names(sites: Any) -> Subquery:
    names = sites.order_by().values(all=Value(1))
    pairs = JSONBAgg(JSONObject(id="pk", name="site_name"))
    return Subquery(names.annotate(names=pairs).values("names"))
