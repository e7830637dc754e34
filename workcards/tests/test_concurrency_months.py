"""Closing a month during concurrent changes: later changes fail.

The event of the closing has the month's figures. They must equal the figures after it; a change in between would make
them differ.
"""

import random
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.tests.api_clients import client_of
from tests.api_helpers import events
from workcards.models import ApprovedDay, ClosedMonth, WorkCard
from workcards.tests.factories import (
    MONTH,
    ClosedMonthFactory,
    DayEntryFactory,
    WorkCardFactory,
    picture,
)
from workcards.tests.test_concurrency_cards import at_once, code, statuses
from workforce.tests.factories import SiteFactory

pytestmark = pytest.mark.django_db(transaction=True)

CARDS = "/api/work_cards"
CLOSE, REOPEN = "/api/months/2026-06/close", "/api/months/2026-06/reopen"
FORCED = {"force": True, "note": "Forced"}
ATTEMPTS = range(4)


@pytest.fixture
def card(acme: Any) -> Any:
    with acme.scope():
        card = WorkCardFactory()
        DayEntryFactory(work_card=card, day=0, total_hours=Decimal(8))
        return card


def close(acme: Any, client: Any = None) -> Any:
    client = client or client_of(acme.admin)
    return lambda: client.post(CLOSE, FORCED)


def check_what_was_closed(acme: Any) -> None:
    """Assert that the figures of the last closing equal the current ones.

    No change came after it.
    """
    metadata = events(acme.id, "month_closed")[-1].metadata
    with acme.scope():
        assert ClosedMonth.objects.count() == 1
        month = WorkCard.objects.for_month(MONTH)
        assert metadata["cards"] == month.counts_by_status()
        assert metadata["approved_days"] == ApprovedDay.objects.count()


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_approving_against_closing(acme: Any, card: Any, attempt: int) -> None:
    reviewer = client_of(acme.reviewer)
    approved, closed = at_once(
        lambda: reviewer.post(f"{CARDS}/{card.pk}/approve", {"version": 1}),
        close(acme),
    )
    assert closed.status_code == 200
    if approved.status_code != 200:
        assert code([approved], 409) == "month_closed"
        assert approved.json()["month"] == "2026-06"
    check_what_was_closed(acme)
    with acme.scope():
        posted = ApprovedDay.objects.count()
        status = WorkCard.objects.get().review_status
    won = approved.status_code == 200
    assert (posted, status) == ((1, "APPROVED") if won else (0, "NEEDS_REVIEW"))


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_uploading_against_closing(acme: Any, attempt: int) -> None:
    with acme.scope():
        site_id = str(SiteFactory().pk)
    uploader = client_of(acme.uploader)
    scan = SimpleUploadedFile("card.png", picture())
    body = {"files": [scan], "site_id": site_id, "month": "2026-06"}
    uploaded, closed = at_once(
        lambda: uploader.post(f"{CARDS}/upload", body, format="multipart"),
        close(acme),
    )
    assert closed.status_code == 200
    if uploaded.status_code != 201:
        assert code([uploaded], 409) == "month_closed"
    check_what_was_closed(acme)
    with acme.scope():
        assert WorkCard.objects.count() == (uploaded.status_code == 201)


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_editing_against_closing(acme: Any, card: Any, attempt: int) -> None:
    uploader, reviewer = client_of(acme.uploader), client_of(acme.reviewer)
    days = {"entries": [{"work_date": "2026-06-02", "total_hours": "3"}], "version": 1}
    noted, written, closed = at_once(
        lambda: uploader.patch(f"{CARDS}/{card.pk}", {"notes": "x"}),
        lambda: reviewer.put(f"{CARDS}/{card.pk}/day-entries", days),
        close(acme),
    )
    assert closed.status_code == 200
    # If the notes come before the days, the request for the days has an old version.
    for answer, codes in (
        (noted, {"month_closed"}),
        (written, {"month_closed", "stale_version"}),
    ):
        assert answer.status_code == 200 or code([answer], 409) in codes
    changes = [answer.status_code for answer in (noted, written)].count(200)
    with acme.scope():
        assert WorkCard.objects.get().version == 1 + changes
    trail = [event.event_type for event in events(acme.id)]
    assert trail[-1] == "month_closed"
    assert len(trail) == 1 + changes


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_moving_cards_both_ways_against_closing_ends(acme: Any, attempt: int) -> None:
    """Each request locks one month and waits for the other; there must be no deadlock."""
    with acme.scope():
        here = WorkCardFactory()
        there = WorkCardFactory(processing_month=MONTH.replace(month=7))
    clients = [client_of(acme.uploader) for _ in range(2)]
    answers = at_once(
        lambda: clients[0].patch(f"{CARDS}/{here.pk}", {"processing_month": "2026-07"}),
        lambda: clients[1].patch(
            f"{CARDS}/{there.pk}", {"processing_month": "2026-06"}
        ),
        close(acme),
    )
    assert answers[2].status_code == 200
    for answer in answers[:2]:
        assert answer.status_code == 200 or code([answer], 409) == "month_closed"
    check_what_was_closed(acme)


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_closing_at_once_is_closing_once(acme: Any, card: Any, attempt: int) -> None:
    people = [client_of(acme.admin), client_of(acme.reviewer), client_of(acme.admin)]
    answers = at_once(*(close(acme, person) for person in people))
    assert statuses(answers) == [200, 200, 200]
    assert len({answer.content for answer in answers}) == 1
    assert len(events(acme.id, "month_closed")) == 1
    check_what_was_closed(acme)


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_reopening_against_closing(acme: Any, card: Any, attempt: int) -> None:
    with acme.scope():
        ClosedMonthFactory()
    admin = client_of(acme.admin)
    opened, closed = at_once(
        lambda: admin.post(REOPEN, {"reason": "A late card"}), close(acme)
    )
    assert statuses([opened, closed]) == [200, 200]
    trail = [event.event_type for event in events(acme.id)]
    with acme.scope():
        is_closed = ClosedMonth.objects.exists()
    # Closing a closed month changes nothing; closing a reopened month does.
    assert (
        trail == ["month_reopened", "month_closed"] if is_closed else ["month_reopened"]
    )


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_of_two_who_reopen_one_does(acme: Any, attempt: int) -> None:
    with acme.scope():
        ClosedMonthFactory()
    people = [client_of(acme.admin) for _ in range(2)]
    answers = at_once(
        *(
            lambda person=person: person.post(REOPEN, {"reason": "A late card"})
            for person in people
        )
    )
    assert statuses(answers) == [200, 200]
    assert len(events(acme.id, "month_reopened")) == 1


def test_a_crowd_in_a_month_that_is_closed_and_opened(acme: Any) -> None:
    """Many cards of the same employees, with all actions, while the month closes.

    A user closes and reopens it repeatedly.
    """
    with acme.scope():
        cards = [DayEntryFactory(day=0, total_hours=Decimal(8)).work_card]
        for _ in range(3):
            cards.append(
                WorkCardFactory(employee=cards[0].employee, site=cards[0].site)
            )
            DayEntryFactory(work_card=cards[-1], day=0, total_hours=Decimal(8))
    chance = random.Random(7)

    def work(client: Any, steps: list[Any]) -> list[Any]:
        answers = []
        for card, verb in steps:
            url = f"{CARDS}/{card.pk}"
            version = client.get(url).json()["version"]
            answers.append(
                client.post(f"{url}/{verb}", {"version": version, "reason": "x"})
                if verb != "approve"
                else client.post(f"{url}/{verb}", {"version": version})
            )
        return answers

    def open_and_close(client: Any) -> list[Any]:
        return [
            client.post(CLOSE, FORCED)
            if step % 2
            else client.post(REOPEN, {"reason": "x"})
            for step in range(8)
        ]

    verbs = ["approve", "reopen", "reject"]
    plans = [
        [(chance.choice(cards), chance.choice(verbs)) for _ in range(8)]
        for _ in range(3)
    ]
    workers = [client_of(acme.reviewer) for _ in plans]
    clerk = client_of(acme.admin)
    *answers, months = at_once(
        *(
            lambda worker=worker, plan=plan: work(worker, plan)
            for worker, plan in zip(workers, plans, strict=True)
        ),
        lambda: open_and_close(clerk),
    )
    assert statuses(months) == [200] * 8
    allowed = {"month_closed", "stale_version", "invalid_transition"}
    for answer in [one for group in answers for one in group]:
        assert answer.status_code == 200 or code([answer], 409) in allowed
    check_what_was_closed(acme)
    with acme.scope():
        approved = WorkCard.objects.with_status("APPROVED")
        rows = list(ApprovedDay.objects.values_list("work_card_id", flat=True))
        assert len(rows) == (1 if approved.exists() else 0)
        assert set(rows) <= set(approved.values_list("pk", flat=True))
