"""Tests of /api/auth/me and /api/auth/password: the signed-in user."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.credentials import read_account
from accounts.models import User
from accounts.roles import Role, permissions_for
from accounts.tests.api_clients import client_of
from accounts.tests.factories import PASSWORD
from accounts.tests.personas import Personas
from accounts.token_sessions import start_sign_in
from businesses.models import PLATFORM_ID
from businesses.tenancy.context import business_scope
from tests.api_helpers import events, problem, queries

ME, CHANGE = "/api/auth/me", "/api/auth/password"
GOOD = "four other random words"


def change(client: APIClient, current: Any = PASSWORD, new: Any = GOOD) -> Any:
    return client.post(CHANGE, {"current_password": current, "new_password": new})


def login(user: User, password: str) -> int:
    body = {"email": user.email, "password": password}
    return APIClient().post("/api/auth/login", body).status_code


@pytest.mark.parametrize("role", ["ADMIN", "REVIEWER", "UPLOADER", "VIEWER"])
def test_me_says_who_where_and_what(acme: Personas, role: str) -> None:
    client = client_of(acme.user(role))
    body = client.get(ME).json()
    assert set(body) == {"user", "business", "acting", "may"}
    assert body["user"]["id"] == str(acme.user(role).pk)
    assert body["business"]["id"] == str(acme.id)
    assert body["acting"] is None
    assert body["may"] == sorted(permissions_for(role))
    assert queries(lambda: client.get(ME)) == 1


def test_a_super_admin_on_the_platform_has_no_business(super_admin: User) -> None:
    body = client_of(super_admin).get(ME).json()
    assert body["user"]["business_id"] == str(PLATFORM_ID)
    assert body["business"] is None
    assert body["may"] == sorted(permissions_for(Role.SUPER_ADMIN))


def test_answers_about_oneself_are_kept_by_nobody(acme: Personas) -> None:
    assert "no-store" in client_of(acme.admin).get(ME)["Cache-Control"]


def test_a_new_password_ends_every_sign_in(acme: Personas) -> None:
    tokens, other = start_sign_in(acme.viewer), start_sign_in(acme.viewer)
    clients = [
        APIClient(headers={"Authorization": f"Bearer {t.access}"})
        for t in (tokens, other)
    ]
    assert change(clients[0]).status_code == 204
    for client in clients:
        assert problem(client.get(ME))[:2] == (401, "token_not_valid")
    assert (login(acme.viewer, PASSWORD), login(acme.viewer, GOOD)) == (401, 200)
    event = events(acme.id)[0]
    assert event.event_type == "user_password_changed"
    assert event.actor_id == event.entity_id == acme.viewer.pk


@pytest.mark.parametrize("acts", [False, True])
def test_a_super_admins_own_password_is_changed_in_platform(
    acme: Personas, super_admin: User, acts: bool
) -> None:
    acting_for = acme.business if acts else None
    assert change(client_of(super_admin, acting_for=acting_for)).status_code == 204
    assert login(super_admin, GOOD) == 200
    assert events(acme.id) == []
    (event,) = events(PLATFORM_ID)
    assert event.event_type == "user_password_changed"


@pytest.mark.parametrize("acts", [False, True])
def test_a_password_hashed_in_an_old_way_can_be_changed(
    acme: Personas, super_admin: User, settings: Any, acts: bool
) -> None:
    acting_for = acme.business if acts else None
    client = client_of(super_admin, acting_for=acting_for)
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.Argon2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    assert login(acme.viewer, PASSWORD) == 200  # renews the hash
    account = read_account(acme.viewer.account_id)
    assert account is not None
    assert account.password.startswith("argon2")
    assert problem(change(client, "wrong"))[:2] == (400, "incorrect_password")
    assert change(client).status_code == 204


@pytest.mark.parametrize(
    ("current", "new", "attr", "code"),
    [
        ("wrong", GOOD, "current_password", "incorrect_password"),
        (PASSWORD, "short", "new_password", "password_too_short"),
        (PASSWORD, "viewer@acme.example.com", "new_password", "password_too_similar"),
        (PASSWORD, "x" * 129, "new_password", "max_length"),
        ("x" * 129, GOOD, "current_password", "max_length"),
        (PASSWORD, 7, "new_password", "invalid"),
        (PASSWORD, None, "new_password", "null"),
        (None, GOOD, "current_password", "null"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_changes(
    acme: Personas, current: Any, new: Any, attr: str, code: str
) -> None:
    client = client_of(acme.viewer)
    assert problem(change(client, current, new)) == (400, code, attr)
    assert client.get(ME).status_code == 200
    assert events(acme.id, "user_password_changed") == []
    assert login(acme.viewer, PASSWORD) == 200


def test_a_stolen_token_gives_no_more_guesses_than_signing_in(
    acme: Personas,
) -> None:
    client = client_of(acme.viewer)
    for _ in range(5):
        assert problem(change(client, "wrong"))[:2] == (400, "incorrect_password")
    assert problem(change(client))[:2] == (429, "too_many_attempts")
    assert login(acme.viewer, PASSWORD) == 429
    kinds = [event.event_type for event in events(acme.id)]
    assert kinds == ["sign_in_failed"] * 5 + ["sign_in_locked"]
    assert events(acme.id)[0].metadata["code"] == "incorrect_password"


def test_a_wrong_password_of_a_super_admin_stands_in_platforms_trail(
    acme: Personas, super_admin: User
) -> None:
    client = client_of(super_admin, acting_for=acme.business)
    assert change(client, "wrong").status_code == 400
    assert events(acme.id) == []
    with business_scope(PLATFORM_ID):
        assert [e.event_type for e in events(PLATFORM_ID)] == ["sign_in_failed"]


def test_signed_out_nobody_is_asked_for_a_password(db: None) -> None:
    assert problem(change(APIClient()))[:2] == (401, "not_authenticated")
