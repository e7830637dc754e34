"""Measure the delay of an export behind the queued tasks of another business.

    python -m benchmarks.queue_fairness [--exports 60] [--pictures 500] [--workers 1]

A temporary database and real worker processes are used. Business A queues exports of 37,200 days in all, one per site,
and renditions of scans of 3 megapixels. When a worker has finished the first task, business B requests an export. The
program prints a table in Markdown: seconds until B's export starts, and until it is done.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from io import BytesIO
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "automatehq.settings")
os.environ.setdefault("DEBUG", "1")
os.environ.setdefault("LOG_LEVEL", "WARNING")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test.utils import override_settings  # noqa: E402
from django_tasks_db.models import DBTaskResult  # noqa: E402
from PIL import Image  # noqa: E402

from accounts.credentials import create_account  # noqa: E402
from accounts.models import User  # noqa: E402
from accounts.roles import Role  # noqa: E402
from businesses.models import DEFAULT_BUSINESS_ID, Business  # noqa: E402
from businesses.tenancy.context import business_scope, platform_scope  # noqa: E402
from exports.models import ExportRun  # noqa: E402
from exports.services import request_run  # noqa: E402
from tests.scratch_database import migrate, scratch_database  # noqa: E402
from workcards.tasks import make_renditions  # noqa: E402
from workcards.tests.factories import WorkCardFileFactory  # noqa: E402
from workforce.models import Site  # noqa: E402

from .export_memory import fill  # noqa: E402

MONTH, EMPLOYEES_PER_SITE = date(2026, 3, 1), 20
POLL_INTERVAL = 0.05
PATIENCE = 600.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exports", type=int, default=60)
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    print("| queued by A | B's export starts after, s | is done after, s |")
    print("|---|---|---|")
    cases = {
        f"{options.exports} exports": (options.exports, 0),
        f"{options.pictures} pictures": (0, options.pictures),
        "both": (options.exports, options.pictures),
    }
    for name, (exports, pictures) in cases.items():
        with (
            scratch_database(),
            tempfile.TemporaryDirectory() as media,
            override_settings(MEDIA_ROOT=media),
        ):
            migrate()
            started, done = measure(exports, pictures, options.workers, media)
        print(f"| {name} | {started:.1f} | {done:.1f} |", flush=True)


def measure(
    exports: int, pictures: int, workers: int, media: str
) -> tuple[float, float]:
    admin_a = administrator(DEFAULT_BUSINESS_ID)
    with platform_scope("benchmark"):
        other = Business.objects.create(business_name="Other", business_code="other")
    admin_b = administrator(other.pk)
    queue_exports(admin_a, exports)
    queue_pictures(pictures)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    with worker_processes(workers, media):
        wait_until(DBTaskResult.objects.filter(status="SUCCESSFUL").exists)
        with business_scope(other.pk):
            run = request_run(actor=admin_b, kind="days_csv", processing_month=MONTH)
        start = time.monotonic()
        wait_until(lambda: status_of(run) != "QUEUED")
        started = time.monotonic() - start
        wait_until(lambda: status_of(run) == "DONE")
        return started, time.monotonic() - start


def administrator(business_id: uuid.UUID) -> User:
    with business_scope(business_id):
        user: User = User.objects.create(
            email=f"admin@{business_id}.example",
            full_name="Administrator",
            role=Role.ADMIN,
            account_id=create_account(email=None, password_hash="!"),  # noqa: S106 -- no one signs in with it
        )
        return user


def queue_exports(actor: User, count: int) -> None:
    with business_scope(DEFAULT_BUSINESS_ID):
        sites = [
            Site.objects.create(
                site_name=f"Site {number:03}", steward_id=DEFAULT_BUSINESS_ID
            )
            for number in range(count)
        ]
        if sites:
            fill(MONTH, count * EMPLOYEES_PER_SITE * 31, sites, days_a_person=31)
        for site in sites:
            request_run(
                actor=actor, kind="matrix_xlsx", processing_month=MONTH, site=site
            )


def queue_pictures(count: int) -> None:
    content = picture()
    for _ in range(count):
        with business_scope(DEFAULT_BUSINESS_ID):
            file: Any = WorkCardFileFactory(content=content, mime_type="image/jpeg")
            make_renditions.enqueue(
                business_id=str(DEFAULT_BUSINESS_ID), file_id=str(file.pk)
            )


def picture() -> bytes:
    """Return a JPEG of 3 megapixels."""
    output = BytesIO()
    Image.effect_noise((1000, 750), 50).resize((2000, 1500)).convert("RGB").save(
        output, "JPEG", quality=80
    )
    return output.getvalue()


@contextmanager
def worker_processes(count: int, media: str) -> Iterator[None]:
    """Run `count` workers until the block ends."""
    database = connection.settings_dict
    address = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)
    processes = [
        subprocess.Popen(
            [sys.executable, "manage.py", "db_worker", "--no-reload"],
            cwd=settings.BASE_DIR,
            env={**os.environ, "DATABASE_URL": address, "MEDIA_ROOT": media},
            stderr=subprocess.DEVNULL,
        )
        for _ in range(count)
    ]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


def status_of(run: ExportRun) -> str:
    with business_scope(run.business_id):
        return str(ExportRun.objects.values_list("status", flat=True).get(pk=run.pk))


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"Nothing happened within {PATIENCE:.0f} s.")
        time.sleep(POLL_INTERVAL)


if __name__ == "__main__":
    main()
