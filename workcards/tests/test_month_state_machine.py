"""Random months against a plain model, briefly.

`make prove ARGS=months` runs 20,000 steps of two businesses.
"""

import random
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workcards.models import DayEntry
from workcards.services import find_faults
from workcards.tests.random_month import STEPS, Play
from workcards.tests.random_month_model import NOW
from workcards.tests.test_set_aside_migration import migration, run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_august() -> Iterator[None]:
    with time_machine.travel(NOW):
        yield


# In parts, so that the workers share them.
@pytest.mark.parametrize("part", range(3))
@given(
    # A seed instead of `st.randoms`, which mostly takes the first choice, so that cards would rarely conflict.
    seed=st.integers(0, 2**32),
    steps=st.lists(
        st.sampled_from([name for name, often in STEPS.items() for _ in range(often)]),
        min_size=50,
        max_size=70,
    ),
)
@settings(
    max_examples=9,
    deadline=None,
    database=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,  # each example is rolled back
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
def test_the_months_are_what_the_model_says(
    acme: Any, part: int, seed: int, steps: list[str]
) -> None:
    with acme.scope(), transaction.atomic():
        play = Play(acme.admin, random.Random(seed))
        for name in steps:
            print(play.do(name))  # noqa: T201 -- shown if it fails
            play.check()
        transaction.set_rollback(True)


@pytest.mark.parametrize("seed", range(3))
def test_the_migration_finds_a_winner_for_each_day_of_a_random_month(
    acme: Any, seed: int
) -> None:
    chance = random.Random(seed)
    with acme.scope():
        play = Play(acme.admin, chance)
        often = STEPS | {"close": 0, "delete": 0, "reopen": 2, "unassign": 0}
        for name in chance.choices([*often], [*often.values()], k=150):
            play.do(name)
        set_aside = DayEntry.objects.filter(set_aside_by__isnull=False)
        aside = set(set_aside.values_list("pk", flat=True))
        assert aside
        DayEntry.objects.update(set_aside_by=None)
        run(migration.fill)
        assert set(set_aside.values_list("pk", flat=True)) == aside
        assert find_faults() == []
