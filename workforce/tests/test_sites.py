"""Tests of /api/sites: read by all businesses, edited by the steward, deactivated by super-admins."""

import json
import uuid
from typing import Any

import pytest

from accounts.models import User
from accounts.roles import Role
from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from businesses.models import PLATFORM_ID
from businesses.tenancy.context import platform_scope
from tests.api_helpers import events, problem, queries
from workcards.tests.factories import WorkCardFactory
from workforce.models import Site
from workforce.tests.factories import (
    EmployeeFactory,
    SiteFactory,
    SiteSettingsFactory,
)


def path(site: Site, verb: str = "") -> str:
    return f"/api/sites/{site.pk}" + (f"/{verb}" if verb else "")


# Reading


def test_everybody_reads_every_site(
    acme: Personas, globex: Personas, site: Site
) -> None:
    for person in (acme.viewer, globex.admin, globex.uploader):
        body = client_of(person).get("/api/sites").json()
        assert [row["id"] for row in body["results"]] == [str(site.pk)]
        assert "steward" not in str(body).replace("is_steward", "")
    assert client_of(acme.admin).get(path(site)).json() == {
        "id": str(site.pk),
        "site_name": "Construction Site 1",
        "site_code": "CS-1",
        "address": "",
        "is_active": True,
        "is_steward": True,
        "settings": None,
    }
    assert client_of(globex.admin).get(path(site)).json()["is_steward"] is False


def test_sites_are_listed_by_name_filtered_and_searched(acme: Personas) -> None:
    with acme.scope():
        SiteFactory(site_name="Beta", is_active=False)
        SiteFactory(site_name="alpha tower", address="Harbour Road")
        SiteFactory(site_name="Alpha", site_code="HQ")
    client = client_of(acme.viewer)

    def names(**query: str) -> list[str]:
        return [
            row["site_name"]
            for row in client.get("/api/sites", query).json()["results"]
        ]

    assert set(names()) == {"Alpha", "alpha tower", "Beta"}
    assert names(is_active="false") == ["Beta"]
    assert names(search="harbour alpha") == ["alpha tower"]
    assert names(search="hq") == ["Alpha"]
    assert names(ordering="-created_at") == ["Alpha", "alpha tower", "Beta"]
    assert problem(client.get("/api/sites?colour=red")) == (
        400,
        "unknown_parameter",
        "colour",
    )
    assert problem(client.get("/api/sites?is_active=maybe"))[2] == "is_active"
    assert problem(client.get("/api/sites?ordering=steward"))[2] == "ordering"
    assert problem(client.get("/api/sites?search=%00"))[2] == "search"


def test_counts_are_of_own_rows_only(
    acme: Personas, globex: Personas, super_admin: User, site: Site
) -> None:
    with acme.scope():
        EmployeeFactory(site=site)
        WorkCardFactory(site=site, employee=EmployeeFactory(site=site, is_active=False))
    with globex.scope():
        EmployeeFactory.create_batch(3, site=site)
    url = f"{path(site)}?include_counts=true"
    assert client_of(acme.viewer).get(url).json()["counts"] == {
        "employees": 2,
        "active_employees": 1,
        "cards": 1,
    }
    assert client_of(globex.viewer).get(url).json()["counts"]["employees"] == 3
    assert client_of(super_admin).get(url).json()["counts"]["employees"] == 5
    listed = client_of(acme.viewer).get("/api/sites?include_counts=true").json()
    assert listed["results"][0]["counts"]["employees"] == 2
    assert "counts" not in client_of(acme.viewer).get(path(site)).json()
    assert problem(client_of(acme.viewer).get("/api/sites?include_counts=yes"))[2] == (
        "include_counts"
    )


@pytest.mark.parametrize("query", ["", "?include_counts=true"])
def test_a_list_costs_the_same_for_1_site_and_for_50(
    acme: Personas, query: str
) -> None:
    client = client_of(acme.admin)
    with acme.scope():
        employee = EmployeeFactory()
        SiteSettingsFactory(site=employee.site, responsible_employee=employee)
    one = queries(lambda: client.get(f"/api/sites{query}"))
    with acme.scope():
        for _ in range(49):
            SiteSettingsFactory(responsible_employee=employee)
    fifty = queries(lambda: client.get(f"/api/sites{query}"))
    assert one == fifty <= 5
    assert client.get("/api/sites").json()["count"] == 50


# Writing


def test_an_admin_creates_a_site_and_is_its_steward(acme: Personas) -> None:
    response = client_of(acme.admin).post(
        "/api/sites",
        {"site_name": "  North \u00a0 Tower ", "site_code": "NT", "address": "1 Road"},
    )
    assert response.status_code == 201
    body = response.json()
    assert (body["site_name"], body["is_steward"], body["settings"]) == (
        "North Tower",
        True,
        None,
    )
    (event,) = events(acme.id)
    assert (event.event_type, event.site_id) == ("site_created", uuid.UUID(body["id"]))
    assert event.entity_label == "North Tower"
    assert event.metadata["after"] == {
        "site_name": "North Tower",
        "site_code": "NT",
        "address": "1 Road",
        "is_active": True,
    }
    assert "before" not in event.metadata
    assert event.actor_id == acme.admin.pk


def test_the_body_of_a_get_can_be_put_back(acme: Personas, site: Site) -> None:
    client = client_of(acme.admin)
    with acme.scope():
        SiteSettingsFactory(site=site, hourly_tariff="50")
    body = client.get(f"{path(site)}?include_counts=true").json()
    assert client.put(path(site), body).status_code == 200
    assert events(acme.id) == []
    body["address"] = "2 Road"
    assert client.put(path(site), body).json()["address"] == "2 Road"
    (event,) = events(acme.id)
    assert event.event_type == "site_updated"
    assert event.metadata["before"] == {"address": ""}
    assert event.metadata["after"] == {"address": "2 Road"}


def test_another_business_may_not_edit_a_site_that_it_sees(
    globex: Personas, site: Site
) -> None:
    client = client_of(globex.admin)
    for response in (
        client.patch(path(site), {"address": "Mine now"}),
        client.patch(path(site), {"nonsense": 1}),
        client.put(path(site), {"site_name": "Mine now"}),
    ):
        assert problem(response) == (403, "permission_denied", None)
    with globex.scope():
        assert Site.objects.get().address == ""
    assert events(globex.id) == []


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.UPLOADER, Role.VIEWER])
def test_only_admins_write_sites(acme: Personas, site: Site, role: Role) -> None:
    client = client_of(acme.user(role))
    assert problem(client.post("/api/sites", {"site_name": "X"}))[0] == 403
    assert problem(client.patch(path(site), {"address": "X"}))[0] == 403
    assert problem(client.put(path(site), {"site_name": "X"}))[0] == 403


def test_only_super_admins_close_and_open_sites(
    acme: Personas, super_admin: User, site: Site
) -> None:
    admin = client_of(acme.admin)
    for answer in (
        admin.post(path(site, "deactivate")),
        admin.post(path(site, "activate")),
        admin.delete(path(site)),
    ):
        assert problem(answer) == (403, "permission_denied", None)
    client = client_of(super_admin)
    for _ in range(2):
        answer = client.post(path(site, "deactivate"))
        assert (answer.status_code, answer.json()["is_active"]) == (200, False)
    assert client.post(path(site, "activate")).json()["is_active"] is True
    assert client.delete(path(site)).status_code == 204
    assert [event.event_type for event in events(PLATFORM_ID)] == [
        "site_deactivated",
        "site_activated",
        "site_deactivated",
    ]
    assert events(acme.id) == []


def test_a_super_admin_manages_any_site_and_platform_keeps_the_trail(
    acme: Personas, super_admin: User, site: Site
) -> None:
    client = client_of(super_admin)
    made = client.post("/api/sites", {"site_name": "Everybody's"})
    assert (made.status_code, made.json()["is_steward"]) == (201, False)
    with platform_scope("looks who the steward is"):
        assert Site.objects.get(pk=made.json()["id"]).steward_id is None
    assert client.patch(path(site), {"address": "3 Road"}).status_code == 200
    trail = events(PLATFORM_ID)
    assert [event.event_type for event in trail] == ["site_created", "site_updated"]
    assert {event.actor_id for event in trail} == {super_admin.pk}
    assert not any(event.cross_business for event in trail)
    assert events(acme.id) == []


def test_nobody_is_the_steward_of_a_site_that_a_super_admin_made(
    acme: Personas, super_admin: User
) -> None:
    made = client_of(super_admin).post("/api/sites", {"site_name": "Everybody's"})
    answer = client_of(acme.admin).patch(
        f"/api/sites/{made.json()['id']}", {"address": "Mine"}
    )
    assert answer.status_code == 403


def test_a_super_admin_who_acts_for_a_business_creates_as_that_business(
    acme: Personas, globex: Personas, super_admin: User, site: Site
) -> None:
    client = client_of(super_admin, acting_for=globex.business)
    made = client.post("/api/sites", {"site_name": "Globex Yard"})
    assert (made.status_code, made.json()["is_steward"]) == (201, True)
    assert problem(client.patch(path(site), {"address": "X"}))[0] == 403
    assert problem(client.post(path(site, "deactivate")))[0] == 403
    (event,) = events(globex.id)
    assert (event.event_type, event.cross_business) == ("site_created", True)
    assert events(PLATFORM_ID) == []


@pytest.mark.parametrize(
    ("field", "value"), [("site_name", "Construction  Site 1"), ("site_code", "CS-1")]
)
def test_names_and_codes_are_unique_everywhere(
    acme: Personas, globex: Personas, site: Site, field: str, value: str
) -> None:
    body = {"site_name": "Another", "site_code": "A", field: value}
    answers = [
        client_of(person).post("/api/sites", body)
        for person in (acme.admin, globex.admin)
    ]
    assert problem(answers[0]) == (400, "already_in_use", field)
    assert answers[0].content == answers[1].content
    assert events(acme.id) == events(globex.id) == []


@pytest.mark.parametrize(
    ("body", "code", "attr"),
    [
        ({}, "required", "site_name"),
        ({"site_name": ""}, "blank", "site_name"),
        ({"site_name": "   "}, "blank", "site_name"),
        ({"site_name": "x" * 201}, "max_length", "site_name"),
        ({"site_name": "X", "site_code": "x" * 41}, "max_length", "site_code"),
        ({"site_name": "X", "site_code": ""}, "blank", "site_code"),
        ({"site_name": "a\0b"}, "null_characters_not_allowed", "site_name"),
        ({"site_name": "\7\u200f"}, "blank", "site_name"),
        ({"site_name": "\ud800"}, "surrogate_characters_not_allowed", "site_name"),
        ({"site_name": ["X"]}, "invalid", "site_name"),
        (
            {"site_name": "X", "steward_id": str(uuid.uuid4())},
            "unknown_field",
            "steward_id",
        ),
        ({"site_name": "X", "business_id": None}, "unknown_field", "business_id"),
        ({"site_name": "X", "is_active": False}, "read_only", "is_active"),
        ({"site_name": "X", "is_steward": True}, "read_only", "is_steward"),
        ({"site_name": "X", "settings": {"is_hidden": True}}, "read_only", "settings"),
        ({"site_name": "X", "id": str(uuid.uuid4())}, "read_only", "id"),
    ],
)
def test_a_wrong_body_is_refused_by_the_name_of_its_field(
    acme: Personas, body: dict[str, Any], code: str, attr: str
) -> None:
    # The renderer of the test client cannot write lone surrogates.
    answer = client_of(acme.admin).post(
        "/api/sites", json.dumps(body), content_type="application/json"
    )
    assert problem(answer) == (400, code, attr)
    with acme.scope():
        assert not Site.objects.exists()
    assert events(acme.id) == []


def test_missing_and_malformed_ids(acme: Personas) -> None:
    client = client_of(acme.admin)
    missing = client.get(f"/api/sites/{uuid.uuid4()}")
    assert problem(missing) == (404, "not_found", None)
    for malformed in ("1", "x", "%00", "0" * 36, "a" * 3000):
        assert problem(client.get(f"/api/sites/{malformed}")) == (400, "invalid", "id")
    assert problem(client.post(f"/api/sites/{uuid.uuid4()}/settings"))[0] == 405


def test_verbs_take_no_body(super_admin: User, site: Site) -> None:
    answer = client_of(super_admin).post(path(site, "deactivate"), {"because": "x"})
    assert problem(answer) == (400, "unknown_field", "because")


def test_signed_out_is_401(client: Any, site: Site) -> None:
    assert client.get("/api/sites").status_code == 401
    assert client.get(path(site, "settings")).status_code == 401
