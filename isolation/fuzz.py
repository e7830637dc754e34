"""Fuzz tests of the API: random requests for every operation, with ids of another business among their values.

Schemathesis builds each request from the OpenAPI document. Each id in the path, the query or the body stays or is
replaced at random by an id of Globex or of Acme. A user of Acme sends the request. No response may contain data of
Globex, and no row of Globex may change. No response may have a 5xx status, and each must conform to the document.
"""

import argparse
import logging
import re
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import checks as known_checks
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks as openapi_checks

from accounts.tests.api_clients import token_of

from .database import own_database
from .report import Report, Table, say
from .tenants import World, make_world

CHECKS = [
    known_checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
]
ROLES = ("ADMIN", "REVIEWER", "UPLOADER", "VIEWER")


class Fuzz:
    """A fuzz run: `examples` requests for each operation as each of `roles`.

    `operations` limits the run to operations such as `GET /api/sites`. The same `chance` gives the same requests.
    """

    def __init__(
        self,
        world: World,
        roles: Sequence[str],
        *,
        examples: int,
        chance: int,
        operations: Sequence[str] = (),
    ) -> None:
        self.world, self.roles, self.operations = world, roles, operations
        self.examples, self.chance = examples, chance
        self.statuses: Counter[int] = Counter()
        self.calls: Counter[str] = Counter()
        self.planted = 0
        self.problems: dict[tuple[str, str], str] = {}
        self.theirs = sorted({*map(str, _ids(world.globex))})
        self.ours = sorted({*map(str, _ids(world.acme))})

    def run(self) -> "Fuzz":
        with _one_connection():
            return self._run()

    def _run(self) -> "Fuzz":
        application: Any = get_wsgi_application()
        api = schemathesis.openapi.from_wsgi("/api/schema?format=json", application)
        self._before = self.world.checksums()
        for role in self.roles:
            token = token_of(self.world.acme.personas.user(role))
            operations: Any = api.get_all_operations()
            for operation in (result.ok() for result in operations):
                if not self.operations or operation.label in self.operations:
                    headers = {"Authorization": f"Bearer {token}"}
                    self._ask_often(operation, role, headers)
        if self.world.checksums() != self._before:
            self._problem("the whole", "changed", "rows of Globex")
        return self

    def _ask_often(self, operation: Any, role: str, headers: dict[str, str]) -> None:
        @seed(self.chance)
        @settings(
            max_examples=self.examples,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(), data=st.data())
        def ask(case: Any, data: Any) -> None:
            with transaction.atomic():
                self._ask(case, data.draw, role, headers)
                transaction.set_rollback(True)

        ask()

    def _ask(self, case: Any, draw: Any, role: str, headers: dict[str, str]) -> None:
        label = case.operation.label
        sent: set[str] = set()

        def plant(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: plant(one) for key, one in value.items()}
            if isinstance(value, list):
                return [plant(one) for one in value]
            if not _is_id(value):
                return value
            pool = draw(st.sampled_from([self.theirs, self.theirs, self.ours, [value]]))
            chosen = draw(st.sampled_from(pool))
            if pool is self.theirs:
                sent.add(chosen)
                self.planted += 1
            return chosen

        case.path_parameters = plant(case.path_parameters)
        case.query = plant(case.query)
        case.body = plant(case.body)
        case.headers.pop("Authorization", None)
        response = case.call(headers=headers)
        self.calls[role] += 1
        self.statuses[response.status_code] += 1
        where = f"{label} as {role}"
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                said = f"{response.status_code}: {failure} {_asked(case)}"
                self._problem(where, type(failure).__name__, said)
        content = response.content + repr(dict(response.headers)).encode()
        for (
            one
        ) in sent:  # the link to the next page repeats the parameters of the request
            content = content.replace(one.encode(), b"")
        canary = self.world.canary_in(content)
        if canary:
            self._problem(
                where, "canary", f"{canary} in {content[:300]!r} {_asked(case)}"
            )
        if case.method not in ("GET", "HEAD") and response.status_code < 400:
            self._look_for_changes(where, case)

    def _look_for_changes(self, where: str, case: Any) -> None:
        before, now = self._before, self.world.checksums()
        changed = [table for table in before if before[table] != now[table]]
        if changed:
            self._problem(where, "changed", f"{', '.join(changed)} {_asked(case)}")

    def _problem(self, where: str, kind: str, said: str) -> None:
        self.problems.setdefault((where, kind), f"{where}: {kind}: {said}")


@contextmanager
def _one_connection() -> Iterator[None]:
    """Prevent requests from closing the connection until the block ends.

    They then run inside the caller's transaction.
    """
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


def _asked(case: Any) -> str:
    return f"[{case.as_curl_command()[:600]}]"


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and bool(
        re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value, re.IGNORECASE)
    )


def _ids(side: Any) -> Iterator[uuid.UUID]:
    yield from side.ids().values()
    yield side.personas.id
    for role in ROLES:
        yield side.personas.user(role).pk
    for row in side._targets.values():
        yield row.pk


def prove(arguments: list[str]) -> Report:
    parser = argparse.ArgumentParser(prog="python -m isolation fuzz")
    parser.add_argument("--examples", type=int, default=60)
    parser.add_argument("--roles", nargs="+", default=list(ROLES), choices=ROLES)
    parser.add_argument("--seed", type=int, default=1)
    given_ = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    with own_database():
        say("Furnishing two businesses …")
        fuzz = Fuzz(
            make_world(), given_.roles, examples=given_.examples, chance=given_.seed
        )
        fuzz.run()
    statuses = sorted(fuzz.statuses.items())
    return Report(
        {
            "calls": sum(fuzz.calls.values()),
            "of Globex's ids in them": fuzz.planted,
            "seed": str(given_.seed),
        },
        [Table(["status", "answers"], [(str(status), n) for status, n in statuses])],
        list(fuzz.problems.values()),
    )
