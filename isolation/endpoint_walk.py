"""The endpoint walk: requests with ids of another business, for every endpoint, method and role.

    python -m isolation walker [--roles ADMIN VIEWER …] [--doors work_cards …] [--short] [--no-places]

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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from django.contrib import admin
from rest_framework.test import APIClient

from accounts.tests.api_clients import client_of
from businesses.tenancy.allowlists import GLOBALLY_UNIQUE
from tests.admin_clients import AdminClient, browser_of

from .database import own_database
from .endpoints import Door, doors
from .injection_points import SHARED, Finder, Pair, Place, orderings, pair_of
from .report import Report, Table, say
from .request_cases import (
    ADMIN_QUERIES,
    EXEMPT,
    OPEN_BODIES,
    Sent,
    admin_row,
    api_case,
    api_rows,
    filled,
)
from .request_comparison import Answer, Asker, Seen
from .tenants import Side, World, make_world

ROLES = ("SUPER_ADMIN", "acting", "ADMIN", "REVIEWER", "UPLOADER", "VIEWER", "nobody")
# The role that reads across businesses. Rows of other businesses are not secret to it.
ACROSS = "SUPER_ADMIN"

# Endpoints with which super-admins change to another business. Their parameters may name any business.
BETWEEN = {"api/auth/act-as", "admin/act_as/"}

# Tables that a super-admin may change without acting for the business, with the reason.
PLATFORM_WRITES = {
    "businesses": "businesses are made, edited and closed by the platform",
    "sites": "sites are shared; the platform manages them",
    "users": "closing a business signs its people out",
    "sign_ins": "closing a business ends their sign-ins",
    "audit_events": "what the platform did stands in the business's trail",
}


class Problem(NamedTuple):
    """A failure of one request or comparison. `kind` is a key of `KINDS`."""

    kind: str
    role: str
    method: str
    door: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.role} {self.method} {self.door}: {self.detail}"


KINDS = {
    "differs": "a foreign id is answered otherwise than a missing one",
    "works": "other SQL for a foreign id than for a missing one",
    "leaks": "something of the other business's stands in an answer",
    "harms": "a row of the other business is not what it was",
    "control": "the owner does not get what the table of roles says",
    "fault": "a server error",
    "no case": "a door or method that nobody plays",
}


@dataclass
class Walk:
    """A walk over all cases of `roles`, with the problems found and the counts."""

    world: World
    roles: Sequence[str] = ROLES
    only: Sequence[str] = ()
    with_places: bool = True
    # Use one pair of values for each injection point instead of all.
    is_short: bool = False
    # (number, count): every `count`-th endpoint, beginning with number 1 … count.
    part: tuple[int, int] = (1, 1)
    problems: list[Problem] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    # (table.column, endpoint): the response shows that a value of the other business is in use.
    in_use: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.finder = Finder(self.world)
        self.rows = api_rows()
        for row in self.rows.values():
            self.world.acme.body(row)  # create the rows before the first comparison
        self.asker = Asker(self.world.checksums)
        self.api_clients = {role: self._client(role) for role in self.roles}
        self.browsers = {role: self._browser(role) for role in self.roles}

    # Clients

    def _client(self, role: str) -> APIClient:
        if role == "nobody":
            return APIClient()
        if role == "acting":
            business = self.world.acme.personas.business
            return client_of(self.world.acting, acting_for=business)
        return client_of(self._user(role))

    def _browser(self, role: str) -> AdminClient:
        if role == "nobody":
            browser = AdminClient()
            browser.business_id = None
            return browser
        if role == "acting":
            business = self.world.acme.personas.business
            return browser_of(self.world.acting_in_admin, acting_for=business)
        return browser_of(self._user(role))

    def _user(self, role: str) -> Any:
        if role == ACROSS:
            return self.world.super_admin
        return self.world.acme.personas.user(role)

    # The walk

    def walk(self) -> "Walk":
        self.counted["doors"] = len(doors())
        self.counted["doors exempt"] = len(EXEMPT)
        for door in self.doors_walked():
            for method in door.methods:
                self.counted["doors and methods"] += 1
                self._play(door, method)
        self.counted["requests"] = self.asker.requests
        return self

    def own_answers(self) -> Iterator[tuple[tuple[str, str, str], Answer]]:
        """Yield (role, method, path) and the response to the owner's own request.

        The result covers all endpoints, methods and roles of the walk.
        """
        for door in self.doors_walked():
            for method in door.methods:
                for role in self.roles:
                    about = self._case(door, method, role)
                    client = self._client_at(door, role)
                    answer, _ = self._ask(client, about(self._own_id(door)))
                    yield (role, method, door.path), answer

    def _client_at(self, door: Door, role: str) -> Any:
        return (self.api_clients if door.is_api else self.browsers)[role]

    def doors_walked(self) -> list[Door]:
        """Return the endpoints of this part that have a case and match `only`."""
        number, count = self.part
        return [
            door
            for door in doors()
            if door.name not in EXEMPT
            and (not self.only or any(part in door.path for part in self.only))
        ][number - 1 :: count]

    def _play(self, door: Door, method: str) -> None:
        """Run the cases of every role for one endpoint and method.

        The owner's own request must succeed for at least one role.
        """
        succeeded = False
        for role in self.roles:
            try:
                about = self._case(door, method, role)
            except NoCase as error:
                self._found("no case", role, method, door, str(error))
                return
            client = self._client_at(door, role)
            own, seen = self._ask(client, about(self._own_id(door)), watch=True)
            self.counted["cases"] += 1
            self._check(role, method, door, "own", own)
            expected = self._expected(door, method, role)
            if expected is None:
                succeeded |= (
                    role != "nobody" and own.status < 400 and not seen.is_refused
                )
            else:
                succeeded = True
                if own.status != expected:
                    said = own.content[:200].decode(errors="replace")
                    detail = f"{own.status} and not {expected}: {said}"
                    self._found("control", role, method, door, detail)
            if own.status == 405:
                self.counted["doors that take no such method"] += 1
                return
            if own.status < 400:
                self.counted["cases in which the owner succeeds"] += 1
            if door.names_row:
                self._compare_row(door, method, role, client, about)
            may_compare = role != ACROSS and door.path not in BETWEEN
            if self.with_places and may_compare and own.status not in (401, 403):
                self._compare_places(door, method, role, client, about, seen)
        refusals = (
            f"{method} {door.path}",
            f"{method} {door.name}",
            f"any {door.name}",
        )
        is_refused = {*refusals} & {*REFUSED_TO_ALL}
        if {*self.roles} == {*ROLES} and succeeded is bool(is_refused):
            said = "somebody succeeds" if succeeded else "nobody succeeds"
            self._found("control", "everybody", method, door, said)

    def _compare_row(
        self,
        door: Door,
        method: str,
        role: str,
        client: Any,
        about: Callable[[object], Sent],
    ) -> None:
        foreign_id = self._foreign_id(door)
        foreign, _ = self._ask(client, about(foreign_id))
        self._check(role, method, door, "foreign id", foreign, str(foreign_id))
        self.counted["cases"] += 1
        if role == ACROSS or self._is_shared(door):
            return
        pair = pair_of("its own kind", foreign_id)
        missing, _ = self._ask(client, about(pair.missing))
        self.counted["cases"] += 1
        self._equal(role, method, door, "id in the path", pair, foreign, missing)

    def _compare_places(
        self,
        door: Door,
        method: str,
        role: str,
        client: Any,
        about: Callable[[object], Sent],
        seen: Seen,
    ) -> None:
        own = about(self._own_id(door))
        places = list(self.finder.in_query(door, method, seen))
        if method == "GET":
            for value in orderings(door, method) if door.is_api else ():
                answer, _ = self._ask(client, own.asking("ordering", value))
                self.counted["cases"] += 1
                self._check(role, method, door, f"?ordering={value}", answer)
        else:
            places = [place for place in places if door.is_api]
            places += self.finder.in_body(seen)
        for place in places:
            self.counted["places"] += 1
            for pair in place.pairs[: 1 if self.is_short else None]:
                self._compare_at(door, method, role, client, own, place, pair)
        if method == "POST" and door.name.endswith("_changelist"):
            self._compare_actions(door, role, client, own)

    def _compare_actions(self, door: Door, role: str, client: Any, own: Sent) -> None:
        """Compare the bulk actions of an admin list, and the pages to which they redirect."""
        place = Place(("_selected_action",), ())
        rows, foreign_rows = self.world.acme.rows, self.world.globex.rows
        for action in actions_of(door):
            body = {"action": action, "index": 0}
            request = replace(own, body=body, follows=True)
            pair = pair_of(door.model, foreign_rows[door.model].pk, rows[door.model].pk)
            answer, _ = self._ask(client, put(request, place, pair.own))
            self.counted["cases"] += 1
            self._check(role, "POST", door, f"action {action}", answer)
            self._compare_at(door, "POST", role, client, request, place, pair)

    def _compare_at(
        self,
        door: Door,
        method: str,
        role: str,
        client: Any,
        own: Sent,
        place: Place,
        pair: Pair,
    ) -> None:
        answers = []
        for value in (pair.foreign, pair.missing):
            request = put(own, place, value)
            answer, _ = self._ask(client, request)
            self.counted["cases"] += 1
            answers.append(answer)
        foreign, missing = answers
        self._check(role, method, door, str(place), foreign, pair.sent[0])
        if pair.kind == SHARED:
            return
        if is_unique_everywhere(pair.kind):
            if foreign.told(pair.sent[0]) != missing.told(pair.sent[1]):
                self.in_use.add((pair.kind, f"{method} {door.path}"))
            return
        self._equal(role, method, door, str(place), pair, foreign, missing)

    # Checks

    def _equal(
        self,
        role: str,
        method: str,
        door: Door,
        where: str,
        pair: Pair,
        foreign: Answer,
        missing: Answer,
    ) -> None:
        self.counted["comparisons"] += 1
        told = foreign.told(pair.sent[0]), missing.told(pair.sent[1])
        if told[0] != told[1]:
            detail = f"{where} ({pair.kind}): {difference(*told)}"
            self._found("differs", role, method, door, detail)
        if foreign.work != missing.work:
            apart = {*foreign.work} ^ {*missing.work}
            detail = (
                f"{where} ({pair.kind}): {len(foreign.work)} statements, "
                f"not {len(missing.work)}: {' ; '.join(sorted(apart))[:400]}"
            )
            self._found("works", role, method, door, detail)

    def _check(
        self, role: str, method: str, door: Door, where: str, answer: Answer, *sent: str
    ) -> None:
        """Check the rules that every response must satisfy."""
        if answer.status >= 500:
            self._found("fault", role, method, door, f"{where}: {answer.status}")
        changed = {*answer.changed}
        if role == ACROSS:
            changed -= PLATFORM_WRITES.keys()
        elif canary := self.world.canary_in(answer.everything(*filter(None, sent))):
            self._found("leaks", role, method, door, f"{where}: {canary}")
        if changed:
            self._found("harms", role, method, door, f"{where}: {', '.join(changed)}")

    def _found(
        self, kind: str, role: str, method: str, door: Door, detail: str
    ) -> None:
        self.problems.append(Problem(kind, role, method, door.path, detail))

    # Cases

    def _case(self, door: Door, method: str, role: str) -> Callable[[object], Sent]:
        acme = self.world.acme
        if door.is_api and (row := self.rows.get((method, door.name))):
            return api_case(row, door, acme)
        if door.name in OPEN_BODIES or not door.path.startswith("admin/"):
            if door.is_api and door.name not in (*OPEN_BODIES, "schema", "docs"):
                raise NoCase("a route of the API that is not in the table of roles")
            body = OPEN_BODIES.get(door.name) or {}
            return lambda value: Sent(method, door.at(value), body=body)
        return self._admin_case(door, method, role)

    def _admin_case(
        self, door: Door, method: str, role: str
    ) -> Callable[[object], Sent]:
        query = ADMIN_QUERIES.get(door.name, {})
        if method == "GET":
            return lambda value: Sent("GET", door.at(value), query)
        row = admin_row(door, self.world.acme) if door.names_row else None
        page = Sent("GET", door.at(self._own_id(door)), query)
        _, seen = self._ask(self.browsers[role], page, watch=True)
        body = filled(door, seen.forms, self.world.acme, row)
        return lambda value: Sent("POST", door.at(value), query, body, is_form=True)

    def _own_id(self, door: Door) -> Any:
        return self._id_of(door, self.world.acme)

    def _foreign_id(self, door: Door) -> Any:
        return self._id_of(door, self.world.globex)

    def _id_of(self, door: Door, side: Side) -> Any:
        if door.parameter == "month":
            return "2026-05"
        if door.parameter == "app_label":
            return "workcards"
        if not door.names_row:
            return ""
        if door.is_api:
            make = next(
                row.target
                for (_, route), row in self.rows.items()
                if route == door.name and row.target is not None
            )
            return side.target(make).pk
        return admin_row(door, side).pk

    def _is_shared(self, door: Door) -> bool:
        return door.path.startswith(("api/sites/", "admin/workforce/site/"))

    def _expected(self, door: Door, method: str, role: str) -> int | None:
        """Return the status in the table of roles, or None if it has no such row."""
        row = self.rows.get((method, door.name)) if door.is_api else None
        if row is None:
            return None
        if role == "nobody":
            return 401
        cell = row.expected(role)
        return 403 if cell == "act" else int(cell)

    def _ask(
        self, client: Any, request: Sent, *, watch: bool = False
    ) -> tuple[Answer, Seen]:
        return self.asker.ask(client, request.to, seen=watch)


class NoCase(LookupError):
    """The error for an endpoint without a case: no request of the owner is known."""


# Method and page → the reason why the request fails for all roles. A test counts the entries; add none.
REFUSED_TO_ALL = {
    "POST api/auth/login": "played with a wrong password: the right one would be that business's own sign-in",
    "POST admin/login/": "played with no password: the right one would be that business's own sign-in",
    "POST api/auth/refresh": "played with a token that is none",
    "POST api/auth/logout": "played with a token that is none",
    "any audit_auditevent_add": "the trail is written by services",
    "any audit_auditevent_delete": "the trail is append-only",
    "any audit_auditevent_history": "the trail is the history",
    "POST audit_auditevent_change": "the trail is append-only",
    "any workcards_approvedday_add": "the ledger is written by approving",
    "any workcards_approvedday_delete": "the ledger is written by approving",
    "any workcards_approvedday_history": "the card's history tells of it",
    "POST workcards_approvedday_change": "the ledger is written by approving",
    "any workcards_closedmonth_delete": "a month is reopened, with a reason",
    "POST workcards_closedmonth_change": "a month is reopened, with a reason",
    "any exports_exportrun_delete": "what was exported stays",
    "POST exports_exportrun_change": "what was exported stays",
    "any accounts_user_delete": "deactivated and never deleted",
    "any businesses_business_delete": "deactivated and never deleted",
    "any workforce_employee_delete": "deactivated and never deleted",
    "any workforce_site_delete": "deactivated and never deleted",
    "any workforce_sitesettings_delete": "edited and never deleted",
}


def put(own: Sent, place: Place, value: Any) -> Sent:
    """Return the owner's request with `value` at the injection point."""
    if place.is_query:
        return own.asking(place.where[0], value)
    for where, least in place.around:
        if not is_there(own.body, where):
            own = own.saying(where, least)
    return own.saying(place.where, value)


def is_there(body: Any, where: Sequence[Any]) -> bool:
    for step in where:
        try:
            body = body[step]
        except (KeyError, IndexError, TypeError):
            return False
    return bool(body)


def is_unique_everywhere(kind: str) -> bool:
    """Return True if the values of `table.column` are unique across all businesses.

    `GLOBALLY_UNIQUE` declares these columns, the exceptions from isolation.
    """
    table, _, column = kind.partition(".")
    return (column,) in GLOBALLY_UNIQUE.get(table, ())


def difference(one: tuple[int, bytes, Any], other: tuple[int, bytes, Any]) -> str:
    """Return a description of the first difference between two responses."""
    if one[0] != other[0]:
        return f"status {one[0]}, not {other[0]}"
    if one[2] != other[2]:
        return f"headers {sorted({*one[2]} ^ {*other[2]})}"
    here = next(
        (at for at, (a, b) in enumerate(zip(one[1], other[1], strict=False)) if a != b),
        min(len(one[1]), len(other[1])),
    )
    shown = [text[1][max(0, here - 30) : here + 50] for text in (one, other)]
    return f"{shown[0]!r}, not {shown[1]!r}"


def actions_of(door: Door) -> Iterator[str]:
    """Yield the names of the bulk actions of an admin list."""
    for model, model_admin in admin.site._registry.items():
        if model._meta.label_lower == door.model:
            verbs: Any = getattr(model_admin, "verbs", ())
            yield from (verb.name for verb in verbs if verb.in_list)


def arguments_of(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m isolation walker")
    parser.add_argument("--roles", nargs="+", choices=ROLES, default=ROLES)
    parser.add_argument("--doors", nargs="+", default=())
    parser.add_argument("--no-places", action="store_true", help="only ids in the path")
    parser.add_argument(
        "--short", action="store_true", help="one pair of values for each place"
    )
    return parser.parse_args(arguments)


def prove(arguments: list[str]) -> Report:
    given = arguments_of(arguments)
    with own_database():
        say("Furnishing two businesses …")
        walk = Walk(
            make_world(),
            given.roles,
            given.doors,
            with_places=not given.no_places,
            is_short=given.short,
        ).walk()
    return report_of(walk)


def report_of(walk: Walk) -> Report:
    by_kind = Counter(problem.kind for problem in walk.problems)
    rows = [(kind, text, by_kind[kind]) for kind, text in KINDS.items()]
    in_use = Counter(column for column, _door in walk.in_use)
    return Report(
        {**walk.counted},
        [
            Table(["problem", "meaning", "found"], rows),
            Table(
                ["told apart: already in use", "doors"],
                sorted(in_use.items()) or [("none", 0)],
            ),
        ],
        [str(problem) for problem in walk.problems],
    )
