"""Tests of permissions between users: ranks and the last administrator."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connections
from rest_framework.test import APIClient

from accounts.models import User
from accounts.roles import RANK, ROLE_PERMISSIONS, Role, permissions_for
from accounts.services import create_user, deactivate_user, update_user
from accounts.tests.api_clients import client_of
from accounts.tests.factories import UserFactory
from accounts.tests.personas import Personas
from accounts.token_sessions import start_sign_in
from automatehq.api.errors import Conflict, Denied
from businesses.models import PLATFORM_ID
from businesses.tenancy.context import business_scope
from tests.api_helpers import events, problem

USERS = "/api/users"
NEW = {
    "email": "new@example.com",
    "full_name": "New",
    "role": "VIEWER",
    "password": "four other random words",
}
FORBIDDEN = (403, "permission_denied")
ACT_FIRST = (403, "act_as_required")


def path(user: User, verb: str = "") -> str:
    return f"{USERS}/{user.pk}" + (f"/{verb}" if verb else "")


def row(user: User) -> User:
    with business_scope(user.business_id):
        found: User = User.objects.get(pk=user.pk)
        return found


@pytest.fixture
def platform(super_admin: User) -> APIClient:
    """Return a client of a super-admin on the platform."""
    return client_of(super_admin)


@pytest.fixture
def acting(super_admin: User, acme: Personas) -> APIClient:
    """Return a client of a super-admin who acts for Acme."""
    return client_of(super_admin, acting_for=acme.business)


@pytest.fixture
def other_super_admin(db: None) -> User:
    with business_scope(PLATFORM_ID):
        return UserFactory(role=Role.SUPER_ADMIN, email="other@platform.example.com")


# The tables of ranks and permissions


def test_ranks_go_from_viewer_to_super_admin() -> None:
    assert sorted(Role, key=RANK.__getitem__) == [
        Role.VIEWER,
        Role.UPLOADER,
        Role.REVIEWER,
        Role.ADMIN,
        Role.SUPER_ADMIN,
    ]


def test_every_right_is_somebodys_and_every_role_may_something() -> None:
    assert all(ROLE_PERMISSIONS.values())
    assert all(permissions_for(role) for role in Role)


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.UPLOADER, Role.VIEWER])
def test_an_administrator_may_all_that_others_of_the_business_may(role: Role) -> None:
    assert permissions_for(role) <= permissions_for(Role.ADMIN)


# Roles above the actor's own


@pytest.mark.parametrize("actor", ["admin", "acting"])
def test_nobody_gives_a_role_above_their_own(
    acme: Personas, super_admin: User, actor: str
) -> None:
    client = (
        client_of(acme.admin)
        if actor == "admin"
        else client_of(super_admin, acting_for=acme.business)
    )
    created = client.post(USERS, NEW | {"role": "SUPER_ADMIN"})
    edited = client.patch(path(acme.viewer), {"role": "SUPER_ADMIN"})
    for response in (created, edited):
        assert problem(response) == (*FORBIDDEN, "role")
    assert row(acme.viewer).role == Role.VIEWER
    assert events(acme.id) == []


def test_the_services_know_ranks_without_the_role_table(acme: Personas) -> None:
    """A further role that manages users could not reach above its own rank."""
    values = {"email": "x@example.com", "full_name": "X", "role": Role.ADMIN}
    reviewer = acme.reviewer
    with acme.scope(), pytest.raises(Denied):
        update_user(user_id=acme.admin.pk, values={"full_name": "X"}, actor=reviewer)
    with acme.scope(), pytest.raises(Denied):
        create_user(values=values, password=NEW["password"], actor=reviewer)
    with acme.scope(), pytest.raises(Denied):
        deactivate_user(user_id=acme.admin.pk, actor=reviewer)


def test_even_a_command_makes_no_super_admin_in_a_business(acme: Personas) -> None:
    values = {"email": "x@b.example", "full_name": "X", "role": Role.SUPER_ADMIN}
    with pytest.raises(IntegrityError, match="super_admins_in_platform"), acme.scope():
        create_user(values=values, password=NEW["password"], actor=None)


# The actor's own row


def test_nobody_demotes_or_deactivates_themselves(acme: Personas) -> None:
    with acme.scope():
        UserFactory(role=Role.ADMIN)  # so the actor is not the last one
    client = client_of(acme.admin)
    assert problem(client.patch(path(acme.admin), {"role": "VIEWER"})) == (
        *FORBIDDEN,
        "role",
    )
    assert problem(client.post(path(acme.admin, "deactivate")))[:2] == FORBIDDEN
    assert problem(client.delete(path(acme.admin)))[:2] == FORBIDDEN
    assert row(acme.admin).role == Role.ADMIN
    assert row(acme.admin).is_active
    assert events(acme.id) == []


def test_ones_own_password_takes_the_present_one(acme: Personas) -> None:
    body = {"password": "four other random words"}
    response = client_of(acme.admin).patch(path(acme.admin), body)
    assert problem(response) == (*FORBIDDEN, "password")


def test_one_may_edit_oneself_otherwise(acme: Personas) -> None:
    client = client_of(acme.admin)
    assert client.patch(path(acme.admin), {"full_name": "Ada"}).status_code == 200
    assert client.get("/api/auth/me").status_code == 200


# The last administrator


def test_a_business_keeps_one_active_administrator(
    acme: Personas, acting: APIClient
) -> None:
    with acme.scope():
        UserFactory(role=Role.ADMIN, is_active=False)
    demoted = acting.patch(path(acme.admin), {"role": "REVIEWER"})
    assert problem(demoted)[:2] == (409, "last_admin")
    assert problem(acting.post(path(acme.admin, "deactivate")))[:2] == (
        409,
        "last_admin",
    )
    assert problem(acting.delete(path(acme.admin)))[:2] == (409, "last_admin")
    with acme.scope():
        UserFactory(role=Role.ADMIN)
    assert acting.post(path(acme.admin, "deactivate")).status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["demote", "deactivate"])
def test_two_administrators_who_remove_each_other_at_once_leave_one(
    acme: Personas, how: str
) -> None:
    with acme.scope():
        second = UserFactory(role=Role.ADMIN)
    pairs = [
        (APIClient(headers=bearer(acme.admin)), second),
        (APIClient(headers=bearer(second)), acme.admin),
    ]

    def attempt(pair: tuple[APIClient, User]) -> int:
        client, other = pair
        try:
            if how == "demote":
                return client.patch(path(other), {"role": "VIEWER"}).status_code
            return client.post(path(other, "deactivate")).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(attempt, pairs))
    # The second request is rejected by the rule, or because its user has been signed out.
    assert statuses[0] == 200
    assert statuses[1] in (401, 403, 409)
    with acme.scope():
        assert User.objects.active().with_role(Role.ADMIN).count() == 1


def bearer(user: User) -> dict[str, str]:
    return {"Authorization": f"Bearer {start_sign_in(user).access}"}


# Super-admins


def test_a_super_admin_makes_super_admins_in_platform(
    super_admin: User, platform: APIClient
) -> None:
    response = platform.post(USERS, NEW | {"role": "SUPER_ADMIN"})
    assert response.status_code == 201
    assert response.json()["business_id"] == str(PLATFORM_ID)
    (event,) = events(PLATFORM_ID)
    assert (event.event_type, event.actor_id) == ("user_created", super_admin.pk)
    assert not event.cross_business


def test_a_super_admin_manages_super_admins(
    platform: APIClient, other_super_admin: User
) -> None:
    patched = platform.patch(path(other_super_admin), {"full_name": "Olga"})
    assert patched.status_code == 200
    for verb in ("deactivate", "activate", "deactivate", "release"):
        assert platform.post(path(other_super_admin, verb)).status_code == 200
    assert [event.event_type for event in events(PLATFORM_ID)] == [
        "user_updated",
        "user_deactivated",
        "user_activated",
        "user_deactivated",
        "user_released",
    ]


def test_a_super_admin_does_not_leave_platform(
    platform: APIClient, other_super_admin: User
) -> None:
    response = platform.patch(path(other_super_admin), {"role": "ADMIN"})
    assert problem(response) == (400, "invalid_choice", "role")
    assert row(other_super_admin).role == Role.SUPER_ADMIN


def test_a_super_admin_who_acts_does_not_leave_platform_either(
    platform: APIClient, other_super_admin: User, acme: Personas
) -> None:
    client_of(other_super_admin, acting_for=acme.business)
    response = platform.patch(path(other_super_admin), {"role": "ADMIN"})
    assert problem(response) == (400, "invalid_choice", "role")
    assert row(other_super_admin).role == Role.SUPER_ADMIN


def test_platform_keeps_one_active_super_admin(
    super_admin: User, platform: APIClient
) -> None:
    assert problem(platform.post(path(super_admin, "deactivate")))[:2] == FORBIDDEN
    with business_scope(PLATFORM_ID), pytest.raises(Conflict, match="last active"):
        deactivate_user(user_id=super_admin.pk, actor=None)


@pytest.mark.parametrize("role", ["ADMIN", "REVIEWER", "UPLOADER", "VIEWER"])
def test_a_super_admin_acts_before_making_a_businesss_user(
    acme: Personas, platform: APIClient, role: str
) -> None:
    assert problem(platform.post(USERS, NEW | {"role": role}))[:2] == ACT_FIRST
    assert problem(platform.post(USERS, NEW | {"business_id": str(acme.id)}))[:2] == (
        400,
        "read_only",
    )


@pytest.mark.parametrize(
    ("method", "verb", "body"),
    [
        ("put", "", {}),
        ("patch", "", {"full_name": "X"}),
        ("patch", "", {"password": "four other random words"}),
        ("delete", "", None),
        ("post", "activate", None),
        ("post", "deactivate", None),
        ("post", "release", None),
    ],
)
def test_a_super_admin_acts_before_touching_a_businesss_user(
    acme: Personas, platform: APIClient, method: str, verb: str, body: Any
) -> None:
    response = getattr(platform, method)(path(acme.viewer, verb), body)
    assert problem(response)[:2] == ACT_FIRST
    assert row(acme.viewer).full_name == "Acme Viewer"
    assert events(acme.id) == []


def test_a_super_admin_who_acts_manages_that_businesss_users_alone(
    acme: Personas, globex: Personas, super_admin: User, acting: APIClient
) -> None:
    assert acting.patch(path(acme.viewer), {"full_name": "Vera"}).status_code == 200
    (event,) = events(acme.id)
    assert event.actor_id == super_admin.pk
    assert event.cross_business
    for user in (globex.viewer, super_admin):
        assert acting.patch(path(user), {"full_name": "X"}).status_code == 404
        assert acting.get(path(user)).status_code == 404
