"""Bulk approval by the API: each card is approved separately."""

import uuid
from datetime import date
from typing import Any

import pytest

from accounts.tests.api_clients import client_of
from audit.tests.audit_helpers import queued, trace
from tests.api_helpers import events, problem, queries
from tests.openapi_conformance import complaints
from workcards.models import ApprovedDay, DayEntry, WorkCard
from workcards.tests.factories import (
    MONTH,
    ClosedMonthFactory,
    DayEntryFactory,
    WorkCardFactory,
)
from workcards.tests.review_helpers import approve, card_with, ledger, reopen
from workforce.tests.factories import EmployeeFactory

pytestmark = pytest.mark.django_db

URL = "/api/work_cards/bulk-approve"


@pytest.fixture
def client(acme: Any) -> Any:
    return client_of(acme.reviewer)


def seen(*cards: Any) -> dict[str, Any]:
    for card in cards:
        card.refresh_from_db()
    return {"cards": [{"id": str(c.pk), "version": c.version} for c in cards]}


def outcome(client: Any, body: Any) -> tuple[list[str], dict[str, str]]:
    """Return the ids of the approved cards, and the codes of the others."""
    response = client.post(URL, body)
    assert response.status_code == 200, response.content
    answer = response.json()
    return answer["approved"], {each["id"]: each["code"] for each in answer["failed"]}


def statuses(acme: Any) -> dict[Any, str]:
    with acme.scope():
        return dict(WorkCard.objects.values_list("id", "review_status"))


def test_every_card_is_approved_as_if_alone(acme: Any, client: Any) -> None:
    with acme.scope():
        people = [EmployeeFactory() for _ in range(3)]
        cards = [card_with(acme, person, {1: "8", 2: "SICK"}) for person in people]
        body = seen(*cards)
    response = client.post(URL, body)
    assert response.json() == {
        "approved": [str(card.pk) for card in cards],
        "failed": [],
        "warnings": [],
    }
    found = events(acme.id, "card_approved")
    assert [event.work_card_id for event in found] == [card.pk for card in cards]
    assert {event.metadata["channel"] for event in found} == {"api"}
    with acme.scope():
        for card, person in zip(cards, people, strict=True):
            card.refresh_from_db()
            assert (card.review_status, card.version) == ("APPROVED", 3)
            assert card.approved_by == acme.reviewer
            site = card.site.site_name
            assert ledger(person) == {1: [(site, "8.00")], 2: [(site, "SICK")]}


def test_what_one_is_refused_for_does_not_keep_the_others_back(
    acme: Any, client: Any
) -> None:
    with acme.scope():
        person = EmployeeFactory()
        good, late = (card_with(acme, EmployeeFactory(), {1: "8"}) for _ in range(2))
        paid = card_with(acme, person, {5: "8"})
        other = card_with(acme, person, {4: "8", 5: "7"})
        approve(acme, paid)
        empty = WorkCardFactory()
        nobodys = WorkCardFactory(unassigned=True)
        rejected = WorkCardFactory(rejected=True)
        body = seen(other, late, empty, nobodys, rejected, paid, good)
    body["cards"][1]["version"] = 1
    response = client.post(URL, body)
    answer = response.json()
    assert answer["approved"] == [str(good.pk)]
    assert [(each["id"], each["code"]) for each in answer["failed"]] == [
        (str(other.pk), "day_conflicts"),
        (str(late.pk), "stale_version"),
        (str(empty.pk), "no_days"),
        (str(nobodys.pk), "invalid_transition"),
        (str(rejected.pk), "invalid_transition"),
        (str(paid.pk), "invalid_transition"),
    ]
    conflicting, stale = answer["failed"][:2]
    (conflict,) = conflicting["conflicts"]
    assert (conflict["date"], conflict["ledger"]["work_card_id"]) == (
        "2026-06-05",
        str(paid.pk),
    )
    assert stale["changed_by"]["name"] == "Acme Reviewer"
    assert "card" not in stale
    with acme.scope():
        assert ledger(person) == {5: [(paid.site.site_name, "8.00")]}
        assert other.version == WorkCard.objects.get(pk=other.pk).version
    assert complaints(URL, "post", response) == []


def test_of_two_with_a_date_in_common_the_first_is_approved(
    acme: Any, client: Any
) -> None:
    with acme.scope():
        person = EmployeeFactory()
        first = card_with(acme, person, {1: "8", 2: "8"})
        same = card_with(acme, person, {2: "8", 3: "8"})
        other = card_with(acme, person, {3: "7", 4: "7"})
        body = seen(first, same, other)
    approved, failed = outcome(client, body)
    assert approved == [str(first.pk), str(same.pk)]
    assert failed == {str(other.pk): "day_conflicts"}
    with acme.scope():
        assert list(ledger(person)) == [1, 2, 3]


def test_a_limit_that_only_the_database_knows_fails_its_card_alone(
    acme: Any, client: Any
) -> None:
    """Only the card that violates a database constraint fails."""
    with acme.scope():
        cards = [card_with(acme, EmployeeFactory(), {1: "8"}) for _ in range(3)]
        cards[1].day_entries.all().delete()
        DayEntryFactory(work_card=cards[1], day=3)
        body = seen(*cards)
        twin = ApprovedDay(
            employee=cards[1].employee,
            site=EmployeeFactory().site,
            work_card=cards[0],
            work_date=DayEntry.objects.get(work_card=cards[1]).work_date,
            day_status="SICK",
            approved_at=cards[0].created_at,
        )
        twin.save()
    approved, failed = outcome(client, body)
    assert approved == [str(cards[0].pk), str(cards[2].pk)]
    assert failed == {str(cards[1].pk): "day_conflicts"}


def test_cards_of_a_closed_month_fail_and_the_others_do_not(
    acme: Any, client: Any
) -> None:
    with acme.scope():
        late = [card_with(acme, EmployeeFactory(), {1: "8"}) for _ in range(2)]
        card = WorkCardFactory(processing_month=date(2026, 7, 1))
        DayEntryFactory(work_card=card)
        body = seen(late[0], card, late[1])
        ClosedMonthFactory(month=MONTH)
    answer = client.post(URL, body).json()
    assert answer["approved"] == [str(card.pk)]
    assert [(each["id"], each["code"]) for each in answer["failed"]] == [
        (str(card.pk), "month_closed") for card in late
    ]
    # The check comes before any approval: the database's own error does not name the month.
    assert all("2026-06" in each["detail"] for each in answer["failed"])


def test_an_inactive_employee_is_warned_about(acme: Any, client: Any) -> None:
    with acme.scope():
        gone = EmployeeFactory(is_active=False, full_name="John Gone")
        card = card_with(acme, gone, {1: "8"})
        body = seen(card)
    assert client.post(URL, body).json() == {
        "approved": [str(card.pk)],
        "failed": [],
        "warnings": [
            {
                "id": str(card.pk),
                "code": "inactive_employee",
                "detail": "John Gone is inactive.",
                "dates": [],
                "work_card_ids": [],
                "is_refused": False,
            }
        ],
    }


def test_what_was_reopened_is_approved_again(acme: Any, client: Any) -> None:
    with acme.scope():
        card = card_with(acme, EmployeeFactory(), {1: "8"})
        approve(acme, card)
        reopen(acme, card)
        body = seen(card)
    assert outcome(client, body) == ([str(card.pk)], {})


# The request's list


@pytest.mark.parametrize(
    ("cards", "code", "attr"),
    [
        (None, "not_a_list", "cards"),
        ([], "empty", "cards"),
        ("all", "not_a_list", "cards"),
        ([{"id": "x", "version": 1}], "invalid", "cards.0.id"),
        ([{"id": str(uuid.UUID(int=1))}], "required", "cards.0.version"),
        ([{"id": str(uuid.UUID(int=1)), "version": 0}], "min_value", "cards.0.version"),
        (
            [{"id": str(uuid.UUID(int=1)), "version": 1, "force": True}],
            "unknown_field",
            "cards.0.force",
        ),
        ([{"id": str(uuid.UUID(int=1)), "version": 1}] * 2, "duplicate", "cards.1.id"),
        (
            [{"id": str(uuid.UUID(int=n)), "version": 1} for n in range(501)],
            "max_length",
            "cards",
        ),
    ],
    ids=[
        *("null", "empty", "text", "no id", "no version", "no such version"),
        *("unknown", "twice", "too many"),
    ],
)
def test_a_list_that_makes_no_sense_is_refused(
    acme: Any, client: Any, cards: Any, code: str, attr: str
) -> None:
    status, found, where = problem(client.post(URL, {"cards": cards}))
    assert (status, where) == (400, attr)
    assert found == code or cards is None


def test_a_duplicate_refuses_the_whole_list(acme: Any, client: Any) -> None:
    with acme.scope():
        card = card_with(acme, EmployeeFactory(), {1: "8"})
        body = seen(card)
    body["cards"] *= 2
    assert client.post(URL, body).status_code == 400
    assert statuses(acme) == {card.pk: "NEEDS_REVIEW"}


# Other businesses


def test_another_businesss_card_is_one_that_never_existed(
    acme: Any, globex: Any
) -> None:
    """The response and the queries are the same, and a task looks up both ids."""
    with acme.scope():
        card = card_with(acme, EmployeeFactory(), {1: "8"})
    with globex.scope():
        own = card_with(globex, EmployeeFactory(), {1: "8"})
    thief = client_of(globex.reviewer)
    missing = uuid.uuid4()

    def reach(card_id: Any) -> Any:
        return thief.post(URL, {"cards": [{"id": str(card_id), "version": 2}]})

    reach(uuid.uuid4())  # the first request of a minute creates the counter's row
    foreign, unknown = (trace(lambda pk=pk: reach(pk)) for pk in (card.pk, missing))
    assert foreign.content.replace(str(card.pk).encode(), str(missing).encode()) == (
        unknown.content
    )
    assert foreign._replace(content=b"") == unknown._replace(content=b"")
    assert b'"not_found"' in foreign.content
    alone = thief.post(f"/api/work_cards/{missing}/approve", {"version": 1}).json()
    assert thief.post(URL, {"cards": [{"id": str(missing), "version": 1}]}).json()[
        "failed"
    ] == [
        {
            "id": str(missing),
            "code": "not_found",
            "detail": alone["errors"][0]["detail"],
        }
    ]
    task_values = [task["value"] for task in queued()]
    assert task_values.count(str(card.pk)) == 1
    assert task_values.count(str(missing)) == 3
    assert {(t["model"], t["kind"]) for t in queued()} == {
        ("workcards.workcard", "unknown_id")
    }
    # Beside another business's card, the caller's own cards are approved.
    body = {
        "cards": [
            {"id": str(card.pk), "version": 2},
            {"id": str(own.pk), "version": 2},
        ]
    }
    assert outcome(thief, body) == ([str(own.pk)], {str(card.pk): "not_found"})
    assert statuses(acme) == {card.pk: "NEEDS_REVIEW"}
    assert events(acme.id, "card_approved") == []


def test_many_unknown_ids_make_no_more_tasks_than_a_minute_allows(
    acme: Any, client: Any
) -> None:
    body = {"cards": [{"id": str(uuid.uuid4()), "version": 1} for _ in range(200)]}
    _approved, failed = outcome(client, body)
    assert set(failed.values()) == {"not_found"}
    assert len(queued()) == 60


# Queries


def test_a_card_more_costs_few_queries(acme: Any, client: Any) -> None:
    def cost(number: int) -> int:
        with acme.scope():
            cards = [
                card_with(
                    acme,
                    EmployeeFactory(),
                    dict.fromkeys(range(1, 21), "8"),
                )
                for _ in range(number)
            ]
            body = seen(*cards)
        return queries(lambda: client.post(URL, body))

    client.get("/api/auth/me")
    assert (cost(7) - cost(2)) / 5 <= 4
