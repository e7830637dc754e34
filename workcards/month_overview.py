"""Months of a business with their cards and hours, for the API and the admin."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone

from businesses.models import Business

from .models import ApprovedDay, ClosedMonth, WorkCard
from .month_math import next_month, processing_month_for
from .transitions import ReviewStatus

NO_CARDS = dict.fromkeys(ReviewStatus.values, 0)


@dataclass
class MonthOverview:
    """A month: its closing, the number of its cards by status, and its approved hours."""

    business_id: uuid.UUID
    month: date
    closed: ClosedMonth | None = None
    cards: dict[str, int] = field(default_factory=NO_CARDS.copy)
    hours: Decimal = Decimal(0)
    minutes: int = 0

    @property
    def unreviewed(self) -> int:
        return sum(self.cards[status] for status in ReviewStatus.pending())


def months_of_business(business: Business) -> list[MonthOverview]:
    """Return the months with cards, the closed months, and the current one, newest first.

    The current month is the one that cards uploaded now count for. The hours are missing: `add_hours` reads them for
    the months to show. Two queries. A ledger row belongs to a card of its month, so no month has ledger rows but no
    card.
    """
    business_id = business.pk
    today = timezone.localdate(timezone=business.zone)
    current = processing_month_for(today, business.month_cutoff_day)
    overviews = {current: MonthOverview(business_id, current)}
    cards = WorkCard.objects.filter(business_id=business_id)
    for month, status, count in cards.months_and_statuses():
        overview = overviews.setdefault(month, MonthOverview(business_id, month))
        overview.cards[status] = count
    for closed in ClosedMonth.objects.filter(business_id=business_id):
        month = closed.month
        overviews.setdefault(month, MonthOverview(business_id, month)).closed = closed
    return [overviews[month] for month in sorted(overviews, reverse=True)]


def month_of_business(business_id: uuid.UUID, month: date) -> MonthOverview:
    """Return one month with its hours, also if it has no cards."""
    overview = MonthOverview(business_id, month)
    rows = ClosedMonth.objects.filter(business_id=business_id)
    overview.closed = rows.for_month(month).first()
    cards = WorkCard.objects.filter(business_id=business_id)
    overview.cards = cards.for_month(month).counts_by_status()
    add_hours([overview])
    return overview


def add_hours(overviews: Sequence[MonthOverview]) -> None:
    """Read the approved hours of these months of one business.

    One query, over the days from the first month to the last.
    """
    if not overviews:
        return
    by_month = {overview.month: overview for overview in overviews}
    ledger = ApprovedDay.objects.filter(
        business_id=overviews[0].business_id,
        work_date__gte=min(by_month),
        work_date__lt=next_month(max(by_month)),
    )
    months = ledger.order_by().annotate(month=TruncMonth("work_date")).values("month")
    sums = months.annotate(sum=Sum("hours"), minutes=Sum("minutes"))
    for month, hours, minutes in sums.values_list("month", "sum", "minutes"):
        if month in by_month:
            by_month[month].hours = hours or Decimal(0)
            by_month[month].minutes = minutes or 0
