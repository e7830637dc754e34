"""Tests of the API of months: list, close and reopen."""

import uuid
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from accounts.tests.api_clients import client_of
from exports.tests.factories import ExportRunFactory
from tests.api_helpers import events, problem, queries
from workcards.models import ClosedMonth
from workcards.month_math import add_months
from workcards.tests.factories import (
    MONTH,
    ApprovedDayFactory,
    ClosedMonthFactory,
    DayEntryFactory,
    WorkCardFactory,
)
from workforce.tests.factories import SiteFactory

pytestmark = pytest.mark.django_db

URL = "/api/months"
CLOSE, REOPEN = f"{URL}/2026-06/close", f"{URL}/2026-06/reopen"


@pytest.fixture(autouse=True)
def _mid_july() -> Any:
    """Set the time to 15 July: June is over, and uploads count for July."""
    with time_machine.travel("2026-07-15T10:00:00Z", tick=False):
        yield


@pytest.fixture
def june(acme: Any) -> Any:
    """Create a June of Acme with all cards reviewed and 20 hours at two sites.

    Return the newest export run of the month.
    """
    with acme.scope():
        for hours in ("8.00", "12.00"):
            card = WorkCardFactory(approved=True)
            entry = DayEntryFactory(work_card=card, day=0, total_hours=Decimal(hours))
            ApprovedDayFactory(work_card=card, day=0, hours=entry.total_hours)
        WorkCardFactory(rejected=True)
        ExportRunFactory(processing_month=MONTH)
        with time_machine.travel("2026-07-15T11:00:00Z", tick=False):
            return ExportRunFactory(processing_month=MONTH, site=SiteFactory())


def listed(client: Any, **query: Any) -> list[dict[str, Any]]:
    response = client.get(URL, query)
    assert response.status_code == 200, response.content
    results: list[dict[str, Any]] = response.json()["results"]
    return results


def test_a_month_says_what_is_in_it(acme: Any, june: Any) -> None:
    july, shown = listed(client_of(acme.viewer))
    assert shown == {
        "business_id": str(acme.id),
        "month": "2026-06",
        "is_closed": False,
        "closed_by_id": None,
        "closed_by": None,
        "closed_at": None,
        "note": "",
        "cards": {
            "NEEDS_ASSIGNMENT": 0,
            "NEEDS_REVIEW": 0,
            "APPROVED": 2,
            "REJECTED": 1,
        },
        "hours": "20.00",
        "minutes": 1200,
        "last_run": {
            "id": str(june.pk),
            "kind": "days_csv",
            "site_id": str(june.site_id),
            "status": str(june.status),
            "is_draft": False,
            "created_at": "2026-07-15T11:00:00Z",
        },
    }
    assert july["month"] == "2026-07"
    assert (july["hours"], july["last_run"]) == ("0.00", None)


def test_who_may_not_see_exports_does_not_see_the_last_one(
    acme: Any, june: Any
) -> None:
    shown = listed(client_of(acme.uploader))[1]
    assert (shown["hours"], shown["last_run"]) == ("20.00", None)
    closed = client_of(acme.admin).post(CLOSE).json()
    assert closed["last_run"]["id"] == str(june.pk)


def test_every_month_with_cards_every_closed_one_and_the_present_one_newest_first(
    acme: Any, globex: Any
) -> None:
    with acme.scope():
        WorkCardFactory(processing_month=date(2025, 12, 1))
        WorkCardFactory(processing_month=date(2026, 9, 1))
        ClosedMonthFactory(month=date(2020, 1, 1))
    with globex.scope():
        WorkCardFactory(processing_month=date(2026, 3, 1))
        ClosedMonthFactory(month=date(2026, 9, 1))
        ClosedMonthFactory(month=date(2019, 1, 1))
    shown = [(m["month"], m["is_closed"]) for m in listed(client_of(acme.viewer))]
    assert shown == [
        ("2026-09", False),
        ("2026-07", False),
        ("2025-12", False),
        ("2020-01", True),
    ]
    acme.business.month_cutoff_day = 20
    with acme.scope():
        acme.business.save()
    assert listed(client_of(acme.viewer))[1]["month"] == "2026-06"


def test_months_come_in_pages(acme: Any) -> None:
    with acme.scope():
        for back in range(5):
            card = WorkCardFactory(processing_month=add_months(MONTH, -back))
            DayEntryFactory(work_card=card, day=0)
    client = client_of(acme.viewer)
    page = client.get(URL, {"page": 2, "page_size": 2}).json()
    assert page["count"] == 6
    assert [month["month"] for month in page["results"]] == ["2026-05", "2026-04"]
    assert problem(client.get(URL, {"page": 9}))[:2] == (404, "no_such_page")
    assert problem(client.get(URL, {"ordering": "month"}))[0] == 400


def test_many_months_cost_as_many_queries_as_one(acme: Any) -> None:
    client = client_of(acme.admin)

    def make(month: date) -> None:
        with acme.scope():
            card = WorkCardFactory(approved=True, processing_month=month)
            ApprovedDayFactory(work_card=card, day=0)
            ExportRunFactory(processing_month=month)
            ClosedMonthFactory(month=month)

    make(MONTH)
    client.get(URL)
    few = queries(lambda: client.get(URL))
    for back in range(1, 14):
        make(add_months(MONTH, -back))
    assert queries(lambda: client.get(URL)) == few <= 8
    assert {month["hours"] for month in listed(client)} == {"8.00", "0.00"}


def test_a_super_admin_says_of_which_business(
    acme: Any, globex: Any, super_admin: Any, june: Any
) -> None:
    client = client_of(super_admin)
    assert problem(client.get(URL)) == (400, "required", "business_id")
    assert problem(client.get(URL, {"business_id": "x"}))[0] == 400
    assert listed(client, business_id=acme.id)[1]["hours"] == "20.00"
    assert [month["month"] for month in listed(client, business_id=globex.id)] == [
        "2026-07"
    ]
    assert listed(client, business_id=uuid.uuid4()) == []
    acting = client_of(super_admin, acting_for=acme.business)
    assert len(listed(acting)) == 2


def test_another_business_is_one_that_is_not_there(
    acme: Any, globex: Any, june: Any
) -> None:
    thief = client_of(globex.admin)
    for business_id in (acme.id, uuid.uuid4()):
        assert listed(thief, business_id=business_id) == [], "leaked"
    assert len(listed(thief, business_id=globex.id)) == 1


def test_closing_and_reopening(acme: Any, june: Any) -> None:
    client = client_of(acme.admin)
    closed = client.post(CLOSE, {"note": "All paid."})
    assert closed.status_code == 200
    shown = closed.json()
    assert (shown["is_closed"], shown["note"]) == (True, "All paid.")
    assert shown["closed_by"] == {
        "id": str(acme.admin.pk),
        "name": acme.admin.full_name,
    }
    assert shown["closed_at"] == "2026-07-15T10:00:00Z"
    assert (shown["hours"], shown["cards"]["APPROVED"]) == ("20.00", 2)
    assert shown == listed(client)[1]

    again = client_of(acme.reviewer).post(CLOSE, {"note": "Me too."})
    assert again.status_code == 200
    assert again.json() == shown

    opened = client.post(REOPEN, {"reason": "A late card"}).json()
    assert (opened["is_closed"], opened["closed_by"]) == (False, None)
    assert client.post(REOPEN, {"reason": "Once more"}).json() == opened
    with acme.scope():
        assert not ClosedMonth.objects.exists()
    trail = events(acme.id, "month_closed", "month_reopened")
    assert [event.event_type for event in trail] == ["month_closed", "month_reopened"]
    first, second = trail
    assert first.entity_label == second.entity_label == "2026-06"
    assert first.metadata["after"]["note"] == "All paid."
    assert first.metadata["approved_days"] == 2
    assert first.metadata["hours"] == "20.00"
    assert first.metadata["cards"]["REJECTED"] == 1
    assert "forced" not in first.metadata
    assert second.metadata["reason"] == "A late card"
    assert second.metadata["before"]["closed_by_name"] == acme.admin.full_name


def test_cards_that_wait_are_named(acme: Any, june: Any) -> None:
    with acme.scope():
        waiting = [WorkCardFactory() for _ in range(2)]
        unassigned = WorkCardFactory(unassigned=True)
    client = client_of(acme.reviewer)
    rejected = client.post(CLOSE)
    assert problem(rejected) == (409, "unreviewed_cards", None)
    assert "3 cards of 2026-06" in rejected.json()["errors"][0]["detail"]
    assert rejected.json()["unreviewed"] == {
        "NEEDS_ASSIGNMENT": {"count": 1, "card_ids": [str(unassigned.pk)]},
        "NEEDS_REVIEW": {"count": 2, "card_ids": [str(card.pk) for card in waiting]},
    }
    assert problem(client.post(CLOSE, {"force": True})) == (400, "required", "note")
    assert problem(client.post(CLOSE, {"force": True, "note": "  "}))[0] == 400
    assert events(acme.id) == []
    forced = client.post(CLOSE, {"force": True, "note": "They come next month."})
    assert forced.json()["is_closed"]
    (event,) = events(acme.id)
    assert event.metadata["forced"] is True
    assert event.metadata["cards"]["NEEDS_REVIEW"] == 2


def test_a_refusal_does_not_name_thousands(acme: Any) -> None:
    with acme.scope():
        site = SiteFactory()
        WorkCardFactory.create_batch(53, unassigned=True, site=site)
    cards = client_of(acme.admin).post(CLOSE).json()["unreviewed"]["NEEDS_ASSIGNMENT"]
    assert (cards["count"], len(cards["card_ids"])) == (53, 50)


@pytest.mark.parametrize(
    ("moment", "is_over"),
    [("2026-06-30T20:59:59Z", False), ("2026-06-30T21:00:00Z", True)],
)
def test_a_month_is_over_when_it_is_at_the_business(
    acme: Any, moment: str, is_over: bool
) -> None:
    with time_machine.travel(moment, tick=False):  # Jerusalem is at UTC+3
        client = client_of(acme.admin)
        answer = client.post(CLOSE)
        if is_over:
            assert answer.status_code == 200
            return
        assert problem(answer) == (409, "month_not_over", None)
        forced = client.post(CLOSE, {"force": True, "note": "We shut early."})
        assert forced.json()["is_closed"]


def test_both_reasons_are_told_at_once(acme: Any) -> None:
    with acme.scope():
        WorkCardFactory(processing_month=date(2026, 7, 1))
    rejected = client_of(acme.admin).post(f"{URL}/2026-07/close").json()
    assert [error["code"] for error in rejected["errors"]] == [
        "month_not_over",
        "unreviewed_cards",
    ]
    assert rejected["unreviewed"]["NEEDS_REVIEW"]["count"] == 1


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("2026-13/close", {}, (400, "invalid", "month")),
        ("x/reopen", {"reason": "R"}, (400, "invalid", "month")),
        ("2026-06/close", {"hurry": True}, (400, "unknown_field", "hurry")),
        ("2026-06/close", {"force": "perhaps"}, (400, "invalid", "force")),
        ("2026-06/close", {"note": "x" * 501}, (400, "max_length", "note")),
        ("2026-06/reopen", {}, (400, "required", "reason")),
        ("2026-06/reopen", {"reason": " "}, (400, "blank", "reason")),
        ("2026-06/reopen", {"reason": "x" * 501}, (400, "max_length", "reason")),
    ],
)
def test_what_can_not_be_read_is_named(
    acme: Any, path: str, body: Any, expected: Any
) -> None:
    assert problem(client_of(acme.admin).post(f"{URL}/{path}", body)) == expected
    assert events(acme.id) == []


def test_a_reviewer_closes_and_does_not_reopen(acme: Any, june: Any) -> None:
    client = client_of(acme.reviewer)
    assert client.post(f"{URL}/2026-06-17/close").json()["month"] == "2026-06"
    rejected = client.post(REOPEN, {"reason": "R"})
    assert problem(rejected) == (403, "permission_denied", None)
    with acme.scope():
        assert ClosedMonth.objects.exists()


def test_a_super_admin_closes_for_a_business_and_stands_in_its_trail(
    acme: Any, globex: Any, super_admin: Any, june: Any
) -> None:
    rejected = client_of(super_admin).post(CLOSE)
    assert problem(rejected)[:2] == (403, "act_as_required")
    acting = client_of(super_admin, acting_for=acme.business)
    assert acting.post(CLOSE).json()["closed_by"]["name"] == super_admin.full_name
    # Users who cannot see the super-admin's row see the stored name.
    shown = listed(client_of(acme.viewer))[1]
    assert shown["closed_by"]["name"] == super_admin.full_name
    (event,) = events(acme.id, "month_closed")
    assert event.cross_business
    assert events(globex.id) == []
