"""The migration that fills `set_aside_by`.

It takes the answers in the audit trail, else the row in the ledger.
"""

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection

from audit.models import AuditEvent
from audit.tests.factories import AuditEventFactory
from businesses.tenancy.context import unscoped
from businesses.tenancy.rollback_guard import without_forced_rls
from workcards.models import ApprovedDay, DayEntry, WorkCard
from workcards.services import find_faults
from workcards.tests.factories import ClosedMonthFactory
from workcards.tests.review_helpers import (
    answers,
    approve,
    card_with,
    conflicts_of,
    ledger,
)
from workforce.tests.factories import EmployeeFactory, SiteFactory

pytestmark = [pytest.mark.django_db, pytest.mark.server]

migration = import_module("workcards.migrations.0014_set_aside_by")
EVENT = migration.EVENT


@pytest.fixture(autouse=True)
def _scope(acme: Any) -> Any:
    with acme.scope():
        yield


@pytest.fixture
def cards(acme: Any) -> Any:
    """Return a function that approves a card of one employee.

    It gives the same answer to all conflicts.
    """
    sites = {name: SiteFactory(site_name=name) for name in "ABC"}
    employee = EmployeeFactory(site=sites["A"])

    def make(site: str, days: dict[int, str], choice: str = "") -> Any:
        card = card_with(acme, employee, days, site=sites[site])
        found = conflicts_of(acme, card) if choice else []
        approve(acme, card, *(answers(found, choice) if found else ()))
        return card

    return make


def winners() -> dict[Any, Any]:
    """Return `set_aside_by` of each day, by card and day of the month."""
    return {
        (entry.work_card_id, entry.work_date.day): entry.set_aside_by_id
        for entry in DayEntry.objects.all()
    }


def fill_anew() -> dict[Any, Any]:
    """Clear every winner, run the migration, and return the winners that it found."""
    DayEntry.objects.update(set_aside_by=None)
    ClosedMonthFactory()
    run(migration.fill)
    return winners()


def run(step: Any) -> None:
    tables = ["work_cards", "work_card_day_entries", "approved_days", "audit_events"]
    with unscoped(), without_forced_rls(connection, tables):
        step(None, SimpleNamespace(connection=connection))


def listed() -> list[Any]:
    """Return card, day of the month and winner of each day that the migration lists."""
    return [
        (event.work_card_id, int(day["date"][-2:]), day["set_aside_by_id"])
        for event in AuditEvent.objects.filter(event_type=EVENT).order_by("id")
        for day in event.metadata["set_aside"]
    ]


def test_the_answers_of_reviewers_are_found_in_the_trail(cards: Any) -> None:
    """It also works in a closed month, which the trigger protects from updates."""
    first = cards("A", {1: "8", 2: "SICK"})
    kept_out = cards("A", {1: "7", 2: "5"}, "keep")
    replaced = cards("B", {1: "6"}, "replace")
    last = cards("B", {1: "5"}, "replace")
    before = winners()
    assert fill_anew() == before
    assert before == {
        (first.pk, 1): replaced.pk,
        (first.pk, 2): None,
        (kept_out.pk, 1): first.pk,
        (kept_out.pk, 2): first.pk,
        (replaced.pk, 1): last.pk,
        (last.pk, 1): None,
    }
    assert listed() == []
    assert find_faults() == []


def test_days_that_the_trail_knows_nothing_of_are_listed(cards: Any) -> None:
    first = cards("A", {1: "8"})
    equal = cards("A", {1: "8"})
    assert fill_anew() == {(first.pk, 1): None, (equal.pk, 1): first.pk}
    assert listed() == [(equal.pk, 1, str(first.pk))]
    run(migration.forget)
    assert listed() == []


def test_a_day_that_an_older_version_lost_is_set_aside_by_the_row_that_stands(
    cards: Any,
) -> None:
    """Its winner was reopened, and the date still had a row at another site. The paid days do not change."""
    lost = cards("A", {1: "8"})
    cards("B", {1: "3"}, "add")
    stands = cards("C", {1: "4"}, "add")
    winner = cards("A", {2: "1"})
    ApprovedDay.objects.filter(work_card=lost).delete()
    AuditEventFactory(
        event_type="card_approved",
        work_card_id=winner.pk,
        metadata={
            "conflicts": [
                {
                    "date": "2026-06-01",
                    "choice": "replace",
                    "same_site": True,
                    "ledger": {"work_card_id": str(lost.pk)},
                }
            ]
        },
    )
    WorkCard.objects.filter(pk=winner.pk).update(
        review_status="NEEDS_REVIEW", approved_at=None
    )
    before = ledger(lost.employee)
    assert fill_anew()[lost.pk, 1] == stands.pk
    assert listed() == [(lost.pk, 1, str(stands.pk))]
    assert ledger(lost.employee) == before


def test_an_answer_of_before_an_approval_counts_no_more(acme: Any, cards: Any) -> None:
    first = cards("A", {1: "8"})
    second = cards("B", {1: "3"}, "replace")
    WorkCard.objects.filter(pk=first.pk).update(approved_at="2090-01-01T00:00:00Z")
    assert fill_anew()[first.pk, 1] == second.pk
    assert listed() == [(first.pk, 1, str(second.pk))]


def test_the_conflicts_of_the_first_ledger_count_as_answers(cards: Any) -> None:
    """The migration from one company left an event for each day that it did not post."""
    stored, dropped = cards("A", {1: "8"}), cards("A", {1: "8"})
    AuditEventFactory(
        event_type="ledger_backfill_conflict",
        work_card_id=dropped.pk,
        metadata={"date": "2026-06-01", "kept": {"work_card": str(stored.pk)}},
    )
    assert fill_anew()[dropped.pk, 1] == stored.pk
    assert listed() == []


def test_what_is_no_id_in_the_trail_stops_nothing(cards: Any) -> None:
    card = cards("A", {1: "8"})
    for conflicts in ("x", [{"date": "x", "choice": "keep", "ledger": "x"}], [1]):
        AuditEventFactory(
            event_type="card_approved",
            work_card_id=card.pk,
            metadata={"conflicts": conflicts},
        )
    assert fill_anew() == {(card.pk, 1): None}
