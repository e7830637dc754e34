"""The endpoint walk: requests with ids of another business, for every endpoint, method and role.

    python -m isolation walker [--roles ADMIN VIEWER …] [--endpoints work_cards …] [--short] [--paths-only]

For each endpoint, method and role the walk sends these requests:

1. The request about the owner's own row. Its status must be the one in the table of roles.
2. The same request with the id of a row of the other business, and with an id that never existed. Both responses must be
   equal byte for byte, apart from the id, and both requests must execute the same SQL.
3. The same pair of requests with ids, texts and files in every query parameter and every field that parsed the owner's
   request.

After each request the rows of the other business must be unchanged. No byte of a response may contain its data.
"""

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from django.contrib import admin

from businesses.tenancy.allowlists import GLOBALLY_UNIQUE

from .database import temporary_database
from .endpoints import Endpoint, list_endpoints
from .injection_points import (
    SHARED_MODEL,
    InjectionPoint,
    InjectionPointFinder,
    ValuePair,
    make_pair,
    orderings,
)
from .report import CheckReport, Table, log
from .request_cases import (
    ALWAYS_REJECTED,
    EXEMPT,
    CaseRequest,
    NoCase,
    get_api_rows,
)
from .request_comparison import (
    Observable,
    ParsingRecord,
    RecordedResponse,
    RequestRecorder,
    describe_difference,
)
from .tenants import Tenants, make_tenants
from .walk_cases import CROSS_BUSINESS_ROLE, ROLES, Case, CaseFactory

# Endpoints with which super-admins change to another business. Their parameters may name any business.
ACT_AS_PATHS = {"api/auth/act-as", "admin/act_as/"}

# Tables that a super-admin may change without acting for the business, with the reason.
PLATFORM_WRITES = {
    "businesses": "the platform creates, edits and closes businesses",
    "sites": "sites are shared; the platform manages them",
    "users": "closing a business signs its users out",
    "sign_ins": "closing a business ends its sessions",
    "audit_events": "the business's audit trail records actions of the platform",
}


# Kind of problem → its description in the report.
KINDS = {
    "response": "the response to a foreign id differs from that to a missing one",
    "statements": "the SQL for a foreign id differs from that for a missing one",
    "leak": "a response contains data of the other business",
    "change": "a row of the other business has changed",
    "status": "the owner's status is not the one in the table of roles",
    "server error": "a response has a 5xx status",
    "no case": "an endpoint or method has no case",
}


class WalkProblem(NamedTuple):
    """A failure of one request or comparison. `kind` is a key of `KINDS`."""

    kind: str
    role: str
    method: str
    endpoint: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.role} {self.method} {self.endpoint}: {self.detail}"


@dataclass
class EndpointWalk:
    """A walk over all cases of `roles`, with the problems found and the counts."""

    tenants: Tenants
    roles: Sequence[str] = ROLES
    path_filter: Sequence[str] = ()
    with_injection_points: bool = True
    # Use one pair of values for each injection point instead of all.
    is_short: bool = False
    # (number, count): every `count`-th endpoint, beginning with number 1 … count.
    part: tuple[int, int] = (1, 1)
    problems: list[WalkProblem] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    # (table.column, endpoint): the response shows that a value of the other business is in use.
    in_use: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.finder = InjectionPointFinder(self.tenants)
        self.rows = get_api_rows()
        for row in self.rows.values():
            self.tenants.acme.body(row)  # create the rows before the first comparison
        self.recorder = RequestRecorder(self.tenants.checksums)
        self.cases = CaseFactory(self.tenants, self.roles, self.rows, self.recorder)

    # The walk

    def run(self) -> "EndpointWalk":
        self.counts["endpoints"] = len(list_endpoints())
        self.counts["exempt endpoints"] = len(EXEMPT)
        for endpoint in self.selected_endpoints():
            for method in endpoint.methods:
                self.counts["endpoints and methods"] += 1
                self._test_method(endpoint, method)
        self.counts["requests"] = self.recorder.requests
        return self

    def iterate_own_responses(
        self,
    ) -> Iterator[tuple[tuple[str, str, str], RecordedResponse]]:
        """Yield (role, method, path) and the response to the owner's own request.

        The result covers all endpoints, methods and roles of the walk.
        """
        for endpoint in self.selected_endpoints():
            for method in endpoint.methods:
                for role in self.roles:
                    case = self.cases.make_case(endpoint, method, role)
                    response, _ = self._send_own(case)
                    yield (role, method, endpoint.path), response

    def selected_endpoints(self) -> list[Endpoint]:
        """Return the endpoints of this part that have a case and match `path_filter`."""
        number, count = self.part
        words = self.path_filter or ("",)
        return [
            endpoint
            for endpoint in list_endpoints()
            if endpoint.name not in EXEMPT
            and any(word in endpoint.path for word in words)
        ][number - 1 :: count]

    def _test_method(self, endpoint: Endpoint, method: str) -> None:
        """Run the cases of every role for one endpoint and method.

        The owner's own request must succeed for at least one role.
        """
        has_succeeded = False
        for role in self.roles:
            try:
                case = self.cases.make_case(endpoint, method, role)
            except NoCase as error:
                self._add_problem("no case", role, method, endpoint, str(error))
                return
            own, parsing = self._send_own(case, with_parsing=True)
            self._check(case, "own", own)
            has_succeeded |= self._check_status(case, own, parsing)
            if own.status == 405:
                self.counts["endpoints that reject the method"] += 1
                return
            if own.status < 400:
                self.counts["cases in which the owner succeeds"] += 1
            if endpoint.has_row_id:
                self._compare_row(case)
            may_compare = (
                role != CROSS_BUSINESS_ROLE and endpoint.path not in ACT_AS_PATHS
            )
            if not self.with_injection_points or own.status in (401, 403):
                continue
            if may_compare:
                self._compare_points(case, parsing)
        keys = {f"{method} {endpoint.path}", f"{method} {endpoint.name}"}
        is_always_rejected = bool({*keys, f"any {endpoint.name}"} & {*ALWAYS_REJECTED})
        if {*self.roles} == {*ROLES} and has_succeeded is is_always_rejected:
            detail = "a role succeeds" if has_succeeded else "no role succeeds"
            self._add_problem("status", "all roles", method, endpoint, detail)

    def _check_status(
        self, case: Case, own: RecordedResponse, parsing: ParsingRecord
    ) -> bool:
        """Compare the owner's status with the table of roles, if that has the endpoint.

        Return True if the request succeeded, or if the table of roles has the endpoint.
        """
        expected = self.cases.expected_status(case)
        if expected is None:
            is_success = own.status < 400 and not parsing.has_form_errors
            return case.role != "anonymous" and is_success
        if own.status != expected:
            excerpt = own.content[:200].decode(errors="replace")
            detail = f"{own.status}, not {expected}: {excerpt}"
            self._add_case_problem("status", case, detail)
        return True

    def _compare_row(self, case: Case) -> None:
        foreign_id = self.cases.id_of(case.endpoint, self.tenants.globex)
        foreign, _ = self._send(case, case.make_request(foreign_id))
        self._check(case, "foreign id", foreign, str(foreign_id))
        if case.role == CROSS_BUSINESS_ROLE or case.endpoint.is_site:
            return
        pair = make_pair("its own kind", foreign_id)
        missing, _ = self._send(case, case.make_request(pair.missing))
        self._compare(case, "id in the path", pair, foreign, missing)

    def _compare_points(self, case: Case, parsing: ParsingRecord) -> None:
        endpoint, method = case.endpoint, case.method
        own = case.make_request(self.cases.own_id(endpoint))
        points = list(self.finder.query_points(endpoint, method, parsing))
        if method == "GET":
            for value in orderings(endpoint, method) if endpoint.is_api else ():
                response, _ = self._send(case, own.with_query("ordering", value))
                self._check(case, f"?ordering={value}", response)
        else:
            if not endpoint.is_api:
                points = list(self.finder.button_points(parsing))
            points += self.finder.body_points(parsing)
        for point in points:
            self.counts["injection points"] += 1
            for pair in point.pairs[: 1 if self.is_short else None]:
                self._compare_at(case, own, point, pair)
        if method == "POST" and endpoint.name.endswith("_changelist"):
            self._compare_actions(case, own)

    def _compare_actions(self, case: Case, own: CaseRequest) -> None:
        """Compare the bulk actions of an admin list, and the pages to which they redirect."""
        point, label = InjectionPoint(("_selected_action",), ()), case.endpoint.model
        own_id = self.tenants.acme.rows[label].pk
        pair = make_pair(label, self.tenants.globex.rows[label].pk, own_id)
        for action in list_bulk_actions(case.endpoint):
            body = {"action": action, "index": 0}
            request = replace(own, body=body, follow_redirects=True)
            response, _ = self._send(case, inject(request, point, pair.own))
            self._check(case, f"action {action}", response)
            self._compare_at(case, request, point, pair)

    def _compare_at(
        self, case: Case, own: CaseRequest, point: InjectionPoint, pair: ValuePair
    ) -> None:
        foreign, _ = self._send(case, inject(own, point, pair.foreign))
        missing, _ = self._send(case, inject(own, point, pair.missing))
        self._check(case, str(point), foreign, pair.repeatable[0])
        if pair.kind == SHARED_MODEL:
            return
        if not is_globally_unique(pair.kind):
            self._compare(case, str(point), pair, foreign, missing)
        elif len(observable_parts(pair, foreign, missing)) > 1:
            self.in_use.add((pair.kind, f"{case.method} {case.endpoint.path}"))

    # Checks

    def _compare(
        self,
        case: Case,
        location: str,
        pair: ValuePair,
        foreign: RecordedResponse,
        missing: RecordedResponse,
    ) -> None:
        self.counts["comparisons"] += 1
        where = f"{location} ({pair.kind})"
        observable = observable_parts(pair, foreign, missing)
        if len(observable) > 1:
            detail = f"{where}: {describe_difference(*observable)}"
            self._add_case_problem("response", case, detail)
        if foreign.statements != missing.statements:
            differing = {*foreign.statements} ^ {*missing.statements}
            counts = (
                f"{len(foreign.statements)} statements, not {len(missing.statements)}"
            )
            detail = f"{where}: {counts}: {' ; '.join(sorted(differing))[:400]}"
            self._add_case_problem("statements", case, detail)

    def _check(
        self, case: Case, location: str, response: RecordedResponse, *sent: str
    ) -> None:
        """Check the rules that every response must satisfy.

        The response may repeat the `sent` values.
        """
        if response.status >= 500:
            detail = f"{location}: {response.status}"
            self._add_case_problem("server error", case, detail)
        changed = {*response.changed}
        if case.role == CROSS_BUSINESS_ROLE:
            changed -= PLATFORM_WRITES.keys()
        else:
            content = response.searchable_content(*filter(None, sent))
            if canary := self.tenants.canary_in(content):
                self._add_case_problem("leak", case, f"{location}: {canary}")
        if changed:
            detail = f"{location}: {', '.join(changed)}"
            self._add_case_problem("change", case, detail)

    def _add_case_problem(self, kind: str, case: Case, detail: str) -> None:
        self._add_problem(kind, case.role, case.method, case.endpoint, detail)

    def _add_problem(
        self, kind: str, role: str, method: str, endpoint: Endpoint, detail: str
    ) -> None:
        self.problems.append(WalkProblem(kind, role, method, endpoint.path, detail))

    def _send_own(
        self, case: Case, *, with_parsing: bool = False
    ) -> tuple[RecordedResponse, ParsingRecord]:
        request = case.make_request(self.cases.own_id(case.endpoint))
        return self._send(case, request, with_parsing=with_parsing)

    def _send(
        self, case: Case, request: CaseRequest, *, with_parsing: bool = False
    ) -> tuple[RecordedResponse, ParsingRecord]:
        self.counts["cases"] += 1
        return self.recorder.record(
            case.client, request.send, with_parsing=with_parsing
        )


def observable_parts(
    pair: ValuePair, foreign: RecordedResponse, missing: RecordedResponse
) -> list[Observable]:
    """Return what a client observes of both responses: one item if that is equal, else two."""
    first = foreign.observable(pair.repeatable[0])
    second = missing.observable(pair.repeatable[1])
    return [first] if first == second else [first, second]


def inject(own: CaseRequest, point: InjectionPoint, value: object) -> CaseRequest:
    """Return the owner's request with `value` at the injection point."""
    if point.is_query:
        return own.with_query(point.path[0], value)
    for path, minimal in point.parents:
        if not own.has_body_value(path):
            own = own.with_body_value(path, minimal)
    return own.with_body_value(point.path, value)


def is_globally_unique(kind: str) -> bool:
    """Return True if the values of `table.column` are unique across all businesses.

    `GLOBALLY_UNIQUE` declares these columns, the exceptions from isolation.
    """
    table, _, column = kind.partition(".")
    return (column,) in GLOBALLY_UNIQUE.get(table, ())


def list_bulk_actions(endpoint: Endpoint) -> Iterator[str]:
    """Yield the names of the bulk actions of an admin list."""
    for model, model_admin in admin.site._registry.items():
        if model._meta.label_lower == endpoint.model:
            actions: Any = getattr(model_admin, "object_actions", ())
            yield from (action.name for action in actions if action.in_list)


def parse_options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m isolation walker")
    parser.add_argument("--roles", nargs="+", choices=ROLES, default=ROLES)
    parser.add_argument(
        "--endpoints", nargs="+", default=(), help="parts of the paths to visit"
    )
    parser.add_argument(
        "--paths-only", action="store_true", help="inject ids in paths only"
    )
    parser.add_argument(
        "--short", action="store_true", help="one pair of values per injection point"
    )
    return parser.parse_args(arguments)


def run_check(arguments: list[str]) -> CheckReport:
    options = parse_options(arguments)
    with temporary_database():
        log("Creating two businesses …")
        walk = EndpointWalk(
            make_tenants(),
            options.roles,
            options.endpoints,
            with_injection_points=not options.paths_only,
            is_short=options.short,
        ).run()
    return make_report(walk)


def make_report(walk: EndpointWalk) -> CheckReport:
    by_kind = Counter(problem.kind for problem in walk.problems)
    rows = [(kind, text, by_kind[kind]) for kind, text in KINDS.items()]
    in_use = Counter(column for column, _endpoint in walk.in_use)
    return CheckReport(
        {**walk.counts},
        [
            Table(["problem", "meaning", "found"], rows),
            Table(
                ["answered “already in use”", "endpoints"],
                sorted(in_use.items()) or [("none", 0)],
            ),
        ],
        [str(problem) for problem in walk.problems],
    )
