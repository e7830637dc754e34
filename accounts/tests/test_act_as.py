"""Tests of acting for a business: the hour, the reason and the audit trail."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from django.db import connections
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.roles import ROLE_PERMISSIONS, Role
from accounts.services import deactivate_user
from accounts.tests.api_clients import client_of, token_of
from accounts.tests.factories import UserFactory
from accounts.tests.personas import Personas
from accounts.token_sessions import start_sign_in
from audit.models import AuditEvent
from businesses.models import PLATFORM_ID
from businesses.tenancy.context import business_scope

ACT_AS, ME = "/api/auth/act-as", "/api/auth/me"
REASON = "Ticket 4711"


def bearing(token: str) -> APIClient:
    return APIClient(headers={"Authorization": f"Bearer {token}"})


def act(client: APIClient, business_id: Any, reason: Any = REASON) -> Any:
    return client.post(ACT_AS, {"business_id": str(business_id), "reason": reason})


def code_of(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["errors"][0]["code"]


def events(business: Personas) -> list[AuditEvent]:
    with business.scope():
        return list(AuditEvent.objects.order_by("created_at", "id"))


def row_of(user: User) -> User:
    with business_scope(PLATFORM_ID):
        row: User = User.objects.get(pk=user.pk)
        return row


@pytest.fixture
def platform(super_admin: User) -> APIClient:
    return client_of(super_admin)


def test_acting_gives_an_administrators_rights_in_one_business_for_an_hour(
    acme: Personas, globex: Personas, super_admin: User, platform: APIClient
) -> None:
    before = timezone.now()
    response = act(platform, acme.id)
    after = timezone.now()
    assert response.status_code == 200
    body = response.json()
    assert set(body) == {"access", "expires_at", "business"}
    assert body["business"]["id"] == str(acme.id)
    expires_at = row_of(super_admin).acting_expires_at
    assert expires_at is not None
    assert before + timedelta(minutes=59, seconds=58) < expires_at
    assert expires_at <= after + timedelta(hours=1)
    assert body["expires_at"] == f"{expires_at:%Y-%m-%dT%H:%M:%SZ}"
    claims = jwt.decode(body["access"], options={"verify_signature": False})
    assert claims["exp"] == expires_at.timestamp()

    me = bearing(body["access"]).get(ME).json()
    assert me["user"]["id"] == str(super_admin.pk)
    assert me["business"]["id"] == str(acme.id)
    assert me["acting"] == {
        "business": {"id": str(acme.id), "name": "Acme"},
        "reason": REASON,
        "expires_at": body["expires_at"],
    }
    of_admin = {
        right for right, roles in ROLE_PERMISSIONS.items() if Role.ADMIN in roles
    }
    assert set(me["may"]) == of_admin | {"platform.act_as"}
    users = bearing(body["access"]).get("/api/users").json()
    assert {user["business_id"] for user in users["results"]} == {str(acme.id)}
    hidden = bearing(body["access"]).get(f"/api/users/{globex.admin.pk}")
    assert hidden.status_code == 404


def test_the_start_stands_in_the_businesss_trail_with_its_end(
    acme: Personas, super_admin: User, platform: APIClient
) -> None:
    body = act(platform, acme.id).json()
    (event,) = events(acme)
    assert event.event_type == "acting_started"
    assert event.actor_id == super_admin.pk
    assert event.actor_label == super_admin.full_name
    assert event.cross_business
    assert not event.platform_only
    assert (event.entity_type, event.entity_id) == ("business", acme.id)
    assert event.metadata["reason"] == REASON
    assert event.metadata["expires_at"].startswith(body["expires_at"][:19])
    assert event.metadata["channel"] == "api"
    with business_scope(PLATFORM_ID):
        assert not AuditEvent.objects.exists()


def test_what_is_done_while_acting_is_the_super_admins_and_cross_business(
    acme: Personas, super_admin: User, platform: APIClient
) -> None:
    acting = bearing(act(platform, acme.id).json()["access"])
    created = acting.post(
        "/api/users",
        {
            "email": "new@acme.example.com",
            "full_name": "New",
            "role": "VIEWER",
            "password": "four other random words",
        },
    )
    assert created.status_code == 201
    assert created.json()["business_id"] == str(acme.id)
    event = events(acme)[-1]
    assert (event.event_type, event.actor_id) == ("user_created", super_admin.pk)
    assert event.cross_business


def test_leaving_stands_in_the_trail_and_kills_the_token(
    acme: Personas, super_admin: User, platform: APIClient
) -> None:
    acting = bearing(act(platform, acme.id).json()["access"])
    assert acting.delete(ACT_AS).status_code == 204
    started, ended = events(acme)
    assert ended.event_type == "acting_ended"
    assert ended.cross_business
    assert ended.metadata["expires_at"] == started.metadata["expires_at"]
    assert row_of(super_admin).acting_business_id is None
    assert code_of(acting.get(ME)) == (401, "acting_expired")
    assert platform.get(ME).json()["acting"] is None


def test_leaving_twice_or_without_acting_is_204_without_an_event(
    acme: Personas, platform: APIClient
) -> None:
    assert platform.delete(ACT_AS).status_code == 204
    act(platform, acme.id)
    assert platform.delete(ACT_AS).status_code == 204
    assert platform.delete(ACT_AS).status_code == 204
    assert [event.event_type for event in events(acme)] == [
        "acting_started",
        "acting_ended",
    ]


@pytest.mark.parametrize("from_acting", [False, True])
def test_one_business_at_a_time(
    acme: Personas, globex: Personas, platform: APIClient, from_acting: bool
) -> None:
    first = bearing(act(platform, acme.id).json()["access"])
    response = act(first if from_acting else platform, globex.id, "Another ticket")
    assert response.status_code == 200
    second = bearing(response.json()["access"])
    assert second.get(ME).json()["business"]["id"] == str(globex.id)
    assert code_of(first.get(ME)) == (401, "acting_expired")
    kinds = [event.event_type for event in events(acme)]
    assert kinds == ["acting_started", "acting_ended"]
    assert [event.event_type for event in events(globex)] == ["acting_started"]


def test_acting_anew_for_the_same_business_begins_another_hour(
    acme: Personas, platform: APIClient
) -> None:
    first = bearing(act(platform, acme.id).json()["access"])
    second = bearing(act(platform, acme.id).json()["access"])
    assert code_of(first.get(ME)) == (401, "acting_expired")
    assert second.get(ME).status_code == 200


def test_when_the_hour_is_over_every_request_is_acting_expired(
    acme: Personas, platform: APIClient
) -> None:
    acting = bearing(act(platform, acme.id).json()["access"])
    with time_machine.travel(timezone.now() + timedelta(hours=1, seconds=1)):
        for answer in (
            acting.get(ME),
            acting.get("/api/users"),
            acting.post("/api/users", {}),
            acting.delete(ACT_AS),
            act(acting, acme.id),
        ):
            assert code_of(answer) == (401, "acting_expired")


def test_an_hour_that_is_over_is_left_at_the_next_occasion(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    act(client_of(super_admin), acme.id)
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        assert act(client_of(super_admin), globex.id).status_code == 200
        assert [e.event_type for e in events(acme)][-1] == "acting_ended"
    with time_machine.travel(timezone.now() + timedelta(hours=4)):
        assert client_of(super_admin).delete(ACT_AS).status_code == 204
        assert [e.event_type for e in events(globex)][-1] == "acting_ended"


def test_the_row_ends_the_hour_even_if_the_token_says_more(
    acme: Personas, super_admin: User
) -> None:
    acting = bearing(token_of(super_admin, acting_for=acme.business))
    with business_scope(PLATFORM_ID):
        super_admin.acting_expires_at = timezone.now() - timedelta(seconds=1)
        super_admin.save(update_fields=["acting_expires_at"])
    assert code_of(acting.get(ME)) == (401, "acting_expired")


@pytest.mark.parametrize("role", ["ADMIN", "REVIEWER", "UPLOADER", "VIEWER"])
def test_nobody_else_acts(acme: Personas, globex: Personas, role: str) -> None:
    client = client_of(acme.user(role))
    for business in (acme, globex):
        assert code_of(act(client, business.id)) == (403, "permission_denied")
    assert code_of(client.delete(ACT_AS)) == (403, "permission_denied")
    assert events(acme) == events(globex) == []


def test_nobody_acts_for_platform_for_no_business_or_for_an_inactive_one(
    acme: Personas, platform: APIClient
) -> None:
    for missing in (PLATFORM_ID, uuid.uuid4()):
        response = act(platform, missing)
        assert code_of(response) == (400, "does_not_exist")
        assert response.json()["errors"][0]["attr"] == "business_id"
    with acme.scope():
        acme.business.is_active = False
        acme.business.save(update_fields=["is_active"])
    assert code_of(act(platform, acme.id)) == (409, "business_inactive")
    assert events(acme) == []


def test_a_refused_change_of_business_leaves_the_one_before(
    acme: Personas, platform: APIClient
) -> None:
    acting = bearing(act(platform, acme.id).json()["access"])
    assert act(acting, uuid.uuid4()).status_code == 400
    assert acting.get(ME).status_code == 200
    assert [event.event_type for event in events(acme)] == ["acting_started"]


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({"reason": REASON}, "business_id"),
        ({"business_id": "x", "reason": REASON}, "business_id"),
        ({"business_id": 7, "reason": REASON}, "business_id"),
        ({"business_id": str(PLATFORM_ID)}, "reason"),
        ({"business_id": str(PLATFORM_ID), "reason": "  "}, "reason"),
        ({"business_id": str(PLATFORM_ID), "reason": "x" * 501}, "reason"),
        ({"business_id": str(PLATFORM_ID), "reason": None}, "reason"),
        ({"business_id": str(PLATFORM_ID), "reason": "x", "hours": 8}, "hours"),
    ],
)
def test_a_malformed_request_is_400_and_names_the_field(
    platform: APIClient, body: dict[str, Any], attr: str
) -> None:
    response = platform.post(ACT_AS, body)
    assert response.status_code == 400
    assert [error["attr"] for error in response.json()["errors"]] == [attr]


def test_a_super_admin_who_is_deactivated_leaves(
    acme: Personas, super_admin: User, platform: APIClient
) -> None:
    with business_scope(PLATFORM_ID):
        UserFactory(role=Role.SUPER_ADMIN)
    acting = bearing(act(platform, acme.id).json()["access"])
    with business_scope(PLATFORM_ID):
        deactivate_user(user_id=super_admin.pk, actor=None)
    assert code_of(acting.get(ME)) == (401, "user_inactive")
    assert [e.event_type for e in events(acme)] == ["acting_started", "acting_ended"]


@pytest.mark.django_db(transaction=True)
def test_of_two_that_start_at_once_one_holds(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    client = bearing(start_sign_in(super_admin).access)

    def attempt(business_id: Any) -> str:
        try:
            token: str = act(client, business_id).json()["access"]
            return token
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        tokens = list(pool.map(attempt, (acme.id, globex.id)))
    assert sorted(bearing(t).get(ME).status_code for t in tokens) == [200, 401]
    kinds = sorted(e.event_type for e in [*events(acme), *events(globex)])
    assert kinds == ["acting_ended", "acting_started", "acting_started"]
