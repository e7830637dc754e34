"""Tests of the dashboard: correct figures, isolation, number of queries.

The figures equal those of a plain recount.
"""

import csv
import datetime as dt
import io
import random
import uuid
from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from accounts.models import User
from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas, make_personas
from audit.models import AuditEvent
from audit.tests.factories import AuditEventFactory
from businesses.models import PLATFORM_ID, Business
from businesses.tenancy.context import platform_scope
from businesses.tests.lock_assertions import opened
from exports.tests.month_fixtures import (
    ABSENT,
    EIGHT,
    employee_at,
    post_day,
    site_named,
)
from tests.api_helpers import problem, queries
from workcards.missing_cards import Received, missing_cards
from workcards.models import ApprovedDay, WorkCard
from workcards.month_math import add_months
from workcards.month_rows import month_rows
from workcards.tests.factories import (
    MONTH,
    ApprovedDayFactory,
    WorkCardFactory,
    WorkCardFileFactory,
)
from workcards.transitions import ReviewStatus
from workforce.models import Employee
from workforce.tests.factories import EmployeeFactory, SiteFactory, SiteSettingsFactory

pytestmark = pytest.mark.django_db

URL = "/api/dashboard"
JUNE = {"month": "2026-06"}
LATER = dt.datetime(2026, 8, 1, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _the_month_is_over() -> Any:
    with time_machine.travel(LATER, tick=False):
        yield


def dashboard(user: User, **query: str) -> dict[str, Any]:
    response = client_of(user).get(URL, JUNE | query)
    assert response.status_code == 200, response.content
    body: dict[str, Any] = response.json()
    return body


def populate(seed: int) -> None:
    """Create half a year of seeded random data in the business in scope."""
    chance = random.Random(seed)
    sites = [SiteFactory() for _ in range(3)]
    SiteSettingsFactory(site=sites[0], expected_cards_per_month=1)
    people = [
        EmployeeFactory(
            site=chance.choice([*sites, None]),
            is_active=chance.random() < 0.8,
            left_on=chance.choice([None, None, dt.date(2026, 5, 20)]),
        )
        for _ in range(8)
    ]
    for person in people:
        for back in range(6):
            month = add_months(MONTH, -back)
            dates = chance.sample(range(28), 6)
            for _ in range(chance.choice([0, 1, 2, 3])):
                kind = chance.choice(["approved", "approved", "rejected", "unassigned"])
                values: dict[str, Any] = {kind: True}
                if kind != "unassigned":
                    values["employee"] = person
                site = chance.choice(sites)
                card = WorkCardFactory(site=site, processing_month=month, **values)
                if kind != "approved":
                    continue
                for _ in range(2):
                    figures = ABSENT if chance.random() < 0.3 else {}
                    hours = Decimal(chance.choice(["0", "4.25", "8"]))
                    work_date = month + dt.timedelta(days=dates.pop())
                    ApprovedDayFactory(
                        work_card=card,
                        work_date=work_date,
                        **({"hours": hours} | figures),
                    )
                    if not figures and chance.random() < 0.4:
                        elsewhere = sites[(sites.index(site) + 1) % 3]
                        ApprovedDayFactory(
                            work_card=WorkCardFactory(
                                approved=True,
                                employee=person,
                                site=elsewhere,
                                processing_month=month,
                            ),
                            work_date=work_date,
                            hours=Decimal("3"),
                        )


def recount() -> dict[str, Any]:
    """Return the same figures, computed from all rows of the business in scope."""
    cards, days = list(WorkCard.objects.all()), list(ApprovedDay.objects.all())
    now = [card for card in cards if card.processing_month == MONTH]
    ledger = [day for day in days if day.work_date.replace(day=1) == MONTH]
    report = missing_cards(month=MONTH)
    sites: dict[Any, dict[str, Any]] = defaultdict(
        lambda: {"cards": 0, "missing": 0, "hours": Decimal("0.00"), "minutes": 0}
    )
    for card in now:
        sites[str(card.site_id)]["cards"] += 1
    for day in ledger:
        sites[str(day.site_id)]["hours"] += day.hours or 0
        sites[str(day.site_id)]["minutes"] += day.minutes or 0
    late = 0
    for home in report.sites:
        count = sum(person.status != Received.COMPLETE for person in home.employees)
        sites[str(home.site_id) if home.site_id else None]["missing"] += count
        late += count
    return {
        "month": "2026-06",
        "cards": {
            status: sum(card.review_status == status for card in now)
            for status in ReviewStatus.values
        },
        "employees_expected": sum(len(home.employees) for home in report.sites),
        "missing": late,
        "hours": f"{sum((day.hours or 0 for day in ledger), Decimal('0.00')):.2f}",
        "minutes": sum(day.minutes or 0 for day in ledger),
        "days": len({(day.employee_id, day.work_date) for day in ledger if day.hours}),
        "trend": [
            {
                "month": f"{month:%Y-%m}",
                "hours": f"{sum((d.hours or 0 for d in of_month), Decimal('0.00')):.2f}",
                "minutes": sum(d.minutes or 0 for d in of_month),
                "employees": len({d.employee_id for d in of_month}),
                "cards": sum(card.processing_month == month for card in cards),
            }
            for month in (add_months(MONTH, back) for back in range(-11, 1))
            for of_month in [[d for d in days if d.work_date.replace(day=1) == month]]
        ],
        "sites": {
            site_id: {**figures, "hours": f"{figures['hours']:.2f}"}
            for site_id, figures in sites.items()
        },
    }


def by_site(body: dict[str, Any]) -> dict[str, Any]:
    sites = {
        site["site"] and site["site"]["id"]: {
            name: site[name] for name in ("cards", "missing", "hours", "minutes")
        }
        for site in body["sites"]
    }
    assert len(sites) == len(body["sites"])
    return body | {"sites": sites}


# One business


@pytest.mark.parametrize("seed", range(6))
def test_the_figures_are_those_of_a_plain_recount(
    acme: Personas, globex: Personas, super_admin: User, seed: int
) -> None:
    with acme.scope():
        populate(seed)
        expected = recount()
    with globex.scope():
        populate(seed + 100)
    assert by_site(dashboard(acme.viewer)) == expected
    platform = client_of(super_admin).get(URL, JUNE | {"business_id": str(acme.id)})
    assert by_site(platform.json()) == expected
    acting = client_of(super_admin, acting_for=acme.business).get(URL, JUNE)
    assert by_site(acting.json()) == expected


@pytest.mark.parametrize("seed", range(3))
def test_the_hours_are_those_of_the_export(acme: Personas, seed: int) -> None:
    with acme.scope():
        populate(seed)
        rows = list(month_rows(MONTH))
    body = dashboard(acme.viewer)
    hours = sum((Decimal(row.hours or 0) for row in rows), Decimal("0.00"))
    assert body["hours"] == f"{hours:.2f}" == body["trend"][-1]["hours"]
    of_sites: Counter[str] = Counter()
    for row in rows:
        of_sites[row.site_id] += Decimal(row.hours or 0)  # type: ignore[assignment]
    for site in body["sites"]:
        if site["site"] is not None:
            assert Decimal(site["hours"]) == of_sites[site["site"]["id"]]
    assert sum(site["cards"] for site in body["sites"]) == sum(body["cards"].values())
    assert sum(site["missing"] for site in body["sites"]) == body["missing"]
    assert body["trend"][-1]["cards"] == sum(body["cards"].values())


def test_a_business_without_anything_has_zeros(acme: Personas) -> None:
    body = dashboard(acme.viewer)
    assert body["cards"] == dict.fromkeys(ReviewStatus.values, 0)
    assert (body["hours"], body["days"], body["sites"]) == ("0.00", 0, [])
    assert (body["employees_expected"], body["missing"]) == (0, 0)
    assert len(body["trend"]) == 12
    assert body["trend"][0] == {
        "month": "2025-07",
        "hours": "0.00",
        "minutes": 0,
        "employees": 0,
        "cards": 0,
    }


def test_people_are_counted_and_not_their_cards(acme: Personas) -> None:
    with acme.scope():
        zoe = employee_at(site_named("North"), "Zoe")
        for number in (1, 2, 3):
            post_day(zoe, number, **EIGHT)
    body = dashboard(acme.viewer)
    assert body["trend"][-1]["employees"] == 1
    assert body["trend"][-1]["cards"] == 3
    assert (body["employees_expected"], body["missing"]) == (1, 0)


def test_two_sites_on_one_date_are_one_day_and_an_absence_or_zero_hours_none(
    acme: Personas,
) -> None:
    with acme.scope():
        zoe = employee_at(site_named("North"), "Zoe")
        post_day(zoe, 1, **EIGHT)
        post_day(zoe, 1, site=site_named("South"), **EIGHT)
        post_day(zoe, 2, **ABSENT)
        post_day(zoe, 3, **(EIGHT | {"hours": Decimal(0)}))
    body = dashboard(acme.viewer)
    assert (body["hours"], body["days"]) == ("16.00", 1)


def test_who_has_no_home_is_missed_under_no_site_and_last(acme: Personas) -> None:
    with acme.scope():
        EmployeeFactory(site=None)
        EmployeeFactory(site=site_named("Zzz"))
        EmployeeFactory(site=site_named("Aaa"))
    sites = dashboard(acme.viewer)["sites"]
    assert [site["site"] and site["site"]["name"] for site in sites] == [
        "Aaa",
        "Zzz",
        None,
    ]
    assert [site["missing"] for site in sites] == [1, 1, 1]


def test_the_month_by_default_is_the_one_that_a_card_of_today_is_for(
    acme: Personas, super_admin: User
) -> None:
    """The default depends on the business's local date and cut-off day."""
    client = client_of(acme.viewer)
    for at, month in (
        ("2026-07-10T20:59:00Z", "2026-06"),
        ("2026-07-10T21:01:00Z", "2026-07"),
    ):
        with time_machine.travel(at, tick=False):
            client = client_of(acme.viewer)
            assert client.get(URL).json()["month"] == month
            query = {"business_id": str(acme.id)}
            assert client_of(super_admin).get(URL, query).json()["month"] == month


@pytest.mark.parametrize(
    ("query", "code", "attr"),
    [
        ({"month": "June"}, "invalid", "month"),
        ({"month": "2026-13"}, "invalid", "month"),
        ({"month": "9999-01"}, "invalid", "month"),
        ({"business_id": "x"}, "invalid", "business_id"),
        ({"site_id": str(uuid.uuid4())}, "unknown_parameter", "site_id"),
    ],
)
def test_a_wrong_question_names_its_field(
    acme: Personas, super_admin: User, query: dict[str, str], code: str, attr: str
) -> None:
    for user in (acme.admin, super_admin):
        assert problem(client_of(user).get(URL, query)) == (400, code, attr)


@pytest.mark.parametrize("month", ["1900-01", "2199-12", "2026-06-17"])
def test_any_month_can_be_asked_for(acme: Personas, month: str) -> None:
    assert dashboard(acme.viewer, month=month)["month"] == month[:7]


@pytest.mark.parametrize("role", ["ADMIN", "REVIEWER", "UPLOADER", "VIEWER"])
def test_every_role_sees_it(acme: Personas, role: str) -> None:
    assert client_of(acme.user(role)).get(URL).status_code == 200


# Isolation


@pytest.mark.parametrize("locks", [(), ("manager",), ("row_security",)], ids=str)
def test_nothing_of_another_business_is_in_it(
    acme: Personas, globex: Personas, locks: tuple[Any, ...]
) -> None:
    with acme.scope():
        populate(1)
        site = site_named("CANARY")
        post_day(employee_at(site, "Zoe"), 1, **EIGHT)
        hidden = {
            str(pk)
            for model in (WorkCard, Employee, ApprovedDay)
            for pk in model.objects.values_list("pk", flat=True)
        } | {str(pk) for pk in WorkCard.objects.values_list("site_id", flat=True)}
    with globex.scope():
        mine = post_day(EmployeeFactory(), 2, **EIGHT)
    with opened(*locks):
        body = client_of(globex.viewer).get(URL, JUNE).content.decode()
        assert not [one for one in hidden if one in body], "leaked"
        assert "CANARY" not in body, "leaked"
        assert str(mine.site_id) in body
        found = dashboard(globex.viewer)
    assert (found["hours"], found["employees_expected"]) == ("8.00", 1)


def test_another_business_asked_for_is_one_that_has_nothing(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    with acme.scope():
        populate(2)
    with globex.scope():
        populate(3)
    thief = client_of(globex.admin)
    foreign, missing = (
        thief.get(URL, JUNE | {"business_id": str(pk)})
        for pk in (acme.id, uuid.uuid4())
    )
    assert foreign.status_code == missing.status_code == 200
    assert foreign.content == missing.content
    assert foreign.json()["hours"] == "0.00"
    own = thief.get(URL, JUNE | {"business_id": str(globex.id)})
    assert own.json() == thief.get(URL, JUNE).json()
    for pk in (PLATFORM_ID, uuid.uuid4()):
        query = {"business_id": str(pk)}
        assert client_of(super_admin).get(URL, JUNE | query).content == missing.content


def test_a_foreign_and_a_missing_business_cost_the_same(
    acme: Personas, globex: Personas
) -> None:
    thief = client_of(globex.admin)
    costs = {
        queries(lambda pk=pk: thief.get(URL, JUNE | {"business_id": str(pk)}))
        for pk in (acme.id, uuid.uuid4())
    }
    assert len(costs) == 1


# All businesses


def platform(super_admin: User, **query: str) -> dict[str, Any]:
    response = client_of(super_admin).get(URL, query)
    assert response.status_code == 200
    body: dict[str, Any] = response.json()
    return body


def figures_for(body: dict[str, Any], business: Personas) -> dict[str, Any]:
    (found,) = [one for one in body["businesses"] if one["id"] == str(business.id)]
    figures: dict[str, Any] = found
    return figures


def attempt(business: Personas, event_type: str) -> None:
    with platform_scope("sample"):
        AuditEvent.append_for_platform(
            business_id=business.id, event_type=event_type, metadata={}
        )


def test_the_platform_sees_each_business_with_its_figures(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    with acme.scope():
        file = WorkCardFileFactory(file_size_bytes=1000)
        for page in (1, 2):
            WorkCardFactory(uploaded=True, file=file, source_page_number=page)
        WorkCardFactory(unassigned=True)
        WorkCardFactory(approved=True, processing_month=add_months(MONTH, -1))
        WorkCardFileFactory(file_size_bytes=24)
        EmployeeFactory(is_active=False)
        with time_machine.travel("2026-07-01T08:00:00Z", tick=False):
            AuditEventFactory()
        with time_machine.travel("2026-07-02T08:00:00Z", tick=False):
            AuditEventFactory()
    for event_type in ("cross_business_attempt", "cross_business_conflict", "other"):
        attempt(acme, event_type)
    body = platform(super_admin)
    assert figures_for(body, acme) == {
        "id": str(acme.id),
        "name": "Acme",
        "is_active": True,
        "users": 4,
        "employees": 4,
        "cards": 4,
        "open_reviews": 3,
        "storage_bytes": 1024,
        # The attempts are later, but they are not an activity of the business.
        "last_activity_at": "2026-07-02T08:00:00Z",
        "cross_business_attempts": 2,
    }
    assert figures_for(body, globex) | {"name": ""} == {
        "id": str(globex.id),
        "name": "",
        "is_active": True,
        "users": 4,
        "employees": 0,
        "cards": 0,
        "open_reviews": 0,
        "storage_bytes": 0,
        "last_activity_at": None,
        "cross_business_attempts": 0,
    }
    june = figures_for(platform(super_admin, **JUNE), acme)
    assert (june["cards"], june["open_reviews"], june["employees"]) == (3, 3, 4)


def test_totals_add_up_and_platform_is_in_no_list(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    for business in (acme, globex):
        with business.scope():
            populate(4)
    with platform_scope("sample"):
        Business.objects.filter(pk=globex.id).update(is_active=False)
    attempt(acme, "cross_business_attempt")
    body = platform(super_admin)
    businesses, totals = body["businesses"], body["totals"]
    names = [one["name"] for one in businesses]
    assert names == ["Acme", "Globex", "Mizhav"]
    assert str(PLATFORM_ID) not in {one["id"] for one in businesses}
    assert figures_for(body, globex)["is_active"] is False
    assert (totals.pop("businesses"), totals.pop("active_businesses")) == (3, 2)
    assert totals == {name: sum(one[name] for one in businesses) for name in totals}
    assert totals["users"] == 8
    assert totals["cross_business_attempts"] == 1


def test_the_figures_of_all_businesses_are_for_super_admins_alone(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    for client in (
        client_of(acme.admin),
        client_of(super_admin, acting_for=acme.business),
    ):
        assert "businesses" not in client.get(URL).json()
        assert str(globex.id) not in client.get(URL).content.decode()


# Cost


def test_it_costs_the_same_for_one_row_and_for_many(
    acme: Personas, super_admin: User
) -> None:
    """The number of queries is constant.

    The queries read the user, the cards with the paid employees, the days, the expected employees and the names of the
    sites. On the platform there is one more, for the business.
    """
    member, platform_client = client_of(acme.viewer), client_of(super_admin)
    one_business = JUNE | {"business_id": str(acme.id)}
    costs = []
    for seed in (1, 2, 3):
        with acme.scope():
            populate(seed)
        make_personas(f"Business{seed}")
        costs.append(
            (
                queries(lambda: member.get(URL, JUNE)),
                queries(lambda: member.get(URL)),
                queries(lambda: platform_client.get(URL, one_business)),
                queries(lambda: platform_client.get(URL)),
            )
        )
    assert costs == [(5, 5, 6, 2)] * 3


def test_the_csv_of_the_month_says_the_same(
    acme: Personas, transactional_db: None
) -> None:
    from exports.tests.test_exports_api import ask, work

    with acme.scope():
        populate(5)
    client = client_of(acme.admin)
    run = ask(client).json()
    with time_machine.travel(LATER, tick=True):
        work()
    file = client.get(f"/api/export_runs/{run['id']}/file").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(file)))
    hours = sum((Decimal(row["Total Hours"] or 0) for row in rows), Decimal("0.00"))
    body = dashboard(acme.viewer)
    assert body["hours"] == f"{hours:.2f}"
    worked = {
        (r["Employee"], r["Date"]) for r in rows if Decimal(r["Total Hours"] or 0)
    }
    assert body["days"] == len(worked)
