"""Short concurrent writes. `make prove ARGS=storm` runs them for two minutes with sixteen threads."""

from typing import Any

import pytest

from isolation.faults.concurrent_writes import VERBS, run
from workcards.models import WorkCard
from workcards.tests.factories import DayEntryFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_ledger_and_cards_agree_after_a_storm_and_all_the_while(
    acme: Any, globex: Any
) -> None:
    found = run([acme, globex], threads=4, turns=20)
    assert found.problems == []
    assert len(VERBS) == 25
    assert found.times.total() == 80
    assert found.checks >= 4
    with acme.scope():
        assert WorkCard.objects.exists()


def test_a_day_that_is_not_paid_is_a_problem(acme: Any, globex: Any) -> None:
    with globex.scope():
        DayEntryFactory(
            work_card__review_status="APPROVED",
            work_card__approved_at="2026-06-01T00:00:00Z",
        )
    found = run([acme, globex], threads=1, turns=1)
    assert any("not_posted" in problem for problem in found.problems)


def test_an_answer_that_no_verb_should_get_is_a_problem(acme: Any, globex: Any) -> None:
    with acme.scope():
        acme.admin.is_active = False
        acme.admin.save()
    found = run([acme, acme], threads=1, turns=3)
    assert any(": 401 " in problem for problem in found.problems)
