"""A short run of two businesses' random months; `make prove ARGS=months` runs 20,000 steps."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
import time_machine

from isolation.random_months import Months, run_sequences
from workcards.services import reposting
from workcards.tests.random_month_model import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_august() -> Iterator[None]:
    with time_machine.travel(NOW):
        yield


def run_months(acme: Any, globex: Any, steps: int) -> Months:
    return run_sequences([acme, globex], steps=steps, seed=2)


def test_two_businesses_at_shared_sites_agree_with_the_model(
    acme: Any, globex: Any
) -> None:
    months = run_months(acme, globex, 200)
    assert months.problems == []
    assert (months.steps.total(), months.sequences) == (200, 1)
    assert months.paid_again > 0


def test_lost_day_is_a_problem(acme: Any, globex: Any) -> None:
    def lose(entries: Any) -> reposting.Reposting:
        return reposting.Reposting()

    with patch.object(reposting, "repost_days", lose):
        months = run_months(acme, globex, 200)
    assert "AssertionError" in months.problems[0]
    assert "reopen" in months.problems[0]
