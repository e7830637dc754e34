"""Small months for the tests of exports."""

import datetime as dt
from decimal import Decimal
from typing import Any

from workcards.models import ApprovedDay, WorkCard
from workcards.tests.factories import (
    MONTH,
    ApprovedDayFactory,
    DayEntryFactory,
    WorkCardFactory,
)
from workforce.models import Employee, Site
from workforce.tests.factories import EmployeeFactory, SiteFactory


def employee_at(site: Site, name: str, **kwargs: Any) -> Employee:
    employee: Employee = EmployeeFactory(site=site, full_name=name, **kwargs)
    return employee


def site_named(name: str) -> Site:
    site: Site = SiteFactory(site_name=name)
    return site


def post_day(
    employee: Employee, day: int, *, site: Site | None = None, **figures: Any
) -> ApprovedDay:
    """Add a day to the ledger, from an approved card of `employee`."""
    card = WorkCardFactory(approved=True, employee=employee, site=site or employee.site)
    posted: ApprovedDay = ApprovedDayFactory(
        work_card=card,
        employee=employee,
        site=card.site,
        work_date=MONTH.replace(day=day),
        **figures,
    )
    return posted


def draft_day(
    employee: Employee, day: int, *, created_at: dt.datetime | None = None, **kw: Any
) -> WorkCard:
    """Return a card under review with one day."""
    card = WorkCardFactory(employee=employee, site=employee.site)
    if created_at is not None:
        WorkCard.objects.filter(pk=card.pk).update(created_at=created_at)
    DayEntryFactory(work_card=card, work_date=MONTH.replace(day=day), **kw)
    return card


# 08:00 to 16:30 with a break of 30 minutes, the default of the factories.
EIGHT = {"hours": Decimal("8.00")}
NO_TIMES: dict[str, Any] = {"from_time": None, "to_time": None, "break_minutes": 0}
ABSENT: dict[str, Any] = {
    **NO_TIMES,
    "hours": None,
    "day_status": "SICK",
}
