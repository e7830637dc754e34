"""Tests of the API of missing cards."""

import datetime as dt
import uuid
from typing import Any

import pytest
import time_machine

from accounts.models import User
from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from businesses.models import Business
from reports.missing_views import MissingSerializer
from tests.api_helpers import problem
from workcards.missing_cards import Received
from workcards.tests.factories import WorkCardFactory
from workforce.tests.factories import EmployeeFactory, SiteFactory, SiteSettingsFactory

pytestmark = pytest.mark.django_db

MISSING = "/api/work_cards/missing"
JUNE = {"month": "2026-06"}


@pytest.fixture(autouse=True)
def _the_month_is_over() -> Any:
    with time_machine.travel(dt.datetime(2026, 8, 1, 12, tzinfo=dt.UTC), tick=False):
        yield


def test_the_api_tells_the_documented_body(acme: Personas) -> None:
    with acme.scope():
        site = SiteFactory(site_name="North")
        zoe = EmployeeFactory(
            full_name="Zoe",
            site=site,
            passport_id="AB123456",
            phone_number="+972501234567",
        )
        WorkCardFactory(employee=zoe, site=site)
        EmployeeFactory(full_name="Nomad", site=None, passport_id=None, phone_number="")
    body = client_of(acme.viewer).get(MISSING, JUNE).json()
    nomad = body["sites"][1]["employees"][0]
    assert (nomad["passport_id"], nomad["phone_number"]) == (None, "")
    assert body == {
        "month": "2026-06",
        "is_running": False,
        "sites": [
            {
                "site": {"id": str(site.pk), "name": "North"},
                "employees": [
                    {
                        "id": str(zoe.pk),
                        "full_name": "Zoe",
                        "passport_id": "AB123456",
                        "phone_number": "+972501234567",
                        "expected": 2,
                        "received": 1,
                        "status": "PARTIAL",
                        "first_card_at": "2026-08-01T12:00:00Z",
                    }
                ],
            },
            {"site": None, "employees": [nomad]},
        ],
        "counts": {"NONE": 1, "PARTIAL": 1, "COMPLETE": 0},
    }
    assert set(body) == set(MissingSerializer().fields)
    assert set(body["counts"]) == set(Received.values)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ("required", "month")),
        ({"month": "2026-00"}, ("invalid", "month")),
        ({**JUNE, "site_id": "north"}, ("invalid", "site_id")),
        ({**JUNE, "status": "NONE"}, ("unknown_parameter", "status")),
    ],
    ids=str,
)
def test_what_is_asked_wrongly_is_named(
    acme: Personas, query: dict[str, str], expected: tuple[str, str]
) -> None:
    response = client_of(acme.viewer).get(MISSING, query)
    assert problem(response) == (400, *expected)


# Isolation


def test_another_business_at_a_shared_site_is_nowhere_in_the_answer(
    acme: Personas, globex: Personas
) -> None:
    with acme.scope():
        site = SiteFactory()
        theirs = WorkCardFactory(site=site, employee__full_name="Hidden").employee
    with globex.scope():
        own = EmployeeFactory(site=site)
    client = client_of(globex.admin)
    text = client.get(MISSING, JUNE).content.decode()
    assert str(own.pk) in text
    assert str(theirs.pk) not in text, "leaked"
    assert "Hidden" not in text, "leaked"
    foreign, unknown = (
        client.get(MISSING, {**JUNE, "business_id": str(one)}).json()
        for one in (acme.id, uuid.uuid4())
    )
    assert foreign == unknown
    assert foreign["sites"] == []


def test_another_businesss_calendar_is_not_told_apart(
    acme: Personas, globex: Personas
) -> None:
    """It is already July on Kiritimati, the time zone of Acme."""
    with acme.scope():
        Business.objects.filter(pk=acme.id).update(time_zone="Pacific/Kiritimati")
    moment = dt.datetime(2026, 6, 30, 12, tzinfo=dt.UTC)
    with time_machine.travel(moment, tick=False):
        answers = [
            client_of(globex.admin)
            .get(MISSING, {**JUNE, "business_id": str(one)})
            .json()
            for one in (acme.id, uuid.uuid4())
        ]
    assert answers[0] == answers[1]


def test_on_the_platform_one_says_of_which_business(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    with acme.scope():
        site = SiteFactory()
        SiteSettingsFactory(site=site, expected_cards_per_month=5)
        john = EmployeeFactory(site=site)
    with globex.scope():
        SiteSettingsFactory(site=site, expected_cards_per_month=7)
        EmployeeFactory(site=site)
    client = client_of(super_admin)
    assert problem(client.get(MISSING, JUNE)) == (400, "required", "business_id")
    body = client.get(MISSING, {**JUNE, "business_id": str(acme.id)}).json()
    ((person,),) = [part["employees"] for part in body["sites"]]
    assert (person["id"], person["expected"]) == (str(john.pk), 5)
