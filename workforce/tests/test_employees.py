"""Tests of reading /api/employees: permissions, filters and search."""

import uuid

import pytest

from accounts.models import User
from accounts.roles import Role
from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from tests.api_helpers import events, problem, queries
from workforce.models import Employee, Site
from workforce.tests.factories import (
    EmployeeFactory,
)

EMPLOYEES = "/api/employees"


def path(employee: Employee | uuid.UUID, verb: str = "") -> str:
    pk = getattr(employee, "pk", employee)
    return f"{EMPLOYEES}/{pk}" + (f"/{verb}" if verb else "")


@pytest.mark.parametrize(
    "role", [Role.ADMIN, Role.REVIEWER, Role.UPLOADER, Role.VIEWER]
)
def test_everybody_of_the_business_reads_its_employees(
    acme: Personas, john: Employee, site: Site, role: Role
) -> None:
    client = client_of(acme.user(role))
    body = client.get(path(john)).json()
    assert body == {
        "id": str(john.pk),
        "business_id": str(acme.id),
        "site_id": str(site.pk),
        "site": {"id": str(site.pk), "name": "Construction Site 1"},
        "full_name": "John Example",
        "passport_id": "AB123456",
        "former_passport_id": None,
        "external_employee_id": "1",
        "phone_number": "",
        "started_on": "2026-01-15",
        "left_on": None,
        "is_active": True,
        "created_at": body["created_at"],
        "updated_at": body["updated_at"],
    }
    assert client.get(EMPLOYEES).json() == {
        "count": 1,
        "next": None,
        "previous": None,
        "results": [body],
    }


def test_lists_hold_own_employees_by_name_filtered_and_searched(
    acme: Personas, globex: Personas, john: Employee, site: Site
) -> None:
    with acme.scope():
        EmployeeFactory(full_name="Anna Lopez", site=site, is_active=False)
        EmployeeFactory(full_name="Maria Anna Berg", external_employee_id="7")
    with globex.scope():
        jane = EmployeeFactory(
            full_name="Jane Anna Hidden", site=site, external_employee_id="1"
        )
    client = client_of(acme.viewer)

    def names(**query: str) -> list[str]:
        answer = client.get(EMPLOYEES, query)
        assert answer.status_code == 200, answer.content
        assert str(jane.pk) not in answer.content.decode()
        return [row["full_name"] for row in answer.json()["results"]]

    assert names() == ["Anna Lopez", "John Example", "Maria Anna Berg"]
    assert names(ordering="-full_name")[0] == "Maria Anna Berg"
    assert names(ordering="site")[0] == "Anna Lopez"
    assert names(site_id=str(site.pk)) == ["Anna Lopez", "John Example"]
    assert names(is_active="false") == ["Anna Lopez"]
    assert names(passport_id="ab 123-456") == ["John Example"]
    assert names(passport_id=jane.passport_id) == []
    assert names(external_employee_id="1") == ["John Example"]
    assert names(external_employee_id="7", is_active="true") == ["Maria Anna Berg"]
    assert names(search="anna") == ["Anna Lopez", "Maria Anna Berg"]
    assert names(search="berg anna") == ["Maria Anna Berg"]
    assert names(search="hidden") == []
    assert names(business_id=str(acme.id), search="john") == ["John Example"]
    assert names(business_id=str(globex.id)) == names(business_id=str(uuid.uuid4()))
    assert names(site_id=str(uuid.uuid4())) == []


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ("colour=red", "colour"),
        ("site_id=1", "site_id"),
        ("business_id=x", "business_id"),
        ("is_active=1", "is_active"),
        ("passport_id=%00", "passport_id"),
        ("passport_id=" + "1" * 65, "passport_id"),
        ("external_employee_id=%00", "external_employee_id"),
        ("search=" + "a" * 201, "search"),
        ("ordering=passport_id", "ordering"),
        ("page=0", "page"),
        ("page_size=many", "page_size"),
        ("include_counts=true", "include_counts"),
    ],
)
def test_a_wrong_query_is_refused_by_the_name_of_its_parameter(
    acme: Personas, query: str, attr: str
) -> None:
    answer = client_of(acme.viewer).get(f"{EMPLOYEES}?{query}")
    assert (answer.status_code, problem(answer)[2]) == (400, attr)


def test_a_list_costs_the_same_for_1_employee_and_for_50(acme: Personas) -> None:
    client = client_of(acme.viewer)
    with acme.scope():
        EmployeeFactory()
    one = queries(lambda: client.get(EMPLOYEES))
    with acme.scope():
        EmployeeFactory.create_batch(49)
    fifty = queries(lambda: client.get(EMPLOYEES))
    assert one == fifty <= 5
    assert len(client.get(EMPLOYEES).json()["results"]) == 50


def test_a_super_admin_reads_all_and_writes_none(
    acme: Personas, globex: Personas, super_admin: User, john: Employee
) -> None:
    with globex.scope():
        jane = EmployeeFactory(full_name="Jane Example")
    client = client_of(super_admin)
    names = [row["full_name"] for row in client.get(EMPLOYEES).json()["results"]]
    assert names == ["Jane Example", "John Example"]
    of_globex = client.get(EMPLOYEES, {"business_id": str(globex.id)}).json()
    assert [row["id"] for row in of_globex["results"]] == [str(jane.pk)]
    assert client.get(path(john)).json()["business_id"] == str(acme.id)
    for answer in (
        client.post(EMPLOYEES, {"full_name": "X"}),
        client.patch(path(john), {"full_name": "X"}),
        client.put(path(john), {"full_name": "X"}),
        client.delete(path(john)),
        client.post(path(john, "activate")),
        client.post(path(john, "deactivate")),
        client.post(path(john, "release")),
    ):
        assert problem(answer) == (403, "act_as_required", None)
    acting = client_of(super_admin, acting_for=acme.business)
    assert acting.get(EMPLOYEES).json()["count"] == 1
    made = acting.post(EMPLOYEES, {"full_name": "New Example"})
    assert (made.status_code, made.json()["business_id"]) == (201, str(acme.id))
    assert acting.get(path(jane)).status_code == 404
    (event,) = events(acme.id)
    assert (event.event_type, event.cross_business) == ("employee_created", True)
