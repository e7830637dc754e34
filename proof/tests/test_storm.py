"""A short storm; `make prove ARGS=storm` lets it go on for two minutes with sixteen threads."""

from typing import Any
from unittest.mock import patch

import pytest

from proof.storm import VERBS, Storm, run
from workcards.models import ApprovedDay, DayEntry, WorkCard
from workcards.services import review
from workcards.services.reposting import Reposting

pytestmark = pytest.mark.django_db(transaction=True)


def storm(acme: Any, globex: Any) -> Storm:
    return run([acme, globex], seconds=6, threads=6)


def test_ledger_and_cards_agree_after_a_storm_and_all_the_while(
    acme: Any, globex: Any
) -> None:
    found = storm(acme, globex)
    assert found.problems == []
    assert len(VERBS) == 25
    assert found.statuses.total() > 40
    assert found.checks > 4
    with acme.scope():
        assert WorkCard.objects.exists()


def test_a_ledger_that_loses_rows_is_a_problem(acme: Any, globex: Any) -> None:
    def lose(card: Any) -> Reposting:
        """As withdrawing was before: the days that were set aside are left as they are."""
        ApprovedDay.objects.filter(work_card=card).delete()
        DayEntry.objects.filter(work_card=card).update(set_aside_by=None)
        return Reposting()

    with patch.object(review, "withdraw_card", lose):
        found = run([acme, globex], seconds=12, threads=6)
    assert any("set_aside_by_unapproved" in problem for problem in found.problems)
