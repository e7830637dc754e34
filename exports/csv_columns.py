"""The columns of the file of days, and the CSV writer."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import lru_cache
from typing import IO, Protocol

from automatehq.spreadsheet_escape import escape_cell
from workcards.month_rows import DayRow


class CsvWriter(Protocol):
    """The writer that `csv.writer` returns."""

    def writerow(self, row: Iterable[object], /) -> object: ...


@contextmanager
def csv_writer(
    file: IO[bytes], *, encoding: str = "utf-8-sig", delimiter: str = ","
) -> Iterator[CsvWriter]:
    """Open a CSV writer to a binary file; the file stays open afterwards."""
    if encoding == "utf-8-sig":
        file.write(codecs.BOM_UTF8)
        encoding = (
            "utf-8"  # Python writes this encoding without a codec call for each row
        )
    out = io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        yield csv.writer(out, delimiter=delimiter)
    finally:
        out.flush()
        out.detach()


@lru_cache(maxsize=1024)
def hours(value: str | None) -> str:
    """Return hours with two decimals; "" for an absence."""
    return "" if value is None else f"{Decimal(value):.2f}"


def _status(row: DayRow) -> str:
    if row.day_status and row.draft:
        return f"{row.day_status} {row.draft}"
    return row.day_status or row.draft


DAYS_HEADER = (
    "Month",
    "Site",
    "Employee",
    "External ID",
    "Passport",
    "Date",
    "From",
    "To",
    "Break",
    "Total Hours",
    "Status",
)


def day_cells(row: DayRow) -> tuple[str, ...]:
    """Return the cells of a row, in the order of `DAYS_HEADER`."""
    return (
        row.work_date[:7],
        escape_cell(row.site_name),
        escape_cell(row.employee_name),
        escape_cell(row.external_employee_id),
        escape_cell(row.passport_id),
        row.work_date,
        (row.from_time or "")[:5],
        (row.to_time or "")[:5],
        str(row.break_minutes) if row.from_time else "",
        hours(row.hours),
        _status(row),
    )
