"""Run all actions on cards concurrently, and check that ledger and cards agree.

    python -m isolation storm [--seconds 120] [--threads 16]

Many threads work in two businesses at the same time. They send requests to the API over real connections that commit.
They use few employees, sites, months and dates, so that they conflict often. `check_ledger` must find no fault during
and after the run. No response may be a server error. This includes deadlocks, because PostgreSQL ends one of the
transactions with an error.
"""

import argparse
import itertools
import math
import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.http import HttpRequest
from django.test import override_settings
from django.test.utils import setup_test_environment, teardown_test_environment
from rest_framework.test import APIClient

from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas, make_personas
from isolation.report import CheckReport, Table, log
from tests.scratch_database import migrate, scratch_database
from workcards.services import find_faults
from workcards.tests.factories import picture
from workforce.tests.factories import EmployeeFactory, SiteFactory

CARDS = "/api/work_cards"
MONTHS = ("2026-02", "2026-03")
# Indices for a random choice, mostly the first month or employee, so that cards conflict often.
SKEWED_INDEXES = (0, 0, 0, 1)
DATES = range(1, 4)
DAY_VALUES: tuple[dict[str, Any], ...] = (
    {"total_hours": "3"},
    {"total_hours": "8"},
    {"from_time": "07:00", "to_time": "14:20"},
    {"total_hours": "18"},
    {"day_status": "SICK"},
)
PERMITTING_STATUSES = {
    "approve": "NEEDS_REVIEW",
    "reopen": "APPROVED",
    "reject": "NEEDS_REVIEW",
}
REASON = "concurrent writes"
CONFLICT, SERVER_ERROR = 409, 500
# The permitted statuses, including those for a card that was deleted or has changed.
EXPECTED_STATUSES = (200, 201, 202, 204, 400, 404, CONFLICT)
CHECK_INTERVAL = 0.5  # seconds
JOIN_TIMEOUT = 60.0  # seconds that a thread may take for its last request


class ApiResponse(Protocol):
    """A response of Django's test client."""

    status_code: int
    content: bytes
    wsgi_request: HttpRequest

    def json(self) -> dict[str, Any]: ...


@dataclass
class TenantIds:
    """A business with the ids of its sites and employees."""

    personas: Personas
    sites: list[str]
    employees: list[str]


@dataclass
class WriteResults:
    """The counts of all threads."""

    requests: Counter[str] = field(default_factory=Counter)
    successes: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    checks: int = 0
    problems: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add_problem(self, text: str) -> None:
        with self.lock:
            self.problems.append(text)


class Worker:
    """A thread with a client for each business and a method for each action."""

    def __init__(
        self, tenants: Sequence[TenantIds], results: WriteResults, seed: int
    ) -> None:
        self.tenants = tenants
        self.results = results
        self.rng = random.Random(seed)  # noqa: S311 -- no secret
        self.clients: dict[Any, APIClient] = {
            tenant.personas.id: client_of(tenant.personas.admin) for tenant in tenants
        }
        self.tenant = tenants[0]

    def work(self, stop: threading.Event, turns: int | None) -> None:
        names, weights = [*ACTIONS], [weight for weight, _method in ACTIONS.values()]
        try:
            for turn in itertools.count():
                if stop.is_set() or turn == turns:
                    return
                (name,) = self.rng.choices(names, weights)
                self.tenant = self.rng.choice(self.tenants)
                response = ACTIONS[name][1](self)
                with self.results.lock:
                    self.results.requests[name] += 1
                    self.results.successes[name] += (
                        response is not None and response.status_code < 400
                    )
        except Exception as error:  # noqa: BLE001  it is reported
            self.results.add_problem(f"{name}: {type(error).__name__}: {error}")
        finally:
            connections.close_all()

    # Requests

    def send(
        self, method: str, url: str, body: object = None, **options: object
    ) -> ApiResponse:
        client = self.clients[self.tenant.personas.id]
        response: ApiResponse = getattr(client, method)(url, body, **options)
        with self.results.lock:
            self.results.statuses[response.status_code] += 1
        if response.status_code not in EXPECTED_STATUSES:
            self.results.add_problem(
                f"{method} {url}: {response.status_code} {response.content[:200]!r}"
            )
        return response

    def card(self, status: str = "") -> dict[str, Any] | None:
        """Return one of the newest cards, optionally with `status`; None if there is none."""
        query = {"page_size": 40} | ({"status": status} if status else {})
        cards = self.send("get", CARDS, query).json()["results"]
        return self.rng.choice(cards) if cards else None

    def act(
        self, action: str, *, method: str = "post", **body: object
    ) -> ApiResponse | None:
        """Request an action on a random card with its current version.

        Four of five cards have a status that permits the action.
        """
        has_permitting_status = self.rng.random() < 0.8
        card = self.card(
            PERMITTING_STATUSES.get(action, "") if has_permitting_status else ""
        )
        if card is None:
            return None
        body["version"] = card["version"]
        return self.send(method, f"{CARDS}/{card['id']}/{action}", body)

    def change(self, method: str, path: str, **body: object) -> ApiResponse | None:
        card = self.card()
        if card is None:
            return None
        return self.send(method, f"{CARDS}/{card['id']}{path}", body)

    def month(self) -> str:
        return MONTHS[self.rng.choice(SKEWED_INDEXES)]

    def employee(self) -> str:
        return self.tenant.employees[self.rng.choice(SKEWED_INDEXES)]

    def site(self) -> str:
        return self.rng.choice(self.tenant.sites)

    def days(self, month: str, most: int) -> list[dict[str, Any]]:
        dates = self.rng.sample(DATES, self.rng.randint(1, most))
        return [
            {"work_date": f"{month}-{number:02}", **self.rng.choice(DAY_VALUES)}
            for number in dates
        ]

    # Actions

    def create(self) -> ApiResponse | None:
        body = {
            "site_id": self.site(),
            "employee_id": self.employee(),
            "processing_month": self.month(),
        }
        return self.send("post", CARDS, body)

    def upload(self, **more: object) -> ApiResponse:
        scan = picture(number=self.rng.getrandbits(31))
        body = {
            "files": [SimpleUploadedFile("card.png", scan)],
            "site_id": self.site(),
            "month": self.month(),
            **more,
        }
        return self.send("post", f"{CARDS}/upload", body, format="multipart")

    def upload_for_an_employee(self) -> ApiResponse | None:
        return self.upload(employee_id=self.employee())

    def replace_days(self) -> ApiResponse | None:
        return self._save_days("put", 3)

    def change_one_day(self) -> ApiResponse | None:
        return self._save_days("patch", 1)

    def clear_days(self) -> ApiResponse | None:
        return self._save_days("put", 0)

    def _save_days(self, method: str, most: int) -> ApiResponse | None:
        card = self.card("NEEDS_REVIEW")
        if card is None:
            return None
        days = self.days(card["processing_month"], most) if most else []
        body = {"version": card["version"], "entries": days}
        return self.send(method, f"{CARDS}/{card['id']}/day-entries", body)

    def assign(self) -> ApiResponse | None:
        return self.act("assign", employee_id=self.employee())

    def unassign(self) -> ApiResponse | None:
        return self.act("assign", employee_id=None)

    def note(self) -> ApiResponse | None:
        return self.change("patch", "", notes=str(self.rng.random()))

    def move(self) -> ApiResponse | None:
        return self.change("patch", "", site_id=self.site())

    def change_month(self) -> ApiResponse | None:
        return self.change("patch", "", processing_month=self.month())

    def approve(self) -> ApiResponse | None:
        return self.act("approve")

    def approve_keeping(self) -> ApiResponse | None:
        return self._approve("keep")

    def approve_replacing(self) -> ApiResponse | None:
        return self._approve("replace")

    def approve_adding(self) -> ApiResponse | None:
        return self._approve("add")

    def _approve(self, choice: str) -> ApiResponse | None:
        response = self.approve()
        if response is None or response.status_code != CONFLICT:
            return response
        conflict = response.json()
        resolutions = [
            {
                "date": conflict_row["date"],
                "approved_day_id": conflict_row["approved_day_id"],
                "choice": "replace"
                if choice == "add" and conflict_row["same_site"]
                else choice,
            }
            for conflict_row in conflict.get("conflicts", ())
        ]
        if not resolutions:
            return response
        # A 409 response writes nothing, so that the version is unchanged, unless another thread has changed the card.
        path = response.wsgi_request.path
        version = self.send("get", path.removesuffix("/approve")).json().get("version")
        if version is None:
            return response
        return self.send("post", path, {"version": version, "resolutions": resolutions})

    def approve_many(self) -> ApiResponse | None:
        cards = [self.card("NEEDS_REVIEW") for _ in range(3)]
        chosen = {card["id"]: card for card in cards if card}
        if not chosen:
            return None
        versions = [
            {"id": card_id, "version": card["version"]}
            for card_id, card in chosen.items()
        ]
        return self.send("post", f"{CARDS}/bulk-approve", {"cards": versions})

    def reject(self) -> ApiResponse | None:
        return self.act("reject", reason=REASON)

    def reopen(self) -> ApiResponse | None:
        return self.act("reopen", reason=REASON)

    def to_approved(self) -> ApiResponse | None:
        return self.act("status", method="put", status="APPROVED")

    def to_review(self) -> ApiResponse | None:
        return self.act("status", method="put", status="NEEDS_REVIEW", reason=REASON)

    def to_rejected(self) -> ApiResponse | None:
        return self.act("status", method="put", status="REJECTED", reason=REASON)

    def delete(self) -> ApiResponse | None:
        return self.change("delete", "")

    def close_month(self) -> ApiResponse | None:
        body = {"force": True, "note": REASON}
        return self.send("post", f"/api/months/{MONTHS[1]}/close", body)

    def reopen_month(self) -> ApiResponse | None:
        body = {"reason": REASON}
        return self.send("post", f"/api/months/{MONTHS[1]}/reopen", body)

    def read_matrix(self) -> ApiResponse | None:
        return self.send("get", f"/api/matrix?month={self.month()}")


# Name → relative frequency, and the method that sends the requests.
ACTIONS: dict[str, tuple[int, Callable[[Worker], "ApiResponse | None"]]] = {
    "create": (8, Worker.create),
    "upload": (1, Worker.upload),
    "upload for an employee": (1, Worker.upload_for_an_employee),
    "replace days": (12, Worker.replace_days),
    "change one day": (4, Worker.change_one_day),
    "clear days": (1, Worker.clear_days),
    "assign": (3, Worker.assign),
    "unassign": (1, Worker.unassign),
    "note": (2, Worker.note),
    "move": (2, Worker.move),
    "change month": (1, Worker.change_month),
    "approve": (4, Worker.approve),
    "approve, keep": (4, Worker.approve_keeping),
    "approve, replace": (8, Worker.approve_replacing),
    "approve, add": (8, Worker.approve_adding),
    "approve many": (3, Worker.approve_many),
    "reject": (1, Worker.reject),
    "reopen": (10, Worker.reopen),
    "status approved": (1, Worker.to_approved),
    "status needs review": (3, Worker.to_review),
    "status rejected": (1, Worker.to_rejected),
    "delete": (1, Worker.delete),
    "close month": (1, Worker.close_month),
    "reopen month": (2, Worker.reopen_month),
    "read the matrix": (1, Worker.read_matrix),
}


def run(
    businesses: Sequence[Personas],
    *,
    threads: int,
    seconds: float = math.inf,
    turns: int | None = None,
    seed: int = 1,
) -> WriteResults:
    """Run the threads for `seconds`, or for `turns` actions each; return the counts.

    The ledger is checked during and after the run.
    """
    results, tenants = WriteResults(), _create_tenants(businesses)
    stop = threading.Event()
    workers = [Worker(tenants, results, seed + number) for number in range(threads)]
    running = [
        threading.Thread(target=worker.work, args=(stop, turns), daemon=True)
        for worker in workers
    ]
    for thread in running:
        thread.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end and any(thread.is_alive() for thread in running):
        _check(tenants, results)
        time.sleep(CHECK_INTERVAL)
    stop.set()
    for thread in running:
        thread.join(timeout=JOIN_TIMEOUT)
        if thread.is_alive():
            results.add_problem(
                f"a thread did not end within {JOIN_TIMEOUT:.0f} seconds"
            )
    _check(tenants, results)
    return results


def _create_tenants(businesses: Sequence[Personas]) -> list[TenantIds]:
    """Create three shared sites, and two employees in each business."""
    with businesses[0].scope():
        shared: list[Any] = [SiteFactory() for _ in range(3)]
    sites, tenants = [str(site.pk) for site in shared], []
    for personas in businesses:
        with personas.scope():
            employees: list[Any] = [EmployeeFactory(site_id=sites[0]) for _ in range(2)]
        tenants.append(
            TenantIds(personas, sites, [str(employee.pk) for employee in employees])
        )
    return tenants


def _check(tenants: Sequence[TenantIds], results: WriteResults) -> None:
    for tenant in tenants:
        with tenant.personas.scope():
            faults = find_faults()
        results.checks += 1
        for fault in faults:
            results.add_problem(f"{tenant.personas.business}: {fault}")


def run_check(arguments: list[str]) -> CheckReport:
    parser = argparse.ArgumentParser(
        prog="python -m isolation storm", description=__doc__
    )
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--threads", type=int, default=16)
    options = parser.parse_args(arguments)
    setup_test_environment(debug=False)
    try:
        with (
            tempfile.TemporaryDirectory() as media,
            override_settings(MEDIA_ROOT=media),
            scratch_database(),
        ):
            log("Migrating a temporary database …")
            migrate()
            businesses = [make_personas(name) for name in ("Acme", "Globex")]
            log(f"Writing concurrently for {options.seconds:.0f} seconds …")
            results = run(businesses, seconds=options.seconds, threads=options.threads)
    finally:
        teardown_test_environment()
    figures: dict[str, object] = {
        "threads": options.threads,
        "seconds": round(options.seconds),
        "actions": len(ACTIONS),
        "requests": results.statuses.total(),
        "responses 409": results.statuses[CONFLICT],
        "responses 5xx": sum(
            count
            for status, count in results.statuses.items()
            if status >= SERVER_ERROR
        ),
        "ledger checks": results.checks,
    }
    rows = [[name, results.requests[name], results.successes[name]] for name in ACTIONS]
    return CheckReport(
        figures, [Table(("action", "requests", "successful"), rows)], results.problems
    )
