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

from .database import temporary_database
from .report import CheckReport, Table, log

SEQUENCE_LENGTH = 200
# Stop after this many problems, which usually have the same cause.
MAX_PROBLEMS = 5
# The number of steps before a problem that the report names.
HISTORY_LENGTH = 8


@dataclass
class Months:
    """The counts of a run."""

    steps: Counter[str] = field(default_factory=Counter)
    sequences: int = 0
    paid_again: int = 0
    without_room: int = 0
    problems: list[str] = field(default_factory=list)


def run_sequences(tenants: Sequence[Personas], *, steps: int, seed: int) -> Months:
    """Run `steps` steps in sequences, each in a transaction that is rolled back; return their counts."""
    rng = random.Random(seed)  # noqa: S311 -- no secret
    months = Months()
    while months.steps.total() < steps and len(months.problems) < MAX_PROBLEMS:
        history: list[str] = []
        length = min(SEQUENCE_LENGTH, steps - months.steps.total())
        months.sequences += 1
        log(f"{months.steps.total():,} steps …")
        try:
            with transaction.atomic():
                _run_sequence(tenants, length, rng, months, history)
                transaction.set_rollback(True)
        except Exception as error:  # noqa: BLE001  it is reported
            months.steps["failed"] += 1
            months.problems.append(
                f"seed {seed}, sequence {months.sequences}: {type(error).__name__} {error} "
                f"after {'; '.join(history[-HISTORY_LENGTH:])}"
            )
            log(months.problems[-1])
    return months


def _run_sequence(
    tenants: Sequence[Personas],
    length: int,
    rng: random.Random,
    months: Months,
    history: list[str],
) -> None:
    with tenants[0].scope():
        sites = [SiteFactory() for _ in range(SITES)]
    models = []
    for tenant in tenants:
        with tenant.scope():
            models.append((tenant, Play(tenant.admin, rng, sites)))
    for _ in range(length):
        tenant, model = rng.choice(models)
        (name,) = rng.choices([*STEPS], [*STEPS.values()])
        history.append(f"{tenant.business}: {name}")
        with tenant.scope():
            history[-1] = f"{tenant.business}: {model.do(name)}"
            model.check()
        months.steps[name] += 1
    for tenant, model in models:
        with tenant.scope():
            model.check()
        months.paid_again += model.paid_again
        months.without_room += model.without_room


def run_check(arguments: list[str]) -> CheckReport:
    parser = argparse.ArgumentParser(
        prog="python -m isolation months", description=__doc__
    )
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(10**6)
    )
    options = parser.parse_args(arguments)
    with temporary_database(), time_machine.travel(NOW):
        tenants = [make_personas(name) for name in ("Acme", "Globex")]
        start = time.monotonic()
        months = run_sequences(tenants, steps=options.steps, seed=options.seed)
        duration = time.monotonic() - start
    figures: dict[str, object] = {
        "steps, each compared with the model": months.steps.total(),
        "sequences": months.sequences,
        "days posted again after another card was reopened": months.paid_again,
        "days without room on the ledger after a reopening": months.without_room,
        "steps per second": round(months.steps.total() / duration),
        "seed": str(options.seed),
    }
    table = Table(("step", "times"), sorted(months.steps.items()))
    return CheckReport(figures, [table], months.problems)
