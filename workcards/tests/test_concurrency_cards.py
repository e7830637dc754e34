"""Concurrent changes of cards: real threads, real connections, real commits."""

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections

from accounts.tests.api_clients import client_of
from audit.models import AuditEvent
from workcards.models import ApprovedDay, DayEntry, WorkCard, WorkCardFile
from workcards.tests.factories import (
    MONTH,
    ClosedMonthFactory,
    DayEntryFactory,
    WorkCardFactory,
    WorkCardFileFactory,
    picture,
)
from workforce.tests.factories import EmployeeFactory, SiteFactory

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/work_cards"


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run `acts` at the same time, and return their results."""
    start = threading.Barrier(len(acts))
    answers: list[Any] = [None] * len(acts)

    def run(index: int, act: Callable[[], Any]) -> None:
        try:
            start.wait()
            answers[index] = act()
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=run, args=(index, act))
        for index, act in enumerate(acts)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive(), "they wait for each other"
    return answers


def statuses(answers: list[Any]) -> list[int]:
    return sorted(answer.status_code for answer in answers)


def code(answers: list[Any], status: int) -> str:
    (answer,) = (found for found in answers if found.status_code == status)
    return str(answer.json()["errors"][0]["code"])


@pytest.fixture
def card(acme: Any) -> Any:
    with acme.scope():
        card = WorkCardFactory()
        DayEntryFactory(work_card=card, day=0, total_hours=Decimal(8))
        return card


@pytest.mark.parametrize("attempt", range(3))
def test_of_two_who_approve_one_wins(acme: Any, card: Any, attempt: int) -> None:
    people = [client_of(acme.admin), client_of(acme.reviewer)]
    answers = at_once(
        *(
            lambda client=client: client.post(
                f"{URL}/{card.pk}/approve", {"version": 1}
            )
            for client in people
        )
    )
    assert statuses(answers) == [200, 409]
    assert code(answers, 409) == "stale_version"
    (late,) = (answer for answer in answers if answer.status_code == 409)
    assert late.json()["card"]["review_status"] == "APPROVED"
    with acme.scope():
        assert ApprovedDay.objects.count() == 1
        assert AuditEvent.objects.filter(event_type="card_approved").count() == 1


@pytest.mark.parametrize("attempt", range(3))
def test_approving_and_editing_days_do_not_both_happen(
    acme: Any, card: Any, attempt: int
) -> None:
    reviewer, admin = client_of(acme.reviewer), client_of(acme.admin)
    days = {
        "version": 1,
        "entries": [{"work_date": "2026-06-01", "total_hours": "3"}],
    }
    approved, edited = at_once(
        lambda: reviewer.post(f"{URL}/{card.pk}/approve", {"version": 1}),
        lambda: admin.put(f"{URL}/{card.pk}/day-entries", days),
    )
    assert statuses([approved, edited]) == [200, 409]
    assert code([approved, edited], 409) == "stale_version"
    with acme.scope():
        posted = [str(row.hours) for row in ApprovedDay.objects.all()]
        typed = [str(entry.total_hours) for entry in DayEntry.objects.all()]
    assert (posted, typed) == (
        (["8.00"], ["8.00"]) if approved.status_code == 200 else ([], ["3.00"])
    )


@pytest.mark.parametrize("attempt", range(3))
def test_two_cards_of_one_employee_see_each_other(acme: Any, attempt: int) -> None:
    """Two cards have the same date; the second approval returns a conflict."""
    with acme.scope():
        employee = EmployeeFactory()
        cards = [WorkCardFactory(employee=employee) for _ in range(4)]
        for card in cards:
            DayEntryFactory(
                work_card=card,
                day=0,
                from_time=None,
                to_time=None,
                break_minutes=0,
                total_hours=Decimal(5),
            )
    clients = [client_of(acme.reviewer) for _ in cards]
    answers = at_once(
        *(
            lambda client=client, card=card: client.post(
                f"{URL}/{card.pk}/approve", {"version": 1}
            )
            for client, card in zip(clients, cards, strict=True)
        )
    )
    assert statuses(answers) == [200, 409, 409, 409]
    assert {a.json()["errors"][0]["code"] for a in answers if a.status_code == 409} == {
        "day_conflicts"
    }
    with acme.scope():
        assert ApprovedDay.objects.count() == 1


def test_reopening_many_cards_of_one_employee_at_once_ends(acme: Any) -> None:
    """Each reopening reposts from the other cards; no two may wait for each other."""
    reviewer = client_of(acme.reviewer)
    with acme.scope():
        employee = EmployeeFactory()
        cards = [
            WorkCardFactory(employee=employee, site=employee.site) for _ in range(5)
        ]
        for card in cards:
            DayEntryFactory(work_card=card, day=0)
    for card in cards:
        assert (
            reviewer.post(f"{URL}/{card.pk}/approve", {"version": 1}).status_code == 200
        )
    clients = [client_of(acme.reviewer) for _ in cards]
    answers = at_once(
        *(
            lambda client=client, card=card: client.post(
                f"{URL}/{card.pk}/reopen", {"reason": "all wrong"}
            )
            for client, card in zip(clients, cards, strict=True)
        )
    )
    assert statuses(answers) == [200] * 5
    with acme.scope():
        assert ApprovedDay.objects.count() == 0


@pytest.mark.parametrize("attempt", range(3))
def test_the_same_upload_twice_is_one_card(acme: Any, attempt: int) -> None:
    with acme.scope():
        site = SiteFactory()
    clients = [client_of(acme.uploader) for _ in range(3)]

    def files(*shades: int) -> list[Any]:
        return [SimpleUploadedFile(f"{n}.png", picture(n)) for n in shades]

    # Different orders, which could cause a deadlock.
    orders = [(1, 2, 3), (3, 2, 1), (2, 1, 3)]
    answers = at_once(
        *(
            lambda client=client, order=order: client.post(
                f"{URL}/upload",
                {"files": files(*order), "site_id": str(site.pk)},
                format="multipart",
            )
            for client, order in zip(clients, orders, strict=True)
        )
    )
    assert statuses(answers) == [200, 200, 201]
    with acme.scope():
        assert WorkCard.objects.count() == WorkCardFile.objects.count() == 3


@pytest.mark.parametrize("attempt", range(3))
def test_a_manual_card_begun_twice_is_one(acme: Any, attempt: int) -> None:
    with acme.scope():
        employee = EmployeeFactory()
    body = {
        "site_id": str(employee.site_id),
        "employee_id": str(employee.pk),
        "processing_month": "2026-06",
    }
    clients = [client_of(acme.uploader) for _ in range(3)]
    answers = at_once(
        *(lambda client=client: client.post(URL, body) for client in clients)
    )
    assert statuses(answers) == [200, 200, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_of_the_last_two_pages_deleted_at_once_the_bytes_go_too(acme: Any) -> None:
    with acme.scope():
        file = WorkCardFileFactory(page_count=2)
        cards = [
            WorkCardFactory(uploaded=True, file=file, source_page_number=page)
            for page in (1, 2)
        ]
    clients = [client_of(acme.admin) for _ in cards]
    answers = at_once(
        *(
            lambda client=client, card=card: client.delete(f"{URL}/{card.pk}")
            for client, card in zip(clients, cards, strict=True)
        )
    )
    assert statuses(answers) == [204, 204]
    with acme.scope():
        assert not WorkCardFile.objects.exists()
    assert not file.original.storage.exists(file.original.name)


def test_two_first_views_of_a_scan_make_one_rendition(acme: Any) -> None:
    with acme.scope():
        card = WorkCardFactory(uploaded=True)
    clients = [client_of(acme.viewer) for _ in range(3)]
    answers = at_once(
        *(
            lambda client=client: client.get(f"{URL}/{card.pk}/file?rendition=display")
            for client in clients
        )
    )
    assert statuses(answers) == [200, 200, 200]
    assert len({answer.content for answer in answers}) == 1
    folder = card.file.original.name.rpartition("/")[0]
    _folders, files = card.file.original.storage.listdir(folder)
    assert sorted(files) == ["display-1.jpg", "original"]


@pytest.mark.parametrize("attempt", range(5))
def test_bulk_approvals_of_the_same_cards_approve_each_once(
    acme: Any, attempt: int
) -> None:
    """Concurrent bulk approvals in opposite orders cause no deadlock.

    Several cards per employee, and a single approval of one of them.
    """
    with acme.scope():
        people = [EmployeeFactory() for _ in range(4)]
        cards = [WorkCardFactory(employee=people[n % 4]) for n in range(12)]
        for number, card in enumerate(cards):
            DayEntryFactory(work_card=card, day=number)
    listed = [{"id": str(card.pk), "version": 1} for card in cards]
    orders = [listed, listed[::-1], listed[6:] + listed[:6]]
    single = cards[attempt]
    clients = [client_of(acme.reviewer) for _ in range(4)]
    *bulks, alone = at_once(
        *(
            lambda client=client, order=order: client.post(
                f"{URL}/bulk-approve", {"cards": order}
            )
            for client, order in zip(clients, orders, strict=False)
        ),
        lambda: clients[3].post(f"{URL}/{single.pk}/approve", {"version": 1}),
    )
    assert statuses(bulks) == [200] * 3
    approved = [card_id for bulk in bulks for card_id in bulk.json()["approved"]]
    approved += [str(single.pk)] * (alone.status_code == 200)
    assert sorted(approved) == sorted(str(card.pk) for card in cards)
    failed = [each["code"] for bulk in bulks for each in bulk.json()["failed"]]
    assert set(failed) <= {"stale_version"}
    with acme.scope():
        assert ApprovedDay.objects.count() == len(cards)
        approvals = AuditEvent.objects.filter(event_type="card_approved")
        assert (
            approvals.values("work_card_id").distinct().count()
            == approvals.count()
            == 12
        )


@pytest.mark.parametrize("attempt", range(3))
def test_a_bulk_approval_and_the_closing_of_its_month_come_one_after_the_other(
    acme: Any, attempt: int
) -> None:
    with acme.scope():
        cards = [WorkCardFactory() for _ in range(8)]
        for card in cards:
            DayEntryFactory(work_card=card, day=0)
    body = {"cards": [{"id": str(card.pk), "version": 1} for card in cards]}
    reviewer = client_of(acme.reviewer)

    def close() -> None:
        with acme.scope():
            ClosedMonthFactory(month=MONTH)

    bulk, _closed = at_once(lambda: reviewer.post(f"{URL}/bulk-approve", body), close)
    answer = bulk.json()
    assert {each["code"] for each in answer["failed"]} <= {"month_closed"}
    assert len(answer["approved"]) in (0, len(cards))
    with acme.scope():
        assert ApprovedDay.objects.count() == len(answer["approved"])
