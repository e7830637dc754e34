"""The columns of the CSV files, as data, and how a row is written."""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import lru_cache
from typing import IO, Any, NamedTuple

from automatehq.cells import text

from .rows import DayRow


class Column(NamedTuple):
    """A header, and what a day's row has under it."""

    header: str
    value: Callable[[DayRow], str]


@contextmanager
def csv_writer(
    file: IO[bytes], *, encoding: str = "utf-8-sig", delimiter: str = ","
) -> Iterator[Any]:
    """A csv writer to a binary file, which stays open."""
    out = io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        yield csv.writer(out, delimiter=delimiter)
    finally:
        out.flush()
        out.detach()


@lru_cache(maxsize=1024)
def hours(value: str | None) -> str:
    """Hours with two decimals; nothing for an absence."""
    return "" if value is None else f"{Decimal(value):.2f}"


def _status(row: DayRow) -> str:
    return " ".join(filter(None, (row.day_status, row.draft)))


DAYS_CSV = (
    Column("Month", lambda row: row.work_date[:7]),
    Column("Site", lambda row: text(row.site_name)),
    Column("Employee", lambda row: text(row.employee_name)),
    Column("External ID", lambda row: text(row.external_employee_id)),
    Column("Passport", lambda row: text(row.passport_id)),
    Column("Date", lambda row: row.work_date),
    Column("From", lambda row: (row.from_time or "")[:5]),
    Column("To", lambda row: (row.to_time or "")[:5]),
    Column("Break", lambda row: str(row.break_minutes) if row.from_time else ""),
    Column("Total Hours", lambda row: hours(row.hours)),
    Column("Status", _status),
)
