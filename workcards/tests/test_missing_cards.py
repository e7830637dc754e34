"""Missing cards: expected employees, received cards, and the end of a month.

Also the number of expected cards.
"""

import datetime as dt
from typing import Any

import pytest
import time_machine

from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from businesses.models import Business
from tests.api_helpers import queries
from workcards.missing_cards import ExpectedEmployee, MissingCards, missing_cards
from workcards.models import WorkCard
from workcards.tests.factories import MONTH, WorkCardFactory, WorkCardFileFactory
from workcards.transitions import ReviewStatus
from workforce.models import Employee, Site
from workforce.tests.factories import (
    EmployeeFactory,
    SiteFactory,
    SiteSettingsFactory,
)

pytestmark = pytest.mark.django_db

MISSING = "/api/work_cards/missing"
JUNE = {"month": "2026-06"}
# Noon UTC, long after the tested months and in the middle of one.
LATER = dt.datetime(2026, 8, 1, 12, tzinfo=dt.UTC)
MEANWHILE = dt.datetime(2026, 6, 15, 12, tzinfo=dt.UTC)
LAST_OF_MAY, FIRST, LAST = (
    dt.date(2026, 5, 31),
    dt.date(2026, 6, 1),
    dt.date(2026, 6, 30),
)
FIRST_OF_JULY = dt.date(2026, 7, 1)


@pytest.fixture(autouse=True)
def _the_month_is_over() -> Any:
    with time_machine.travel(LATER, tick=False):
        yield


def missing(**kwargs: Any) -> MissingCards:
    return missing_cards(month=MONTH, **kwargs)


def people(report: MissingCards) -> list[ExpectedEmployee]:
    return [person for part in report.sites for person in part.employees]


def only(report: MissingCards) -> ExpectedEmployee:
    (person,) = people(report)
    return person


def statuses(report: MissingCards) -> dict[str, str]:
    return {person.full_name: person.status for person in people(report)}


def names_by_site(report: MissingCards) -> dict[str | None, list[str]]:
    return {
        part.site_name: [person.full_name for person in part.employees]
        for part in report.sites
    }


def set_business(business: Personas, **values: Any) -> None:
    with business.scope():
        Business.objects.filter(pk=business.id).update(**values)


# Expected employees


@pytest.mark.parametrize(
    ("employment", "is_expected"),
    [
        pytest.param({}, True, id="always"),
        pytest.param({"started_on": FIRST}, True, id="joins on the first"),
        pytest.param({"started_on": LAST}, True, id="joins on the last"),
        pytest.param({"started_on": FIRST_OF_JULY}, False, id="joins after"),
        pytest.param({"left_on": FIRST}, True, id="leaves on the first"),
        pytest.param({"left_on": LAST}, True, id="leaves on the last"),
        pytest.param({"left_on": LAST_OF_MAY}, False, id="left before"),
        pytest.param({"left_on": FIRST_OF_JULY}, True, id="leaves after"),
        pytest.param(
            {"started_on": FIRST, "left_on": FIRST}, True, id="one day, the first"
        ),
        pytest.param(
            {"started_on": LAST, "left_on": LAST}, True, id="one day, the last"
        ),
    ],
)
@pytest.mark.parametrize("is_active", [True, False])
def test_expected_is_who_is_employed_in_the_month(
    acme: Personas, employment: dict[str, dt.date], is_active: bool, is_expected: bool
) -> None:
    if not is_active and "left_on" not in employment:
        is_expected = False  # the leaving date is unknown
    with acme.scope():
        EmployeeFactory(is_active=is_active, **employment)
        assert len(people(missing())) == is_expected


def test_deactivating_and_releasing_somebody_changes_no_month_before(
    acme: Personas,
) -> None:
    """By the API: the months until `left_on` still expect the employee.

    `left_on` is the business's date.
    """
    client = client_of(acme.admin)
    with acme.scope():
        zoe = EmployeeFactory(full_name="Zoe", passport_id="AB123456")
    path = f"/api/employees/{zoe.pk}"
    assert client.post(f"{path}/deactivate").json()["left_on"] == "2026-08-01"
    assert client.post(f"{path}/release").json()["former_passport_id"] == "AB123456"
    for month, expected in (("2026-06", 1), ("2026-08", 1), ("2026-09", 0)):
        body = client.get(MISSING, {"month": month}).json()
        assert sum(body["counts"].values()) == expected
    client.patch(path, {"left_on": "2026-05-31"})
    assert client.get(MISSING, JUNE).json()["sites"] == []


def test_the_deactivated_are_expected_up_to_their_last_day_at_the_business(
    acme: Personas,
) -> None:
    """Half an hour before midnight UTC, Kiritimati already has the next day and month."""
    with acme.scope():
        zoe = EmployeeFactory()
    set_business(acme, time_zone="Pacific/Kiritimati")
    with time_machine.travel(dt.datetime(2026, 5, 31, 23, 30, tzinfo=dt.UTC)):
        client_of(acme.admin).post(f"/api/employees/{zoe.pk}/deactivate")
    with acme.scope():
        assert Employee.objects.get().left_on == FIRST
        assert len(people(missing())) == 1


# Received cards


@pytest.mark.parametrize(
    ("traits", "received"),
    [
        ({}, 1),
        ({"approved": True}, 1),
        ({"rejected": True}, 0),
        ({"processing_month": dt.date(2026, 5, 1)}, 0),
        ({"processing_month": dt.date(2026, 7, 1)}, 0),
    ],
    ids=["under review", "approved", "rejected", "of May", "of July"],
)
def test_cards_of_the_month_that_are_not_rejected_count(
    acme: Personas, traits: dict[str, Any], received: int
) -> None:
    with acme.scope():
        card = WorkCardFactory(**traits)
        person = only(missing())
        assert (person.id, person.received) == (card.employee_id, received)
        assert (person.first_card_at == card.created_at) is bool(received)


def test_a_card_that_is_nobodys_counts_for_nobody(acme: Personas) -> None:
    with acme.scope():
        zoe = EmployeeFactory()
        WorkCardFactory(unassigned=True, site=zoe.site)
        assert only(missing()).received == 0


def test_a_card_at_another_site_counts_at_home(acme: Personas) -> None:
    with acme.scope():
        zoe = EmployeeFactory()
        WorkCardFactory(employee=zoe, site=SiteFactory())
        report = missing()
        assert only(report).received == 1
        assert report.sites[0].site_id == zoe.site_id


def test_the_pages_of_one_file_are_one_card_for_each_employee(acme: Personas) -> None:
    with acme.scope():
        site = SiteFactory()
        zoe, ann = (EmployeeFactory(full_name=name, site=site) for name in ("Zoe", "A"))
        pdf, photo = WorkCardFileFactory(), WorkCardFileFactory()
        for page, employee in enumerate((zoe, zoe, ann, zoe), start=1):
            WorkCardFactory(
                employee=employee, site=site, file=pdf, source_page_number=page
            )
        WorkCardFactory(employee=zoe, site=site, file=photo)
        WorkCardFactory(employee=zoe, site=site)  # manual card
        WorkCardFactory(employee=zoe, site=site)
        received = {p.full_name: p.received for p in people(missing())}
    assert received == {"Zoe": 4, "A": 1}


def test_a_rejected_page_takes_its_file_away_only_if_no_other_is_left(
    acme: Personas,
) -> None:
    with acme.scope():
        zoe, pdf = EmployeeFactory(), WorkCardFileFactory()
        pages = [
            WorkCardFactory(employee=zoe, site=zoe.site, file=pdf) for _ in range(2)
        ]
        for page, received in zip(pages, (1, 0), strict=True):
            WorkCard.objects.filter(pk=page.pk).update(
                review_status=ReviewStatus.REJECTED
            )
            assert only(missing()).received == received


def test_the_first_card_is_told(acme: Personas) -> None:
    with acme.scope():
        zoe = EmployeeFactory()
        cards = [WorkCardFactory(employee=zoe, site=zoe.site) for _ in range(2)]
        earlier = LATER - dt.timedelta(days=40)
        WorkCard.objects.filter(pk=cards[1].pk).update(created_at=earlier)
        assert only(missing()).first_card_at == earlier


# Expected number


def test_the_homes_settings_say_how_many_else_the_business(acme: Personas) -> None:
    with acme.scope():
        four, silent, bare = (SiteFactory(site_name=name) for name in "ABC")
        SiteSettingsFactory(site=four, expected_cards_per_month=4)
        SiteSettingsFactory(site=silent, expected_cards_per_month=None)
        for site in (four, silent, bare, None):
            EmployeeFactory(site=site)
        assert [person.expected for person in people(missing())] == [4, 2, 2, 2]
    set_business(acme, expected_cards_per_month=3)
    with acme.scope():
        assert [person.expected for person in people(missing())] == [4, 3, 3, 3]


def test_another_businesss_settings_of_a_shared_site_say_nothing(
    acme: Personas, globex: Personas
) -> None:
    with acme.scope():
        site = SiteFactory()
        SiteSettingsFactory(site=site, expected_cards_per_month=9)
    with globex.scope():
        EmployeeFactory(site=site)
        assert only(missing()).expected == 2


@pytest.mark.parametrize(
    ("received", "meanwhile", "later"),
    [
        (0, "NONE", "NONE"),
        (1, "COMPLETE", "PARTIAL"),
        (2, "COMPLETE", "COMPLETE"),
        (3, "COMPLETE", "COMPLETE"),
    ],
)
def test_while_the_month_runs_one_card_is_enough(
    acme: Personas, received: int, meanwhile: str, later: str
) -> None:
    with acme.scope():
        zoe = EmployeeFactory(full_name="Zoe")
        for _ in range(received):
            WorkCardFactory(employee=zoe, site=zoe.site)
        report = missing()
        assert not report.is_running
        assert statuses(report) == {"Zoe": later}
        with time_machine.travel(MEANWHILE, tick=False):
            report = missing()
        assert report.is_running
        assert statuses(report) == {"Zoe": meanwhile}
        assert only(report).expected == 2
        assert report.counts == {meanwhile: 1}


# The turn of the month in the business's calendar.
TURNS = [
    ("Asia/Jerusalem", "2026-06-30T20:59Z", True),
    ("Asia/Jerusalem", "2026-06-30T21:00Z", False),
    ("Pacific/Kiritimati", "2026-06-30T09:59Z", True),
    ("Pacific/Kiritimati", "2026-06-30T10:00Z", False),
    ("America/Los_Angeles", "2026-07-01T06:59Z", True),
    ("America/Los_Angeles", "2026-07-01T07:00Z", False),
    # A future month is not over.
    ("Asia/Jerusalem", "2026-05-01T00:00Z", True),
]


@pytest.mark.parametrize(("zone", "moment", "is_running"), TURNS)
def test_a_month_runs_until_it_is_over_at_the_business(
    acme: Personas, zone: str, moment: str, is_running: bool
) -> None:
    set_business(acme, time_zone=zone)
    with (
        acme.scope(),
        time_machine.travel(dt.datetime.fromisoformat(moment), tick=False),
    ):
        assert missing().is_running is is_running


def test_a_year_turns_with_its_last_month(acme: Personas) -> None:
    set_business(acme, time_zone="America/Los_Angeles")
    december = dt.date(2026, 12, 1)
    for hour, is_running in ((7, True), (8, False)):
        moment = dt.datetime(2027, 1, 1, hour, tzinfo=dt.UTC)
        with acme.scope(), time_machine.travel(moment, tick=False):
            assert missing_cards(month=december).is_running is is_running


# Output


def test_sites_come_by_name_the_homeless_last_and_in_each_the_worst_first(
    acme: Personas,
) -> None:
    with acme.scope():
        south, north = SiteFactory(site_name="South"), SiteFactory(site_name="North")
        cards = {"Zed": 0, "Ann": 1, "Bob": 2, "Amy": 0}
        for name, received in cards.items():
            employee = EmployeeFactory(full_name=name, site=south)
            for _ in range(received):
                WorkCardFactory(employee=employee, site=south)
        EmployeeFactory(full_name="Joe", site=north)
        EmployeeFactory(full_name="Nomad", site=None)
        report = missing()
        assert names_by_site(report) == {
            "North": ["Joe"],
            "South": ["Amy", "Zed", "Ann", "Bob"],
            None: ["Nomad"],
        }
        assert list(names_by_site(report)) == ["North", "South", None]
        assert report.counts == {"NONE": 4, "PARTIAL": 1, "COMPLETE": 1}
        assert names_by_site(missing(site_id=north.pk)) == {"North": ["Joe"]}


# Queries


def test_the_cost_does_not_grow_with_the_month(acme: Personas) -> None:
    client = client_of(acme.viewer)
    client.get(MISSING, JUNE)
    empty = queries(lambda: client.get(MISSING, JUNE))
    with acme.scope():
        for _ in range(3):
            site: Site = SiteFactory()
            SiteSettingsFactory(site=site)
            for _ in range(4):
                WorkCardFactory(site=site)
        assert queries(missing) == 2
    assert queries(lambda: client.get(MISSING, JUNE)) == empty
