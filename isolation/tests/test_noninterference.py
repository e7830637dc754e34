"""A short comparison of some endpoints for one role; `make prove` compares every endpoint for every role."""

from typing import Any
from unittest.mock import patch

import pytest
import time_machine

from businesses.tests.lock_assertions import opened
from isolation.database import NOW
from isolation.noninterference import compare
from isolation.tenants import Tenants, make_tenants
from workforce.models import Employee
from workforce.views import EmployeeViewSet

pytestmark = pytest.mark.django_db

ENDPOINTS = ("api/employees", "api/sites", "admin/find/", "admin/accounts/user/")


@pytest.fixture
def tenants(db: None) -> Any:
    with time_machine.travel(NOW, tick=False):
        yield make_tenants()


def test_responses_do_not_depend_on_the_other_business(tenants: Tenants) -> None:
    report = compare(tenants, ["ADMIN"], ENDPOINTS)
    assert report.problems == []
    assert report.figures["responses compared"] > 50
    assert report.figures["endpoints that show a site of the other business"] == 1


def test_list_with_foreign_rows_is_a_problem(tenants: Tenants) -> None:
    unfiltered = Employee._base_manager.select_related("site")
    with opened("row_security"), patch.object(EmployeeViewSet, "queryset", unfiltered):
        problems = compare(tenants, ["VIEWER"], ["api/employees"]).problems
    states = {problem.partition(":")[0] for problem in problems}
    assert states == {f"other business {state}" for state in ("changed", "empty")}
