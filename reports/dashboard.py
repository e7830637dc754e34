"""What a first page shows: how far the month of a business has come, and how all businesses are.

People are counted as people: somebody with two cards in a month is one who is expected, missing or paid.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from django.db import models
from django.db.models import Case, Count, Exists, F, OuterRef, Q, Subquery, Sum, When
from django.db.models.functions import Coalesce, JSONObject
from django.db.models.lookups import Exact

from accounts.models import User
from audit.models import AuditEvent
from businesses.models import Business
from workcards.missing_cards import Received, missing_cards
from workcards.models import ApprovedDay, WorkCard, WorkCardFile
from workcards.month_math import format_month, last_months, next_month
from workcards.services.uploads import default_month
from workcards.transitions import ReviewStatus
from workforce.models import Employee, Site

MONTHS_OF_TREND = 12
NO_HOURS = Decimal("0.00")
# Events of whoever reached for another business's rows; they stand in the trail of the business that was reached for.
ATTEMPTS = ("cross_business_attempt", "cross_business_conflict")


# One business


@dataclass(slots=True)
class SiteMonth:
    """A site in a month. `expected` and `missing` are people whose home it is; those without one stand under None.

    `waiting` are the cards that somebody has to assign or to review.
    """

    site_id: uuid.UUID | None = None
    site_name: str | None = None
    cards: int = 0
    waiting: int = 0
    expected: int = 0
    missing: int = 0
    hours: Decimal = NO_HOURS
    minutes: int = 0

    @property
    def complete(self) -> int:
        return self.expected - self.missing


@dataclass(slots=True)
class TrendMonth:
    """A month that was paid: its hours, how many employees have a day in the ledger, and its cards."""

    month: date
    hours: Decimal = NO_HOURS
    minutes: int = 0
    employees: int = 0
    cards: int = 0


@dataclass(slots=True)
class Dashboard:
    """A month of one business.

    `cards` has every status. `missing` of `employees_expected` have handed in none or not all of their cards. `hours` and
    `days` are the ledger's: a day is a date on which an employee worked, at however many sites; an absence is none.
    """

    month: date
    cards: dict[str, int] = field(default_factory=dict)
    employees_expected: int = 0
    missing: int = 0
    hours: Decimal = NO_HOURS
    minutes: int = 0
    days: int = 0
    trend: list[TrendMonth] = field(default_factory=list)
    sites: list[SiteMonth] = field(default_factory=list)


def dashboard_of(
    business: Business,
    month: date | None = None,
    site_names: Mapping[uuid.UUID, str] = MappingProxyType({}),
) -> Dashboard:
    """A month of `business`, by default the one that it works on, and the twelve that end with it; four queries.

    In the scope of the business; of another one there is nothing to be seen. Who knows the names of all its sites saves a
    query by saying them.
    """
    found = Dashboard(month.replace(day=1) if month else default_month(business))
    months = last_months(found.month, MONTHS_OF_TREND)
    trend = {one: TrendMonth(one) for one in months}
    sites: Sites = defaultdict(SiteMonth)
    _count_cards(found, trend, sites, business)
    _count_days(found, trend, sites, business)
    _count_people(found, sites, business)
    found.trend = list(trend.values())
    found.sites = _named(sites, site_names)
    return found


# By id; None is where those stand who have no home.
Sites = defaultdict[uuid.UUID | None, SiteMonth]
Trend = dict[date, TrendMonth]


def _count_cards(
    found: Dashboard, trend: Trend, sites: Sites, business: Business
) -> None:
    is_now = Q(processing_month=found.month)
    counts = (
        WorkCard.objects.filter(processing_month__in=list(trend), business=business)
        .order_by()
        .values_list("processing_month", "review_status", _site_if(is_now))
        .annotate(count=Count("*"), paid=_paid_people(trend, business))
    )
    found.cards = dict.fromkeys(ReviewStatus.values, 0)
    for month, status, site_id, count, paid in counts:
        trend[month].cards += count
        # Whoever was paid for a month has a card of it.
        trend[month].employees = (paid or {}).get(format_month(month), 0)
        if month == found.month:
            found.cards[status] += count
            sites[site_id].cards += count
            if status in ReviewStatus.pending():
                sites[site_id].waiting += count


def _count_days(
    found: Dashboard, trend: Trend, sites: Sites, business: Business
) -> None:
    """One pass over the ledger, by date: there are few dates, so nothing large has to be sorted."""
    ledger = ApprovedDay.objects.filter(
        work_date__gte=min(trend),
        work_date__lt=next_month(found.month),
        business=business,
    ).order_by()
    is_now = Q(work_date__gte=found.month)
    # At two sites on one date somebody has worked one day.
    worked = ledger.filter(is_now, hours__gt=0).values("employee_id", "work_date")
    rows = ledger.values_list("work_date", _site_if(is_now)).annotate(
        total=Sum("hours"),
        total_minutes=Sum("minutes", default=0),
        days=_CountOf(worked.distinct()),
    )
    for work_date, site_id, total, minutes, days in rows:
        hours = total or NO_HOURS
        month = work_date.replace(day=1)
        counted: list[Dashboard | TrendMonth | SiteMonth] = [trend[month]]
        if month == found.month:
            found.days = days
            counted += [found, sites[site_id]]
        for one in counted:
            one.hours += hours
            one.minutes += minutes


def _paid_people(trend: Trend, business: Business) -> Subquery:
    """How many employees each month has in the ledger, by month; the same for every row beside which it is read, and counted once.

    A look into an index for each employee and month: counting distinct people of all rows takes ten times as long.
    """
    people = Employee.objects.filter(business=business).order_by()
    counts = {
        format_month(month): Count(
            "pk",
            filter=Exists(
                ApprovedDay.objects.for_month(month).filter(
                    employee=OuterRef("pk"), business=OuterRef("business")
                )
            ),
        )
        for month in trend
    }
    grouped = people.values("business").annotate(found=JSONObject(**counts))
    return Subquery(grouped.values("found"))


def _count_people(found: Dashboard, sites: Sites, business: Business) -> None:
    report = missing_cards(month=found.month, business=business)
    found.employees_expected = report.counts.total()
    found.missing = found.employees_expected - report.counts[Received.COMPLETE]
    for home in report.sites:
        sites[home.site_id].expected += len(home.employees)
        sites[home.site_id].missing += sum(
            person.status != Received.COMPLETE for person in home.employees
        )


def _named(sites: Sites, known: Mapping[uuid.UUID, str]) -> list[SiteMonth]:
    """The sites by name, which is not joined to the rows above: the planner thinks that sites are few, and loops over them."""
    ids = {site_id for site_id in sites if site_id}
    names = dict(known)
    if not ids <= names.keys():
        unnamed = Site.objects.filter(pk__in=ids - names.keys())
        names.update(unnamed.values_list("pk", "site_name"))
    for site_id in ids:
        sites[site_id].site_id, sites[site_id].site_name = site_id, names[site_id]
    return sorted(
        sites.values(), key=lambda site: (site.site_id is None, site.site_name or "")
    )


def _site_if(is_now: Q) -> Case:
    """The site of what is of the month; elsewhere it is not asked for."""
    return Case(When(is_now, then=F("site_id")))


class _CountOf(Subquery):
    """The number of rows of a query, as a value."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = models.BigIntegerField()


# All businesses


class BusinessFigures(NamedTuple):
    """How a business is, for the platform.

    `users` and `employees` are all there are, active or not; `open_reviews` are cards that wait for somebody.
    `storage_bytes` are those of the scans, each file once; what renditions and exports take is not known.
    `last_activity_at` is the newest event of the business's own trail; `cross_business_attempts` are those of others to
    reach its rows.
    """

    id: uuid.UUID
    name: str
    code: str | None
    is_active: bool
    users: int
    employees: int
    cards: int
    open_reviews: int
    storage_bytes: int
    last_activity_at: datetime | None
    cross_business_attempts: int


def all_businesses(month: date | None = None) -> list[BusinessFigures]:
    """Each business but Platform, by name, in one query; cards are those of `month`, or all. In the platform's scope."""
    cards = (
        WorkCard.objects.all() if month is None else WorkCard.objects.for_month(month)
    )
    rows = (
        Business.objects.listed()
        .order_by("business_name", "id")
        .values_list("pk", "business_name", "business_code", "is_active")
        .annotate(
            users=figure_of(User.objects.all()),
            employees=figure_of(Employee.objects.all()),
            cards=figure_of(cards),
            open_reviews=figure_of(cards.pending()),
            storage_bytes=figure_of(WorkCardFile.objects.all(), Sum("file_size_bytes")),
            last_activity_at=_last_activity(),
            cross_business_attempts=figure_of(
                AuditEvent.objects.filter(platform_only=True, event_type__in=ATTEMPTS)
            ),
        )
    )
    return [BusinessFigures(*row) for row in rows]


def _last_activity() -> Case:
    """When the newest event of the business's own trail was, without reading the whole trail.

    Mostly it is the newest event of any kind, which an index knows; only where that one is hidden from the business, the
    others are looked through.
    """
    events = AuditEvent.objects.filter(business=OuterRef("pk"))
    newest = _newest(events)
    return Case(
        When(
            Exact(newest, _newest(events.filter(platform_only=True))),
            then=_newest(events.filter(platform_only=False)),
        ),
        default=newest,
    )


def _newest(events: Any) -> Subquery:
    return Subquery(events.order_by("-created_at").values("created_at")[:1])


def figure_of(rows: Any, figure: Any = None) -> Coalesce:
    """The number of `rows` of the business of the outer query, or another figure of theirs."""
    found = rows.filter(business=OuterRef("pk")).order_by().values("business")
    figures = found.annotate(figure=figure or Count("*")).values("figure")
    return Coalesce(Subquery(figures, output_field=models.BigIntegerField()), 0)


SUMMED = (
    "users",
    "employees",
    "cards",
    "open_reviews",
    "storage_bytes",
    "cross_business_attempts",
)


def totals_of(businesses: Iterable[BusinessFigures]) -> dict[str, int]:
    """How many businesses there are, how many of them are active, and the sums of their figures."""
    totals: Counter[str] = Counter(dict.fromkeys(SUMMED, 0))
    count = active = 0
    for business in businesses:
        count += 1
        active += business.is_active
        totals.update({name: getattr(business, name) for name in SUMMED})
    return {"businesses": count, "active_businesses": active, **totals}
