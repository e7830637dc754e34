"""Tests of refreshing tokens and ending sign-ins."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.db import connections
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import SignIn, User
from accounts.services import activate_user, deactivate_user
from accounts.tests.api_clients import token_of
from accounts.tests.personas import Personas
from accounts.token_sessions import Tokens, start_sign_in
from audit.models import AuditEvent
from businesses.models import PLATFORM_ID

REFRESH, LOGOUT, ME = "/api/auth/refresh", "/api/auth/logout", "/api/auth/me"


def refresh(token: Any, **extra: Any) -> Any:
    return APIClient().post(REFRESH, {"refresh": token}, **extra)


def logout(token: Any) -> int:
    return APIClient().post(LOGOUT, {"refresh": token}).status_code


def is_alive(tokens: Tokens | dict[str, str]) -> bool:
    access = tokens["access"] if isinstance(tokens, dict) else tokens.access
    headers = {"Authorization": f"Bearer {access}"}
    return APIClient().get(ME, headers=headers).status_code == 200


def code_of(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["errors"][0]["code"]


DEAD = (401, "token_not_valid")


def test_a_refresh_token_gives_new_tokens_once_each(acme: Personas) -> None:
    tokens = start_sign_in(acme.admin)
    first = refresh(tokens.refresh).json()
    assert set(first) == {"access", "refresh"}
    second = refresh(first["refresh"]).json()
    assert len({tokens.refresh, first["refresh"], second["refresh"]}) == 3
    assert all(map(is_alive, (tokens, first, second)))
    with acme.scope():
        assert SignIn.objects.count() == 1
        assert AuditEvent.objects.count() == 0


def test_a_used_token_ends_the_sign_in_and_is_written_once(
    acme: Personas,
) -> None:
    tokens, other = start_sign_in(acme.admin), start_sign_in(acme.admin)
    renewed = refresh(tokens.refresh).json()
    for _ in range(2):
        response = refresh(tokens.refresh, REMOTE_ADDR="203.0.113.7")
        assert code_of(response) == DEAD
    assert code_of(refresh(renewed["refresh"])) == DEAD
    assert not is_alive(tokens)
    assert not is_alive(renewed)
    assert is_alive(other)
    with acme.scope():
        event = AuditEvent.objects.get()
        assert event.event_type == "refresh_token_reused"
        assert (event.entity_type, event.entity_id) == ("user", acme.admin.pk)
        assert event.metadata["address"] == "203.0.113.7"


@pytest.mark.django_db(transaction=True)
def test_of_two_refreshes_at_once_one_wins_and_the_sign_in_ends(
    acme: Personas,
) -> None:
    tokens = start_sign_in(acme.admin)
    barrier = Barrier(2)

    def attempt(_: int) -> Any:
        try:
            barrier.wait(10)
            return refresh(tokens.refresh)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(attempt, range(2)), key=lambda a: a.status_code)
    assert [answer.status_code for answer in answers] == [200, 401]
    assert not is_alive(answers[0].json())
    with acme.scope():
        events = AuditEvent.objects.values_list("event_type", flat=True)
        assert list(events) == ["refresh_token_reused"]


def test_a_super_admins_sign_in_is_renewed_onto_the_platform(
    super_admin: User,
) -> None:
    tokens = refresh(start_sign_in(super_admin).refresh).json()
    assert is_alive(tokens)


@pytest.mark.parametrize("token", ["rubbish", "a.b.c"])
def test_rubbish_is_401(db: None, token: str) -> None:
    assert code_of(refresh(token)) == DEAD
    assert logout(token) == 401


@pytest.mark.parametrize(
    "token", [None, 7, "", {}, ["x"], "x" * 5000, "a\x00b"], ids=str
)
def test_a_malformed_request_is_400(db: None, token: Any) -> None:
    assert refresh(token).status_code == 400
    assert logout(token) == 400
    assert APIClient().post(REFRESH, {}).status_code == 400


def test_an_access_token_refreshes_nothing(acme: Personas, super_admin: User) -> None:
    assert code_of(refresh(start_sign_in(acme.admin).access)) == DEAD
    assert logout(start_sign_in(acme.admin).access) == 401
    acting = token_of(super_admin, acting_for=acme.business)
    assert code_of(refresh(acting)) == DEAD


def test_a_refresh_token_lives_seven_days_from_the_last_refresh(
    acme: Personas,
) -> None:
    tokens = start_sign_in(acme.admin)
    with time_machine.travel(timezone.now() + timedelta(days=6, hours=23)):
        renewed = refresh(tokens.refresh).json()
    with time_machine.travel(timezone.now() + timedelta(days=13)):
        again = refresh(renewed["refresh"]).json()
    with time_machine.travel(timezone.now() + timedelta(days=20, hours=1)):
        assert code_of(refresh(again["refresh"])) == DEAD


def test_an_inactive_user_refreshes_nothing_and_is_told_why(acme: Personas) -> None:
    tokens = start_sign_in(acme.viewer)
    with acme.scope():
        deactivate_user(user_id=acme.viewer.pk, actor=None)
    assert code_of(refresh(tokens.refresh)) == (401, "user_inactive")
    with acme.scope():
        activate_user(user_id=acme.viewer.pk, actor=None)
    assert code_of(refresh(tokens.refresh)) == DEAD


def test_an_inactive_businesss_user_refreshes_nothing(acme: Personas) -> None:
    tokens = start_sign_in(acme.viewer)
    with acme.scope():
        acme.business.is_active = False
        acme.business.save(update_fields=["is_active"])
    assert code_of(refresh(tokens.refresh)) == (401, "business_inactive")


def test_somebody_elses_bearer_sent_along_changes_nothing(
    acme: Personas, globex: Personas
) -> None:
    tokens = start_sign_in(acme.admin)
    bearer = {"Authorization": f"Bearer {token_of(globex.admin)}"}
    assert refresh(tokens.refresh, headers=bearer).status_code == 200
    assert code_of(refresh(tokens.refresh, headers=bearer)) == DEAD
    with acme.scope():  # globex's scope has not rolled back the revocation
        assert AuditEvent.objects.count() == 1
        assert not SignIn.objects.filter(revoked_at__isnull=True).exists()
    with globex.scope():
        assert AuditEvent.objects.count() == 0


def test_signing_out_ends_this_sign_in_alone_and_can_be_repeated(
    acme: Personas,
) -> None:
    tokens, other = start_sign_in(acme.admin), start_sign_in(acme.admin)
    assert logout(tokens.refresh) == 204
    assert not is_alive(tokens)
    assert code_of(refresh(tokens.refresh)) == DEAD
    assert is_alive(other)
    assert logout(tokens.refresh) == 204


def test_signing_out_with_a_token_that_was_used_ends_the_sign_in_too(
    acme: Personas,
) -> None:
    tokens = start_sign_in(acme.admin)
    renewed = refresh(tokens.refresh).json()
    assert logout(tokens.refresh) == 204
    assert not is_alive(renewed)


def test_signing_out_ends_acting_begun_in_that_sign_in(
    acme: Personas, super_admin: User
) -> None:
    tokens = start_sign_in(super_admin)
    client = APIClient(headers={"Authorization": f"Bearer {tokens.access}"})
    body = {"business_id": str(acme.id), "reason": "Ticket 4711"}
    acting = client.post("/api/auth/act-as", body).json()
    assert is_alive(acting)
    assert logout(tokens.refresh) == 204
    assert not is_alive(acting)
    assert super_admin.business_id == PLATFORM_ID
