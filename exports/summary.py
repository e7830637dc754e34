"""The summary: a row an employee."""

import datetime as dt
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import IO, Any, NamedTuple

from django.utils.translation import gettext as _

from automatehq.api.errors import Invalid
from workcards.month_rows import DayRow
from workcards.transitions import DayStatus

from .export_options import ExportOptions
from .totals import EmployeeMonth, employee_months
from .xlsx import DATE_FORMAT, HOURS_FORMAT, MAX_ROWS, add_sheet, workbook

SHEET = "Summary"


class Field(NamedTuple):
    """A column: its header, the method that writes its cells, and their value."""

    header: str
    write: str
    value: Callable[[EmployeeMonth], Any]
    number_format: str | None = None
    width: int = 12


def _absence(kind: str) -> Callable[[EmployeeMonth], int]:
    return lambda month: month.absences[kind]


def _date(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _drafts(month: EmployeeMonth) -> str:
    """Return the unapproved days, such as `DRAFT 03 8.00, 04 SICK; DRAFT CONFLICT 07 7.50`."""
    by_mark = groupby(
        sorted(month.drafts, key=lambda row: (row.draft, row.work_date)),
        key=lambda row: row.draft,
    )
    return "; ".join(
        f"{mark} "
        + ", ".join(
            f"{row.work_date[-2:]} {row.day_status or row.hours}" for row in rows
        )
        for mark, rows in by_mark
    )


FIELDS = (
    Field("Employee", "write_string", lambda m: m.person.employee_name, width=30),
    # Identifiers are text, so that leading zeros stay.
    Field("External ID", "write_string", lambda m: m.person.external_employee_id or ""),
    Field("Passport", "write_string", lambda m: m.person.passport_id or ""),
    Field("Sites", "write_string", lambda m: ", ".join(sorted(m.sites)), width=40),
    Field("Days Worked", "write_number", lambda m: len(m.worked_on)),
    Field("Hours", "write_number", lambda m: float(m.hours), HOURS_FORMAT),
    *(
        Field(kind.replace("_", " ").title(), "write_number", _absence(kind))
        for kind in DayStatus.values
    ),
    Field("Cards", "write_number", lambda m: len(m.cards)),
    Field(
        "First Day",
        "write_datetime",
        lambda m: m.dates and _date(min(m.dates)),
        DATE_FORMAT,
    ),
    Field(
        "Last Day",
        "write_datetime",
        lambda m: m.dates and _date(max(m.dates)),
        DATE_FORMAT,
    ),
)
DRAFT_FIELD = Field("Draft", "write_string", _drafts, width=40)


def write_summary_xlsx(
    rows: Iterator[DayRow], file: IO[bytes], options: ExportOptions
) -> int:
    """Write a row an employee, sorted by name; return the number of rows.

    The columns are days worked, hours, absences in days, sites, cards, first and last day.
    """
    fields = (*FIELDS, DRAFT_FIELD) if options.is_draft else FIELDS
    with workbook(file) as book:
        bold = book.add_format({"bold": True})
        formats: dict[str | None, Any] = {
            number_format: book.add_format({"num_format": number_format})
            for number_format in (HOURS_FORMAT, DATE_FORMAT)
        }
        sheet = add_sheet(book, SHEET, options.language)
        sheet.freeze_panes(1, 1)
        sheet.repeat_rows(0)
        for column, field in enumerate(fields):
            sheet.set_column(column, column, max(field.width, len(field.header) + 2))
            sheet.write_string(0, column, field.header, bold)
        count = 0
        for month in employee_months(rows):
            count += 1
            if count == MAX_ROWS:
                raise Invalid(
                    "too_many_employees",
                    _("The export has more rows than a sheet can hold."),
                )
            for column, field in enumerate(fields):
                value = field.value(month)
                if value not in (None, "", []):
                    write = getattr(sheet, field.write)
                    write(count, column, value, formats.get(field.number_format))
    return count
