"""A few requests for every operation as an administrator, always the same; `make prove ARGS=fuzz` sends thousands."""

from typing import Any
from unittest.mock import patch

import pytest
import time_machine

from businesses.tenancy.permissions import BelongsToBusiness
from businesses.tests.lock_assertions import opened
from isolation.database import NOW
from isolation.fuzz import Fuzz
from isolation.tenants import World, make_world
from workforce.models import Employee
from workforce.views import EmployeeViewSet

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> Any:
    with time_machine.travel(NOW, tick=False):
        yield make_world()


def fuzz(world: World, *operations: str, examples: int) -> Fuzz:
    asked = Fuzz(world, ["ADMIN"], examples=examples, chance=1, operations=operations)
    return asked.run()


@pytest.mark.crawl
def test_whatever_is_asked_nothing_breaks_and_nothing_is_told(world: World) -> None:
    asked = fuzz(world, examples=4)
    assert list(asked.problems.values()) == []
    assert sum(asked.calls.values()) > 300
    assert asked.planted > 100
    assert {200, 201, 204, 400, 404} <= asked.statuses.keys()


# The fuzz tests find deliberate faults


def kinds(asked: Fuzz) -> set[tuple[str, str]]:
    """Return (operation, kind) of each problem."""
    return {(where.split(" as ")[0], kind) for where, kind in asked.problems}


def test_a_view_that_breaks_is_named(world: World) -> None:
    with patch.object(EmployeeViewSet, "retrieve", side_effect=ZeroDivisionError):
        found = kinds(fuzz(world, "GET /api/employees/{id}", examples=3))
    assert ("GET /api/employees/{id}", "ServerError") in found


def test_a_list_that_forgets_the_locks_is_named(world: World) -> None:
    unfiltered = Employee._base_manager.select_related("site")
    with opened("row_security"), patch.object(EmployeeViewSet, "queryset", unfiltered):
        found = kinds(fuzz(world, "GET /api/employees", examples=10))
    assert ("GET /api/employees", "canary") in found


def test_an_answer_that_the_document_does_not_know_is_named(world: World) -> None:
    def listed(view: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        answer = kept(view, request, *args, **kwargs)
        for row in answer.data["results"]:
            row["full_name"] = 7
        return answer

    kept = EmployeeViewSet.list
    with patch.object(EmployeeViewSet, "list", listed):
        found = kinds(fuzz(world, "GET /api/employees", examples=10))
    assert ("GET /api/employees", "JsonSchemaError") in found


def test_a_row_of_the_other_business_that_is_changed_is_named(world: World) -> None:
    deactivate = "POST /api/employees/{id}/deactivate"
    asked = Fuzz(world, ["ADMIN"], examples=6, chance=1, operations=[deactivate])
    asked.theirs = [str(world.globex.rows["workforce.employee"].pk)]
    anybody = patch.object(
        BelongsToBusiness, "has_object_permission", return_value=True
    )
    with opened("manager", "row_security"), anybody:
        found = kinds(asked.run())
    assert (deactivate, "changed") in found
