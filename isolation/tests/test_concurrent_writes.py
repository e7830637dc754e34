"""Short concurrent writes. `make prove ARGS=storm` runs them for two minutes with sixteen threads."""

from typing import Any

import pytest

from isolation.faults.concurrent_writes import ACTIONS, run
from workcards.models import WorkCard
from workcards.tests.factories import DayEntryFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_ledger_and_cards_agree_during_and_after_concurrent_writes(
    acme: Any, globex: Any
) -> None:
    results = run([acme, globex], threads=4, turns=20)
    assert results.problems == []
    assert len(ACTIONS) == 25
    assert results.requests.total() == 80
    assert results.checks >= 4
    with acme.scope():
        assert WorkCard.objects.exists()


def test_day_without_a_posting_is_a_problem(acme: Any, globex: Any) -> None:
    with globex.scope():
        DayEntryFactory(
            work_card__review_status="APPROVED",
            work_card__approved_at="2026-06-01T00:00:00Z",
        )
    results = run([acme, globex], threads=1, turns=1)
    assert any("not_posted" in problem for problem in results.problems)


def test_unexpected_status_is_a_problem(acme: Any, globex: Any) -> None:
    with acme.scope():
        acme.admin.is_active = False
        acme.admin.save()
    results = run([acme, acme], threads=1, turns=3)
    assert any(": 401 " in problem for problem in results.problems)
