"""Tests of the OpenAPI document about users, businesses and sign-in."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.api_clients import client_of
from accounts.tests.factories import PASSWORD
from accounts.tests.personas import Personas
from accounts.token_sessions import start_sign_in
from tests.openapi_conformance import complaints, document

NEW = {
    "email": "new@example.com",
    "full_name": "New",
    "role": "VIEWER",
    "password": "four other random words",
}
NEW_BUSINESS = {
    "business_name": "New",
    "admin": {name: NEW[name] for name in ("email", "full_name", "password")},
}


def test_what_is_answered_is_what_the_document_says(
    acme: Personas, super_admin: User
) -> None:
    admin, platform, anonymous = (
        client_of(acme.admin),
        client_of(super_admin),
        APIClient(),
    )
    credentials = {"email": acme.admin.email, "password": PASSWORD}
    refresh = {"refresh": start_sign_in(acme.admin).refresh}
    act_as = {"business_id": str(acme.id), "reason": "Ticket 4711"}
    user, business = f"users/{acme.viewer.pk}", f"businesses/{acme.id}"
    requests: list[tuple[APIClient, str, str, Any]] = [
        (anonymous, "post", "auth/login", credentials),
        (anonymous, "post", "auth/login", credentials | {"password": "wrong"}),
        (anonymous, "post", "auth/login", {}),
        (anonymous, "post", "auth/refresh", refresh),
        (anonymous, "post", "auth/refresh", refresh),
        (anonymous, "post", "auth/logout", refresh),
        (anonymous, "get", "auth/me", None),
        (admin, "get", "auth/me", None),
        (platform, "get", "auth/me", None),
        (platform, "post", "auth/act-as", act_as),
        (platform, "get", "auth/me", None),
        (admin, "post", "auth/act-as", act_as),
        (platform, "delete", "auth/act-as", None),
        (admin, "post", "auth/password", {"current_password": "wrong"}),
        (admin, "get", "users", None),
        (admin, "post", "users", NEW),
        (admin, "post", "users", NEW),
        (admin, "get", user, None),
        (admin, "patch", user, {"full_name": "Vera"}),
        (admin, "post", f"{user}/deactivate", None),
        (admin, "post", f"{user}/release", None),
        (admin, "get", user, None),
        (admin, "post", f"{user}/activate", None),
        (admin, "post", f"{user}/activate", {"email": "v@example.com"}),
        (admin, "post", f"{user}/release", None),
        (platform, "delete", user, None),
        (admin, "get", business, None),
        (admin, "patch", business, {"language": "he"}),
        (admin, "post", f"{business}/activate", None),
        (platform, "get", "businesses", None),
        (platform, "post", "businesses", NEW_BUSINESS),
        (platform, "post", "businesses", NEW_BUSINESS | {"business_name": "Newer"}),
        (platform, "post", f"{business}/deactivate", None),
        (platform, "delete", business, None),
    ]
    found = []
    for client, method, path, body in requests:
        response = getattr(client, method)(f"/api/{path}", body)
        assert response.status_code < 500
        documented = path.replace(str(acme.viewer.pk), "{id}").replace(
            str(acme.id), "{id}"
        )
        found += complaints(f"/api/{documented}", method, response)
    assert found == []


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_every_operation_has_a_summary_and_every_body_an_example(method: str) -> None:
    for path, operations in document()["paths"].items():
        if not path.startswith(("/api/auth", "/api/users", "/api/businesses")):
            continue
        operation = operations.get(method)
        if operation is None:
            continue
        assert operation.get("description"), (method, path)
        body = operation.get("requestBody")
        if body is None:
            continue
        assert list(body["content"]) == ["application/json"], (method, path)
        assert body["content"]["application/json"].get("examples"), (method, path)


def test_signing_in_is_described_as_open() -> None:
    paths = document()["paths"]
    for path in ("login", "refresh", "logout"):
        assert not any(paths[f"/api/auth/{path}"]["post"].get("security", []))
    assert paths["/api/auth/me"]["get"]["security"] == [{"bearer": []}]
