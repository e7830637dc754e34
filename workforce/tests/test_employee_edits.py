"""Tests of creating and editing employees through /api/employees."""

import json
import uuid
from typing import Any

import pytest

from accounts.roles import Role
from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from tests.api_helpers import events, problem
from workforce.models import Employee, Site
from workforce.tests.factories import (
    EmployeeFactory,
    SiteSettingsFactory,
)

EMPLOYEES = "/api/employees"


def path(employee: Employee | uuid.UUID, verb: str = "") -> str:
    pk = getattr(employee, "pk", employee)
    return f"{EMPLOYEES}/{pk}" + (f"/{verb}" if verb else "")


def stored(acme: Personas, employee: Employee) -> Employee:
    with acme.scope():
        found: Employee = Employee.objects.get(pk=employee.pk)
        return found


# Creating


def test_a_new_employee_lands_in_the_business_of_whoever_made_it(
    acme: Personas, site: Site
) -> None:
    made = client_of(acme.reviewer).post(
        EMPLOYEES,
        {
            "full_name": "  John   Example ",
            "passport_id": " ab-12.345/6 ",
            "external_employee_id": " 1 ",
            "phone_number": "050-123-4567",
            "site_id": str(site.pk),
            "started_on": "2026-01-15",
            "business_id": str(acme.id),
        },
    )
    assert made.status_code == 201
    body = made.json()
    assert (body["business_id"], body["full_name"]) == (str(acme.id), "John Example")
    assert (body["passport_id"], body["external_employee_id"]) == ("AB123456", "1")
    assert body["phone_number"] == "+972501234567"
    assert body["site"] == {"id": str(site.pk), "name": "Construction Site 1"}
    (event,) = events(acme.id)
    assert event.event_type == "employee_created"
    assert event.entity_type == "employee"
    assert (event.entity_id, event.employee_id) == (uuid.UUID(body["id"]),) * 2
    assert event.site_id == site.pk
    assert event.actor_id == acme.reviewer.pk
    assert event.metadata["after"]["passport_id"] == "AB123456"
    assert event.metadata["channel"] == "api"


def test_a_phone_number_is_of_the_region_of_the_business(acme: Personas) -> None:
    acme.business.default_region = "DE"
    with acme.scope():
        acme.business.save()
    made = client_of(acme.admin).post(
        EMPLOYEES, {"full_name": "X", "phone_number": "030 901820"}
    )
    assert made.json()["phone_number"] == "+4930901820"


@pytest.mark.parametrize("taken_by", ["own", "foreign"])
def test_a_passport_in_use_is_refused_alike_whoever_has_it(
    acme: Personas, globex: Personas, taken_by: str
) -> None:
    with (acme if taken_by == "own" else globex).scope():
        EmployeeFactory(passport_id="AB123456")
    client = client_of(acme.admin)
    body = {"full_name": "X", "passport_id": "ab 123456"}
    rejected = client.post(EMPLOYEES, body)
    assert rejected.status_code == 400
    assert rejected.json() == {
        "type": "validation_error",
        "errors": [
            {
                "code": "already_in_use",
                "detail": "This value is already in use.",
                "attr": "passport_id",
            }
        ],
    }
    with acme.scope():
        mine = EmployeeFactory()
    assert client.patch(path(mine), body).content == rejected.content
    assert events(acme.id) == []


def test_an_external_id_is_unique_inside_a_business(
    acme: Personas, globex: Personas, john: Employee
) -> None:
    body = {"full_name": "Jane Example", "external_employee_id": "1"}
    assert client_of(globex.admin).post(EMPLOYEES, body).status_code == 201
    rejected = client_of(acme.admin).post(EMPLOYEES, body)
    assert problem(rejected) == (400, "already_in_use", "external_employee_id")


@pytest.mark.parametrize("how", ["inactive", "hidden"])
def test_nobody_new_comes_to_a_closed_site_and_the_old_ones_go_on(
    acme: Personas, globex: Personas, john: Employee, site: Site, how: str
) -> None:
    with acme.scope():
        if how == "inactive":
            Site.objects.filter(pk=site.pk).update(is_active=False)
        else:
            SiteSettingsFactory(site=site, is_hidden=True)
        elsewhere = EmployeeFactory()
    client = client_of(acme.admin)
    new = {"full_name": "X", "site_id": str(site.pk)}
    expected = (400, f"site_{how}", "site_id")
    assert problem(client.post(EMPLOYEES, new)) == expected
    move = client.patch(path(elsewhere), {"site_id": str(site.pk)})
    assert problem(move) == expected
    body = client.get(path(john)).json()
    unchanged = client.put(path(john), {**body, "full_name": "John B. Example"})
    assert unchanged.status_code == 200
    others = client_of(globex.admin).post(EMPLOYEES, new).status_code
    assert others == (400 if how == "inactive" else 201)


@pytest.mark.parametrize(
    ("body", "code", "attr"),
    [
        ({}, "required", "full_name"),
        ({"full_name": None}, "null", "full_name"),
        ({"full_name": " "}, "blank", "full_name"),
        ({"full_name": "x" * 201}, "max_length", "full_name"),
        ({"full_name": "a\0"}, "null_characters_not_allowed", "full_name"),
        ({"full_name": "\ud83d"}, "surrogate_characters_not_allowed", "full_name"),
        ({"passport_id": "1234"}, "invalid", "passport_id"),
        ({"passport_id": "---"}, "invalid", "passport_id"),
        ({"passport_id": ""}, "blank", "passport_id"),
        ({"passport_id": "1" * 16}, "invalid", "passport_id"),
        pytest.param(
            {"passport_id": "1" * 999_999},
            "invalid",
            "passport_id",
            id="a million digits",
        ),
        ({"passport_id": "אבגדהו"}, "invalid", "passport_id"),
        ({"passport_id": "1234567\n"}, None, None),
        ({"passport_id": {"a": 1}}, "invalid", "passport_id"),
        ({"external_employee_id": ""}, "blank", "external_employee_id"),
        ({"external_employee_id": "1" * 65}, "max_length", "external_employee_id"),
        ({"phone_number": "12"}, "invalid_phone", "phone_number"),
        ({"started_on": "2026-02-30"}, "invalid", "started_on"),
        ({"started_on": "20260101"}, "invalid", "started_on"),
        ({"started_on": 1}, "invalid", "started_on"),
        (
            {"started_on": "2026-02-02", "left_on": "2026-02-01"},
            "before_start",
            "left_on",
        ),
        ({"site_id": "1"}, "invalid", "site_id"),
        ({"site_id": ""}, "invalid", "site_id"),
        ({"site_id": str(uuid.uuid4())}, "does_not_exist", "site_id"),
        ({"site": {"id": "1"}}, "read_only", "site"),
        ({"is_active": False}, "read_only", "is_active"),
        ({"former_passport_id": "AB123456"}, "read_only", "former_passport_id"),
        ({"business_id": str(uuid.uuid4())}, "read_only", "business_id"),
        ({"business": str(uuid.uuid4())}, "unknown_field", "business"),
        ({"salary": 1}, "unknown_field", "salary"),
    ],
)
def test_a_wrong_body_is_refused_by_the_name_of_its_field(
    acme: Personas, body: dict[str, Any], code: str | None, attr: str | None
) -> None:
    if body and "full_name" not in body:
        body = {"full_name": "X", **body}
    answer = client_of(acme.admin).post(
        EMPLOYEES, json.dumps(body), content_type="application/json"
    )
    if code is None:
        assert answer.status_code == 201
        return
    assert problem(answer) == (400, code, attr)
    with acme.scope():
        assert not Employee.objects.exists()
    assert events(acme.id) == []


@pytest.mark.parametrize(
    "body", ["[]", "1", '"x"', "null", "{", "\ufeff{}", "[" * 9999]
)
def test_a_body_that_is_no_object_is_refused(acme: Personas, body: str) -> None:
    answer = client_of(acme.admin).post(
        EMPLOYEES, body, content_type="application/json"
    )
    assert answer.status_code == 400


# Editing


def test_the_body_of_a_get_can_be_put_back(acme: Personas, john: Employee) -> None:
    client = client_of(acme.admin)
    with acme.scope():  # like a row from before numbers were validated
        Employee.objects.filter(pk=john.pk).update(phone_number="ask Dana")
    body = client.get(path(john)).json()
    assert client.put(path(john), body).json() == body
    assert client.patch(path(john), {"full_name": "John  Example "}).json() == body
    assert events(acme.id) == []
    moved = client.put(path(john), {**body, "site_id": None, "full_name": "J. Example"})
    assert (moved.json()["site_id"], moved.json()["site"]) == (None, None)
    (event,) = events(acme.id)
    assert event.event_type == "employee_updated"
    assert event.metadata["before"] == {
        "full_name": "John Example",
        "site_id": body["site_id"],
    }
    assert event.metadata["after"] == {"full_name": "J. Example", "site_id": None}


def test_an_employee_never_changes_business(
    acme: Personas, globex: Personas, john: Employee
) -> None:
    client = client_of(acme.admin)
    answers = [
        client.patch(path(john), {"business_id": str(value)})
        for value in (globex.id, uuid.uuid4())
    ]
    assert problem(answers[0]) == (400, "read_only", "business_id")
    assert answers[0].content == answers[1].content
    assert client.patch(path(john), {"business_id": str(acme.id)}).status_code == 200
    assert stored(acme, john).business_id == acme.id


@pytest.mark.parametrize("role", [Role.UPLOADER, Role.VIEWER])
def test_who_may_not_manage_employees(
    acme: Personas, john: Employee, role: Role
) -> None:
    client = client_of(acme.user(role))
    for answer in (
        client.post(EMPLOYEES, {"full_name": "X"}),
        client.patch(path(john), {"full_name": "X"}),
        client.put(path(john), {"full_name": "X"}),
        client.delete(path(john)),
        client.post(path(john, "activate")),
        client.post(path(john, "deactivate")),
        client.post(path(john, "release")),
    ):
        assert problem(answer) == (403, "permission_denied", None)
    assert events(acme.id) == []


@pytest.mark.parametrize(
    ("method", "verb"),
    [
        ("get", ""),
        ("put", ""),
        ("patch", ""),
        ("delete", ""),
        ("post", "activate"),
        ("post", "deactivate"),
        ("post", "release"),
    ],
)
def test_anothers_employee_is_answered_like_nobodys(
    acme: Personas, globex: Personas, method: str, verb: str
) -> None:
    with globex.scope():
        jane = EmployeeFactory(full_name="Jane Example", is_active=False)
    client = client_of(acme.admin)
    body = {"full_name": "Mine"} if method in ("put", "patch") else {}
    foreign, missing = (
        getattr(client, method)(path(pk, verb), body) for pk in (jane.pk, uuid.uuid4())
    )
    assert problem(foreign) == (404, "not_found", None)
    assert foreign.content == missing.content
    assert foreign.headers.keys() == missing.headers.keys()
    malformed = getattr(client, method)(f"{EMPLOYEES}/1/{verb}".rstrip("/"), body)
    assert problem(malformed) == (400, "invalid", "id")
    with globex.scope():
        jane.refresh_from_db()
    assert (jane.full_name, jane.is_active) == ("Jane Example", False)
    assert events(globex.id) == []
