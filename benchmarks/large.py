"""Measure the largest requests: import of 10,000 employees, upload of 50 pictures, approval of 500 cards.

gunicorn with one process serves a temporary database. Each request is sent several times with different rows. Processor
time is that of the web process, of the processes that decode pictures for it, and of PostgreSQL's sessions.
"""

import json
import tempfile
from collections import defaultdict
from datetime import date
from decimal import Decimal
from statistics import median
from typing import Any

import requests
from django.db import connection

from accounts.credentials import create_account
from accounts.models import User
from accounts.roles import Role
from accounts.token_sessions import start_sign_in
from businesses.models import DEFAULT_BUSINESS_ID
from businesses.tenancy.context import business_scope
from tests.scratch_database import migrate, scratch_database
from workcards.models import DayEntry, WorkCard
from workcards.month_math import days_of_month
from workcards.transitions import CardSource, ReviewStatus
from workforce.models import Employee, Site
from workforce.tests.employee_import.import_files import APPLY, PREVIEW, as_csv

from .databases import Database
from .import_speed import HEADER, SITES, employee_rows
from .measurements import table
from .processors import application_seconds
from .servers import Server, gunicorn
from .upload_memory import picture

EMPLOYEES, PICTURES, CARDS = 10_000, 50, 500
PICTURE = 3 * 1024**2  # bytes, of 24 megapixels, as from a telephone's camera
MONTH, DAYS_A_CARD = date(2026, 3, 1), 20


class Sender:
    """A client that records the seconds and the processor seconds of each request."""

    def __init__(self, database: Database, server: Server, token: str) -> None:
        self.database, self.server, self.token = database, server, token
        self.found: dict[str, list[tuple[float, float]]] = defaultdict(list)

    def send(self, name: str, path: str, body: bytes, content_type: str) -> Any:
        before = self.busy()
        # Use a new connection, because the server closes an idle one while the pictures are generated.
        client = self.server.client(self.token)
        response, seconds = client.send(path, "POST", body, content_type)
        client.connection.close()
        self.found[name].append((seconds, self.busy() - before))
        return json.loads(response)

    def busy(self) -> float:
        """Return the seconds of processor time used so far.

        They are those of the web process, of its finished child processes, and of PostgreSQL's sessions.
        """
        (web,) = self.server.process.children()
        ended = web.cpu_times()
        own = application_seconds(self.server, self.database)
        return own + ended.children_user + ended.children_system


def measure(rounds: int) -> str:
    """Return a table of medians over `rounds` rounds."""
    with scratch_database(), tempfile.TemporaryDirectory() as folder:
        migrate()
        database = Database(connection.settings_dict["NAME"])
        token, sites = beginnings()
        with gunicorn(database, MEDIA_ROOT=folder) as server:
            sender = Sender(database, server, token)
            for number in range(rounds):
                import_employees(sender, number)
                upload_pictures(sender, number, sites[0])
                approve_cards(sender, number, sites)
    rows = [
        (name, *(f"{median(values):.2f}" for values in zip(*measures, strict=True)))
        for name, measures in sender.found.items()
    ]
    return table(("request", "seconds", "seconds of the processors"), rows)


def beginnings() -> tuple[str, list[Site]]:
    """Create sites without employees, and a reviewer; return the reviewer's token and the sites."""
    with business_scope(DEFAULT_BUSINESS_ID):
        sites = [
            Site.objects.create(
                site_name=f"Site {n:02}", steward_id=DEFAULT_BUSINESS_ID
            )
            for n in range(SITES)
        ]
        reviewer = User.objects.create(
            email="reviewer@benchmark.example",
            full_name="Reviewer",
            role=Role.REVIEWER,
            account_id=create_account(email=None, password_hash="!"),  # noqa: S106 -- no one signs in with it
        )
    return start_sign_in(reviewer).access, sites


def import_employees(sender: Sender, number: int) -> None:
    """Preview and apply a file of new employees."""
    file = (
        "people.csv",
        as_csv(
            HEADER,
            *employee_rows(f"Round {number}", EMPLOYEES, since=number * EMPLOYEES),
        ),
    )
    looked = sender.send(
        f"look at {EMPLOYEES:,} employees", PREVIEW, *form(PREVIEW, [("file", file)])
    )
    assert looked["summary"]["create"] == EMPLOYEES
    sender.send(
        f"import {EMPLOYEES:,} employees",
        APPLY,
        *form(APPLY, [("file", file)], hash=looked["hash"]),
    )


def upload_pictures(sender: Sender, number: int, site: Site) -> None:
    files = [
        ("files", (f"{n}.jpg", picture(PICTURE, number * PICTURES + n)))
        for n in range(PICTURES)
    ]
    path = "/api/work_cards/upload"
    done = sender.send(
        f"upload of {PICTURES} pictures", path, *form(path, files, site_id=site.pk)
    )
    assert len(done["uploaded"]) == PICTURES


def approve_cards(sender: Sender, number: int, sites: list[Site]) -> None:
    cards = waiting_cards(number, sites)
    body = {"cards": [{"id": str(card.pk), "version": card.version} for card in cards]}
    done = sender.send(
        f"approval of {CARDS} cards",
        "/api/work_cards/bulk-approve",
        json.dumps(body).encode(),
        "application/json",
    )
    assert len(done["approved"]) == CARDS


def waiting_cards(number: int, sites: list[Site]) -> list[WorkCard]:
    """Create `CARDS` cards with days that need review, each of another employee."""
    with business_scope(DEFAULT_BUSINESS_ID):
        employees = Employee.objects.order_by("pk")[number * CARDS :][:CARDS]
        cards: list[WorkCard] = WorkCard.objects.bulk_create(
            WorkCard(
                employee=employee,
                site=sites[n % len(sites)],
                processing_month=MONTH,
                source=CardSource.MANUAL,
                review_status=ReviewStatus.NEEDS_REVIEW,
            )
            for n, employee in enumerate(employees)
        )
        DayEntry.objects.bulk_create(
            DayEntry(work_card=card, work_date=day, total_hours=Decimal("8.25"))
            for card in cards
            for day in days_of_month(MONTH)[:DAYS_A_CARD]
        )
    return cards


def form(path: str, files: list[Any], **fields: Any) -> tuple[bytes, str]:
    """Return the body of a multipart form, and its content type."""
    request = requests.Request("POST", f"http://any{path}", files=files, data=fields)
    prepared = request.prepare()
    assert isinstance(prepared.body, bytes)
    return prepared.body, str(prepared.headers["Content-Type"])
