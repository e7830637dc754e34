"""The permissions of each role at every API route: the table of `api_cases.py`.

A rejected request leaves no change, and a request without credentials is always rejected.
"""

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import UserFactory
from accounts.tests.personas import Personas
from audit.models import AuditEvent
from automatehq.api.routing import api_routes
from businesses.models import PLATFORM_ID
from businesses.tenancy.context import business_scope, platform_scope
from tests.api_cases import (
    COLUMNS,
    OPEN,
    ROUTES,
    TABLE,
    Row,
    World,
    send,
)
from tests.api_helpers import problem

pytestmark = pytest.mark.django_db


def test_every_route_and_method_has_its_row() -> None:
    expected = {
        (method, route.name)
        for route in ROUTES.values()
        if route.name not in OPEN
        for method in route.methods
    }
    assert expected == {(row.method, row.route) for row in TABLE}
    assert set(OPEN) <= set(ROUTES)


def test_no_two_routes_have_one_name() -> None:
    assert len(ROUTES) == len(api_routes())


def trail(world: World) -> int:
    with platform_scope("counts what was written"):
        return AuditEvent.objects.count()


@pytest.fixture
def world(acme: Personas, super_admin: User) -> World:
    with business_scope(PLATFORM_ID):
        UserFactory(role="SUPER_ADMIN")
    return World(acme, super_admin)


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.method} {row.route}")
def test_the_table_holds(world: World, row: Row, column: str) -> None:
    client = world.client(column)
    response = send(row, client, world)
    expected = row.expected(column)
    if expected in ("403", "act"):
        code = "act_as_required" if expected == "act" else "permission_denied"
        assert problem(response)[:2] == (403, code)
        assert trail(world) == 0
    else:
        assert response.status_code == int(expected), response.content


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.method} {row.route}")
def test_nobody_gets_anywhere_without_signing_in(world: World, row: Row) -> None:
    response = send(row, APIClient(), world)
    assert problem(response)[:2] == (401, "not_authenticated")
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'
    assert trail(world) == 0
