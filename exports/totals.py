"""The monthly totals of each employee. One employee at a time is in memory."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from workcards.month_rows import DayRow

from .profiles import HOURS


@dataclass
class EmployeeMonth:
    """The totals of an employee's approved days. Unapproved days are in `drafts` and in no total."""

    person: DayRow
    hours: Decimal = Decimal(0)
    minutes: int = 0
    # Days of each kind of absence.
    absences: Counter[str] = field(default_factory=Counter)
    worked_on: set[str] = field(default_factory=set)
    sites: set[str] = field(default_factory=set)
    cards: set[str] = field(default_factory=set)
    dates: list[str] = field(default_factory=list)
    drafts: list[DayRow] = field(default_factory=list)

    def add(self, row: DayRow) -> None:
        if row.draft:
            self.drafts.append(row)
            return
        amount = amount_of(row)
        if amount.component == HOURS:
            self.hours += amount.quantity
            self.minutes += amount.minutes
            if amount.quantity:  # 0.00 is an entry, but no day worked
                self.worked_on.add(row.work_date)
        else:
            self.absences[amount.component] += 1
        self.sites.add(row.site_name)
        self.cards.add(row.work_card_id)
        self.dates.append(row.work_date)

    def amount(self, component: str) -> "Amount":
        """Return the hours and minutes of the month, or its days of an absence."""
        if component == HOURS:
            return Amount(HOURS, self.hours, self.minutes)
        return Amount(component, Decimal(self.absences[component]))


class Amount(NamedTuple):
    """Hours as decimals and as minutes, or days of an absence."""

    component: str
    quantity: Decimal
    minutes: int = 0


def amount_of(row: DayRow) -> Amount:
    """Return the hours of a day, or one day of its absence."""
    if row.day_status:
        return Amount(row.day_status, Decimal(1))
    return Amount(HOURS, Decimal(row.hours or 0), row.minutes or 0)


def employee_months(rows: Iterator[DayRow]) -> Iterator[EmployeeMonth]:
    """Yield the totals of each employee; `rows` must be sorted by employee.

    The order is `BY_EMPLOYEE` of `month_rows`.
    """
    month: EmployeeMonth | None = None
    for row in rows:
        if month is None or month.person.employee_id != row.employee_id:
            if month is not None:
                yield month
            month = EmployeeMonth(row)
        month.add(row)
    if month is not None:
        yield month
