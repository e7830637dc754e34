"""A short walk over every endpoint as an administrator.

`make prove` runs it for every role, with all values at all injection points.
"""

import hashlib
import uuid
from typing import Any
from unittest.mock import patch

import pytest
import time_machine

from accounts.business_switch import enter_business
from accounts.credentials import update_account
from accounts.models import User
from accounts.tests.api_clients import client_of
from automatehq.api.declarations import EndpointDeclaration
from automatehq.api.errors import Invalid
from businesses.tenancy.grants import tenant_models
from businesses.tenancy.permissions import BelongsToBusiness
from businesses.tests.lock_assertions import opened
from isolation.database import NOW
from isolation.endpoint_walk import ALWAYS_REJECTED, EndpointWalk
from isolation.endpoints import list_endpoints
from isolation.request_cases import EXEMPT, CaseRequest
from isolation.request_comparison import RequestRecorder
from isolation.tenants import (
    CANARY,
    UNMARKED,
    Tenants,
    list_marked_columns,
    make_tenants,
)
from workcards.tests.factories import WorkCardFileFactory, picture
from workforce.models import Employee
from workforce.views import EmployeeViewSet

pytestmark = pytest.mark.django_db

# Each test takes a part of the endpoints, so that pytest's workers share the walk.
PARTS = 4
in_parts = pytest.mark.parametrize("part", range(1, PARTS + 1))


@pytest.fixture
def tenants(db: None) -> Any:
    with time_machine.travel(NOW, tick=False):
        yield make_tenants()


def find_problems(walk: EndpointWalk) -> list[str]:
    return [str(problem) for problem in walk.run().problems]


@pytest.mark.crawl
@in_parts
def test_walk_finds_no_problem_in_the_api(tenants: Tenants, part: int) -> None:
    walk = EndpointWalk(tenants, ["ADMIN"], ["api/"], part=(part, PARTS), is_short=True)
    assert find_problems(walk) == []
    assert walk.counts["comparisons"] > 100 / PARTS


def test_search_page_finds_no_text_of_the_other_business(tenants: Tenants) -> None:
    walk = EndpointWalk(tenants, ["ADMIN"], ["admin/find/"])
    assert find_problems(walk) == []
    assert walk.counts["injection points"] == 1
    with opened("manager", "row_security"):
        problems_found = find_kinds(EndpointWalk(tenants, ["ADMIN"], ["admin/find/"]))
    assert problems_found == {(kind, "admin/find/") for kind in ("response", "leak")}


@pytest.mark.crawl
@in_parts
@pytest.mark.parametrize(
    "locks",
    [
        (),
        # Row-level security remains. Its behaviour may depend on the version of PostgreSQL.
        pytest.param(("manager",), marks=pytest.mark.server),
        ("row_security",),
    ],
    ids=lambda locks: "-".join(locks) or "shut",
)
def test_ids_in_paths_reveal_nothing_with_one_layer_disabled(
    tenants: Tenants, locks: Any, part: int
) -> None:
    walk = EndpointWalk(
        tenants, ["ADMIN"], part=(part, PARTS), with_injection_points=False
    )
    with opened(*locks):
        assert find_problems(walk) == []


@pytest.mark.parametrize("path_filter", [[], ["api/"]])
def test_parts_of_a_walk_cover_all_endpoints(
    tenants: Tenants, path_filter: list[str]
) -> None:
    parts = [
        EndpointWalk(tenants, [], path_filter, part=(part, PARTS)).selected_endpoints()
        for part in range(1, PARTS + 1)
    ]
    whole = EndpointWalk(tenants, [], path_filter).selected_endpoints()
    assert sorted(endpoint.path for part in parts for endpoint in part) == sorted(
        endpoint.path for endpoint in whole
    )
    assert min(map(len, parts)) > len(whole) / PARTS - 1


# The walk finds deliberate faults


def find_kinds(walk: EndpointWalk) -> set[tuple[str, str]]:
    """Return (kind, endpoint) of each problem that a walk finds."""
    return {(problem.kind, problem.endpoint) for problem in walk.run().problems}


def test_list_without_the_manager_is_a_problem(tenants: Tenants) -> None:
    """Row-level security is disabled too, because it would prevent the leak."""
    unfiltered = Employee._base_manager.select_related("site")
    with opened("row_security"), patch.object(EmployeeViewSet, "queryset", unfiltered):
        problems_found = find_kinds(
            EndpointWalk(tenants, ["VIEWER"], ["api/employees"])
        )
    assert ("leak", "api/employees") in problems_found


def test_action_on_a_foreign_row_is_a_problem(
    tenants: Tenants,
) -> None:
    """The permission that checks the row's business is disabled too."""
    allow_all = patch.object(
        BelongsToBusiness, "has_object_permission", return_value=True
    )
    with opened("manager", "row_security"), allow_all:
        problems_found = find_kinds(
            EndpointWalk(tenants, ["ADMIN"], ["employees/<id:pk>/deactivate"])
        )
    endpoint = "api/employees/<id:pk>/deactivate"
    assert {
        ("change", endpoint),
        ("leak", endpoint),
        ("response", endpoint),
    } <= problems_found


@pytest.mark.parametrize(
    ("module", "path"),
    [
        ("accounts.switch_views", "api/auth/switch"),
        ("accounts.admin_auth", "admin/businesses/switch/"),
    ],
)
def test_switch_that_reveals_a_business_is_a_problem(
    tenants: Tenants, module: str, path: str
) -> None:
    def reveal_business(request: Any, *, user: User, business_id: uuid.UUID) -> User:
        if business_id == tenants.globex.personas.id:
            raise Invalid("invalid", "You do not work there.", "business_id")
        return enter_business(request, user=user, business_id=business_id)

    walk = EndpointWalk(tenants, ["ADMIN"], [path])
    assert find_problems(walk) == []
    with patch(f"{module}.enter_business", reveal_business):
        walk = EndpointWalk(tenants, ["ADMIN"], [path])
        assert ("response", path) in find_kinds(walk)


def test_changed_account_counts_as_a_changed_row(tenants: Tenants) -> None:
    before = tenants.checksums()
    update_account(tenants.globex.personas.admin.account_id, password="other")
    after = tenants.checksums()
    assert [table for table in after if after[table] != before[table]] == ["accounts"]


def test_excessive_permission_is_a_problem(tenants: Tenants) -> None:
    excessive = EndpointDeclaration(right="employees.see")
    with patch.object(EmployeeViewSet.deactivate, "declaration", excessive):
        problems_found = find_kinds(
            EndpointWalk(tenants, ["VIEWER"], ["employees/<id:pk>/deactivate"])
        )
    assert ("status", "api/employees/<id:pk>/deactivate") in problems_found


def test_route_without_a_case_is_a_problem(tenants: Tenants) -> None:
    walk = EndpointWalk(tenants, ["ADMIN"], ["api/dashboard"])
    del walk.rows["GET", "dashboard"]
    assert ("no case", "api/dashboard") in find_kinds(walk)


# The data of the walk


def test_every_text_of_the_other_business_has_a_canary(tenants: Tenants) -> None:
    with tenants.globex.personas.scope():
        for model in tenant_models():
            for column in list_marked_columns(model):
                texts = model._default_manager.values_list(column.name, flat=True)
                assert all(CANARY in text for text in texts if text is not None), column


@pytest.mark.parametrize("made_before", [0, 255, 65_535])
def test_uploaded_files_differ_from_stored_files(made_before: int) -> None:
    """The hash of a file is a canary, so uploads differ from stored files."""
    WorkCardFileFactory.reset_sequence(made_before)
    stored = {WorkCardFileFactory.build().sha256_hash for _ in range(3)}
    uploaded = {hashlib.sha256(picture(shade)).hexdigest() for shade in range(256)}
    assert len(stored) == 3
    assert len(uploaded) == 256
    assert not stored & uploaded


def test_canary_is_found_in_every_kind_of_response(tenants: Tenants) -> None:
    """Responses to Globex's own users contain the canaries."""
    client, recorder = (
        client_of(tenants.globex.personas.admin),
        RequestRecorder(tenants.checksums),
    )
    for path, query in (
        ("/api/employees", {}),
        ("/api/employees/export", {"type": "csv"}),
        ("/api/employees/export", {"type": "xlsx"}),
        (f"/api/work_cards/{tenants.globex.rows['workcards.workcard'].pk}/file", {}),
        (f"/api/export_runs/{tenants.globex.rows['exports.exportrun'].pk}/file", {}),
    ):
        response, _ = recorder.record(client, CaseRequest("GET", path, query).send)
        assert response.status == 200
        assert tenants.canary_in(response.searchable_content()), path


def test_number_of_exemptions_does_not_grow() -> None:
    names = {endpoint.name for endpoint in list_endpoints()} | {
        endpoint.path for endpoint in list_endpoints()
    }
    assert names >= EXEMPT.keys()
    assert names >= {key.split(" ", 1)[1] for key in ALWAYS_REJECTED}
    assert (len(EXEMPT), len(ALWAYS_REJECTED), len(UNMARKED)) <= (1, 21, 16)
    assert all(reason for reason in [*EXEMPT.values(), *ALWAYS_REJECTED.values()])
