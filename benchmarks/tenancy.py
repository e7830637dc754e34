"""Measure the cost of two isolation layers: row-level security and the manager.

The unchanged application, the application without row-level security, and the application with a plain manager take
turns. Each uses a separate copy of the database, in which the same rows are written. The unchanged application runs
twice; the difference between both is noise. The statements that open a scope are part of all variants and are
measured separately.
"""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from statistics import median
from typing import Any

from django.apps import apps
from django.db import connection

from businesses.tenancy.context import business_scope
from businesses.tenancy.models import TenantModel
from workcards.models import WorkCard
from workforce.models import Employee

from .databases import Database, copy_of
from .measurements import table, times
from .processors import application_seconds
from .requests import Measured, measured
from .servers import Client, gunicorn

AS_IT_IS, NO_POLICIES, PLAIN_MANAGER = "as it is", "policies", "manager"
CONTROL = "control"
HEAD = (
    *(
        "request",
        "unchanged, ms",
        "without row-level security, ms",
        "with a plain manager, ms",
    ),
    *("cost of row-level security", "cost of the manager", "noise"),
)


def measure(database: Database, rounds: int) -> str:
    """Return a table of medians (95th percentiles) and of the layers' costs.

    The costs are shares of processor time.
    """
    clock: dict[tuple[str, str], list[float]] = defaultdict(list)
    processor: dict[tuple[str, str], list[float]] = defaultdict(list)
    with ExitStack() as stack:
        sides: list[tuple[str, Client, Callable[[], float], list[Request]]] = []
        for side in (AS_IT_IS, NO_POLICIES, PLAIN_MANAGER, CONTROL):
            copy = stack.enter_context(copy_of(database, side.replace(" ", "_")))
            ours = measured(copy)
            requests = list(requests_of(copy, ours))
            if side == NO_POLICIES:
                open_policies(copy)
            application = (
                "benchmarks.unlocked"
                if side in (NO_POLICIES, PLAIN_MANAGER)
                else "automatehq.wsgi"
            )
            server = stack.enter_context(
                gunicorn(copy, application=application, BENCHMARK_WITHOUT=side)
            )
            client = server.client(ours.token)
            for request in requests:
                request.send(client, 0)
            spent = partial(application_seconds, server, copy)
            sides.append((side, client, spent, requests))
        for number in range(1, rounds + 1):
            for side, client, busy, requests in sides:
                for request in requests:
                    before = busy()
                    clock[request.name, side].append(request.send(client, number))
                    processor[request.name, side].append(busy() - before)
    rows = [
        (
            name,
            *(times(clock[name, side]) for side, *_ in sides[:-1]),
            *(cost(processor, name, other) for other, *_ in sides[1:]),
        )
        for name in dict.fromkeys(name for name, _ in clock)
    ]
    return f"{table(HEAD, rows)}\n\n{scope_alone(database, rounds)}"


class Request:
    """A request that is sent repeatedly. A write request alternates between its bodies."""

    def __init__(self, name: str, path: str, method: str = "GET", *bodies: Any) -> None:
        self.name, self.path, self.method, self.bodies = name, path, method, bodies

    def send(self, client: Client, number: int) -> float:
        """Send the request; return the seconds."""
        if not self.bodies:
            return client.ask(self.path)[1]
        if "days" in self.name:
            # The body must contain the current version of the card.
            body = json.loads(client.ask(self.path)[0])
            body["entries"][0]["comment"] = self.bodies[number % 2]
        else:
            body = self.bodies[number % 2]
        return client.ask(self.path, self.method, json.dumps(body).encode())[1]


def requests_of(database: Database, ours: Measured) -> Iterator[Request]:
    for read in ours.reads():
        yield Request(read.name, read.path)
    with database.entered(), business_scope(ours.business_id):
        employee = Employee.objects.order_by("pk").first()
        card = (
            WorkCard.objects.filter(
                review_status="NEEDS_REVIEW", day_entries__isnull=False
            )
            .order_by("-processing_month", "pk")
            .first()
        )
    phones = [{"phone_number": f"+97250000000{number}"} for number in (1, 2)]
    yield Request("edit an employee", f"/api/employees/{employee.pk}", "PATCH", *phones)
    path = f"/api/work_cards/{card.pk}/day-entries"
    yield Request("write the days of a card", path, "PUT", "one", "two")


def open_policies(database: Database) -> None:
    """Disable row-level security on the tables of all tenant models."""
    with database.entered(), connection.cursor() as cursor:
        for model in apps.get_models():
            if issubclass(model, TenantModel):
                cursor.execute(
                    f"ALTER TABLE {model._meta.db_table} DISABLE ROW LEVEL SECURITY"
                )


def cost(processor: dict[tuple[str, str], list[float]], name: str, other: str) -> str:
    """Return the additional processor time of the unchanged application in percent.

    The base is the variant `other`.
    """
    more = median(processor[name, AS_IT_IS]) / median(processor[name, other]) - 1
    return f"{more:+.1%}"


def scope_alone(database: Database, rounds: int) -> str:
    """Return a text with the times of an empty scope and of a trivial transaction."""
    ours = measured(database)
    seconds: dict[str, list[float]] = {"scope": [], "transaction": []}
    with database.entered():
        connection.ensure_connection()
        for _ in range(rounds):
            began = time.perf_counter()
            with business_scope(ours.business_id):
                pass
            seconds["scope"].append(time.perf_counter() - began)
            began = time.perf_counter()
            with connection.cursor() as cursor:
                cursor.execute("BEGIN; SELECT 1; COMMIT")
            seconds["transaction"].append(time.perf_counter() - began)
    return (
        f"Opening and leaving a scope: {times(seconds['scope'])} ms; a transaction with one trivial statement: "
        f"{times(seconds['transaction'])} ms."
    )
