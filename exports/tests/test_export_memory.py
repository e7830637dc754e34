"""Tests that the memory of a run does not grow with its rows."""

import datetime as dt
import tempfile
import tracemalloc
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from exports.export_options import ExportOptions
from exports.models import ExportRun
from exports.profiles import Profile
from exports.writers import WRITERS
from workcards.month_math import days_of_month
from workcards.month_rows import BY_SITE, DayRow, read_spool, write_spool

MONTH = dt.date(2026, 4, 1)
PROFILE = Profile(
    id="",
    name="Payroll",
    identifier="external_employee_id",
    organization_number="42",
    components={"hours": "100"},
    hours_format="decimal",
    decimal_separator=".",
    delimiter=",",
    encoding="utf-8-sig",
)
PEOPLE_AT_A_SITE = 10
# Random variation, and the memory that a workbook needs for each sheet, empty or not.
SLACK = 400_000
A_SHEET = 15_000


def rows(people: int, *, by_site: bool) -> Iterator[DayRow]:
    """Yield thirty days for each employee.

    With `by_site` a site has `PEOPLE_AT_A_SITE` employees. Otherwise successive employees are at different sites.
    """
    for number in range(people):
        place = str(number // PEOPLE_AT_A_SITE if by_site else number % 7)
        for day in days_of_month(MONTH):
            yield DayRow(
                site_name=f"Site {place}",
                employee_name=f"Worker {number}",
                employee_id=str(uuid.UUID(int=number)),
                work_date=day.isoformat(),
                external_employee_id=str(number),
                passport_id=None,
                from_time="08:00:00",
                to_time="16:30:00",
                break_minutes=30,
                hours="8.00",
                day_status=None,
                draft="",
                site_id=place,
                work_card_id=str(uuid.UUID(int=number)),
                minutes=480,
            )


def peak_of(kind: Any, people: int) -> int:
    """Return the peak memory of writing a file; the spool and the file are on disk."""
    writer = WRITERS[kind]
    options = ExportOptions(MONTH, "he", profile=PROFILE)
    with tempfile.TemporaryFile() as spool, tempfile.TemporaryFile() as file:
        tracemalloc.start()
        try:
            write_spool(rows(people, by_site=writer.order == BY_SITE), spool)
            writer.write(read_spool(spool), file, options)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    return peak


@pytest.mark.parametrize("kind", ExportRun.Kind.values)
def test_ten_times_the_rows_take_no_more_memory(kind: str) -> None:
    peak_of(kind, 1)  # a first run loads modules and caches
    few, many = 50, 500
    small, large = (peak_of(kind, people) for people in (few, many))
    sheets = (many - few) // PEOPLE_AT_A_SITE if kind == "matrix_xlsx" else 0
    assert large < small + SLACK + sheets * A_SHEET
