"""Tests of /api/sites/{id}/settings: the private settings of a business for a site."""

import uuid
from typing import Any

import pytest

from accounts.models import User
from accounts.roles import Role
from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from tests.api_helpers import events, problem
from workforce.models import Site, SiteSettings
from workforce.tests.factories import (
    EmployeeFactory,
    SiteSettingsFactory,
)

SETTINGS = {
    "hourly_tariff": "62.5",
    "contact_emails": ["office@example.com"],
    "contact_phone": "03-123-4567",
    "expected_cards_per_month": 3,
    "is_hidden": True,
}


def url(site: Site) -> str:
    return f"/api/sites/{site.pk}/settings"


def test_before_the_first_put_the_settings_are_those_that_hold_without_it(
    acme: Personas, site: Site
) -> None:
    client = client_of(acme.admin)
    body = client.get(url(site)).json()
    assert body == {
        "id": None,
        "business_id": str(acme.id),
        "site_id": str(site.pk),
        "site": {"id": str(site.pk), "name": "Construction Site 1"},
        "hourly_tariff": None,
        "contact_emails": [],
        "contact_phone": "",
        "responsible_employee_id": None,
        "responsible_employee": None,
        "expected_cards_per_month": None,
        "is_hidden": False,
        "created_at": None,
        "updated_at": None,
    }
    with acme.scope():
        assert not SiteSettings.objects.exists()
    assert client.put(url(site), body).status_code == 200
    with acme.scope():
        assert SiteSettings.objects.get().site_id == site.pk


def test_the_first_put_makes_them_and_the_site_shows_them(
    acme: Personas, globex: Personas, site: Site
) -> None:
    client = client_of(acme.reviewer)
    with acme.scope():
        employee = EmployeeFactory(full_name="John Example", site=site)
    body = {**SETTINGS, "responsible_employee_id": str(employee.pk)}
    made = client.put(url(site), body)
    assert made.status_code == 200
    assert made.json()["hourly_tariff"] == "62.50"
    assert made.json()["contact_phone"] == "+97231234567"
    assert made.json()["responsible_employee"] == {
        "id": str(employee.pk),
        "name": "John Example",
    }
    assert client.get(url(site)).json() == made.json()
    listed = client.get("/api/sites").json()["results"][0]
    assert listed["id"] == str(site.pk), "a hidden site stays in the list"
    assert listed["settings"] == made.json()
    (theirs,) = client_of(globex.admin).get("/api/sites").json()["results"]
    assert theirs["settings"] is None
    assert client_of(globex.admin).get(url(site)).json()["hourly_tariff"] is None

    (event,) = events(acme.id)
    assert (event.event_type, event.site_id) == ("site_settings_updated", site.pk)
    assert event.entity_label == "Construction Site 1"
    assert event.metadata["after"]["hourly_tariff"] == "62.50"
    assert events(globex.id) == []


def test_put_and_patch_leave_one_event_with_what_changed(
    acme: Personas, site: Site
) -> None:
    client = client_of(acme.admin)
    client.put(url(site), SETTINGS)
    body = client.get(url(site)).json()
    assert client.put(url(site), body).json() == body, "unchanged"
    changed = client.patch(url(site), {"is_hidden": False, "hourly_tariff": 70})
    assert changed.json()["hourly_tariff"] == "70.00"
    assert changed.json()["contact_emails"] == ["office@example.com"]
    first, second = events(acme.id)
    assert second.metadata["before"] == {"hourly_tariff": "62.50", "is_hidden": True}
    assert second.metadata["after"] == {"hourly_tariff": "70.00", "is_hidden": False}
    assert "before" not in first.metadata


def test_two_businesses_keep_their_own_settings_of_one_site(
    acme: Personas, globex: Personas, site: Site
) -> None:
    client_of(acme.admin).put(url(site), {"hourly_tariff": "10"})
    client_of(globex.admin).put(url(site), {"hourly_tariff": "20"})
    assert client_of(acme.admin).get(url(site)).json()["hourly_tariff"] == "10.00"
    assert client_of(globex.admin).get(url(site)).json()["hourly_tariff"] == "20.00"


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        (Role.ADMIN, True),
        (Role.REVIEWER, True),
        (Role.UPLOADER, False),
        (Role.VIEWER, True),
    ],
)
def test_an_uploader_does_not_see_the_tariff(
    acme: Personas, site: Site, role: Role, sees: bool
) -> None:
    with acme.scope():
        SiteSettingsFactory(site=site, hourly_tariff="62.50")
    client = client_of(acme.user(role))
    for body in (
        client.get(url(site)).json(),
        client.get(f"/api/sites/{site.pk}").json()["settings"],
        client.get("/api/sites").json()["results"][0]["settings"],
    ):
        assert ("hourly_tariff" in body) is sees
        assert ("62.50" in str(body)) is sees


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.ADMIN, 200),
        (Role.REVIEWER, 200),
        (Role.UPLOADER, 403),
        (Role.VIEWER, 403),
    ],
)
def test_who_may_write_settings(
    acme: Personas, site: Site, role: Role, status: int
) -> None:
    client = client_of(acme.user(role))
    assert client.put(url(site), {"is_hidden": True}).status_code == status
    assert client.patch(url(site), {"is_hidden": False}).status_code == status


def test_a_super_admin_reads_the_settings_of_any_business_and_writes_none(
    acme: Personas, globex: Personas, super_admin: User, site: Site
) -> None:
    with acme.scope():
        SiteSettingsFactory(site=site, hourly_tariff="62.50")
    client = client_of(super_admin)
    assert problem(client.get(url(site))) == (400, "required", "business_id")
    read = client.get(url(site), {"business_id": str(acme.id)}).json()
    assert (read["hourly_tariff"], read["business_id"]) == ("62.50", str(acme.id))
    other = client.get(url(site), {"business_id": str(globex.id)}).json()
    assert other["hourly_tariff"] is None
    missing = client.get(url(site), {"business_id": str(uuid.uuid4())})
    assert problem(missing) == (400, "does_not_exist", "business_id")
    assert problem(client.get(url(site), {"business_id": "1"}))[2] == "business_id"
    assert client.get(f"/api/sites/{site.pk}").json()["settings"] is None
    for write in (client.put, client.patch):
        assert problem(write(url(site), {"is_hidden": True})) == (
            403,
            "act_as_required",
            None,
        )
    acting = client_of(super_admin, acting_for=acme.business)
    assert acting.patch(url(site), {"is_hidden": True}).status_code == 200
    (event,) = events(acme.id)
    assert (event.cross_business, event.actor_id) == (True, super_admin.pk)


def test_another_business_can_not_be_named(
    acme: Personas, globex: Personas, site: Site
) -> None:
    with globex.scope():
        SiteSettingsFactory(site=site, hourly_tariff="99")
        stranger = EmployeeFactory()
    client = client_of(acme.admin)
    foreign, missing = (
        client.get(url(site), {"business_id": str(value)})
        for value in (globex.id, uuid.uuid4())
    )
    assert problem(foreign) == (400, "does_not_exist", "business_id")
    assert foreign.content == missing.content
    body = client.get(url(site)).json()
    for field in ("business_id", "site_id", "id"):
        rejected = client.put(url(site), {**body, field: str(globex.id)})
        assert problem(rejected) == (400, "read_only", field)
    foreign, missing = (
        client.put(url(site), {"responsible_employee_id": str(value)})
        for value in (stranger.pk, uuid.uuid4())
    )
    assert problem(foreign) == (400, "does_not_exist", "responsible_employee_id")
    assert foreign.content == missing.content
    with acme.scope():
        assert not SiteSettings.objects.exists()
    assert events(acme.id) == []


@pytest.mark.parametrize(
    ("body", "code", "attr"),
    [
        ({"hourly_tariff": "-1"}, "min_value", "hourly_tariff"),
        ({"hourly_tariff": "1.234"}, "max_decimal_places", "hourly_tariff"),
        ({"hourly_tariff": "9999999"}, "max_whole_digits", "hourly_tariff"),
        ({"hourly_tariff": "NaN"}, "invalid", "hourly_tariff"),
        ({"hourly_tariff": "1" * 5000}, "max_string_length", "hourly_tariff"),
        ({"contact_emails": "a@example.com"}, "not_a_list", "contact_emails"),
        ({"contact_emails": ["no-address"]}, "invalid", "contact_emails.0"),
        ({"contact_emails": ["a@example.com"] * 21}, "max_length", "contact_emails"),
        ({"contact_phone": "call me"}, "invalid_phone", "contact_phone"),
        ({"contact_phone": "5" * 400}, "invalid_phone", "contact_phone"),
        ({"expected_cards_per_month": 0}, "min_value", "expected_cards_per_month"),
        ({"expected_cards_per_month": 32}, "max_value", "expected_cards_per_month"),
        ({"is_hidden": "perhaps"}, "invalid", "is_hidden"),
        ({"responsible_employee_id": "1"}, "invalid", "responsible_employee_id"),
        ({"responsible_employee": {"id": "1"}}, "read_only", "responsible_employee"),
        ({"color": "red"}, "unknown_field", "color"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_field(
    acme: Personas, site: Site, body: dict[str, Any], code: str, attr: str
) -> None:
    assert problem(client_of(acme.admin).put(url(site), body)) == (400, code, attr)
    with acme.scope():
        assert not SiteSettings.objects.exists()


def test_settings_of_no_site(acme: Personas) -> None:
    client = client_of(acme.admin)
    for method in (client.get, client.put, client.patch):
        assert problem(method(f"/api/sites/{uuid.uuid4()}/settings"))[0] == 404
        assert problem(method("/api/sites/x/settings")) == (400, "invalid", "id")
