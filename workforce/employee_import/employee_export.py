"""Exports employees to a file with the headers that an import reads. Equal employees give equal bytes."""

import csv
import datetime
import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import xlsxwriter

from automatehq.spreadsheet_escape import escape_cell
from workforce.models import Employee

from .import_columns import COLUMNS

# The creation time in each file. It is constant, so that equal data give equal bytes.
EPOCH = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC).replace(tzinfo=None)
SHEET_NAMES = {"en": "Employees", "he": "עובדים"}
YES_NO = {"en": ("yes", "no"), "he": ("כן", "לא")}
WIDTHS = {"full_name": 28, "site_name": 24}
# Employees that are fetched from the database at a time.
CHUNK = 2000


class FileKind(NamedTuple):
    """A type of file: its writer, and its name in the API."""

    write: Callable[[Iterable[Any], str], bytes]
    content_type: str


def write_csv(employees: Iterable[Employee], language: str) -> bytes:
    """Return the employees as CSV.

    UTF-8 with a byte order mark, so that spreadsheets read Hebrew.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([column.header(language) for column in COLUMNS])
    for row in _rows(employees, language):
        writer.writerow([_csv_cell(value) for value in row])
    return out.getvalue().encode("utf-8-sig")


def write_xlsx(employees: Iterable[Employee], language: str) -> bytes:
    """Return the employees as a workbook with one sheet, from right to left in Hebrew.

    Identifiers are text, dates are dates, and no cell is a formula.
    """
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": True}) as book:
        book.set_properties({"created": EPOCH})
        head, day = (
            book.add_format({"bold": True}),
            book.add_format({"num_format": "yyyy-mm-dd"}),
        )
        sheet = book.add_worksheet(SHEET_NAMES[language])
        if language == "he":
            sheet.right_to_left()
        sheet.freeze_panes(1, 0)
        for index, column in enumerate(COLUMNS):
            sheet.set_column(index, index, WIDTHS.get(column.field, 16))
            sheet.write_string(0, index, column.header(language), head)
        for number, row in enumerate(_rows(employees, language), start=1):
            for index, value in enumerate(row):
                if isinstance(value, datetime.date):
                    sheet.write_datetime(number, index, value, day)
                elif value:
                    sheet.write_string(number, index, value)
    return out.getvalue()


def _rows(
    employees: Iterable[Any], language: str
) -> Iterator[list[str | datetime.date | None]]:
    yes, no = YES_NO[language]
    for employee in employees:
        site = employee.site
        values = {
            **{
                column.field: getattr(employee, column.field, None)
                for column in COLUMNS
            },
            "site_name": site.site_name if site else None,
            "site_code": site.site_code if site else None,
            "is_active": yes if employee.is_active else no,
        }
        yield [values[column.field] for column in COLUMNS]


def _csv_cell(value: str | datetime.date | None) -> str:
    return value.isoformat() if isinstance(value, datetime.date) else escape_cell(value)


KINDS = {
    "xlsx": FileKind(
        write_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    ),
    "csv": FileKind(write_csv, "text/csv; charset=utf-8"),
}
