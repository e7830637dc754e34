"""Tests of a deactivation during a sign-in: an earlier check gives no access."""

from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.test import RequestFactory
from rest_framework.test import APIClient

from accounts import admin_sessions, auth_views
from accounts import login as sign_in
from accounts.act_as import start_acting
from accounts.authentication import SESSION_KEY, InvalidCredentials
from accounts.models import User
from accounts.services import activate_user, deactivate_user, update_user
from accounts.tests.factories import PASSWORD
from accounts.tests.personas import Personas
from businesses.models import PLATFORM_ID
from businesses.tenancy.context import business_scope, platform_scope
from tests.api_helpers import events

GOOD = "four other random words"


def login(user: User) -> Any:
    body = {"email": user.email, "password": PASSWORD}
    return APIClient().post("/api/auth/login", body)


def shut_out(user: User, how: str) -> None:
    """Deactivate the user or reset the password, in the middle of a sign-in."""
    if how == "reset":
        update_user(user_id=user.pk, values={"password": GOOD}, actor=None)
        return
    deactivate_user(user_id=user.pk, actor=None)
    if how == "off and on":
        activate_user(user_id=user.pk, actor=None)


@pytest.mark.parametrize("how", ["reset", "deactivate", "off and on"])
def test_shut_out_while_the_password_is_looked_at_nobody_gets_in(
    acme: Personas, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    check = sign_in.check_password

    def slowly(*args: Any) -> bool:
        is_right = check(*args)
        with acme.scope():
            shut_out(acme.viewer, how)
        return is_right

    monkeypatch.setattr(sign_in, "check_password", slowly)
    assert login(acme.viewer).status_code == 401


@pytest.mark.parametrize("how", ["reset", "off and on"])
def test_shut_out_before_the_tokens_are_made_they_are_dead(
    acme: Personas, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    admit = auth_views.sign_in

    def slowly(*args: Any, **kwargs: Any) -> User:
        user = admit(*args, **kwargs)
        with acme.scope():
            shut_out(user, how)
        return user

    monkeypatch.setattr(auth_views, "sign_in", slowly)
    tokens = login(acme.viewer).json()
    client = APIClient(headers={"Authorization": f"Bearer {tokens['access']}"})
    assert client.get("/api/auth/me").status_code == 401
    refreshed = client.post("/api/auth/refresh", {"refresh": tokens["refresh"]})
    assert refreshed.status_code == 401


def test_shut_out_since_the_request_came_in_nobody_acts(
    acme: Personas, super_admin: User
) -> None:
    with business_scope(PLATFORM_ID):
        update_user(user_id=super_admin.pk, values={"password": GOOD}, actor=None)
    with pytest.raises(InvalidCredentials), platform_scope("a request"):
        start_acting(user=super_admin, business_id=acme.id, reason="Ticket 4711")
    assert events(acme.id) == []


def test_stopping_to_act_makes_a_session_no_younger(
    acme: Personas, super_admin: User
) -> None:
    """Otherwise a session that had ended would become valid again."""
    request = RequestFactory().post("/admin/stop_acting/")
    request.session = SessionStore()  # type: ignore[assignment]
    admin_sessions.start_session(request, super_admin)
    began = request.session[SESSION_KEY]["issued_at"]
    admin_sessions.stop_acting(request, super_admin)
    assert request.session[SESSION_KEY]["issued_at"] == began
