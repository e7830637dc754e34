"""A short walk, at every door, by an administrator; `make prove` walks for every role and puts every value everywhere."""

from typing import Any

import pytest
import time_machine

from businesses.tests.locks import opened
from proof.database import NOW
from proof.walker import Walk
from proof.world import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> Any:
    with time_machine.travel(NOW, tick=False):
        yield make_world()


def problems(walk: Walk) -> list[str]:
    return [str(problem) for problem in walk.walk().problems]


@pytest.mark.parametrize("part", ["api/", "admin/"])
def test_nobody_reaches_another_businesss_rows(world: World, part: str) -> None:
    walk = Walk(world, ["ADMIN"], [part], is_short=True)
    assert problems(walk) == []
    assert walk.counted["comparisons"] > 100


@pytest.mark.parametrize("lock", ["manager", "row_security"])
def test_nor_with_one_of_the_locks_open(world: World, lock: Any) -> None:
    with opened(lock):
        walk = Walk(world, ["ADMIN"], with_places=False)
        assert problems(walk) == []
