"""Warnings before approval, in the API: card details, responses and errors."""

from datetime import date, time, timedelta
from typing import Any

import pytest

from accounts.tests.api_clients import client_of
from automatehq.api.errors import Conflict
from businesses.models import BusinessSettings
from businesses.tenancy.context import business_scope
from tests.api_helpers import events, problem, queries
from tests.openapi_conformance import complaints
from workcards import services
from workcards.models import ApprovedDay, WorkCard
from workcards.tests.factories import MONTH, WorkCardFactory
from workcards.tests.review_helpers import (
    answers,
    approve,
    card_with,
    conflicts_of,
    ledger,
)
from workforce.tests.factories import EmployeeFactory, SiteFactory

pytestmark = pytest.mark.django_db

BULK = "/api/work_cards/bulk-approve"
POLICIES = (
    "on_outside_employment",
    "on_future_month",
    "on_overlapping_hours",
    "on_long_day",
    "on_duplicate_days",
)


@pytest.fixture
def client(acme: Any) -> Any:
    return client_of(acme.reviewer)


@pytest.fixture
def john(acme: Any) -> Any:
    with acme.scope():
        return EmployeeFactory(full_name="John Smith")


def shift(acme: Any, employee: Any, days: dict[date, str], **values: Any) -> Any:
    """Return a card under review with times such as 22:00-06:00 by date."""
    month = min(days).replace(day=1)
    site = values.pop("site", None) or employee.site
    card = WorkCardFactory(
        employee=employee, site=site, processing_month=month, **values
    )
    entries = []
    for day, times in days.items():
        start, end = times.split("-")
        entries.append({"work_date": day, "from_time": _at(start), "to_time": _at(end)})
    return services.set_day_entries(
        card_id=card.pk, version=1, entries=entries, actor=acme.reviewer
    )


def _at(text: str) -> Any:
    hour, minute = map(int, text.split(":"))
    return time(hour, minute)


def june(number: int) -> date:
    return MONTH + timedelta(days=number - 1)


def url(card: Any, verb: str = "") -> str:
    return f"/api/work_cards/{card.pk}" + (f"/{verb}" if verb else "")


def before(client: Any, card: Any) -> list[dict[str, Any]]:
    """Return the warnings in the card's details."""
    body = client.get(url(card), {"details": "true"}).json()
    assert body["warnings"] == [found["detail"] for found in body["warning_details"]]
    found: list[dict[str, Any]] = body["warning_details"]
    return found


def approved(client: Any, card: Any, **body: Any) -> Any:
    """Return the response to an approval."""
    refresh(card)
    response = client.post(url(card, "approve"), {"version": card.version, **body})
    assert complaints("/api/work_cards/{id}/approve", "post", response) == []
    return response


def refresh(card: Any) -> None:
    with business_scope(card.business_id):
        card.refresh_from_db()


def codes_and_dates(warnings: Any) -> list[tuple[str, list[str]]]:
    return [(warning["code"], warning["dates"]) for warning in warnings]


def set_policy(acme: Any, **values: Any) -> None:
    with acme.scope():
        BusinessSettings.objects.create(**values)


# Warnings


def test_days_outside_employment_are_named_before_and_after_approving(
    acme: Any, client: Any, john: Any
) -> None:
    with acme.scope():
        john.started_on, john.left_on = june(10), june(20)
        john.save()
        card = card_with(acme, john, {2: "8", 15: "8", 27: "SICK"})
    dates = ["2026-06-02", "2026-06-27"]
    sentence = "John Smith was not employed on these days: 2026-06-02, 2026-06-27."
    warning = {
        "code": "outside_employment",
        "detail": sentence,
        "dates": dates,
        "work_card_ids": [],
        "is_refused": False,
    }
    assert before(client, card) == [warning]
    body = approved(client, card).json()
    assert body["warnings"] == [sentence]
    assert body["warning_details"] == [warning]
    assert before(client, card) == []


def test_a_card_of_a_month_long_after_leaving(
    acme: Any, client: Any, john: Any
) -> None:
    with acme.scope():
        john.left_on = date(2025, 12, 31)
        john.save()
        empty = WorkCardFactory(employee=john, site=john.site)
        card = card_with(acme, john, {1: "8"})
    (warning,) = before(client, empty)
    assert warning["detail"] == "John Smith was not employed in 2026-06."
    assert codes_and_dates(before(client, card)) == [
        ("outside_employment", ["2026-06-01"])
    ]


def test_a_card_of_a_month_that_has_not_started(
    acme: Any, john: Any, time_machine: Any
) -> None:
    time_machine.move_to("2026-05-31T20:30:00Z")
    client = client_of(acme.reviewer)
    with acme.scope():
        early = card_with(acme, john, {3: "8"})
    assert codes_and_dates(before(client, early)) == [("future_month", ["2026-06-03"])]
    # In Jerusalem, June begins three hours earlier than in London.
    time_machine.move_to("2026-05-31T21:30:00Z")
    assert before(client_of(acme.reviewer), early) == []


def test_hours_overlap_across_sites_midnight_and_months(
    acme: Any, client: Any, john: Any
) -> None:
    with acme.scope():
        mill = SiteFactory()
        night = shift(acme, john, {june(0): "22:00-07:00"})
        approve(acme, night)
        pending = shift(acme, john, {june(5): "12:00-20:00"}, site=mill)
        days = {june(1): "06:00-14:00", june(5): "08:00-16:00", june(8): "20:00-04:00"}
        card = shift(acme, john, {**days, june(9): "03:00-11:00"})
    expected = ["2026-06-01", "2026-06-05", "2026-06-08", "2026-06-09"]
    warnings = before(client, card)
    assert codes_and_dates(warnings) == [
        ("overlapping_hours", expected),
        ("duplicate_days", ["2026-06-05"]),
    ]
    assert set(warnings[0]["work_card_ids"]) == {str(night.pk), str(pending.pk)}
    assert codes_and_dates(
        approved(client, card).json()["warning_details"]
    ) == codes_and_dates(warnings)


def test_what_the_reviewer_answers_decides_which_hours_overlap(
    acme: Any, client: Any, john: Any
) -> None:
    with acme.scope():
        first = shift(acme, john, {june(3): "08:00-16:00"})
        approve(acme, first)
        cards = {
            choice: shift(acme, john, {june(3): times}, site=SiteFactory())
            for choice, times in (("keep", "09:00-17:00"), ("add", "15:00-18:00"))
        }
    for choice, card in cards.items():
        assert ("overlapping_hours", ["2026-06-03"]) in codes_and_dates(
            before(client, card)
        )
        with acme.scope():
            conflicts = conflicts_of(acme, card)
        answer = [
            {
                "date": conflict["date"],
                "approved_day_id": conflict["approved_day_id"],
                "choice": choice,
            }
            for conflict in conflicts
        ]
        body = approved(client, card, resolutions=answer).json()
        # The other card is under review at first, and then approved without a ledger row.
        codes = [code for code, _dates in codes_and_dates(body["warning_details"])]
        assert codes == ["overlapping_hours"] if choice == "add" else codes == []


def test_a_date_with_more_than_the_longest_day(
    acme: Any, client: Any, john: Any
) -> None:
    with acme.scope():
        card = card_with(acme, john, {2: "16", 3: "16.25"})
    (warning,) = before(client, card)
    assert warning["detail"] == "More than 16 hours on these days: 2026-06-03."
    set_policy(acme, longest_day_hours="12.5")
    (warning,) = before(client, card)
    assert warning["detail"] == (
        "More than 12.5 hours on these days: 2026-06-02, 2026-06-03."
    )


def test_another_card_with_the_same_days(acme: Any, client: Any, john: Any) -> None:
    with acme.scope():
        paid = card_with(acme, john, {1: "8", 2: "8"})
        approve(acme, paid)
        draft = card_with(acme, john, {2: "8", 3: "7", 4: "8"})
        WorkCardFactory(rejected=True, employee=john, site=john.site)
        card = card_with(acme, john, {1: "8", 3: "8", 5: "8"})
    (warning,) = before(client, card)
    assert codes_and_dates([warning]) == [
        ("duplicate_days", ["2026-06-01", "2026-06-03"])
    ]
    assert set(warning["work_card_ids"]) == {str(paid.pk), str(draft.pk)}
    services_reply = approved(client, card).json()
    assert codes_and_dates(services_reply["warning_details"]) == codes_and_dates(
        [warning]
    )
    # The 3rd is now a conflict for the reviewer to answer, and no longer a warning.
    assert codes_and_dates(before(client, draft)) == [
        ("duplicate_days", ["2026-06-02"])
    ]


def test_a_rejected_card_and_another_persons_card_are_no_reason(
    acme: Any, globex: Any, client: Any, john: Any
) -> None:
    with acme.scope():
        rejected = card_with(acme, john, {1: "8"})
        services.reject_card(card_id=rejected.pk, reason="double", actor=acme.reviewer)
        card_with(acme, EmployeeFactory(), {1: "8"})
        card = card_with(acme, john, {1: "8"})
    with globex.scope():
        card_with(globex, EmployeeFactory(), {1: "8"})
    assert before(client, card) == []


def test_assigning_a_card_warns_of_its_days(acme: Any, client: Any, john: Any) -> None:
    with acme.scope():
        john.left_on = june(1)
        john.save()
        card = card_with(acme, EmployeeFactory(), {1: "8", 2: "8"})
    reply = client.post(url(card, "assign"), {"employee_id": str(john.pk)}).json()
    assert codes_and_dates(reply["warning_details"]) == [
        ("outside_employment", ["2026-06-02"])
    ]
    reply = client.post(url(card, "assign"), {"employee_id": None}).json()
    assert (reply["warnings"], reply["warning_details"]) == ([], [])


def test_only_the_details_of_one_card_have_its_warnings(
    acme: Any, client: Any, john: Any
) -> None:
    with acme.scope():
        card = card_with(acme, john, {2: "20"})
    names = {"warnings", "warning_details"}
    assert names.isdisjoint(client.get(url(card)).json())
    (listed,) = client.get("/api/work_cards", {"details": "true"}).json()["results"]
    assert names.isdisjoint(listed)
    details = client.get(url(card), {"details": "true"}).json()
    assert names <= details.keys()
    # A client can send the body of a GET back, even if the warnings have changed since.
    card_with_other_days = {**details, "warnings": ["x"], "warning_details": []}
    assert client.put(url(card), card_with_other_days).status_code == 200


def test_a_super_admin_reads_the_warnings_of_any_business(
    acme: Any, john: Any, super_admin: Any
) -> None:
    set_policy(acme, on_long_day="refuse")
    with acme.scope():
        card = card_with(acme, john, {2: "20"})
    (warning,) = before(client_of(super_admin), card)
    assert (warning["code"], warning["is_refused"]) == ("long_day", True)


# Errors


def risky(acme: Any, john: Any) -> Any:
    """Return a card for which every rule has a finding."""
    john.left_on = june(1)
    john.save()
    draft = card_with(acme, john, {4: "8"})
    days = {june(2): "06:00-23:00", june(3): "22:00-07:00", june(4): "06:00-14:00"}
    card = shift(acme, john, days)
    return card, draft


CODES = {
    "on_outside_employment": "outside_employment",
    "on_future_month": "future_month",
    "on_overlapping_hours": "overlapping_hours",
    "on_long_day": "long_day",
    "on_duplicate_days": "duplicate_days",
}


@pytest.mark.parametrize("policy", POLICIES)
def test_each_warning_can_be_made_a_refusal(
    acme: Any, john: Any, policy: str, time_machine: Any
) -> None:
    time_machine.move_to("2026-05-20T09:00:00Z")
    client = client_of(acme.reviewer)
    set_policy(acme, **{policy: "refuse"})
    with acme.scope():
        card, _draft = risky(acme, john)
    warnings = before(client, card)
    assert {code for code, _dates in codes_and_dates(warnings)} == set(CODES.values())
    assert [w["code"] for w in warnings if w["is_refused"]] == [CODES[policy]]
    response = approved(client, card)
    assert problem(response) == (409, CODES[policy], None)
    (raised,) = response.json()["warning_details"]
    (expected,) = (w for w in warnings if w["is_refused"])
    assert raised == expected
    assert raised["dates"]
    with acme.scope():
        card.refresh_from_db()
        assert card.review_status == "NEEDS_REVIEW"
        assert not ApprovedDay.objects.exists()
    assert events(acme.id, "card_approved") == []


def test_all_refusals_are_told_at_once(acme: Any, client: Any, john: Any) -> None:
    set_policy(acme, **dict.fromkeys(POLICIES, "refuse"))
    with acme.scope():
        card, _draft = risky(acme, john)
    body = approved(client, card).json()
    found = [error["code"] for error in body["errors"]]
    assert found == [w["code"] for w in body["warning_details"]]
    assert found == [
        "outside_employment",
        "overlapping_hours",
        "long_day",
        "duplicate_days",
    ]


def test_another_businesss_settings_refuse_nothing(
    acme: Any, globex: Any, client: Any, john: Any
) -> None:
    set_policy(globex, **dict.fromkeys(POLICIES, "refuse"))
    with acme.scope():
        card, _draft = risky(acme, john)
    assert approved(client, card).status_code == 200


def test_the_status_route_refuses_too(acme: Any, client: Any, john: Any) -> None:
    set_policy(acme, on_long_day="refuse")
    with acme.scope():
        card = card_with(acme, john, {2: "20"})
    body = {"status": "APPROVED", "version": card.version}
    assert problem(client.put(url(card, "status"), body))[:2] == (409, "long_day")


def test_answers_to_conflicts_can_avoid_a_refusal(
    acme: Any, client: Any, john: Any
) -> None:
    set_policy(acme, on_overlapping_hours="refuse")
    with acme.scope():
        first = shift(acme, john, {june(3): "08:00-16:00"})
        approve(acme, first)
        card = shift(acme, john, {june(3): "15:00-18:00"}, site=SiteFactory())
        conflicts = conflicts_of(acme, card)
        with pytest.raises(Conflict) as raised:
            approve(acme, card, *answers(conflicts, "add"))
        assert raised.value.code == "overlapping_hours"
        assert ledger(john) == {3: [(first.site.site_name, "8.00")]}
        approve(acme, card, *answers(conflicts, "replace"))
        assert ledger(john) == {3: [(card.site.site_name, "3.00")]}


# Bulk approval


def bulk(client: Any, *cards: Any) -> Any:
    for card in cards:
        refresh(card)
    body = {"cards": [{"id": str(card.pk), "version": card.version} for card in cards]}
    response = client.post(BULK, body)
    assert complaints(BULK, "post", response) == []
    return response.json()


def test_bulk_approval_warns_of_each_card(acme: Any, client: Any, john: Any) -> None:
    with acme.scope():
        john.left_on = june(3)
        john.save()
        card = shift(acme, john, {june(2): "08:00-16:00", june(4): "22:00-06:00"})
        # A card that the same request approves before this card.
        next_one = shift(acme, john, {june(5): "05:00-13:00"})
        fine = card_with(acme, EmployeeFactory(), {1: "8"})
    reply = bulk(client, card, next_one, fine)
    assert len(reply["approved"]) == 3
    assert [(w["id"], w["code"], w["dates"]) for w in reply["warnings"]] == [
        (str(card.pk), "outside_employment", ["2026-06-04"]),
        (str(card.pk), "overlapping_hours", ["2026-06-04"]),
        (str(next_one.pk), "outside_employment", ["2026-06-05"]),
        (str(next_one.pk), "overlapping_hours", ["2026-06-05"]),
    ]


def test_bulk_approval_refuses_by_card(acme: Any, client: Any, john: Any) -> None:
    set_policy(acme, on_duplicate_days="refuse", longest_day_hours="12")
    with acme.scope():
        first, second = (card_with(acme, john, {3: "8"}) for _ in range(2))
        long = card_with(acme, EmployeeFactory(), {1: "13"})
    reply = bulk(client, first, second, long)
    assert reply["approved"] == [str(long.pk)]
    assert [w["code"] for w in reply["warnings"]] == ["long_day"]
    for raised, card, other in zip(
        reply["failed"], (first, second), (second, first), strict=True
    ):
        assert (raised["id"], raised["code"]) == (str(card.pk), "duplicate_days")
        (detail,) = raised["warning_details"]
        assert detail["dates"] == ["2026-06-03"]
        assert detail["work_card_ids"] == [str(other.pk)]
    with acme.scope():
        assert WorkCard.objects.with_status("APPROVED").count() == 1


def test_the_days_of_other_cards_are_read_once_for_all(acme: Any, client: Any) -> None:
    """For any number of cards, employees and months: the settings and one more query."""

    def cost(number: int) -> int:
        with acme.scope():
            cards = []
            for _ in range(number):
                person = EmployeeFactory()
                for month in (1, 2, 3):
                    day = date(2026, month, 5)
                    shift(acme, person, {day: "08:00-16:00"}, site=SiteFactory())
                    cards.append(shift(acme, person, {day: "08:00-16:00"}))
        return queries(lambda: bulk_quietly(client, cards))

    client.get("/api/auth/me")
    cost(1)
    # The same cost as before warnings existed: see `test_bulk_approve.py`.
    assert (cost(4) - cost(1)) / 9 <= 4


def bulk_quietly(client: Any, cards: Any) -> None:
    body = {"cards": [{"id": str(card.pk), "version": card.version} for card in cards]}
    assert len(client.post(BULK, body).json()["approved"]) == len(cards)


def test_the_details_of_a_card_cost_one_query_for_its_warnings(
    acme: Any, client: Any, john: Any
) -> None:
    with acme.scope():
        card = card_with(acme, john, {1: "8"})
        waiting = WorkCardFactory(unassigned=True)

    def cost(of: Any) -> int:
        return queries(lambda: client.get(url(of), {"details": "true"}))

    cost(card)
    assert cost(card) - cost(waiting) == 1
