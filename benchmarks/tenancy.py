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
from .requests import MeasuredBusiness, find_measured_business
from .servers import BenchmarkClient, gunicorn

UNCHANGED, NO_POLICIES, PLAIN_MANAGER = "unchanged", "policies", "manager"
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
        variants: list[
            tuple[str, BenchmarkClient, Callable[[], float], list[Request]]
        ] = []
        for variant in (UNCHANGED, NO_POLICIES, PLAIN_MANAGER, CONTROL):
            copy = stack.enter_context(copy_of(database, variant.replace(" ", "_")))
            measured = find_measured_business(copy)
            requests = list(list_requests(copy, measured))
            if variant == NO_POLICIES:
                disable_policies(copy)
            application = (
                "benchmarks.unlocked"
                if variant in (NO_POLICIES, PLAIN_MANAGER)
                else "automatehq.wsgi"
            )
            server = stack.enter_context(
                gunicorn(copy, application=application, BENCHMARK_WITHOUT=variant)
            )
            client = server.client(measured.token)
            for request in requests:
                request.send(client, 0)
            measure_processor = partial(application_seconds, server, copy)
            variants.append((variant, client, measure_processor, requests))
        for number in range(1, rounds + 1):
            for variant, client, get_seconds, requests in variants:
                for request in requests:
                    before = get_seconds()
                    clock[request.name, variant].append(request.send(client, number))
                    processor[request.name, variant].append(get_seconds() - before)
    rows = [
        (
            name,
            *(times(clock[name, variant]) for variant, *_ in variants[:-1]),
            *(format_cost(processor, name, other) for other, *_ in variants[1:]),
        )
        for name in dict.fromkeys(name for name, _ in clock)
    ]
    return f"{table(HEAD, rows)}\n\n{measure_scope(database, rounds)}"


class Request:
    """A request that is sent repeatedly. A write request alternates between its bodies."""

    def __init__(self, name: str, path: str, method: str = "GET", *bodies: Any) -> None:
        self.name, self.path, self.method, self.bodies = name, path, method, bodies

    def send(self, client: BenchmarkClient, number: int) -> float:
        """Send the request; return the seconds."""
        if not self.bodies:
            return client.send(self.path)[1]
        if "days" in self.name:
            # The body must contain the current version of the card.
            body = json.loads(client.send(self.path)[0])
            body["entries"][0]["comment"] = self.bodies[number % 2]
        else:
            body = self.bodies[number % 2]
        return client.send(self.path, self.method, json.dumps(body).encode())[1]


def list_requests(database: Database, measured: MeasuredBusiness) -> Iterator[Request]:
    for read in measured.reads():
        yield Request(read.name, read.path)
    with database.entered(), business_scope(measured.business_id):
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


def disable_policies(database: Database) -> None:
    """Disable row-level security on the tables of all tenant models."""
    with database.entered(), connection.cursor() as cursor:
        for model in apps.get_models():
            if issubclass(model, TenantModel):
                cursor.execute(
                    f"ALTER TABLE {model._meta.db_table} DISABLE ROW LEVEL SECURITY"
                )


def format_cost(
    processor: dict[tuple[str, str], list[float]], name: str, other: str
) -> str:
    """Return the additional processor time of the unchanged application in percent.

    The base is the variant `other`.
    """
    added = median(processor[name, UNCHANGED]) / median(processor[name, other]) - 1
    return f"{added:+.1%}"


def measure_scope(database: Database, rounds: int) -> str:
    """Return a text with the times of an empty scope and of a trivial transaction."""
    measured = find_measured_business(database)
    seconds: dict[str, list[float]] = {"scope": [], "transaction": []}
    with database.entered():
        connection.ensure_connection()
        for _ in range(rounds):
            start = time.perf_counter()
            with business_scope(measured.business_id):
                pass
            seconds["scope"].append(time.perf_counter() - start)
            start = time.perf_counter()
            with connection.cursor() as cursor:
                cursor.execute("BEGIN; SELECT 1; COMMIT")
            seconds["transaction"].append(time.perf_counter() - start)
    return (
        f"Opening and leaving a scope: {times(seconds['scope'])} ms; a transaction with one trivial statement: "
        f"{times(seconds['transaction'])} ms."
    )
