"""Tests of /api/users: permissions and audit events."""

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from rest_framework.test import APIClient

from accounts.models import User
from accounts.roles import Role
from accounts.tests.api_clients import client_of
from accounts.tests.factories import UserFactory
from accounts.tests.personas import Personas
from audit.cross_business import IN_USE_AN_HOUR
from businesses.models import PLATFORM_ID
from businesses.tenancy.context import business_scope
from tests.api_helpers import events, problem, queries

USERS = "/api/users"
GOOD = "four other random words"
NEW = {
    "email": "New@Acme.example.com",
    "full_name": "  New   Person ",
    "phone_number": "050-123-4567",
    "role": "REVIEWER",
    "language": "he",
    "password": GOOD,
}


def path(user: User, verb: str = "") -> str:
    return f"{USERS}/{user.pk}" + (f"/{verb}" if verb else "")


def row(user: User) -> User:
    with business_scope(user.business_id):
        found: User = User.objects.get(pk=user.pk)
        return found


# Read


def test_a_user_is_shown_whole_and_without_secrets(acme: Personas) -> None:
    body = client_of(acme.admin).get(path(acme.viewer)).json()
    assert body == {
        "id": str(acme.viewer.pk),
        "business_id": str(acme.id),
        "email": "viewer@acme.example.com",
        "full_name": "Acme Viewer",
        "phone_number": None,
        "role": "VIEWER",
        "language": None,
        "is_active": True,
        "last_login": None,
        "created_at": f"{acme.viewer.created_at:%Y-%m-%dT%H:%M:%SZ}",
        "updated_at": f"{acme.viewer.updated_at:%Y-%m-%dT%H:%M:%SZ}",
    }


def test_users_are_listed_by_name_filtered_searched_and_ordered(
    acme: Personas, globex: Personas
) -> None:
    client = client_of(acme.admin)
    with acme.scope():
        UserFactory(full_name="Aaron Adams", role=Role.VIEWER, is_active=False)

    def names(**query: Any) -> list[str]:
        body = client.get(USERS, query).json()
        return [user["full_name"].removeprefix("Acme ") for user in body["results"]]

    everybody = ["Aaron Adams", "Administrator", "Reviewer", "Uploader", "Viewer"]
    assert names() == everybody
    assert names(role="VIEWER") == ["Aaron Adams", "Viewer"]
    assert names(is_active="false") == ["Aaron Adams"]
    assert names(search="reviewer@acme") == ["Reviewer"]
    assert names(ordering="-full_name") == everybody[::-1]
    assert names(business_id=acme.id) == everybody
    assert names(business_id=globex.id) == names(business_id=uuid.uuid4()) == []
    assert client.get(USERS, {"role": "BOSS"}).status_code == 400
    assert client.get(USERS, {"business_id": "x"}).status_code == 400
    assert problem(client.get(USERS, {"colour": "red"}))[1] == "unknown_parameter"


def test_a_list_costs_the_same_for_one_user_and_for_fifty(
    acme: Personas, super_admin: User
) -> None:
    for client in (client_of(acme.admin), client_of(super_admin)):
        few = queries(lambda: client.get(USERS, {"page_size": 1}))  # noqa: B023
        with acme.scope():
            UserFactory.create_batch(50)
        many = queries(lambda: client.get(USERS, {"page_size": 50}))  # noqa: B023
        assert few == many <= 5


def test_a_super_admin_sees_the_users_of_every_business(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    client = client_of(super_admin)
    assert client.get(USERS).json()["count"] == 9
    shown = client.get(USERS, {"business_id": globex.id}).json()["results"]
    assert {user["business_id"] for user in shown} == {str(globex.id)}
    assert client.get(path(acme.viewer)).status_code == 200


# Create


def test_an_administrator_makes_a_user(acme: Personas) -> None:
    response = client_of(acme.admin).post(USERS, NEW)
    assert response.status_code == 201
    body = response.json()
    assert body["business_id"] == str(acme.id)
    assert body["email"] == "new@acme.example.com"
    assert body["full_name"] == "New Person"
    assert body["phone_number"] == "+972501234567"
    assert "password" not in body
    signed_in = APIClient().post(
        "/api/auth/login", {"email": NEW["email"], "password": GOOD}
    )
    assert signed_in.status_code == 200
    (event,) = events(acme.id)
    assert event.event_type == "user_created"
    assert (event.actor_id, event.entity_id) == (acme.admin.pk, uuid.UUID(body["id"]))
    assert not event.cross_business
    assert event.metadata["after"] == {
        "email": "new@acme.example.com",
        "full_name": "New Person",
        "phone_number": "+972501234567",
        "role": "REVIEWER",
        "language": "he",
        "is_active": True,
    }
    assert "password" not in json.dumps(event.metadata)


def test_a_phone_is_read_in_the_businesss_region(acme: Personas) -> None:
    with acme.scope():
        acme.business.default_region = "US"
        acme.business.save(update_fields=["default_region"])
    body = client_of(acme.admin).post(USERS, NEW | {"phone_number": "(212) 555-0100"})
    assert body.json()["phone_number"] == "+12125550100"


@pytest.mark.parametrize(
    ("change", "attr", "code"),
    [
        ({"email": None}, "email", "null"),
        ({"email": ""}, "email", "blank"),
        ({"email": "nonsense"}, "email", "invalid"),
        ({"email": 7}, "email", "invalid"),
        ({"email": "a\x00@b.example"}, "email", None),
        ({"email": "a" * 250 + "@b.example"}, "email", "max_length"),
        ({"full_name": "  "}, "full_name", "blank"),
        ({"full_name": "x" * 201}, "full_name", "max_length"),
        ({"phone_number": "nonsense"}, "phone_number", "invalid_phone"),
        ({"phone_number": ""}, "phone_number", "blank"),
        ({"phone_number": 501234567}, "phone_number", "invalid"),
        ({"role": "BOSS"}, "role", "invalid_choice"),
        ({"role": None}, "role", "null"),
        ({"language": "fr"}, "language", "invalid_choice"),
        ({"password": "short"}, "password", "password_too_short"),
        ({"password": "1q2w3e4r5t"}, "password", "password_too_common"),
        ({"password": "new@acme.example.com"}, "password", "password_too_similar"),
        ({"password": "x" * 129}, "password", "max_length"),
        ({"password": 1234567890123}, "password", "invalid"),
        ({"password": "x\x00" * 9}, "password", None),
        ({"is_active": False}, "is_active", "read_only"),
        ({"id": str(uuid.uuid4())}, "id", "read_only"),
        ({"business_id": str(PLATFORM_ID)}, "business_id", "read_only"),
        ({"signed_out_at": None}, "signed_out_at", "unknown_field"),
        ({"is_superuser": True}, "is_superuser", "unknown_field"),
    ],
)
def test_what_is_wrong_with_a_new_user_is_named(
    acme: Personas, change: dict[str, Any], attr: str, code: str | None
) -> None:
    response = client_of(acme.admin).post(USERS, NEW | change)
    assert response.status_code == 400
    error = response.json()["errors"][0]
    assert error["attr"] == attr
    assert code is None or error["code"] == code
    assert events(acme.id) == []


@pytest.mark.parametrize("missing", ["email", "full_name", "role", "password"])
def test_what_a_new_user_lacks_is_named(acme: Personas, missing: str) -> None:
    body = {name: value for name, value in NEW.items() if name != missing}
    response = client_of(acme.admin).post(USERS, body)
    assert problem(response) == (400, "required", missing)


def test_a_new_user_lands_in_ones_own_business_and_in_no_other(
    acme: Personas, globex: Personas
) -> None:
    client = client_of(acme.admin)
    foreign = client.post(USERS, NEW | {"business_id": str(globex.id)})
    assert problem(foreign) == (400, "read_only", "business_id")
    own = client.post(USERS, NEW | {"business_id": str(acme.id)})
    assert own.status_code == 201


@pytest.mark.parametrize("owner", ["own", "foreign"])
@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "Taken@Example.com"), ("phone_number", "050 765 4321")],
)
def test_a_value_in_use_is_told_in_one_way_whoever_has_it(
    acme: Personas, globex: Personas, owner: str, field: str, value: str
) -> None:
    with (acme if owner == "own" else globex).scope():
        UserFactory(email="taken@example.com", phone_number="+972507654321")
    client = client_of(acme.admin)
    created = client.post(USERS, NEW | {field: value})
    edited = client.patch(path(acme.viewer), {field: value})
    for response in (created, edited):
        assert response.status_code == 400
        assert response.json() == {
            "type": "validation_error",
            "errors": [
                {
                    "code": "already_in_use",
                    "detail": "This value is already in use.",
                    "attr": field,
                }
            ],
        }
    assert events(acme.id) == []
    tasks = DBTaskResult.objects.all()
    assert [task.args_kwargs["kwargs"]["value"] for task in tasks] == [
        "taken@example.com" if field == "email" else "+972507654321"
    ] * 2


def test_too_many_values_in_use_are_429_own_and_foreign_alike(
    acme: Personas, globex: Personas
) -> None:
    client = client_of(acme.admin)
    taken = [str(acme.viewer.email), str(globex.viewer.email)]
    for number in range(IN_USE_AN_HOUR):
        response = client.post(USERS, NEW | {"email": taken[number % 2]})
        assert response.status_code == 400
    for email in (*taken, "free@example.com"):
        response = client.post(USERS, NEW | {"email": email})
        assert problem(response)[:2] == (429, "too_many_in_use")
        assert 0 < int(response["Retry-After"]) <= 3600
    assert client.patch(path(acme.viewer), {"full_name": "V"}).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        assert client_of(acme.admin).post(USERS, NEW).status_code == 201
