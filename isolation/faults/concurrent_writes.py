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
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import override_settings
from django.test.utils import setup_test_environment, teardown_test_environment
from rest_framework.test import APIClient

from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas, make_personas
from isolation.report import Report, Table, say
from tests.scratch_database import migrate, scratch_database
from workcards.services import find_faults
from workcards.tests.factories import picture
from workforce.tests.factories import EmployeeFactory, SiteFactory

CARDS = "/api/work_cards"
MONTHS = ("2026-02", "2026-03")
# Indices for a random choice, mostly the first month or employee, so that cards conflict often.
OFTEN_THE_FIRST = (0, 0, 0, 1)
DATES = range(1, 4)
FIGURES: tuple[dict[str, Any], ...] = (
    {"total_hours": "3"},
    {"total_hours": "8"},
    {"from_time": "07:00", "to_time": "14:20"},
    {"total_hours": "18"},
    {"day_status": "SICK"},
)
FITTING = {"approve": "NEEDS_REVIEW", "reopen": "APPROVED", "reject": "NEEDS_REVIEW"}
REASON = "a storm"
CONFLICT, SERVER_ERROR = 409, 500
# The permitted statuses, including those for a card that was deleted or has changed.
ANSWERS = (200, 201, 202, 204, 400, 404, CONFLICT)
CHECK_EVERY = 0.5  # seconds
WAIT = 60.0  # seconds that a thread may take for its last request


@dataclass
class Place:
    """A business with the ids of its sites and employees."""

    side: Personas
    sites: list[str]
    people: list[str]


@dataclass
class Storm:
    """The counts of all threads."""

    times: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    checks: int = 0
    problems: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def problem(self, text: str) -> None:
        with self.lock:
            self.problems.append(text)


class Worker:
    """A thread with a client for each business and a method for each action."""

    def __init__(self, places: Sequence[Place], storm: Storm, seed: int) -> None:
        self.places = places
        self.storm = storm
        self.chance = random.Random(seed)  # noqa: S311 -- no secret
        self.clients: dict[Any, APIClient] = {
            place.side.id: client_of(place.side.admin) for place in places
        }
        self.place = places[0]

    def work(self, ended: threading.Event, turns: int | None) -> None:
        verbs, often = [*VERBS], [often for often, _verb in VERBS.values()]
        try:
            for turn in itertools.count():
                if ended.is_set() or turn == turns:
                    return
                (name,) = self.chance.choices(verbs, often)
                self.place = self.chance.choice(self.places)
                answer = VERBS[name][1](self)
                with self.storm.lock:
                    self.storm.times[name] += 1
                    self.storm.done[name] += (
                        answer is not None and answer.status_code < 400
                    )
        except Exception as error:  # noqa: BLE001  it is reported
            self.storm.problem(f"{name}: {type(error).__name__}: {error}")
        finally:
            connections.close_all()

    # Requests

    def ask(self, method: str, url: str, body: Any = None, **options: Any) -> Any:
        client = self.clients[self.place.side.id]
        answer = getattr(client, method)(url, body, **options)
        with self.storm.lock:
            self.storm.statuses[answer.status_code] += 1
        if answer.status_code not in ANSWERS:
            self.storm.problem(
                f"{method} {url}: {answer.status_code} {answer.content[:200]!r}"
            )
        return answer

    def card(self, status: str = "") -> Any:
        """Return one of the newest cards, optionally with `status`; None if there is none."""
        query = {"page_size": 40} | ({"status": status} if status else {})
        found = self.ask("get", CARDS, query).json()["results"]
        return self.chance.choice(found) if found else None

    def do(self, verb: str, *, method: str = "post", **body: Any) -> Any:
        """Request an action on a random card with its current version.

        Four of five cards have a status that permits the action.
        """
        fits = self.chance.random() < 0.8
        card = self.card(FITTING.get(verb, "") if fits else "")
        if card is None:
            return None
        body |= {"version": card["version"]}
        return self.ask(method, f"{CARDS}/{card['id']}/{verb}", body)

    def change(self, method: str, path: str, **body: Any) -> Any:
        card = self.card()
        if card is None:
            return None
        return self.ask(method, f"{CARDS}/{card['id']}{path}", body)

    def month(self) -> str:
        return MONTHS[self.chance.choice(OFTEN_THE_FIRST)]

    def person(self) -> str:
        return self.place.people[self.chance.choice(OFTEN_THE_FIRST)]

    def site(self) -> str:
        return self.chance.choice(self.place.sites)

    def days(self, month: str, most: int) -> list[dict[str, Any]]:
        dates = self.chance.sample(DATES, self.chance.randint(1, most))
        return [
            {"work_date": f"{month}-{number:02}", **self.chance.choice(FIGURES)}
            for number in dates
        ]

    # Actions

    def create(self) -> Any:
        body = {
            "site_id": self.site(),
            "employee_id": self.person(),
            "processing_month": self.month(),
        }
        return self.ask("post", CARDS, body)

    def upload(self, **more: Any) -> Any:
        scan = picture(number=self.chance.getrandbits(31))
        body = {
            "files": [SimpleUploadedFile("card.png", scan)],
            "site_id": self.site(),
            "month": self.month(),
            **more,
        }
        return self.ask("post", f"{CARDS}/upload", body, format="multipart")

    def upload_for_an_employee(self) -> Any:
        return self.upload(employee_id=self.person())

    def write(self) -> Any:
        return self._write("put", 3)

    def write_one(self) -> Any:
        return self._write("patch", 1)

    def clear(self) -> Any:
        return self._write("put", 0)

    def _write(self, method: str, most: int) -> Any:
        card = self.card("NEEDS_REVIEW")
        if card is None:
            return None
        days = self.days(card["processing_month"], most) if most else []
        body = {"version": card["version"], "entries": days}
        return self.ask(method, f"{CARDS}/{card['id']}/day-entries", body)

    def assign(self) -> Any:
        return self.do("assign", employee_id=self.person())

    def unassign(self) -> Any:
        return self.do("assign", employee_id=None)

    def note(self) -> Any:
        return self.change("patch", "", notes=str(self.chance.random()))

    def move(self) -> Any:
        return self.change("patch", "", site_id=self.site())

    def change_month(self) -> Any:
        return self.change("patch", "", processing_month=self.month())

    def approve(self) -> Any:
        return self.do("approve")

    def approve_keeping(self) -> Any:
        return self._approve("keep")

    def approve_replacing(self) -> Any:
        return self._approve("replace")

    def approve_adding(self) -> Any:
        return self._approve("add")

    def _approve(self, choice: str) -> Any:
        answer = self.approve()
        if answer is None or answer.status_code != CONFLICT:
            return answer
        told = answer.json()
        resolutions = [
            {
                "date": one["date"],
                "approved_day_id": one["approved_day_id"],
                "choice": "replace" if choice == "add" and one["same_site"] else choice,
            }
            for one in told.get("conflicts", ())
        ]
        if not resolutions:
            return answer
        # A 409 response writes nothing, so that the version is unchanged, unless another thread has changed the card.
        path = answer.wsgi_request.path
        version = self.ask("get", path.removesuffix("/approve")).json().get("version")
        if version is None:
            return answer
        return self.ask("post", path, {"version": version, "resolutions": resolutions})

    def approve_many(self) -> Any:
        cards = [self.card("NEEDS_REVIEW") for _ in range(3)]
        chosen = {card["id"]: card for card in cards if card}
        if not chosen:
            return None
        seen = [
            {"id": card_id, "version": card["version"]}
            for card_id, card in chosen.items()
        ]
        return self.ask("post", f"{CARDS}/bulk-approve", {"cards": seen})

    def reject(self) -> Any:
        return self.do("reject", reason=REASON)

    def reopen(self) -> Any:
        return self.do("reopen", reason=REASON)

    def to_approved(self) -> Any:
        return self.do("status", method="put", status="APPROVED")

    def to_review(self) -> Any:
        return self.do("status", method="put", status="NEEDS_REVIEW", reason=REASON)

    def to_rejected(self) -> Any:
        return self.do("status", method="put", status="REJECTED", reason=REASON)

    def delete(self) -> Any:
        return self.change("delete", "")

    def close_month(self) -> Any:
        body = {"force": True, "note": REASON}
        return self.ask("post", f"/api/months/{MONTHS[1]}/close", body)

    def reopen_month(self) -> Any:
        body = {"reason": REASON}
        return self.ask("post", f"/api/months/{MONTHS[1]}/reopen", body)

    def look_at_the_month(self) -> Any:
        return self.ask("get", f"/api/matrix?month={self.month()}")


# Name → relative frequency, and the method that sends the requests.
VERBS: dict[str, tuple[int, Callable[[Worker], Any]]] = {
    "create": (8, Worker.create),
    "upload": (1, Worker.upload),
    "upload for an employee": (1, Worker.upload_for_an_employee),
    "write": (12, Worker.write),
    "write one day": (4, Worker.write_one),
    "clear": (1, Worker.clear),
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
    "look at the month": (1, Worker.look_at_the_month),
}


def run(
    sides: Sequence[Personas],
    *,
    threads: int,
    seconds: float = math.inf,
    turns: int | None = None,
    seed: int = 1,
) -> Storm:
    """Run the threads for `seconds`, or for `turns` actions each; return the counts.

    The ledger is checked during and after the run.
    """
    storm, places = Storm(), _places(sides)
    ended = threading.Event()
    workers = [Worker(places, storm, seed + number) for number in range(threads)]
    crowd = [
        threading.Thread(target=worker.work, args=(ended, turns), daemon=True)
        for worker in workers
    ]
    for thread in crowd:
        thread.start()
    until = time.monotonic() + seconds
    while time.monotonic() < until and any(thread.is_alive() for thread in crowd):
        _check(places, storm)
        time.sleep(CHECK_EVERY)
    ended.set()
    for thread in crowd:
        thread.join(timeout=WAIT)
        if thread.is_alive():
            storm.problem(f"a thread did not end within {WAIT:.0f} seconds")
    _check(places, storm)
    return storm


def _places(sides: Sequence[Personas]) -> list[Place]:
    """Create three shared sites, and two employees in each business."""
    with sides[0].scope():
        shared: list[Any] = [SiteFactory() for _ in range(3)]
    sites, places = [str(site.pk) for site in shared], []
    for side in sides:
        with side.scope():
            people: list[Any] = [EmployeeFactory(site_id=sites[0]) for _ in range(2)]
        places.append(Place(side, sites, [str(person.pk) for person in people]))
    return places


def _check(places: Sequence[Place], storm: Storm) -> None:
    for place in places:
        with place.side.scope():
            found = find_faults()
        storm.checks += 1
        for fault in found:
            storm.problem(f"{place.side.business}: {fault}")


def prove(arguments: list[str]) -> Report:
    parser = argparse.ArgumentParser(
        prog="python -m isolation storm", description=__doc__
    )
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--threads", type=int, default=16)
    given = parser.parse_args(arguments)
    setup_test_environment(debug=False)
    try:
        with (
            tempfile.TemporaryDirectory() as media,
            override_settings(MEDIA_ROOT=media),
            scratch_database(),
        ):
            say("Migrating a database of its own …")
            migrate()
            sides = [make_personas(name) for name in ("Acme", "Globex")]
            say(f"A storm of {given.seconds:.0f} seconds …")
            storm = run(sides, seconds=given.seconds, threads=given.threads)
    finally:
        teardown_test_environment()
    figures: dict[str, object] = {
        "threads": given.threads,
        "seconds": round(given.seconds),
        "verbs": len(VERBS),
        "requests": storm.statuses.total(),
        "answered 409, with the reason": storm.statuses[CONFLICT],
        "answered 5xx": sum(
            count for status, count in storm.statuses.items() if status >= SERVER_ERROR
        ),
        "looks at a business's ledger": storm.checks,
    }
    rows = [[name, storm.times[name], storm.done[name]] for name in VERBS]
    return Report(figures, [Table(("verb", "times", "done"), rows)], storm.problems)
