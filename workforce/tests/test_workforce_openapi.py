"""Tests that responses of /api/sites, /api/employees and /api/audit_events conform to the OpenAPI document."""

import uuid
from typing import Any

import pytest

from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from tests.openapi_conformance import complaints, document
from workforce.tests.factories import EmployeeFactory, SiteSettingsFactory

SITE, SETTINGS, EMPLOYEE = (
    "/api/sites/{id}",
    "/api/sites/{id}/settings",
    "/api/employees/{id}",
)


@pytest.mark.parametrize("role", ["admin", "uploader"])
@pytest.mark.parametrize("is_filled", [False, True], ids=["bare", "filled"])
def test_answers_are_documented(acme: Personas, role: str, is_filled: bool) -> None:
    with acme.scope():
        john = EmployeeFactory(**({} if is_filled else {"site": None}))
        jim = EmployeeFactory()
        if is_filled:
            SiteSettingsFactory(
                site=john.site, responsible_employee=john, hourly_tariff="1.5"
            )
    site_id = (john.site or jim.site).pk
    client = client_of(acme.user(role))
    requests: list[tuple[str, str, str, dict[str, Any] | None]] = [
        ("get", "/api/sites", "/api/sites", None),
        ("get", "/api/sites", "/api/sites?include_counts=true", None),
        ("get", "/api/sites", "/api/sites?color=red", None),
        ("post", "/api/sites", "/api/sites", {"site_name": "North"}),
        ("post", "/api/sites", "/api/sites", {}),
        ("get", SITE, f"/api/sites/{site_id}", None),
        ("get", SITE, f"/api/sites/{uuid.uuid4()}", None),
        ("get", SITE, "/api/sites/x", None),
        ("patch", SITE, f"/api/sites/{site_id}", {"address": "1 Road"}),
        ("delete", SITE, f"/api/sites/{site_id}", None),
        ("post", f"{SITE}/deactivate", f"/api/sites/{site_id}/deactivate", None),
        ("get", SETTINGS, f"/api/sites/{site_id}/settings", None),
        ("put", SETTINGS, f"/api/sites/{site_id}/settings", {"is_hidden": True}),
        ("patch", SETTINGS, f"/api/sites/{site_id}/settings", {"is_hidden": 7}),
        ("get", "/api/employees", "/api/employees", None),
        ("post", "/api/employees", "/api/employees", {"full_name": "Jane Example"}),
        ("post", "/api/employees", "/api/employees", {"full_name": "X", "x": 1}),
        ("get", EMPLOYEE, f"/api/employees/{john.pk}", None),
        ("get", EMPLOYEE, f"/api/employees/{uuid.uuid4()}", None),
        ("put", EMPLOYEE, f"/api/employees/{john.pk}", {"full_name": "J. Example"}),
        ("post", f"{EMPLOYEE}/release", f"/api/employees/{john.pk}/release", None),
        (
            "post",
            f"{EMPLOYEE}/deactivate",
            f"/api/employees/{john.pk}/deactivate",
            None,
        ),
        ("post", f"{EMPLOYEE}/activate", f"/api/employees/{john.pk}/activate", None),
        ("delete", EMPLOYEE, f"/api/employees/{john.pk}", None),
        ("get", "/api/audit_events", "/api/audit_events", None),
    ]
    wrong: list[str] = []
    for method, path, url, body in requests:
        wrong += complaints(path, method, getattr(client, method)(url, body))
    assert wrong == []


def test_lists_and_bodies_have_examples() -> None:
    for path in ("/api/sites", "/api/employees", "/api/audit_events"):
        listed = document()["paths"][path]["get"]["responses"]["200"]
        (example, *_) = listed["content"]["application/json"]["examples"].values()
        assert example["value"]["results"]
    for path, method in ((SITE, "patch"), (EMPLOYEE, "put"), (SETTINGS, "put")):
        body = document()["paths"][path][method]["requestBody"]["content"]
        assert body["application/json"]["examples"]
