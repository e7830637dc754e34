"""Measure preview, import and export of the largest list of employees.

    python -m benchmarks.import_speed [--rows 10000]

A temporary database is used. The requests pass through the whole application, without a web server. As CSV and as XLSX,
three files are imported: new employees, the same file again without a change, and a new name for each employee. The
program prints a table in Markdown with the seconds and queries of each preview and apply.
"""

import argparse
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "automatehq.settings")
os.environ.setdefault("DEBUG", "1")
os.environ.setdefault("LOG_LEVEL", "WARNING")
django.setup()

from django.conf import settings  # noqa: E402
from django.test.utils import override_settings  # noqa: E402
from rest_framework.test import APIClient  # noqa: E402

from accounts.credentials import create_account  # noqa: E402
from accounts.models import User  # noqa: E402
from accounts.roles import Role  # noqa: E402
from accounts.token_sessions import start_sign_in  # noqa: E402
from businesses.models import DEFAULT_BUSINESS_ID  # noqa: E402
from businesses.tenancy.context import business_scope  # noqa: E402
from tests.api_helpers import queries  # noqa: E402
from tests.scratch_database import migrate, scratch_database  # noqa: E402
from workforce.models import Employee, Site  # noqa: E402
from workforce.tests.employee_import.import_files import (  # noqa: E402
    EXPORT,
    apply,
    as_csv,
    as_xlsx,
    preview,
)

SITES = 25
HEADER = ("Full name", "Passport", "External ID", "Site", "Phone", "Start date")
Write = Callable[..., bytes]
Result = TypeVar("Result")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    rows = parser.parse_args().rows
    print("| file | preview | apply |\n|---|---|---|")
    for name, write in (("CSV", as_csv), ("XLSX", as_xlsx)):
        with scratch_database():
            migrate()
            measure(name, write, rows)


def measure(name: str, write: Write, rows: int) -> None:
    client = reviewer()
    for description, first_name in (
        ("all rows are new", "Worker"),
        ("nothing changes", "Worker"),
        ("every name changes", "Builder"),
    ):
        data = write(HEADER, *employee_rows(first_name, rows))
        looked, looking = time_call(partial(preview, client, data))
        hash_ = looked.json()["hash"]
        done, doing = time_call(partial(apply, client, data, hash_))
        assert done.status_code == 200, done.content[:300]
        print(
            f"| {name}, {rows:,} rows: {description} | {looking} | {doing} |",
            flush=True,
        )
    _, writing = time_call(lambda: client.get(EXPORT, {"type": name.lower()}))
    print(f"| {name}, export | {writing} | |", flush=True)
    with business_scope(DEFAULT_BUSINESS_ID):
        assert Employee.objects.filter(full_name__startswith="Builder").count() == rows


def reviewer() -> APIClient:
    """Return a client signed in to a business with `SITES` sites and no employees."""
    with business_scope(DEFAULT_BUSINESS_ID):
        for number in range(SITES):
            Site.objects.create(
                site_name=f"Site {number:02}", steward_id=DEFAULT_BUSINESS_ID
            )
        user = User.objects.create(
            email="reviewer@benchmark.example",
            full_name="Reviewer",
            role=Role.REVIEWER,
            account_id=create_account(email=None, password_hash="!"),  # noqa: S106 -- no one signs in with it
        )
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {start_sign_in(user).access}")
    return client


def employee_rows(first_name: str, count: int, since: int = 0) -> list[Sequence[str]]:
    return [
        (
            f"{first_name} {number:05}",
            f"P{number:08}",
            f"{number:06}",
            f"Site {number % SITES:02}",
            f"+97250{number:07}",
            "2026-01-15",
        )
        for number in range(since, since + count)
    ]


def time_call(call: Callable[[], Result]) -> tuple[Result, str]:
    """Return the result of `call()`, and a text with its seconds and queries."""
    responses = []
    start = time.monotonic()
    count = queries(lambda: responses.append(call()))
    return responses[0], f"{time.monotonic() - start:.1f} s, {count} queries"


if __name__ == "__main__":
    with override_settings(ALLOWED_HOSTS=[*settings.ALLOWED_HOSTS, "testserver"]):
        main()
