"""Tests of sites, their settings and employees in the admin."""

import datetime as dt
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.tests.personas import Personas
from businesses.models import PLATFORM_ID
from tests.admin_clients import AdminClient, admin_client_for
from tests.api_helpers import events
from workforce.models import Employee, Site, SiteSettings
from workforce.tests.factories import (
    EmployeeFactory,
    SiteFactory,
    SiteSettingsFactory,
)


@pytest.fixture
def client(acme: Personas) -> AdminClient:
    return admin_client_for(acme.admin)


@pytest.fixture
def site(acme: Personas) -> Site:
    with acme.scope():
        return SiteFactory(site_name="Harbour")


def url_of(row: Any, page: str = "change") -> str:
    return reverse(f"admin:workforce_{row._meta.model_name}_{page}", args=[row.pk])


def errors_of(response: Any) -> dict[str, Any]:
    return dict(response.context["adminform"].form.errors)


# Employees

ADD = "/admin/workforce/employee/add/"


def test_an_employee_is_made_with_values_as_they_are_stored(
    acme: Personas, client: AdminClient, site: Site
) -> None:
    body = {
        "full_name": "John Example",
        "site": site.pk,
        "passport_id": "ab 123-456",
        "external_employee_id": "1",
        "phone_number": "050-123-4567",
        "started_on": "2026-06-01",
    }
    assert client.send(ADD, body).status_code == 302
    with acme.scope():
        john = Employee.objects.get()
    assert (john.passport_id, john.phone_number) == ("AB123456", "+972501234567")
    assert (john.site_id, john.started_on) == (site.pk, dt.date(2026, 6, 1))
    assert [event.event_type for event in events(acme.id)] == ["employee_created"]


@pytest.mark.parametrize(
    ("wrong", "field", "status"),
    [
        ({"full_name": ""}, "full_name", 200),
        ({"passport_id": "x"}, "passport_id", 200),
        ({"phone_number": "12"}, "phone_number", 200),
        ({"started_on": "soon"}, "started_on", 200),
        ({"started_on": "2026-06-02", "left_on": "2026-06-01"}, "left_on", 400),
    ],
)
def test_what_is_wrong_stands_at_its_field(
    acme: Personas,
    client: AdminClient,
    wrong: dict[str, str],
    field: str,
    status: int,
) -> None:
    response = client.send(ADD, {"full_name": "John", **wrong})
    assert (response.status_code, {*errors_of(response)}) == (status, {field})
    assert events(acme.id) == []


@pytest.mark.parametrize("why", ["inactive", "hidden"])
def test_nobody_new_comes_to_a_site_that_is_closed(
    acme: Personas, client: AdminClient, site: Site, why: str
) -> None:
    with acme.scope():
        if why == "inactive":
            Site.objects.filter(pk=site.pk).update(is_active=False)
        else:
            SiteSettingsFactory(site=site, is_hidden=True)
    response = client.send(ADD, {"full_name": "John", "site": site.pk})
    assert response.status_code == 400
    assert errors_of(response).keys() == {"site"}


def test_an_edit_leaves_one_event_and_one_that_changes_nothing_none(
    acme: Personas, client: AdminClient
) -> None:
    with acme.scope():
        john = EmployeeFactory(full_name="Jon", site=None, external_employee_id="1")
    body = {
        "full_name": "John",
        "passport_id": john.passport_id,
        "external_employee_id": "1",
    }
    for _ in range(2):
        assert client.send(url_of(john), body).status_code == 302
    (event,) = events(acme.id)
    assert event.metadata["before"] == {"full_name": "Jon"}
    assert event.metadata["after"] == {"full_name": "John"}


def test_an_employee_leaves_comes_back_and_is_released(
    acme: Personas, client: AdminClient
) -> None:
    with acme.scope():
        john = EmployeeFactory(passport_id="AB123456")
    assert client.send(url_of(john, "release")).status_code == 409
    client.send(url_of(john, "deactivate"), {"left_on": "2026-06-15"})
    with acme.scope():
        john.refresh_from_db()
    assert (john.is_active, john.left_on) == (False, dt.date(2026, 6, 15))
    client.send(url_of(john, "release"))
    page = client.get(url_of(john)).content.decode()
    assert "AB123456" in page  # the former passport, read-only
    client.send(url_of(john, "activate"))
    with acme.scope():
        john.refresh_from_db()
    assert (john.is_active, john.left_on, john.passport_id) == (True, None, None)
    assert [event.event_type for event in events(acme.id)] == [
        "employee_deactivated",
        "employee_released",
        "employee_activated",
    ]


def test_a_phone_number_is_read_from_the_left_in_any_language(
    acme: Personas, client: AdminClient
) -> None:
    with acme.scope():
        EmployeeFactory(phone_number="+972501234567")
    page = client.get(reverse("admin:workforce_employee_changelist")).content.decode()
    assert '<bdi dir="ltr">+972501234567</bdi>' in page


def test_many_are_deactivated_at_once(acme: Personas, client: AdminClient) -> None:
    with acme.scope():
        chosen = [EmployeeFactory().pk for _ in range(3)]
        EmployeeFactory()
    client.send(
        reverse("admin:workforce_employee_changelist"),
        {"action": "deactivate", "_selected_action": chosen, "index": 0},
    )
    with acme.scope():
        assert Employee.objects.active().count() == 1
    assert len(events(acme.id, "employee_deactivated")) == 3


# Sites


def test_a_business_edits_the_sites_it_made_and_sees_the_others(
    acme: Personas, globex: Personas, client: AdminClient, site: Site
) -> None:
    with globex.scope():
        theirs = SiteFactory(site_name="Tower")
    assert client.send(url_of(site), {"site_name": "Port"}).status_code == 302
    assert client.get(url_of(theirs)).status_code == 200
    assert client.send(url_of(theirs), {"site_name": "Mine"}).status_code == 403
    page = client.get(url_of(theirs)).content.decode()
    assert "Globex" not in page
    assert str(globex.id) not in page
    with acme.scope():
        names = set(Site.objects.values_list("site_name", flat=True))
    assert {"Port", "Tower"} <= names


def test_a_site_is_closed_for_all_by_the_platform(
    acme: Personas, client: AdminClient, site: Site, super_admin: User
) -> None:
    platform = admin_client_for(super_admin)
    assert client.send(url_of(site, "deactivate")).status_code == 403
    assert platform.send(url_of(site, "deactivate")).status_code == 302
    assert platform.send(url_of(site), {"site_name": "Port"}).status_code == 302
    with acme.scope():
        site.refresh_from_db()
    assert (site.is_active, site.site_name) == (False, "Port")
    trail = [event.event_type for event in events(PLATFORM_ID)]
    assert trail == ["site_deactivated", "site_updated"]


def test_a_site_of_the_platform_has_no_steward(super_admin: User) -> None:
    client = admin_client_for(super_admin)
    url = reverse("admin:workforce_site_add")
    assert client.send(url, {"site_name": "Platform's"}).status_code == 302
    assert [event.event_type for event in events(PLATFORM_ID)] == ["site_created"]


# Settings


def test_settings_of_a_site_are_a_businesss_own_and_there_once(
    acme: Personas, globex: Personas, site: Site
) -> None:
    with globex.scope():
        SiteSettingsFactory(site=site, hourly_tariff=99)
    with acme.scope():
        john = EmployeeFactory(site=site)
    client, url = (
        admin_client_for(acme.reviewer),
        reverse("admin:workforce_sitesettings_add"),
    )
    body = {
        "site": site.pk,
        "hourly_tariff": "62.50",
        "contact_emails": "a@example.com,b@example.com",
        "contact_phone": "03-123-4567",
        "responsible_employee": john.pk,
        "expected_cards_per_month": "3",
    }
    assert client.send(url, body).status_code == 302
    assert errors_of(client.send(url, body)).keys() == {"site"}
    with acme.scope():
        row = SiteSettings.objects.get()
    assert str(row.hourly_tariff) == "62.50"
    assert row.contact_emails == ["a@example.com", "b@example.com"]
    assert (row.contact_phone, row.responsible_employee_id) == ("+97231234567", john.pk)
    changed = {**body, "hourly_tariff": "", "is_hidden": "on", "contact_emails": "x"}
    assert errors_of(client.send(url_of(row), changed)).keys() == {"contact_emails"}
    changed["contact_emails"] = ""
    assert client.send(url_of(row), changed).status_code == 302
    with acme.scope():
        row.refresh_from_db()
    assert (row.hourly_tariff, row.is_hidden, row.site_id) == (None, True, site.pk)
    assert len(events(acme.id)) == 2
