"""Large exports: days as CSV against `COPY` of the same query, and the matrix as a workbook.

In a database of its own with one month of 2,500 people at 25 sites: 77,500 days. What an export needs of memory, by how many days are
in it, is measured by `export_memory.py`.
"""

import os
import tempfile
import time
from datetime import date
from statistics import median
from typing import Any

from django.db import connection

from businesses.models import DEFAULT_BUSINESS_ID
from businesses.tenancy.context import business_scope
from exports.models import ExportRun
from exports.tasks import make_export
from tests.scratch_database import migrate, scratch_database
from workcards.month_rows import month_rows
from workforce.models import Site

from . import export_memory
from .measurements import table
from .processors import processor_seconds

MONTH, PEOPLE, SITES = date(2026, 3, 1), 2_500, 25


def measure(rounds: int) -> str:
    """Medians of so many rounds, in turns; processor time is the worker's alone."""
    with scratch_database(), tempfile.TemporaryDirectory() as folder:
        migrate()
        with business_scope(DEFAULT_BUSINESS_ID):
            sites = [
                Site.objects.create(
                    site_name=f"Site {n:02}", steward_id=DEFAULT_BUSINESS_ID
                )
                for n in range(SITES)
            ]
            export_memory.fill(MONTH, PEOPLE * 31, sites, days_a_person=31)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        found: dict[str, list[tuple[float, float]]] = {}
        for _ in range(rounds):
            for kind in (ExportRun.Kind.DAYS_CSV, ExportRun.Kind.MATRIX_XLSX):
                found.setdefault(kind, []).append(exported(kind))
            found.setdefault("COPY", []).append(copied(folder))
    rows = []
    for name, measures in found.items():
        seconds, busy = (median(values) for values in zip(*measures, strict=True))
        rows.append((f"`{name}`", f"{seconds:.2f}", f"{busy:.2f}"))
    return table(("", "seconds", "seconds of the worker's processor"), rows)


def exported(kind: str) -> tuple[float, float]:
    """Seconds, and seconds of the processor, in which a worker makes a file."""
    with business_scope(DEFAULT_BUSINESS_ID):
        run = ExportRun.objects.create(
            kind=kind, processing_month=MONTH, filters={"include_unapproved": False}
        )
    before, began = processor_seconds([os.getpid()]), time.perf_counter()
    make_export.func(run_id=str(run.pk), business_id=str(DEFAULT_BUSINESS_ID))
    seconds = time.perf_counter() - began
    busy = processor_seconds([os.getpid()]) - before
    with business_scope(DEFAULT_BUSINESS_ID):
        run.refresh_from_db()
    assert run.status == ExportRun.Status.DONE, run.error
    return seconds, busy


def copied(folder: str) -> tuple[float, float]:
    """The same query, written by PostgreSQL into a file."""
    with business_scope(DEFAULT_BUSINESS_ID):
        sql, params = query_of_rows()
        before, began = processor_seconds([os.getpid()]), time.perf_counter()
        with open(f"{folder}/days.csv", "wb") as file, connection.cursor() as cursor:  # noqa: PTH123
            plain: Any = cursor.cursor
            statement = plain.mogrify(sql, params).decode()
            plain.copy_expert(f"COPY ({statement}) TO STDOUT (FORMAT csv)", file)
        return time.perf_counter() - began, processor_seconds([os.getpid()]) - before


def query_of_rows() -> tuple[str, Any]:
    """The one statement that an export reads its rows with."""
    found = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        next(month_rows(MONTH))
    ((sql, params),) = found
    return sql, params
