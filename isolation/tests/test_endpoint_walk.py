"""A short walk over every endpoint as an administrator.

`make prove` runs it for every role, with all values at all injection points.
"""

import hashlib
from typing import Any
from unittest.mock import patch

import pytest
import time_machine

from accounts.tests.api_clients import client_of
from businesses.tenancy.grants import tenant_models
from businesses.tenancy.permissions import BelongsToBusiness
from businesses.tests.lock_assertions import opened
from isolation.database import NOW
from isolation.endpoint_walk import REFUSED_TO_ALL, Walk
from isolation.endpoints import doors
from isolation.request_cases import EXEMPT, Sent
from isolation.request_comparison import Asker
from isolation.tenants import CANARY, UNMARKED, World, make_world, marked_columns
from workcards.tests.factories import WorkCardFileFactory, picture
from workforce.models import Employee
from workforce.views import EmployeeViewSet

pytestmark = pytest.mark.django_db

# Each test takes a part of the endpoints, so that pytest's workers share the walk.
PARTS = 4
in_parts = pytest.mark.parametrize("part", range(1, PARTS + 1))


@pytest.fixture
def world(db: None) -> Any:
    with time_machine.travel(NOW, tick=False):
        yield make_world()


def problems(walk: Walk) -> list[str]:
    return [str(problem) for problem in walk.walk().problems]


@pytest.mark.crawl
@in_parts
def test_nobody_reaches_another_businesss_rows(world: World, part: int) -> None:
    walk = Walk(world, ["ADMIN"], ["api/"], part=(part, PARTS), is_short=True)
    assert problems(walk) == []
    assert walk.counted["comparisons"] > 100 / PARTS


def test_nor_finds_them_by_their_texts(world: World) -> None:
    walk = Walk(world, ["ADMIN"], ["admin/find/"])
    assert problems(walk) == []
    assert walk.counted["places"] == 1
    with opened("manager", "row_security"):
        found = kinds(Walk(world, ["ADMIN"], ["admin/find/"]))
    assert found == {(kind, "admin/find/") for kind in ("differs", "leaks")}


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
def test_nor_by_an_id_in_an_address_with_one_of_the_locks_open(
    world: World, locks: Any, part: int
) -> None:
    walk = Walk(world, ["ADMIN"], part=(part, PARTS), with_places=False)
    with opened(*locks):
        assert problems(walk) == []


@pytest.mark.parametrize("only", [[], ["api/"]])
def test_the_parts_of_a_walk_are_all_its_endpoints(
    world: World, only: list[str]
) -> None:
    parts = [
        Walk(world, [], only, part=(part, PARTS)).doors_walked()
        for part in range(1, PARTS + 1)
    ]
    whole = Walk(world, [], only).doors_walked()
    assert sorted(door.path for part in parts for door in part) == sorted(
        door.path for door in whole
    )
    assert min(map(len, parts)) > len(whole) / PARTS - 1


# The walk finds deliberate faults


def kinds(walk: Walk) -> set[tuple[str, str]]:
    """Return (kind, endpoint) of each problem that a walk finds."""
    return {(problem.kind, problem.door) for problem in walk.walk().problems}


def test_a_list_that_forgets_the_manager_is_named(world: World) -> None:
    """Row-level security is disabled too, because it would prevent the leak."""
    unfiltered = Employee._base_manager.select_related("site")
    with opened("row_security"), patch.object(EmployeeViewSet, "queryset", unfiltered):
        found = kinds(Walk(world, ["VIEWER"], ["api/employees"]))
    assert ("leaks", "api/employees") in found


def test_a_row_that_is_found_for_anybody_is_named_with_the_harm(world: World) -> None:
    """The permission that checks the row's business is disabled too."""
    anybody = patch.object(
        BelongsToBusiness, "has_object_permission", return_value=True
    )
    with opened("manager", "row_security"), anybody:
        found = kinds(Walk(world, ["ADMIN"], ["employees/<id:pk>/deactivate"]))
    door = "api/employees/<id:pk>/deactivate"
    assert {("harms", door), ("leaks", door), ("differs", door)} <= found


def test_a_right_that_is_too_wide_is_named(world: World) -> None:
    rights = {**EmployeeViewSet.rights, "deactivate": "employees.see"}
    with patch.object(EmployeeViewSet, "rights", rights):
        found = kinds(Walk(world, ["VIEWER"], ["employees/<id:pk>/deactivate"]))
    assert ("control", "api/employees/<id:pk>/deactivate") in found


def test_a_route_without_a_case_is_named(world: World) -> None:
    walk = Walk(world, ["ADMIN"], ["api/dashboard"])
    del walk.rows["GET", "dashboard"]
    assert ("no case", "api/dashboard") in kinds(walk)


# The data of the walk


def test_every_text_of_the_other_business_has_a_canary(world: World) -> None:
    with world.globex.personas.scope():
        for model in tenant_models():
            for column in marked_columns(model):
                texts = model._default_manager.values_list(column.name, flat=True)
                assert all(CANARY in text for text in texts if text is not None), column


@pytest.mark.parametrize("made_before", [0, 255, 65_535])
def test_no_file_that_is_uploaded_is_one_that_somebody_has(made_before: int) -> None:
    """The hash of a file is a canary, so uploads differ from stored files."""
    WorkCardFileFactory.reset_sequence(made_before)
    theirs = {WorkCardFileFactory.build().sha256_hash for _ in range(3)}
    sent = {hashlib.sha256(picture(shade)).hexdigest() for shade in range(256)}
    assert len(theirs) == 3
    assert len(sent) == 256
    assert not theirs & sent


def test_a_canary_is_found_in_every_kind_of_answer(world: World) -> None:
    """Responses to Globex's own users contain the canaries."""
    client, asker = client_of(world.globex.personas.admin), Asker(world.checksums)
    for path, asked in (
        ("/api/employees", {}),
        ("/api/employees/export", {"type": "csv"}),
        ("/api/employees/export", {"type": "xlsx"}),
        (f"/api/work_cards/{world.globex.rows['workcards.workcard'].pk}/file", {}),
        (f"/api/export_runs/{world.globex.rows['exports.exportrun'].pk}/file", {}),
    ):
        answer, _ = asker.ask(client, Sent("GET", path, asked).to)
        assert answer.status == 200
        assert world.canary_in(answer.everything()), path


def test_exemptions_only_become_fewer() -> None:
    names = {door.name for door in doors()} | {door.path for door in doors()}
    assert names >= EXEMPT.keys()
    assert names >= {key.split(" ", 1)[1] for key in REFUSED_TO_ALL}
    assert (len(EXEMPT), len(REFUSED_TO_ALL), len(UNMARKED)) <= (1, 21, 16)
    assert all(reason for reason in [*EXEMPT.values(), *REFUSED_TO_ALL.values()])
