"""The month as a grid of employees by days, for the API, the admin and spreadsheets.

    month_matrix(month=…, site_id=…)    one matrix, of a site or of all sites together
    month_matrices(month=…)             one matrix after the other, for each site
    matrices_of(month, rows)            the same, from rows already read
    matrix_page(page, month=…)          a page of a matrix's employees

The first two use one query of any size, a page uses three. Totals are of approved days only. Days under review are
shown and marked, but never added up.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Sum

from workcards.models import ApprovedDay

from .month_math import days_of_month
from .month_rows import (
    BY_EMPLOYEE,
    DRAFT,
    DRAFT_CONFLICT,
    DayRow,
    month_employees,
    month_rows,
)

NO_HOURS = Decimal("0.00")
# The employees on a page. A row of a full month is 3 KB.
EMPLOYEES_A_PAGE = 25


class State(StrEnum):
    """The state of a day: approved or under review."""

    APPROVED = "approved"
    NEEDS_REVIEW = "needs_review"
    # Several cards under review have the date; the newest card's day is shown.
    CONFLICT = "conflict"


_STATES = {
    "": State.APPROVED,
    DRAFT: State.NEEDS_REVIEW,
    DRAFT_CONFLICT: State.CONFLICT,
}


class MatrixCell(NamedTuple):
    """A day of an employee: hours and minutes, or else an absence.

    In a matrix of all sites, a date may have been paid at several sites. Then the hours are the sum of all sites, and
    the card is that of the first site by name.
    """

    hours: Decimal | None
    minutes: int | None
    day_status: str | None
    state: State
    work_card_id: str


@dataclass(slots=True)
class MatrixColumn:
    """An employee, with the days shown and the totals of the approved days."""

    employee_id: str
    full_name: str
    passport_id: str | None
    cells: dict[date, MatrixCell] = field(default_factory=dict)
    total_hours: Decimal = NO_HOURS
    total_minutes: int = 0
    # Kind of absence → days; 0 for a kind without days.
    absences: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Matrix:
    """The month of a site, or of all sites with "" as `site_id` and `site_name`.

    `columns` are ordered by name and id. They are the employees with a day that is shown, and the employees of the
    home site who are employed in the month.
    """

    month: date
    site_id: str = ""
    site_name: str = ""
    columns: list[MatrixColumn] = field(default_factory=list)
    day_totals: dict[date, Decimal] = field(default_factory=dict)
    day_minutes: dict[date, int] = field(default_factory=dict)
    total_hours: Decimal = NO_HOURS
    total_minutes: int = 0

    @property
    def days(self) -> list[date]:
        """Return the 28 to 31 days of the month, which are also the keys of `day_totals`."""
        return list(self.day_totals)


class MatrixPage(NamedTuple):
    """A page of a matrix's employees, with the totals of all employees.

    `page` counts employees. `namesakes` are names that several employees of the matrix have.
    """

    matrix: Matrix
    page: Page[UUID]
    namesakes: frozenset[str]


def month_matrix(
    *,
    month: date,
    site_id: UUID | None = None,
    business_id: UUID | None = None,
    approved_only: bool = True,
) -> Matrix:
    """Return the month of one site, or of all sites together; one query.

    `approved_only=False` adds the days of cards under review on dates that the ledger lacks. `business_id` is for the
    platform's scope. The matrix of all sites includes employed people without a home site.
    """
    rows = month_rows(
        month,
        site_id=site_id,
        business_id=business_id,
        include_unapproved=not approved_only,
        include_expected=True,
        order=BY_EMPLOYEE,
    )
    return _matrix(month, rows)


def month_matrices(
    *,
    month: date,
    site_id: UUID | None = None,
    approved_only: bool = True,
) -> Iterator[Matrix]:
    """Yield a matrix for each site that has one, by name; one query.

    Memory holds one site at a time. Iterate inside one scope.
    """
    rows = month_rows(
        month,
        site_id=site_id,
        include_unapproved=not approved_only,
        include_expected=True,
    )
    return matrices_of(month, rows)


def matrices_of(month: date, rows: Iterable[DayRow]) -> Iterator[Matrix]:
    """Yield a matrix for each site of rows that are ordered by site.

    The rows come from `month_rows(…, include_expected=True)`.
    """
    for (site_id, site_name), site_rows in groupby(
        rows, key=lambda row: (row.site_id, row.site_name)
    ):
        if site_id:
            matrix = _matrix(month, site_rows)
            matrix.site_id, matrix.site_name = site_id, site_name
            yield matrix


def matrix_page(
    number: int | str | None,
    *,
    month: date,
    site_id: UUID | None = None,
    business_id: UUID | None = None,
    approved_only: bool = True,
    name: str = "",
    size: int = EMPLOYEES_A_PAGE,
) -> MatrixPage:
    """Return a page of `month_matrix`, limited to employees whose name contains `name`.

    A page number out of range gives the nearest page. Three queries: only the days of the page's employees are read,
    and the database adds up the totals of all employees.
    """
    options = {
        "site_id": site_id,
        "business_id": business_id,
        "include_unapproved": not approved_only,
    }
    employees = month_employees(month, **options, name=name)  # type: ignore[arg-type]
    page = Paginator([person for _, person in employees], size).get_page(number)
    rows = month_rows(
        month,
        **options,  # type: ignore[arg-type]
        include_expected=True,
        employees=list(page),
        order=BY_EMPLOYEE,
    )
    matrix = _matrix(month, rows)
    days = ApprovedDay.objects.for_month(month)
    if site_id is not None:
        days = days.filter(site_id=site_id)
    if business_id is not None:
        days = days.filter(business_id=business_id)
    if name:
        days = days.filter(employee__full_name__folded=name)
    totals = days.order_by().values_list("work_date")
    for day, hours, minutes in totals.annotate(Sum("hours"), Sum("minutes")):
        matrix.day_totals[day] = hours or NO_HOURS
        matrix.day_minutes[day] = minutes or 0
    matrix.total_hours = sum(matrix.day_totals.values(), NO_HOURS)
    matrix.total_minutes = sum(matrix.day_minutes.values())
    names = Counter(name for name, _ in employees)
    namesakes = frozenset(name for name, number in names.items() if number > 1)
    return MatrixPage(matrix, page, namesakes)


def _matrix(month: date, rows: Iterable[DayRow]) -> Matrix:
    """Return a matrix from rows ordered by employee."""
    matrix = Matrix(month.replace(day=1))
    matrix.day_totals = dict.fromkeys(days_of_month(month), NO_HOURS)
    matrix.day_minutes = dict.fromkeys(matrix.day_totals, 0)
    for _, employee_rows in groupby(rows, key=lambda row: row.employee_id):
        column: MatrixColumn | None = None
        for row in employee_rows:
            if column is None:
                column = MatrixColumn(
                    row.employee_id, row.employee_name, row.passport_id
                )
                matrix.columns.append(column)
            if row.work_date:
                _add(matrix, column, row)
    return matrix


def _add(matrix: Matrix, column: MatrixColumn, row: DayRow) -> None:
    """Add a day to its cell, and to the totals if it is approved."""
    day = date.fromisoformat(row.work_date)
    hours = None if row.hours is None else Decimal(row.hours)
    state = _STATES[row.draft]
    cell = column.cells.get(day)
    if cell is None:
        column.cells[day] = MatrixCell(
            hours, row.minutes, row.day_status, state, row.work_card_id
        )
    else:
        # Two sites on one date. An absence is alone on its date, which the database enforces.
        column.cells[day] = cell._replace(
            hours=(cell.hours or NO_HOURS) + (hours or NO_HOURS),
            minutes=(cell.minutes or 0) + (row.minutes or 0),
        )
    if state is not State.APPROVED:
        return
    if row.day_status is not None:
        column.absences[row.day_status] += 1
    if hours is not None:
        column.total_hours += hours
        matrix.day_totals[day] += hours
        matrix.total_hours += hours
    if row.minutes is not None:
        column.total_minutes += row.minutes
        matrix.day_minutes[day] += row.minutes
        matrix.total_minutes += row.minutes
