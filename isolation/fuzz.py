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
from schemathesis import checks as schemathesis_checks
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks as openapi_checks

from accounts.tests.api_clients import token_of

from .database import temporary_database
from .report import CheckReport, Table, log
from .tenants import Tenant, Tenants, make_tenants

CHECKS = [
    schemathesis_checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
]
ROLES = ("ADMIN", "REVIEWER", "UPLOADER", "VIEWER")


class Fuzz:
    """A fuzz run: `examples` requests for each operation as each of `roles`.

    `operations` limits the run to operations such as `GET /api/sites`. The same `seed_value` gives the same requests.
    """

    def __init__(
        self,
        tenants: Tenants,
        roles: Sequence[str],
        *,
        examples: int,
        seed_value: int,
        operations: Sequence[str] = (),
    ) -> None:
        self.tenants, self.roles, self.operations = tenants, roles, operations
        self.examples, self.seed_value = examples, seed_value
        self.statuses: Counter[int] = Counter()
        self.calls: Counter[str] = Counter()
        self.injected = 0
        self.problems: dict[tuple[str, str], str] = {}
        self.globex_ids = sorted({*map(str, _iterate_ids(tenants.globex))})
        self.acme_ids = sorted({*map(str, _iterate_ids(tenants.acme))})

    def run(self) -> "Fuzz":
        with _one_connection():
            return self._run()

    def _run(self) -> "Fuzz":
        application: Any = get_wsgi_application()
        api = schemathesis.openapi.from_wsgi("/api/schema?format=json", application)
        self._before = self.tenants.checksums()
        for role in self.roles:
            token = token_of(self.tenants.acme.personas.user(role))
            operations: Any = api.get_all_operations()
            for operation in (result.ok() for result in operations):
                if not self.operations or operation.label in self.operations:
                    headers = {"Authorization": f"Bearer {token}"}
                    self._test_operation(operation, role, headers)
        if self.tenants.checksums() != self._before:
            self._add_problem("the run", "changed", "rows of Globex")
        return self

    def _test_operation(
        self, operation: Any, role: str, headers: dict[str, str]
    ) -> None:
        @seed(self.seed_value)
        @settings(
            max_examples=self.examples,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(), data=st.data())
        def test(case: Any, data: Any) -> None:
            with transaction.atomic():
                self._send(case, data.draw, role, headers)
                transaction.set_rollback(True)

        test()

    def _send(self, case: Any, draw: Any, role: str, headers: dict[str, str]) -> None:
        label = case.operation.label
        sent_ids: set[str] = set()

        def replace_ids(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: replace_ids(item) for key, item in value.items()}
            if isinstance(value, list):
                return [replace_ids(item) for item in value]
            if not _is_id(value):
                return value
            pool = draw(
                st.sampled_from(
                    [self.globex_ids, self.globex_ids, self.acme_ids, [value]]
                )
            )
            replacement = draw(st.sampled_from(pool))
            if pool is self.globex_ids:
                sent_ids.add(replacement)
                self.injected += 1
            return replacement

        case.path_parameters = replace_ids(case.path_parameters)
        case.query = replace_ids(case.query)
        case.body = replace_ids(case.body)
        case.headers.pop("Authorization", None)
        response = case.call(headers=headers)
        self.calls[role] += 1
        self.statuses[response.status_code] += 1
        location = f"{label} as {role}"
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                detail = f"{response.status_code}: {failure} {_curl_command(case)}"
                self._add_problem(location, type(failure).__name__, detail)
        content = response.content + repr(dict(response.headers)).encode()
        # The link to the next page repeats the parameters of the request.
        for sent_id in sent_ids:
            content = content.replace(sent_id.encode(), b"")
        canary = self.tenants.canary_in(content)
        if canary:
            self._add_problem(
                location,
                "canary",
                f"{canary} in {content[:300]!r} {_curl_command(case)}",
            )
        if case.method not in ("GET", "HEAD") and response.status_code < 400:
            self._check_rows(location, case)

    def _check_rows(self, location: str, case: Any) -> None:
        before, now = self._before, self.tenants.checksums()
        changed = [table for table in before if before[table] != now[table]]
        if changed:
            self._add_problem(
                location, "changed", f"{', '.join(changed)} {_curl_command(case)}"
            )

    def _add_problem(self, location: str, kind: str, detail: str) -> None:
        self.problems.setdefault((location, kind), f"{location}: {kind}: {detail}")


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


def _curl_command(case: Any) -> str:
    return f"[{case.as_curl_command()[:600]}]"


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and bool(
        re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value, re.IGNORECASE)
    )


def _iterate_ids(tenant: Tenant) -> Iterator[uuid.UUID]:
    yield from tenant.ids().values()
    yield tenant.personas.id
    for role in ROLES:
        yield tenant.personas.user(role).pk
    for row in tenant.targets.values():
        yield row.pk


def run_check(arguments: list[str]) -> CheckReport:
    parser = argparse.ArgumentParser(prog="python -m isolation fuzz")
    parser.add_argument("--examples", type=int, default=60)
    parser.add_argument("--roles", nargs="+", default=list(ROLES), choices=ROLES)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    with temporary_database():
        log("Creating two businesses …")
        fuzz = Fuzz(
            make_tenants(),
            options.roles,
            examples=options.examples,
            seed_value=options.seed,
        )
        fuzz.run()
    statuses = sorted(fuzz.statuses.items())
    return CheckReport(
        {
            "requests": sum(fuzz.calls.values()),
            "ids of Globex injected": fuzz.injected,
            "seed": str(options.seed),
        },
        [Table(["status", "responses"], [(str(status), n) for status, n in statuses])],
        list(fuzz.problems.values()),
    )
