"""Tests of the page of missing cards."""

import datetime as dt
import uuid
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from accounts.models import User
from accounts.tests.personas import Personas
from tests.admin_clients import admin_client_for
from tests.api_helpers import queries
from workcards.tests.factories import MONTH, ClosedMonthFactory, WorkCardFactory
from workforce.tests.factories import EmployeeFactory, SiteFactory

pytestmark = pytest.mark.django_db

URL = "/admin/missing_cards/"
JUNE = {"month": "2026-06"}


@pytest.fixture(autouse=True)
def _the_month_is_over() -> Any:
    with time_machine.travel(dt.datetime(2026, 8, 1, 12, tzinfo=dt.UTC), tick=False):
        yield


def page_of(user: User, **query: str) -> str:
    response = admin_client_for(user).get(URL, {**JUNE, **query})
    assert response.status_code == 200
    return str(response.content.decode())


@pytest.mark.parametrize("person", ["admin", "reviewer", "uploader", "viewer"])
def test_everybody_sees_whose_cards_are_missing(acme: Personas, person: str) -> None:
    with acme.scope():
        site = SiteFactory(site_name="North")
        zoe = EmployeeFactory(
            full_name="Zoe",
            site=site,
            passport_id="AB123",
            phone_number="+972501234567",
        )
        WorkCardFactory(employee=zoe, site=site)
        nomad = EmployeeFactory(full_name="Nomad", site=None)
    page = page_of(acme.user(person))
    for employee in (zoe, nomad):
        assert reverse("admin:workforce_employee_change", args=[employee.pk]) in page
    for text in ("AB123", "+972501234567", "1 of 2", "0 of 2", "No home site"):
        assert text in page
    for count in ("None: 1", "Partial: 1", "Complete: 0"):
        assert f">{count}<" in page


def test_whose_cards_are_all_there_are_counted_and_shown_if_wanted(
    acme: Personas,
) -> None:
    with acme.scope():
        zoe = EmployeeFactory(full_name="Zoe")
        for _ in range(2):
            WorkCardFactory(employee=zoe, site=zoe.site)
    page = page_of(acme.viewer)
    assert "Complete: 1" in page
    assert "No cards are missing." in page
    assert "<bdi>Zoe</bdi>" not in page
    assert "<bdi>Zoe</bdi>" in page_of(acme.viewer, complete="on")


def test_a_name_narrows_it_and_an_open_month_takes_what_is_missing(
    acme: Personas,
) -> None:
    with acme.scope():
        zoe = EmployeeFactory(full_name="Zoe")
        EmployeeFactory(full_name="Adam")
    page = page_of(acme.uploader, name="ZO")
    assert "<bdi>Zoe</bdi>" in page
    assert "<bdi>Adam</bdi>" not in page
    assert "None: 1" in page
    assert f"?employee={zoe.pk}&amp;month=2026-06" in page
    assert "Upload a card for" not in page_of(acme.viewer)
    with acme.scope():
        ClosedMonthFactory(month=MONTH)
    assert "Upload a card for" not in page_of(acme.uploader)


def test_while_the_month_runs_the_page_says_so(acme: Personas) -> None:
    text = "one card counts as complete"
    assert text not in page_of(acme.viewer)
    assert text in page_of(acme.viewer, month="2026-08")


@pytest.mark.parametrize(
    ("zone", "cutoff_day", "month"),
    [
        ("Asia/Jerusalem", 10, "2026-07"),
        ("Pacific/Kiritimati", 1, "2026-08"),
        ("America/Los_Angeles", 1, "2026-07"),
    ],
)
def test_the_month_is_by_default_the_one_that_cards_are_for_now(
    acme: Personas, zone: str, cutoff_day: int, month: str
) -> None:
    """At noon UTC on 1 August it is 2 August on Kiritimati."""
    with acme.scope():
        type(acme.business).objects.update(time_zone=zone, month_cutoff_day=cutoff_day)
    page = admin_client_for(acme.viewer).get(URL)
    assert f"{page.context['report'].month:%Y-%m}" == month


def test_another_business_at_the_same_site_is_nowhere_on_the_page(
    acme: Personas, globex: Personas
) -> None:
    with acme.scope():
        site, hidden = SiteFactory(), SiteFactory(site_name="Acme's alone")
        john = EmployeeFactory(full_name="John", site=site)
        EmployeeFactory(full_name="Jack", site=hidden)
    with globex.scope():
        jane = EmployeeFactory(full_name="Jane", site=site)
    page = page_of(globex.admin)
    assert str(jane.pk) in page
    for secret in (john.pk, "John", "Jack", hidden.pk, "alone"):
        assert str(secret) not in page, "leaked"
    for pk in (hidden.pk, uuid.uuid4()):
        response = admin_client_for(globex.admin).get(URL, {**JUNE, "site": str(pk)})
        assert response.status_code == 400


def test_on_the_platform_a_business_is_chosen_first(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    for business, name in ((acme, "John"), (globex, "Jane")):
        with business.scope():
            EmployeeFactory(full_name=name, started_on=MONTH)
    client = admin_client_for(super_admin)
    page = client.get(URL)
    assert page.status_code == 200
    assert "report" not in page.context
    query = {**JUNE, "business": str(acme.id)}
    chosen = client.get(URL, query).content.decode()
    assert "John" in chosen
    assert "Jane" not in chosen


def test_it_costs_the_same_for_few_and_for_many_and_at_most_8_queries(
    acme: Personas,
) -> None:
    client = admin_client_for(acme.viewer)
    client.get(URL)
    few = queries(lambda: client.get(URL))
    with acme.scope():
        for _ in range(10):
            WorkCardFactory()
    assert queries(lambda: client.get(URL)) == few <= 8
