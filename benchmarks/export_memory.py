"""Measure memory and time of an export by its number of days.

    python -m benchmarks.export_memory [--days 1000 10000 100000]

A temporary database gets a month of each size at 25 sites, and the largest again at one site. A separate process
generates each kind of file, as a worker does. The program prints a table in Markdown with the growth of the process's
peak memory (`VmHWM`) and the seconds. The growth is relative to a process that has loaded AutomateHQ and generated an
empty file.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import uuid
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import connection
from django.utils import timezone

from businesses.models import DEFAULT_BUSINESS_ID
from businesses.tenancy.context import business_scope
from exports.models import ExportProfile, ExportRun
from exports.profiles import Profile
from exports.tasks import make_export
from tests.scratch_database import migrate, scratch_database
from workcards.models import ApprovedDay, WorkCard
from workcards.month_math import add_months, days_of_month
from workforce.models import Employee, Site

DAYS_A_PERSON = 20
SITES = 25
EMPTY_MONTH = date(2020, 1, 1)
PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


def fill(
    month: date, days: int, sites: list[Site], days_a_person: int = DAYS_A_PERSON
) -> None:
    """Insert `days` approved days in a month, `days_a_person` for each employee."""
    now = timezone.now()
    business = {"business_id": DEFAULT_BUSINESS_ID}
    employees, cards, posted = [], [], []
    for number in range(days // days_a_person):
        site = sites[number % len(sites)]
        employee = Employee(
            site=site,
            full_name=f"Worker {number % 5000:05}",
            external_employee_id=f"{month:%m}-{number:07}",
            started_on=month,
            left_on=month,
            is_active=False,
            created_at=now,
            updated_at=now,
            **business,
        )
        card = WorkCard(
            site=site,
            employee=employee,
            processing_month=month,
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
            for day in days_of_month(month)[:days_a_person]
        ]
    for rows in (employees, cards, posted):
        type(rows[0]).objects.bulk_create(rows, batch_size=5_000)


def queue(month: date, kind: str, profile: ExportProfile) -> uuid.UUID:
    filters: dict[str, Any] = {"include_unapproved": False}
    if kind == ExportRun.Kind.PAYROLL_CSV:
        filters["profile"] = Profile.of(profile).as_json()
    run = ExportRun.objects.create(kind=kind, processing_month=month, filters=filters)
    return uuid.UUID(str(run.pk))


def peak() -> int:
    """Return the peak memory of this process, in kB."""
    match = PEAK.search(Path("/proc/self/status").read_text())
    assert match
    return int(match[1])


def make(empty_id: str, run_id: str) -> None:
    """Generate an empty file, then the measured one; print the kB and seconds of the second as JSON.

    The caller starts a separate process for it.
    """
    ids = {"business_id": str(DEFAULT_BUSINESS_ID)}
    make_export.func(run_id=empty_id, **ids)
    before, start = peak(), time.monotonic()
    make_export.func(run_id=run_id, **ids)
    print(json.dumps([peak() - before, time.monotonic() - start]))


def measure_export(kind: str, month: date, profile: ExportProfile) -> str:
    with business_scope(DEFAULT_BUSINESS_ID):
        runs = [str(queue(at, kind, profile)) for at in (EMPTY_MONTH, month)]
    database = connection.settings_dict
    address = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)
    with tempfile.TemporaryDirectory() as media:
        done = subprocess.run(  # noqa: S603 -- this module
            [sys.executable, "-m", __spec__.name, "--make", *runs],
            env={**os.environ, "DATABASE_URL": address, "MEDIA_ROOT": media},
            stdout=subprocess.PIPE,
            check=True,
        )
    kilobytes, seconds = json.loads(done.stdout)
    with business_scope(DEFAULT_BUSINESS_ID):
        run = ExportRun.objects.get(pk=runs[1])
        assert run.status == ExportRun.Status.DONE, run.error
    return f"{kilobytes / 1024:.1f} MB, {seconds:.1f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--make", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        make(*options.make)
        return
    with scratch_database():
        migrate()
        with business_scope(DEFAULT_BUSINESS_ID):
            sites = [
                Site.objects.create(
                    site_name=f"Site {number:02}", steward_id=DEFAULT_BUSINESS_ID
                )
                for number in range(SITES)
            ]
            codes = {"hours": "100", "SICK": "200"}
            profile = ExportProfile.objects.create(name="Payroll", components=codes)
            months: dict[str, date] = {}
            for number, days in enumerate(options.days):
                months[f"{days:,} days"] = month = date(2024, 1 + number, 1)
                fill(month, days, sites)
            month = add_months(month, 1)
            months[f"{days:,}, one site"] = month
            fill(month, days, sites[:1])
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        print("| kind | " + " | ".join(months) + " |")
        print("|---" * (1 + len(months)) + "|")
        for kind in ExportRun.Kind.values:
            cells = [measure_export(kind, month, profile) for month in months.values()]
            print(f"| `{kind}` | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
