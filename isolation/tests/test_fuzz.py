"""A few requests for every operation as an administrator, always the same; `make prove ARGS=fuzz` sends thousands."""

from typing import Any
from unittest.mock import patch

import pytest
import time_machine

from businesses.tenancy.permissions import BelongsToBusiness
from businesses.tests.lock_assertions import opened
from isolation.database import NOW
from isolation.fuzz import Fuzz
from isolation.tenants import Tenants, make_tenants
from workforce.models import Employee
from workforce.views import EmployeeViewSet

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenants(db: None) -> Any:
    with time_machine.travel(NOW, tick=False):
        yield make_tenants()


def fuzz(tenants: Tenants, *operations: str, examples: int) -> Fuzz:
    return Fuzz(
        tenants, ["ADMIN"], examples=examples, seed_value=1, operations=operations
    ).run()


@pytest.mark.crawl
def test_random_requests_find_no_problem(tenants: Tenants) -> None:
    result = fuzz(tenants, examples=4)
    assert list(result.problems.values()) == []
    assert sum(result.calls.values()) > 300
    assert result.injected > 100
    assert {200, 201, 204, 400, 404} <= result.statuses.keys()


# The fuzz tests find deliberate faults


def find_kinds(result: Fuzz) -> set[tuple[str, str]]:
    """Return (operation, kind) of each problem."""
    return {(where.split(" as ")[0], kind) for where, kind in result.problems}


def test_server_error_is_a_problem(tenants: Tenants) -> None:
    with patch.object(EmployeeViewSet, "get_object", side_effect=ZeroDivisionError):
        problems = find_kinds(fuzz(tenants, "GET /api/employees/{id}", examples=3))
    assert ("GET /api/employees/{id}", "ServerError") in problems


def test_canary_in_a_list_is_a_problem(tenants: Tenants) -> None:
    unfiltered = Employee._base_manager.select_related("site")
    with opened("row_security"), patch.object(EmployeeViewSet, "queryset", unfiltered):
        problems = find_kinds(fuzz(tenants, "GET /api/employees", examples=10))
    assert ("GET /api/employees", "canary") in problems


def test_undocumented_response_is_a_problem(tenants: Tenants) -> None:
    def list_with_number(view: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        response = original_list(view, request, *args, **kwargs)
        for row in response.data["results"]:
            row["full_name"] = 7
        return response

    original_list = EmployeeViewSet.list
    with patch.object(EmployeeViewSet, "list", list_with_number):
        problems = find_kinds(fuzz(tenants, "GET /api/employees", examples=10))
    assert ("GET /api/employees", "JsonSchemaError") in problems


def test_change_of_a_foreign_row_is_a_problem(tenants: Tenants) -> None:
    deactivate = "POST /api/employees/{id}/deactivate"
    runner = Fuzz(tenants, ["ADMIN"], examples=6, seed_value=1, operations=[deactivate])
    runner.globex_ids = [str(tenants.globex.rows["workforce.employee"].pk)]
    allow_all = patch.object(
        BelongsToBusiness, "has_object_permission", return_value=True
    )
    with opened("manager", "row_security"), allow_all:
        problems = find_kinds(runner.run())
    assert (deactivate, "changed") in problems
