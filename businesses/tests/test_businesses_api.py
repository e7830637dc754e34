"""Tests of /api/businesses."""

import uuid
from typing import Any

import pytest
from django_tasks_db.models import DBTaskResult
from rest_framework.test import APIClient

from accounts.models import User
from accounts.roles import Role
from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from businesses.models import DEFAULT_BUSINESS_ID, PLATFORM_ID, Business
from businesses.tenancy.context import business_scope, platform_scope
from businesses.tests.factories import BusinessFactory
from tests.api_helpers import events, problem, queries

BUSINESSES = "/api/businesses"
GOOD = "four other random words"
ADMIN = {"email": "Boss@new.example.com", "full_name": " The  Boss ", "password": GOOD}
NEW = {"business_name": "  New   Builders ", "business_code": "NEW-1", "admin": ADMIN}


def path(business_id: Any, verb: str = "") -> str:
    return f"{BUSINESSES}/{business_id}" + (f"/{verb}" if verb else "")


def names(client: APIClient, **query: Any) -> list[str]:
    body = client.get(BUSINESSES, query).json()
    return [business["business_name"] for business in body["results"]]


def row(business_id: Any) -> Business:
    with platform_scope("looks at a business"):
        found: Business = Business.objects.get(pk=business_id)
        return found


@pytest.fixture
def platform(super_admin: User) -> APIClient:
    return client_of(super_admin)


# Reading


@pytest.mark.parametrize("role", ["ADMIN", "REVIEWER", "UPLOADER", "VIEWER"])
def test_everybody_sees_their_own_business_alone(
    acme: Personas, globex: Personas, role: str
) -> None:
    client = client_of(acme.user(role))
    assert names(client) == ["Acme"]
    assert client.get(path(acme.id)).json() == {
        "id": str(acme.id),
        "business_name": "Acme",
        "business_code": "acme",
        "is_active": True,
        "month_cutoff_day": 10,
        "expected_cards_per_month": 2,
        "time_zone": "Asia/Jerusalem",
        "language": "en",
        "created_at": f"{acme.business.created_at:%Y-%m-%dT%H:%M:%SZ}",
        "updated_at": f"{acme.business.updated_at:%Y-%m-%dT%H:%M:%SZ}",
    }
    missing = client.get(path(uuid.uuid4()))
    for other in (globex.id, PLATFORM_ID, DEFAULT_BUSINESS_ID):
        hidden = client.get(path(other))
        assert hidden.status_code == 404
        assert hidden.content == missing.content


def test_a_super_admin_sees_all_but_platform(
    acme: Personas, globex: Personas, platform: APIClient
) -> None:
    assert names(platform) == ["Acme", "Globex", "Mizhav"]
    assert names(platform, search="glo") == ["Globex"]
    assert names(platform, ordering="-business_name") == ["Mizhav", "Globex", "Acme"]
    with globex.scope():
        globex.business.is_active = False
        globex.business.save(update_fields=["is_active"])
    assert names(platform, is_active="false") == ["Globex"]
    assert platform.get(path(PLATFORM_ID)).status_code == 404


def test_a_super_admin_who_acts_sees_the_business_acted_for(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    acting = client_of(super_admin, acting_for=acme.business)
    assert names(acting) == ["Acme"]
    assert acting.get(path(globex.id)).status_code == 404


def test_a_list_costs_the_same_for_one_business_and_for_fifty(
    acme: Personas, platform: APIClient
) -> None:
    own = client_of(acme.viewer)
    assert queries(lambda: own.get(BUSINESSES)) <= 5
    few = queries(lambda: platform.get(BUSINESSES, {"page_size": 1}))
    with platform_scope("sample data"):
        BusinessFactory.create_batch(50)
    many = queries(lambda: platform.get(BUSINESSES, {"page_size": 50}))
    assert few == many <= 5


# Creating


def test_a_super_admin_makes_a_business_and_its_first_administrator(
    super_admin: User, platform: APIClient
) -> None:
    response = platform.post(BUSINESSES, NEW)
    assert response.status_code == 201
    body = response.json()
    assert (body["business_name"], body["business_code"]) == ("New Builders", "new-1")
    assert "admin" not in body
    signed_in = APIClient().post(
        "/api/auth/login", {"email": ADMIN["email"], "password": GOOD}
    )
    assert signed_in.json()["business"] == body
    assert signed_in.json()["user"]["role"] == "ADMIN"
    assert signed_in.json()["user"]["full_name"] == "The Boss"
    made, admin = events(uuid.UUID(body["id"]))
    assert (made.event_type, admin.event_type) == ("business_created", "user_created")
    for event in (made, admin):
        assert event.cross_business
        assert event.actor_id == super_admin.pk
    assert made.metadata["after"]["business_name"] == "New Builders"
    assert events(PLATFORM_ID) == []


@pytest.mark.parametrize(
    ("change", "attr", "code"),
    [
        ({"business_name": ""}, "business_name", "blank"),
        ({"business_name": "x" * 201}, "business_name", "max_length"),
        ({"business_code": "x"}, "business_code", "invalid"),
        ({"business_code": "with space"}, "business_code", "invalid"),
        ({"business_code": "x" * 41}, "business_code", "invalid"),
        ({"business_code": "ok\n"}, "business_code", None),
        ({"month_cutoff_day": 0}, "month_cutoff_day", "min_value"),
        ({"month_cutoff_day": 29}, "month_cutoff_day", "max_value"),
        ({"expected_cards_per_month": 0}, "expected_cards_per_month", "min_value"),
        ({"expected_cards_per_month": 32}, "expected_cards_per_month", "max_value"),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "invalid"),
        ({"time_zone": "localtime"}, "time_zone", "invalid"),
        ({"time_zone": "Factory"}, "time_zone", "invalid"),
        ({"time_zone": "posixrules"}, "time_zone", "invalid"),
        ({"time_zone": "posix/UTC"}, "time_zone", "invalid"),
        ({"time_zone": "right/Asia/Jerusalem"}, "time_zone", "invalid"),
        ({"time_zone": "../../etc/passwd"}, "time_zone", "invalid"),
        ({"language": "fr"}, "language", "invalid_choice"),
        ({"is_active": False}, "is_active", "read_only"),
        ({"is_platform": True}, "is_platform", "unknown_field"),
        ({"admin": None}, "admin", "null"),
        ({"admin": ADMIN | {"role": "VIEWER"}}, "admin.role", "unknown_field"),
        ({"admin": ADMIN | {"email": "x"}}, "admin.email", "invalid"),
        ({"admin": {"email": "a@b.example"}}, "admin.full_name", "required"),
        (
            {"admin": ADMIN | {"password": "short"}},
            "admin.password",
            "password_too_short",
        ),
    ],
)
def test_what_is_wrong_with_a_new_business_is_named_and_nothing_is_made(
    platform: APIClient, change: dict[str, Any], attr: str, code: str | None
) -> None:
    response = platform.post(BUSINESSES, NEW | change)
    if change == {"business_code": "ok\n"}:
        assert response.json()["business_code"] == "ok"
        return
    assert response.status_code == 400
    error = response.json()["errors"][0]
    assert (error["attr"], error["code"]) == (attr, code)
    assert names(platform) == ["Mizhav"]


def test_a_business_without_an_administrator_is_not_made(platform: APIClient) -> None:
    body = {"business_name": "New Builders"}
    assert problem(platform.post(BUSINESSES, body)) == (400, "required", "admin")


@pytest.mark.parametrize(
    ("change", "attr", "noted"),
    [
        ({"business_name": "Acme"}, "business_name", "Acme"),
        ({"business_code": "ACME"}, "business_code", "acme"),
        (
            {"admin": ADMIN | {"email": "Viewer@acme.example.com"}},
            "admin.email",
            "viewer@acme.example.com",
        ),
    ],
)
def test_a_value_in_use_is_named_and_nothing_is_made(
    acme: Personas, platform: APIClient, change: Any, attr: str, noted: str
) -> None:
    response = platform.post(BUSINESSES, NEW | change)
    assert problem(response) == (400, "already_in_use", attr)
    assert names(platform) == ["Acme", "Mizhav"]
    task = DBTaskResult.objects.get()
    assert task.args_kwargs["kwargs"]["value"] == noted


# Editing


def test_an_administrator_edits_the_own_business_but_not_its_code(
    acme: Personas, globex: Personas
) -> None:
    client = client_of(acme.admin)
    response = client.patch(
        path(acme.id), {"business_name": "Acme Builders", "month_cutoff_day": 5}
    )
    assert response.status_code == 200
    (event,) = events(acme.id)
    assert event.event_type == "business_updated"
    assert not event.cross_business
    assert event.metadata["before"] == {
        "business_name": "Acme",
        "month_cutoff_day": 10,
    }
    assert event.metadata["after"] == {
        "business_name": "Acme Builders",
        "month_cutoff_day": 5,
    }
    for body in ({"business_code": "other"}, {"is_active": False}):
        rejected = client.patch(path(acme.id), body)
        assert problem(rejected) == (400, "read_only", next(iter(body)))
    taken = client.patch(path(acme.id), {"business_name": "Globex"})
    assert problem(taken) == (400, "already_in_use", "business_name")
    assert len(events(acme.id)) == 1


@pytest.mark.parametrize("who", ["admin", "platform"])
def test_the_body_of_a_get_can_be_put_back_and_changes_nothing(
    acme: Personas, super_admin: User, who: str
) -> None:
    client = client_of(acme.admin if who == "admin" else super_admin)
    body = client.get(path(acme.id)).json()
    response = client.put(path(acme.id), body)
    assert response.status_code == 200
    assert response.json() == body
    assert events(acme.id) == []
    assert problem(client.put(path(acme.id), {}))[1:] == ("required", "business_name")


def test_a_super_admin_edits_any_business_in_its_own_trail(
    acme: Personas, super_admin: User, platform: APIClient
) -> None:
    response = platform.patch(path(acme.id), {"business_code": "ACME-2"})
    assert response.json()["business_code"] == "acme-2"
    cleared = platform.patch(path(acme.id), {"business_code": None})
    assert cleared.json()["business_code"] is None
    for event in events(acme.id):
        assert event.event_type == "business_updated"
        assert event.cross_business
        assert event.actor_id == super_admin.pk
    assert events(PLATFORM_ID) == []


def test_platform_is_edited_by_nobody(
    acme: Personas, super_admin: User, platform: APIClient
) -> None:
    missing = platform.patch(path(uuid.uuid4()), {"business_name": "X"})
    for method, verb in (
        ("patch", ""),
        ("delete", ""),
        ("post", "deactivate"),
        ("post", "activate"),
    ):
        response = getattr(platform, method)(path(PLATFORM_ID, verb), {})
        assert response.status_code == 404
        assert response.content == missing.content
    assert row(PLATFORM_ID).is_active


# Activating and deactivating


def test_deactivating_and_activating_are_one_event_each(
    acme: Personas, platform: APIClient
) -> None:
    for verb, is_active in (("deactivate", False), ("activate", True)):
        for _ in range(2):
            response = platform.post(path(acme.id, verb))
            assert response.status_code == 200
            assert response.json()["is_active"] is is_active
    assert platform.delete(path(acme.id)).status_code == 204
    assert platform.delete(path(acme.id)).status_code == 204
    found = events(acme.id)
    assert [event.event_type for event in found] == [
        "business_deactivated",
        "business_activated",
        "business_deactivated",
    ]
    assert all(event.cross_business for event in found)
    assert row(acme.id).signed_out_at is not None


@pytest.mark.parametrize("verb", ["activate", "deactivate"])
def test_only_a_super_admin_who_does_not_act_deactivates(
    acme: Personas, super_admin: User, verb: str
) -> None:
    for client in (
        client_of(acme.admin),
        client_of(super_admin, acting_for=acme.business),
    ):
        response = client.post(path(acme.id, verb))
        assert problem(response)[:2] == (403, "permission_denied")
    assert row(acme.id).is_active


def test_an_inactive_businesss_people_do_not_stop_another(
    acme: Personas, globex: Personas, platform: APIClient
) -> None:
    client = client_of(globex.admin)
    platform.post(path(acme.id, "deactivate"))
    assert client.get("/api/auth/me").status_code == 200
    with business_scope(acme.id):
        assert User.objects.active().with_role(Role.ADMIN).count() == 1
