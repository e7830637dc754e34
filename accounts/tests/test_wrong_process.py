"""Tests of separate processes for the businesses and for the platform.

Each process rejects the users of the other.
"""

from typing import Any

import pytest
from django.test import Client, override_settings
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.api_clients import client_of
from accounts.tests.factories import PASSWORD
from accounts.tests.personas import Personas
from accounts.token_sessions import start_sign_in
from businesses.tenancy.context import platform_scope
from businesses.tenancy.exceptions import ScopeError
from tests.admin_clients import admin_client_for

pytestmark = pytest.mark.django_db

as_web = override_settings(TENANCY_PROCESS="web")
as_console = override_settings(TENANCY_PROCESS="console")


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["code"]


def sign_in(email: str | None, password: str = PASSWORD) -> Any:
    body = {"email": email, "password": password}
    return APIClient().post("/api/auth/login", body)


@as_web
def test_a_super_admin_does_not_sign_in_at_the_web(super_admin: User) -> None:
    assert code_of(sign_in(super_admin.email)) == (403, "console_only")
    assert code_of(sign_in(super_admin.email, "wrong"))[0] == 401


@as_console
def test_only_super_admins_sign_in_at_the_console(
    acme: Personas, super_admin: User
) -> None:
    assert code_of(sign_in(acme.admin.email)) == (403, "not_at_console")
    assert code_of(sign_in(acme.admin.email, "wrong"))[0] == 401
    assert sign_in(super_admin.email).status_code == 200


@as_web
def test_a_super_admins_tokens_are_dead_at_the_web_also_when_acting(
    acme: Personas, super_admin: User
) -> None:
    tokens = start_sign_in(super_admin)
    for client in (
        client_of(super_admin),
        client_of(super_admin, acting_for=acme.business),
    ):
        for path in ("auth/me", "employees", f"businesses/{acme.id}"):
            assert code_of(client.get(f"/api/{path}")) == (401, "console_only")
    refreshed = APIClient().post("/api/auth/refresh", {"refresh": tokens.refresh})
    assert code_of(refreshed) == (401, "console_only")
    with as_console:  # the rejected request has not used up the token
        refreshed = APIClient().post("/api/auth/refresh", {"refresh": tokens.refresh})
        assert refreshed.status_code == 200


@as_console
def test_a_businesss_tokens_are_dead_at_the_console(
    acme: Personas, super_admin: User
) -> None:
    answer = client_of(acme.admin).get("/api/employees")
    assert code_of(answer) == (401, "not_at_console")
    acting = client_of(super_admin, acting_for=acme.business)
    assert acting.get("/api/employees").status_code == 200


def test_the_admin_says_the_same(acme: Personas, super_admin: User) -> None:
    with as_web:
        page = admin_client_for(super_admin).get("/admin/")
        assert page.status_code == 401
        assert "Super-admins must use the platform" in page.content.decode()
        form = {"email": super_admin.email, "password": PASSWORD}
        page = Client().post("/admin/login/", form)
        assert page.status_code == 403
        assert "Super-admins must use the platform" in page.content.decode()
        assert admin_client_for(acme.admin).get("/admin/").status_code == 200
    with as_console:
        page = admin_client_for(acme.admin).get("/admin/")
        assert page.status_code == 401
        assert "Only super-admins can use" in page.content.decode()
        assert admin_client_for(super_admin).get("/admin/").status_code == 200


@as_web
def test_a_web_process_does_not_even_try_to_become_the_platform() -> None:
    with (
        pytest.raises(ScopeError, match="cannot use the platform role"),
        platform_scope("a test"),
    ):
        pass
