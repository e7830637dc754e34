"""Run random months of two businesses and compare each step with a model.

    python -m isolation months [--steps 20000] [--seed 7]

The businesses share their sites. The model (`workcards/tests/random_month_model.py`) computes with sites, dates and
minutes, without a database. After each step the rows of the business are compared with it: cards, days, days set aside,
ledger and closed months. `check_ledger` must find no fault. After each sequence both businesses are compared, and all
changes are rolled back.
"""

import argparse
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import time_machine
from django.db import transaction

from accounts.tests.personas import Personas, make_personas
from workcards.tests.random_month import SITES, STEPS, Play
from workcards.tests.random_month_model import NOW
from workforce.tests.factories import SiteFactory

from .database import own_database
from .report import Report, Table, say

SEQUENCE = 200
# Stop after this many problems, which usually have the same cause.
MOST_PROBLEMS = 5
# The number of steps before a problem that the report names.
TOLD = 8


@dataclass
class Months:
    """The counts of a run."""

    steps: Counter[str] = field(default_factory=Counter)
    sequences: int = 0
    paid_again: int = 0
    without_room: int = 0
    problems: list[str] = field(default_factory=list)


def play(sides: Sequence[Personas], *, steps: int, seed: int) -> Months:
    """Run `steps` steps in sequences, each in a transaction that is rolled back; return their counts."""
    chance = random.Random(seed)  # noqa: S311 -- no secret
    months = Months()
    while months.steps.total() < steps and len(months.problems) < MOST_PROBLEMS:
        told: list[str] = []
        length = min(SEQUENCE, steps - months.steps.total())
        months.sequences += 1
        say(f"{months.steps.total():,} steps …")
        try:
            with transaction.atomic():
                _play_sequence(sides, length, chance, months, told)
                transaction.set_rollback(True)
        except Exception as error:  # noqa: BLE001  it is reported
            months.steps["failed"] += 1
            months.problems.append(
                f"seed {seed}, sequence {months.sequences}: {type(error).__name__} {error} "
                f"after {'; '.join(told[-TOLD:])}"
            )
            say(months.problems[-1])
    return months


def _play_sequence(
    sides: Sequence[Personas],
    length: int,
    chance: random.Random,
    months: Months,
    told: list[str],
) -> None:
    with sides[0].scope():
        sites = [SiteFactory() for _ in range(SITES)]
    plays = []
    for side in sides:
        with side.scope():
            plays.append((side, Play(side.admin, chance, sites)))
    for _ in range(length):
        side, one = chance.choice(plays)
        (name,) = chance.choices([*STEPS], [*STEPS.values()])
        told.append(f"{side.business}: {name}")
        with side.scope():
            told[-1] = f"{side.business}: {one.do(name)}"
            one.check()
        months.steps[name] += 1
    for side, one in plays:
        with side.scope():
            one.check()
        months.paid_again += one.paid_again
        months.without_room += one.without_room


def prove(arguments: list[str]) -> Report:
    parser = argparse.ArgumentParser(
        prog="python -m isolation months", description=__doc__
    )
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(10**6)
    )
    given = parser.parse_args(arguments)
    with own_database(), time_machine.travel(NOW):
        sides = [make_personas(name) for name in ("Acme", "Globex")]
        begun = time.monotonic()
        months = play(sides, steps=given.steps, seed=given.seed)
        took = time.monotonic() - begun
    figures: dict[str, object] = {
        "steps, each compared with the model": months.steps.total(),
        "sequences": months.sequences,
        "days paid again after another card was reopened": months.paid_again,
        "days that had no room then": months.without_room,
        "steps a second": round(months.steps.total() / took),
        "seed": str(given.seed),
    }
    table = Table(("step", "times"), sorted(months.steps.items()))
    return Report(figures, [table], months.problems)
