"""Figures of a month of a business, and of all businesses.

Employees are counted once: an employee with two cards in a month is one expected, missing or paid employee.
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
# Types of events about cross-business access. They belong to the business of the requested row.
ATTEMPTS = ("cross_business_attempt", "cross_business_conflict")


# One business


@dataclass(slots=True)
class SiteMonth:
    """A site in a month.

    `expected` and `missing` count employees with this home site; those without a home site are under None. `waiting`
    counts the cards to assign or to review.
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
    """A month of the trend.

    `hours` come from the ledger, `employees` counts those with a day in it.
    """

    month: date
    hours: Decimal = NO_HOURS
    minutes: int = 0
    employees: int = 0
    cards: int = 0


@dataclass(slots=True)
class Dashboard:
    """A month of one business.

    `cards` has all statuses. `missing` counts the employees among `employees_expected` with no card or too few. `hours`
    and `days` come from the ledger. A day is a date on which an employee worked, at one or more sites; absences do not
    count.
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


def get_dashboard(
    business: Business,
    month: date | None = None,
    site_names: Mapping[uuid.UUID, str] = MappingProxyType({}),
) -> Dashboard:
    """Return a month of `business` and the twelve months that end with it.

    The default month is the one that uploads count for. Four queries, in the scope of the business; the scope of
    another business shows no rows. If `site_names` names all sites of the month, one query fewer.
    """
    dashboard = Dashboard(month.replace(day=1) if month else default_month(business))
    months = last_months(dashboard.month, MONTHS_OF_TREND)
    trend = {one: TrendMonth(one) for one in months}
    sites: Sites = defaultdict(SiteMonth)
    _count_cards(dashboard, trend, sites, business)
    _count_days(dashboard, trend, sites, business)
    _count_employees(dashboard, sites, business)
    dashboard.trend = list(trend.values())
    dashboard.sites = _with_names(sites, site_names)
    return dashboard


# By site id; None is for employees without a home site.
Sites = defaultdict[uuid.UUID | None, SiteMonth]
Trend = dict[date, TrendMonth]


def _count_cards(
    dashboard: Dashboard, trend: Trend, sites: Sites, business: Business
) -> None:
    is_in_month = Q(processing_month=dashboard.month)
    counts = (
        WorkCard.objects.filter(processing_month__in=list(trend), business=business)
        .order_by()
        .values_list("processing_month", "review_status", _site_if(is_in_month))
        .annotate(count=Count("*"), paid=_paid_employees(trend, business))
    )
    dashboard.cards = dict.fromkeys(ReviewStatus.values, 0)
    for month, status, site_id, count, paid in counts:
        trend[month].cards += count
        # Each employee who is paid for a month has a card in it.
        trend[month].employees = (paid or {}).get(format_month(month), 0)
        if month == dashboard.month:
            dashboard.cards[status] += count
            sites[site_id].cards += count
            if status in ReviewStatus.pending():
                sites[site_id].waiting += count


def _count_days(
    dashboard: Dashboard, trend: Trend, sites: Sites, business: Business
) -> None:
    """Sum the ledger in one pass, grouped by date.

    There are few dates, so the database sorts few rows.
    """
    ledger = ApprovedDay.objects.filter(
        work_date__gte=min(trend),
        work_date__lt=next_month(dashboard.month),
        business=business,
    ).order_by()
    is_in_month = Q(work_date__gte=dashboard.month)
    # An employee who worked at two sites on one date has worked one day.
    worked = ledger.filter(is_in_month, hours__gt=0).values("employee_id", "work_date")
    rows = ledger.values_list("work_date", _site_if(is_in_month)).annotate(
        total=Sum("hours"),
        total_minutes=Sum("minutes", default=0),
        days=_CountOf(worked.distinct()),
    )
    for work_date, site_id, total, minutes, days in rows:
        hours = total or NO_HOURS
        month = work_date.replace(day=1)
        counted: list[Dashboard | TrendMonth | SiteMonth] = [trend[month]]
        if month == dashboard.month:
            dashboard.days = days
            counted += [dashboard, sites[site_id]]
        for one in counted:
            one.hours += hours
            one.minutes += minutes


def _paid_employees(trend: Trend, business: Business) -> Subquery:
    """Return a subquery with the number of paid employees of each month, by month.

    It does not depend on the outer row and is computed once. It looks up one index entry for each employee and month.
    Counting distinct employees of all rows takes ten times as long.
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
    grouped = people.values("business").annotate(counts=JSONObject(**counts))
    return Subquery(grouped.values("counts"))


def _count_employees(dashboard: Dashboard, sites: Sites, business: Business) -> None:
    report = missing_cards(month=dashboard.month, business=business)
    dashboard.employees_expected = report.counts.total()
    dashboard.missing = dashboard.employees_expected - report.counts[Received.COMPLETE]
    for home in report.sites:
        sites[home.site_id].expected += len(home.employees)
        sites[home.site_id].missing += sum(
            person.status != Received.COMPLETE for person in home.employees
        )


def _with_names(sites: Sites, known_names: Mapping[uuid.UUID, str]) -> list[SiteMonth]:
    """Return the sites by name.

    The names are not joined to the queries above: the planner expects few sites and would choose nested loops.
    """
    ids = {site_id for site_id in sites if site_id}
    names = dict(known_names)
    if not ids <= names.keys():
        unnamed = Site.objects.filter(pk__in=ids - names.keys())
        names.update(unnamed.values_list("pk", "site_name"))
    for site_id in ids:
        sites[site_id].site_id, sites[site_id].site_name = site_id, names[site_id]
    return sorted(
        sites.values(), key=lambda site: (site.site_id is None, site.site_name or "")
    )


def _site_if(is_in_month: Q) -> Case:
    """Return the site id for rows of the current month, else NULL."""
    return Case(When(is_in_month, then=F("site_id")))


class _CountOf(Subquery):
    """The number of rows of a query, as a value."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = models.BigIntegerField()


# All businesses


class BusinessFigures(NamedTuple):
    """The figures of a business for the platform.

    `users` and `employees` count active and inactive ones. `open_reviews` counts the cards to assign or to review.
    `storage_bytes` is the size of the scans, each file once; renditions and exports are not included.
    `last_activity_at` is the time of the newest event that the business can see. `cross_business_attempts` counts the
    attempts of other businesses to read its rows.
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
    """Return the figures of all businesses but Platform, by name.

    Cards are those of `month`, or all. One query in the platform's scope.
    """
    cards = (
        WorkCard.objects.all() if month is None else WorkCard.objects.for_month(month)
    )
    rows = (
        Business.objects.listed()
        .order_by("business_name", "id")
        .values_list("pk", "business_name", "business_code", "is_active")
        .annotate(
            users=count_for_business(User.objects.all()),
            employees=count_for_business(Employee.objects.all()),
            cards=count_for_business(cards),
            open_reviews=count_for_business(cards.pending()),
            storage_bytes=count_for_business(
                WorkCardFile.objects.all(), Sum("file_size_bytes")
            ),
            last_activity_at=_last_activity(),
            cross_business_attempts=count_for_business(
                AuditEvent.objects.filter(platform_only=True, event_type__in=ATTEMPTS)
            ),
        )
    )
    return [BusinessFigures(*row) for row in rows]


def _last_activity() -> Case:
    """Return the time of the newest event that the business can see.

    It avoids a full scan. Usually this is the newest event of any kind, which an index finds. Only if that event is
    hidden from the business, the others are searched.
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


def count_for_business(rows: Any, figure: Any = None) -> Coalesce:
    """Return the number of `rows` of the outer business, or another aggregate."""
    grouped = rows.filter(business=OuterRef("pk")).order_by().values("business")
    figures = grouped.annotate(figure=figure or Count("*")).values("figure")
    return Coalesce(Subquery(figures, output_field=models.BigIntegerField()), 0)


SUMMED = (
    "users",
    "employees",
    "cards",
    "open_reviews",
    "storage_bytes",
    "cross_business_attempts",
)


def sum_figures(businesses: Iterable[BusinessFigures]) -> dict[str, int]:
    """Return the numbers of all and active businesses, and the sums of their figures."""
    totals: Counter[str] = Counter(dict.fromkeys(SUMMED, 0))
    count = active = 0
    for business in businesses:
        count += 1
        active += business.is_active
        totals.update({name: getattr(business, name) for name in SUMMED})
    return {"businesses": count, "active_businesses": active, **totals}
