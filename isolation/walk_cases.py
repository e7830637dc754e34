"""The cases of the endpoint walk: a request of one role to one endpoint, with its client and its expected status."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.api_clients import client_of
from tests import api_cases
from tests.admin_clients import AdminClient, admin_client_for

from .endpoints import Endpoint
from .request_cases import (
    ADMIN_QUERIES,
    SIGN_IN_BODIES,
    CaseRequest,
    NoCase,
    fill_forms,
    get_admin_row,
    make_api_request,
)
from .request_comparison import RequestRecorder
from .tenants import Tenant, Tenants

ROLES = (
    "SUPER_ADMIN",
    "acting",
    "ADMIN",
    "REVIEWER",
    "UPLOADER",
    "VIEWER",
    "anonymous",
)
# The role that reads across businesses. Rows of other businesses are not secret to it.
CROSS_BUSINESS_ROLE = "SUPER_ADMIN"


class Case(NamedTuple):
    """A request of one role to one endpoint. `make_request` builds it for a given id."""

    endpoint: Endpoint
    method: str
    role: str
    client: Any
    make_request: Callable[[object], CaseRequest]


class CaseFactory:
    """The clients of `roles`, and the cases of these roles."""

    def __init__(
        self,
        tenants: Tenants,
        roles: Sequence[str],
        rows: Mapping[tuple[str, str], api_cases.Row],
        recorder: RequestRecorder,
    ) -> None:
        self.tenants, self.rows, self.recorder = tenants, rows, recorder
        self.api_clients = {role: self._api_client(role) for role in roles}
        self.admin_clients = {role: self._admin_client(role) for role in roles}

    def _api_client(self, role: str) -> APIClient:
        if role == "anonymous":
            return APIClient()
        if role == "acting":
            business = self.tenants.acme.personas.business
            return client_of(self.tenants.acting, acting_for=business)
        return client_of(self._user(role))

    def _admin_client(self, role: str) -> AdminClient:
        if role == "anonymous":
            client = AdminClient()
            client.business_id = None
            return client
        if role == "acting":
            business = self.tenants.acme.personas.business
            return admin_client_for(self.tenants.acting_in_admin, acting_for=business)
        return admin_client_for(self._user(role))

    def _user(self, role: str) -> User:
        if role == CROSS_BUSINESS_ROLE:
            return self.tenants.super_admin
        user: User = self.tenants.acme.personas.user(role)
        return user

    def make_case(self, endpoint: Endpoint, method: str, role: str) -> Case:
        """Return the case of an endpoint. Raises `NoCase` if no request is known."""
        clients = self.api_clients if endpoint.is_api else self.admin_clients
        make_request = self._request_maker(endpoint, method, role)
        return Case(endpoint, method, role, clients[role], make_request)

    def _request_maker(
        self, endpoint: Endpoint, method: str, role: str
    ) -> Callable[[object], CaseRequest]:
        if endpoint.is_api and (row := self.rows.get((method, endpoint.name))):
            return make_api_request(row, endpoint, self.tenants.acme)
        if endpoint.name in SIGN_IN_BODIES or not endpoint.path.startswith("admin/"):
            known = {*SIGN_IN_BODIES, "schema", "docs"}
            if endpoint.is_api and endpoint.name not in known:
                raise NoCase("a route of the API that is not in the table of roles")
            body = SIGN_IN_BODIES.get(endpoint.name) or {}
            return lambda value: CaseRequest(method, endpoint.url_for(value), body=body)
        return self._admin_request_maker(endpoint, method, role)

    def _admin_request_maker(
        self, endpoint: Endpoint, method: str, role: str
    ) -> Callable[[object], CaseRequest]:
        query = ADMIN_QUERIES.get(endpoint.name, {})

        def get_page(value: object) -> CaseRequest:
            return CaseRequest("GET", endpoint.url_for(value), query)

        if method == "GET":
            return get_page
        acme = self.tenants.acme
        row = get_admin_row(endpoint, acme) if endpoint.has_row_id else None
        _, parsing = self.recorder.record(
            self.admin_clients[role],
            get_page(self.own_id(endpoint)).send,
            with_parsing=True,
        )
        body = fill_forms(endpoint, parsing.forms, acme, row)
        return lambda value: CaseRequest(
            "POST", endpoint.url_for(value), query, body, is_form=True
        )

    def own_id(self, endpoint: Endpoint) -> Any:
        return self.id_of(endpoint, self.tenants.acme)

    def id_of(self, endpoint: Endpoint, tenant: Tenant) -> Any:
        if endpoint.parameter == "month":
            return "2026-05"
        if endpoint.parameter == "app_label":
            return "workcards"
        if not endpoint.has_row_id:
            return ""
        if endpoint.is_api:
            make = next(
                row.target
                for (_, route), row in self.rows.items()
                if route == endpoint.name and row.target is not None
            )
            return tenant.target(make).pk
        return get_admin_row(endpoint, tenant).pk

    def expected_status(self, case: Case) -> int | None:
        """Return the status in the table of roles, or None if it has no such row."""
        row = self.rows.get((case.method, case.endpoint.name))
        if row is None or not case.endpoint.is_api:
            return None
        if case.role == "anonymous":
            return 401
        cell = row.expected(case.role)
        return 403 if cell == "act" else int(cell)
