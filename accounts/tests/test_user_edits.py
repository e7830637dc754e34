"""Tests of /api/users/<id>: edit, reset, activate, deactivate, release."""

import json
import uuid
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.credentials import password_matches
from accounts.models import SignIn, User
from accounts.services import activate_user, deactivate_user, release_user
from accounts.tests.api_clients import client_of
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.personas import Personas
from accounts.token_sessions import start_sign_in
from businesses.models import PLATFORM_ID
from businesses.tenancy.context import business_scope, platform_scope
from tests.api_helpers import events, problem

USERS = "/api/users"
GOOD = "four other random words"
NEW = {"full_name": "New", "role": "REVIEWER", "password": GOOD}


def path(user: User, verb: str = "") -> str:
    return f"{USERS}/{user.pk}" + (f"/{verb}" if verb else "")


def row(user: User) -> User:
    with business_scope(user.business_id):
        found: User = User.objects.get(pk=user.pk)
        return found


# Edit


def test_an_edit_writes_what_changed_and_one_event(acme: Personas) -> None:
    response = client_of(acme.admin).patch(
        path(acme.viewer), {"full_name": "Vera", "language": None, "role": "UPLOADER"}
    )
    assert response.status_code == 200
    assert response.json()["role"] == "UPLOADER"
    (event,) = events(acme.id)
    assert event.event_type == "user_updated"
    assert event.metadata["before"] == {"full_name": "Acme Viewer", "role": "VIEWER"}
    assert event.metadata["after"] == {"full_name": "Vera", "role": "UPLOADER"}
    assert row(acme.viewer).updated_at > acme.viewer.updated_at


def test_the_body_of_a_get_can_be_put_back_and_changes_nothing(
    acme: Personas,
) -> None:
    client = client_of(acme.admin)
    with acme.scope():
        released = UserFactory(email=None, is_active=False, language="en")
    for user in (acme.viewer, released, acme.admin):
        body = client.get(path(user)).json()
        response = client.put(path(user), body)
        assert response.status_code == 200
        assert response.json() == body
    assert events(acme.id) == []
    short = client.put(path(acme.viewer), {"full_name": "V"})
    assert {e["attr"] for e in short.json()["errors"]} == {"email", "role"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"is_active": False}, "read_only"),
        ({"business_id": str(PLATFORM_ID)}, "read_only"),
        ({"created_at": "2020-01-01T00:00:00Z"}, "read_only"),
        ({"email": None}, "null"),
        ({"acting_business_id": None}, "unknown_field"),
    ],
)
def test_what_an_edit_may_not_change_is_named(
    acme: Personas, change: dict[str, Any], code: str
) -> None:
    response = client_of(acme.admin).patch(path(acme.viewer), change)
    assert problem(response) == (400, code, next(iter(change)))
    assert events(acme.id) == []


def test_only_releasing_frees_an_email(acme: Personas) -> None:
    with acme.scope():
        deactivate_user(user_id=acme.viewer.pk, actor=None)
    response = client_of(acme.admin).patch(path(acme.viewer), {"email": None})
    assert problem(response) == (400, "null", "email")


def test_a_password_in_an_edit_is_a_reset_that_ends_sign_ins(acme: Personas) -> None:
    tokens = start_sign_in(acme.viewer)
    response = client_of(acme.admin).patch(path(acme.viewer), {"password": GOOD})
    assert response.status_code == 200
    assert "password" not in response.json()
    user = row(acme.viewer)
    assert password_matches(user.account_id, GOOD)
    assert user.signed_out_at is not None
    with acme.scope():
        live = SignIn.objects.filter(user=acme.viewer, revoked_at__isnull=True)
        assert not live.exists()
    me = APIClient(headers={"Authorization": f"Bearer {tokens.access}"})
    assert me.get("/api/auth/me").status_code == 401
    (event,) = events(acme.id)
    assert event.event_type == "user_password_changed"
    assert not {"before", "after"} & set(event.metadata)


def test_a_reset_with_other_changes_is_one_event(acme: Personas) -> None:
    body = {"password": GOOD, "full_name": "Vera"}
    client_of(acme.admin).patch(path(acme.viewer), body)
    (event,) = events(acme.id)
    assert event.event_type == "user_updated"
    assert event.metadata["after"] == {"full_name": "Vera"}
    assert event.metadata["password_changed"] is True
    assert GOOD not in json.dumps(event.metadata)


# Activate, deactivate, release


def test_deactivating_and_activating_are_one_event_each(acme: Personas) -> None:
    client = client_of(acme.admin)
    for verb, is_active in (("deactivate", False), ("activate", True)):
        for _ in range(2):
            response = client.post(path(acme.viewer, verb))
            assert response.status_code == 200
            assert response.json()["is_active"] is is_active
    first, second = events(acme.id)
    assert first.event_type == "user_deactivated"
    assert first.metadata["before"] == {"is_active": True}
    assert second.event_type == "user_activated"
    assert second.metadata["after"] == {"is_active": True}
    assert problem(client.post(path(acme.viewer, "deactivate"), {"x": 1})) == (
        400,
        "unknown_field",
        "x",
    )


def test_deleting_deactivates(acme: Personas) -> None:
    assert client_of(acme.admin).delete(path(acme.viewer)).status_code == 204
    assert not row(acme.viewer).is_active
    assert [e.event_type for e in events(acme.id)] == ["user_deactivated"]


def test_releasing_frees_email_and_phone_for_another_business(
    acme: Personas, globex: Personas
) -> None:
    with acme.scope():
        leaver = UserFactory(email="mover@example.com", phone_number="+972501112222")
    client = client_of(acme.admin)
    assert problem(client.post(path(leaver, "release")))[:2] == (409, "user_is_active")
    client.post(path(leaver, "deactivate"))
    for _ in range(2):
        response = client.post(path(leaver, "release"))
        assert response.status_code == 200
        assert response.json()["email"] is None
        assert response.json()["phone_number"] is None
    event = events(acme.id)[-1]
    assert event.event_type == "user_released"
    assert event.metadata["before"] == {
        "email": "mover@example.com",
        "phone_number": "+972501112222",
    }
    assert len(events(acme.id)) == 2
    body = NEW | {"email": "mover@example.com", "phone_number": "+972501112222"}
    assert client_of(globex.admin).post(USERS, body).status_code == 201


def test_activating_a_released_user_asks_for_an_email(acme: Personas) -> None:
    with acme.scope():
        deactivate_user(user_id=acme.viewer.pk, actor=None)
        release_user(user_id=acme.viewer.pk, actor=None)
    client = client_of(acme.admin)
    assert problem(client.post(path(acme.viewer, "activate"))) == (
        400,
        "required",
        "email",
    )
    taken = client.post(path(acme.viewer, "activate"), {"email": acme.admin.email})
    assert problem(taken) == (400, "already_in_use", "email")
    response = client.post(path(acme.viewer, "activate"), {"email": "Back@example.com"})
    assert response.status_code == 200
    assert response.json()["email"] == "back@example.com"
    assert events(acme.id)[-1].metadata["after"] == {
        "email": "back@example.com",
        "is_active": True,
    }


def test_an_inactive_user_keeps_the_old_password(acme: Personas) -> None:
    with acme.scope():
        deactivate_user(user_id=acme.viewer.pk, actor=None)
        activate_user(user_id=acme.viewer.pk, actor=None)
    assert password_matches(row(acme.viewer).account_id, PASSWORD)


# Users of another business


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
def test_another_businesss_user_is_nobody(
    acme: Personas, globex: Personas, super_admin: User, method: str, verb: str
) -> None:
    client = client_of(acme.admin)
    tail = f"/{verb}" if verb else ""
    missing = getattr(client, method)(f"{USERS}/{uuid.uuid4()}{tail}")
    assert missing.status_code == 404
    for user in (globex.viewer, super_admin):
        foreign = getattr(client, method)(path(user, verb))
        assert foreign.content == missing.content
        assert foreign.status_code == missing.status_code
    assert problem(getattr(client, method)(f"{USERS}/x{tail}")) == (
        400,
        "invalid",
        "id",
    )
    assert row(globex.viewer).is_active
    assert events(globex.id) == []
    with platform_scope("all users"):
        assert User.objects.filter(is_active=False).count() == 0
