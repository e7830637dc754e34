"""Days of approved cards that another card sets aside, and their reposting."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.tests.api_clients import client_of
from audit.models import AuditEvent
from automatehq.api.errors import Invalid, error_from_database
from businesses.tests.lock_assertions import opened
from workcards import services
from workcards.models import DayEntry
from workcards.tests.factories import DayEntryFactory, WorkCardFactory
from workcards.tests.review_helpers import (
    answers,
    approve,
    card_with,
    conflicts_of,
    ledger,
    reopen,
)
from workforce.tests.factories import EmployeeFactory, SiteFactory

pytestmark = [pytest.mark.django_db, pytest.mark.server]

KEEP, REPLACE, ADD = "keep", "replace", "add"


@pytest.fixture(autouse=True)
def _scope(acme: Any) -> Any:
    with acme.scope():
        yield


@pytest.fixture
def employee() -> Any:
    return EmployeeFactory(full_name="John Smith", site=SiteFactory(site_name="A"))


@pytest.fixture
def sites(employee: Any) -> dict[str, Any]:
    others = {name: SiteFactory(site_name=name) for name in ("B", "C")}
    return {"A": employee.site, **others}


@pytest.fixture
def approved(acme: Any, employee: Any, sites: Any) -> Any:
    """Return a function that approves a card of one day at a site.

    It takes one answer for all conflicts, or one a site.
    """

    def make(site: str, what: str, **by_site: str) -> Any:
        card = card_with(acme, employee, {1: what}, site=sites[site])
        if not by_site:
            approve(acme, card)
            return card
        conflicts = conflicts_of(acme, card)
        choices = [
            by_site.get(one["ledger"]["site"]["name"], by_site.get("choice", ""))
            for one in conflicts
        ]
        approve(acme, card, *answers(conflicts, *choices))
        return card

    return make


def winner_of(card: Any) -> Any:
    """Return the id of the card that sets aside the card's only day."""
    return DayEntry.objects.get(work_card=card).set_aside_by_id


def test_reopening_the_winner_of_a_site_leaves_the_other_site_alone(
    acme: Any, employee: Any, approved: Any
) -> None:
    first = approved("A", "8")
    approved("B", "3", choice=ADD)
    third = approved("A", "7", A=REPLACE, B=ADD)
    assert ledger(employee) == {1: [("A", "7.00"), ("B", "3.00")]}
    assert winner_of(first) == third.pk
    outcome = reopen(acme, third)
    assert ledger(employee) == {1: [("A", "8.00"), ("B", "3.00")]}
    assert [day.as_json() for day in outcome.reposted] == [
        {
            "date": "2026-06-01",
            "site": {"id": str(employee.site_id), "name": "A"},
            "hours": "8.00",
            "minutes": 480,
            "day_status": None,
            "work_card_id": str(first.pk),
        }
    ]
    assert (outcome.not_reposted, outcome.warnings) == ((), ())
    assert winner_of(first) is None


@pytest.mark.parametrize("choice", [KEEP, REPLACE])
def test_an_answer_sets_one_of_the_two_days_aside(approved: Any, choice: str) -> None:
    first = approved("A", "8")
    second = approved("B", "3", choice=choice)
    won, lost = (first, second) if choice == KEEP else (second, first)
    assert (winner_of(won), winner_of(lost)) == (None, won.pk)


def test_an_equal_day_is_set_aside_and_comes_back(
    acme: Any, employee: Any, approved: Any
) -> None:
    first, second = approved("A", "8"), approved("A", "8")
    assert (winner_of(first), winner_of(second)) == (None, first.pk)
    (again,) = reopen(acme, first).reposted
    assert again.entry.work_card_id == second.pk
    assert ledger(employee) == {1: [("A", "8.00")]}
    assert winner_of(second) is None


def test_days_set_aside_come_back_at_each_site_the_latest_approval_first(
    acme: Any, employee: Any, approved: Any
) -> None:
    oldest = approved("A", "8")
    at_b = approved("B", "3", choice=ADD)
    other = approved("A", "6", A=REPLACE, B=ADD)
    winner = approved("C", "5", choice=REPLACE)
    assert ledger(employee) == {1: [("C", "5.00")]}
    outcome = reopen(acme, winner)
    assert [day.entry.work_card_id for day in outcome.reposted] == [other.pk, at_b.pk]
    assert ledger(employee) == {1: [("A", "6.00"), ("B", "3.00")]}
    # The card that set it aside is still approved.
    assert winner_of(oldest) == other.pk


def test_a_winner_that_is_set_aside_itself_keeps_what_it_set_aside(
    acme: Any, employee: Any, approved: Any
) -> None:
    first = approved("A", "8")
    second = approved("B", "3", choice=REPLACE)
    third = approved("B", "4", choice=REPLACE)
    assert [winner_of(card) for card in (first, second)] == [second.pk, third.pk]
    # Without its winner the first day is the only day at its site again.
    assert [day.entry.work_card_id for day in reopen(acme, second).reposted] == [
        first.pk
    ]
    assert ledger(employee) == {1: [("A", "8.00"), ("B", "4.00")]}


def test_a_reopened_card_is_set_aside_by_nothing(acme: Any, approved: Any) -> None:
    first = approved("A", "8")
    second = approved("A", "7", choice=REPLACE)
    outcome = reopen(acme, first)
    assert (outcome.reposted, winner_of(first)) == ((), None)
    assert reopen(acme, second).reposted == ()
    assert winner_of(second) is None


def test_a_day_whose_site_is_taken_is_set_aside_by_the_row_that_stands(
    acme: Any, employee: Any, approved: Any
) -> None:
    first = approved("A", "8")
    second = approved("A", "7", choice=KEEP)
    third = approved("A", "6", choice=REPLACE)
    assert [winner_of(card) for card in (first, second)] == [third.pk, first.pk]
    outcome = reopen(acme, first)
    assert (outcome.reposted, outcome.not_reposted, outcome.warnings) == ((), (), ())
    assert winner_of(second) == third.pk
    assert ledger(employee) == {1: [("A", "6.00")]}


@pytest.mark.parametrize(
    ("lost", "added", "code", "message"),
    [
        ("16", "9", "too_many_hours", "25.00 hours"),
        ("SICK", "9", "absence_not_alone", "absence"),
        ("8", "VACATION", "absence_not_alone", "absence"),
    ],
)
def test_a_day_without_room_stays_out_and_warns(
    acme: Any,
    employee: Any,
    approved: Any,
    sites: Any,
    lost: str,
    added: str,
    code: str,
    message: str,
) -> None:
    first = approved("A", lost)
    second = approved("B", "3", choice=REPLACE)
    third = approved("C", added, choice=KEEP if added.isalpha() else ADD)
    outcome = reopen(acme, second)
    (rejected,) = outcome.not_reposted
    assert rejected.as_json() == {
        "date": "2026-06-01",
        "site": {"id": str(employee.site_id), "name": "A"},
        "hours": None if lost.isalpha() else f"{lost}.00",
        "minutes": None if lost.isalpha() else int(lost) * 60,
        "day_status": lost if lost.isalpha() else None,
        "work_card_id": str(first.pk),
        "set_aside_by_id": str(third.pk),
        "code": code,
        "detail": rejected.detail,
    }
    assert message in rejected.detail
    assert winner_of(first) == third.pk
    (warning,) = outcome.warnings
    assert "1 Jun 2026, A: " in warning
    assert rejected.detail in warning
    event = AuditEvent.objects.get(event_type="card_reopened")
    (stored_day,) = event.metadata["not_reposted"]
    assert stored_day == {k: v for k, v in rejected.as_json().items() if k != "detail"}
    # After the conflicting row is gone, the day fits again.
    (again,) = reopen(acme, third).reposted
    assert again.entry.work_card_id == first.pk


def test_a_card_kept_out_at_several_sites_waits_behind_the_row_of_its_own(
    acme: Any, approved: Any
) -> None:
    at_a = approved("A", "8")
    at_b = approved("B", "9", choice=ADD)
    assert winner_of(approved("A", "2", choice=KEEP)) == at_a.pk
    # At another site the winner is the row with the most hours.
    assert winner_of(approved("C", "2", choice=KEEP)) == at_b.pk


def test_dates_are_set_aside_one_by_one(acme: Any, employee: Any) -> None:
    """One card is replaced on one date, another card on the other."""
    one = card_with(acme, employee, {1: "8", 2: "SICK", 3: "1"})
    approve(acme, one)
    two = card_with(acme, employee, {1: "7", 2: "SICK", 3: "2"})
    first, second = conflicts_of(acme, two)
    approve(acme, two, *answers([first, second], KEEP, REPLACE))
    three = card_with(acme, employee, {1: "6", 3: "3"})
    approve(acme, three, *answers(conflicts_of(acme, three), REPLACE))

    def aside(card: Any) -> dict[int, Any]:
        return {
            entry.work_date.day: entry.set_aside_by_id
            for entry in card.day_entries.all()
        }

    assert aside(one) == {1: three.pk, 2: None, 3: two.pk}
    assert aside(two) == {1: one.pk, 2: one.pk, 3: three.pk}
    assert aside(three) == {1: None, 3: None}
    reopened = reopen(acme, three)
    assert [day.entry.work_card_id for day in reopened.reposted] == [one.pk, two.pk]
    assert ledger(employee) == {
        1: [("A", "8.00")],
        2: [("A", "SICK")],
        3: [("A", "2.00")],
    }


def test_the_api_names_what_is_paid_again(
    acme: Any, employee: Any, approved: Any
) -> None:
    first = approved("A", "16")
    second = approved("B", "3", choice=REPLACE)
    approved("C", "9", choice=ADD)
    client = client_of(acme.reviewer)
    days = client.get(f"/api/work_cards/{first.pk}/day-entries").json()
    assert days["entries"][0]["set_aside_by_id"] == str(second.pk)
    url = f"/api/work_cards/{second.pk}/reopen"
    answer = client.post(url, {"reason": "Wrong site"}).json()
    assert answer["reposted"] == []
    (rejected,) = answer["not_reposted"]
    assert (rejected["work_card_id"], rejected["code"]) == (
        str(first.pk),
        "too_many_hours",
    )
    assert rejected["detail"] in answer["warnings"][0]
    # A client may send the response back.
    days["version"] = answer["card"]["version"]
    sent = client.put(f"/api/work_cards/{second.pk}/day-entries", days)
    assert sent.status_code == 200, sent.content


def test_the_database_refuses_a_day_set_aside_by_its_own_card(employee: Any) -> None:
    entry = DayEntryFactory(work_card__employee=employee)
    with pytest.raises(IntegrityError, match="not_by_itself"), transaction.atomic():
        DayEntry.objects.update(set_aside_by=entry.work_card)


def test_the_database_refuses_a_card_of_another_business(
    acme: Any, globex: Any
) -> None:
    with globex.scope():
        foreign = WorkCardFactory(approved=True)
    DayEntryFactory()
    with (
        opened("manager", "row_security"),
        pytest.raises(IntegrityError) as rejected,
        transaction.atomic(),
    ):
        DayEntry.objects.update(set_aside_by_id=foreign.pk)
    assert "work_card_day_entries_set_aside_by_fk" in str(rejected.value)
    error = error_from_database(rejected.value)
    assert isinstance(error, Invalid)
    assert (error.code, error.attr) == ("does_not_exist", "set_aside_by_id")


def test_bulk_approval_sets_equal_days_aside(acme: Any, employee: Any) -> None:
    cards = [card_with(acme, employee, {1: "8"}) for _ in range(2)]
    services.approve_cards(
        versions=[services.CardVersion(card.pk, 2) for card in cards],
        actor=acme.reviewer,
    )
    assert [winner_of(card) for card in cards] == [None, cards[0].pk]
