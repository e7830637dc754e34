"""A short comparison of some endpoints for one role; `make prove` compares every endpoint for every role."""

from typing import Any
from unittest.mock import patch

import pytest
import time_machine

from businesses.tests.lock_assertions import opened
from isolation.database import NOW
from isolation.noninterference import compare
from isolation.tenants import World, make_world
from workforce.models import Employee
from workforce.views import EmployeeViewSet

pytestmark = pytest.mark.django_db

DOORS = ("api/employees", "api/sites", "admin/find/", "admin/accounts/user/")


@pytest.fixture
def world(db: None) -> Any:
    with time_machine.travel(NOW, tick=False):
        yield make_world()


def test_answers_are_the_same_whatever_the_other_business_has(world: World) -> None:
    report = compare(world, ["ADMIN"], DOORS)
    assert report.problems == []
    assert report.figures["answers compared"] > 50
    assert report.figures["doors that show a site which the other business adds"] == 1


def test_a_list_that_tells_of_others_is_named(world: World) -> None:
    unfiltered = Employee._base_manager.select_related("site")
    with opened("row_security"), patch.object(EmployeeViewSet, "queryset", unfiltered):
        problems = compare(world, ["VIEWER"], ["api/employees"]).problems
    states = {problem.partition(":")[0] for problem in problems}
    assert states == {
        f"while the other business is {state}" for state in ("changed", "empty")
    }
