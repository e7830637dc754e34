"""Measure large exports: days as CSV, compared with `COPY` of the same query, and the matrix as an XLSX file.

A temporary database has one month of 2,500 employees at 25 sites, which is 77,500 days.
"""

import os
import tempfile
import time
from datetime import date
from decimal import Decimal
from statistics import median
from typing import Any

from django.db import connection
from django.utils import timezone

from businesses.models import DEFAULT_BUSINESS_ID
from businesses.tenancy.context import business_scope
from exports.models import ExportRun
from exports.tasks import make_export
from tests.scratch_database import migrate, scratch_database
from workcards.models import ApprovedDay, WorkCard
from workcards.month_math import days_of_month
from workcards.month_rows import month_rows
from workforce.models import Employee, Site

from .measurements import table
from .processors import processor_seconds

MONTH, EMPLOYEES, SITES = date(2026, 3, 1), 2_500, 25


def measure(rounds: int) -> str:
    """Return a table of medians over `rounds` alternating rounds.

    Processor time is that of the worker alone, without PostgreSQL.
    """
    with scratch_database(), tempfile.TemporaryDirectory() as folder:
        migrate()
        with business_scope(DEFAULT_BUSINESS_ID):
            sites = [
                Site.objects.create(
                    site_name=f"Site {n:02}", steward_id=DEFAULT_BUSINESS_ID
                )
                for n in range(SITES)
            ]
            fill(sites)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        times: dict[str, list[tuple[float, float]]] = {}
        for _ in range(rounds):
            for kind in (ExportRun.Kind.DAYS_CSV, ExportRun.Kind.MATRIX_XLSX):
                times.setdefault(kind, []).append(time_export(kind))
            times.setdefault("COPY", []).append(time_copy(folder))
    rows = []
    for name, measures in times.items():
        seconds, busy = (median(values) for values in zip(*measures, strict=True))
        rows.append((f"`{name}`", f"{seconds:.2f}", f"{busy:.2f}"))
    return table(("", "seconds", "seconds of the worker's processor"), rows)


def fill(sites: list[Site]) -> None:
    """Insert the employees, each with an approved card and every day of the month."""
    now = timezone.now()
    business = {"business_id": DEFAULT_BUSINESS_ID}
    employees, cards, posted = [], [], []
    for number in range(EMPLOYEES):
        site = sites[number % len(sites)]
        employee = Employee(
            site=site,
            full_name=f"Worker {number:05}",
            external_employee_id=f"{number:07}",
            started_on=MONTH,
            left_on=MONTH,
            is_active=False,
            created_at=now,
            updated_at=now,
            **business,
        )
        card = WorkCard(
            site=site,
            employee=employee,
            processing_month=MONTH,
            source="MANUAL",
            review_status="APPROVED",
            approved_at=now,
            created_at=now,
            updated_at=now,
            **business,
        )
        employees.append(employee)
        cards.append(card)
        posted += [
            ApprovedDay(
                employee=employee,
                site=site,
                work_card=card,
                work_date=day,
                hours=Decimal("8.25"),
                approved_at=now,
                **business,
            )
            for day in days_of_month(MONTH)
        ]
    for rows in (employees, cards, posted):
        type(rows[0]).objects.bulk_create(rows, batch_size=5_000)


def time_export(kind: str) -> tuple[float, float]:
    """Generate a file as a worker does; return seconds and seconds of processor time."""
    with business_scope(DEFAULT_BUSINESS_ID):
        run = ExportRun.objects.create(
            kind=kind, processing_month=MONTH, filters={"include_unapproved": False}
        )
    before, start = processor_seconds([os.getpid()]), time.perf_counter()
    make_export.func(run_id=str(run.pk), business_id=str(DEFAULT_BUSINESS_ID))
    seconds = time.perf_counter() - start
    busy = processor_seconds([os.getpid()]) - before
    with business_scope(DEFAULT_BUSINESS_ID):
        run.refresh_from_db()
    assert run.status == ExportRun.Status.DONE, run.error
    return seconds, busy


def time_copy(folder: str) -> tuple[float, float]:
    """Write the same query to a file with `COPY`; return seconds and seconds of processor time."""
    with business_scope(DEFAULT_BUSINESS_ID):
        sql, params = capture_query()
        before, start = processor_seconds([os.getpid()]), time.perf_counter()
        with open(f"{folder}/days.csv", "wb") as file, connection.cursor() as cursor:  # noqa: PTH123
            plain: Any = cursor.cursor
            statement = plain.mogrify(sql, params).decode()
            plain.copy_expert(f"COPY ({statement}) TO STDOUT (FORMAT csv)", file)
        return time.perf_counter() - start, processor_seconds([os.getpid()]) - before


def capture_query() -> tuple[str, Any]:
    """Return the single statement that reads the rows of an export, and its parameters."""
    queries = []

    def capture(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        queries.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(capture):
        next(month_rows(MONTH))
    ((sql, params),) = queries
    return sql, params
