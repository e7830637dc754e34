"""The endpoint walk with isolation layers disabled: each layer alone, each pair, and all three.

    python -m isolation ablation [--doors work_cards …]

With one layer disabled the walk must find no breach, because the other two layers remain. With all three disabled
the walk finds every breach that is possible. The table shows the number of breaches that each layer alone prevents.
The walk covers the API as an administrator, with one pair of values for each injection point.
"""

import argparse
from collections import Counter
from collections.abc import Sequence

from businesses.tests.lock_assertions import LOCKS, Lock, opened

from .database import own_database
from .endpoint_walk import Problem, Walk
from .report import Report, Table, say
from .tenants import World, make_world

# The kinds of problem that another business could observe. A difference in SQL is not visible outside, and is expected
# while a layer is disabled.
BREACHES = ("differs", "leaks", "harms")
NAMES: dict[Lock, str] = {
    "manager": "manager",
    "row_security": "row-level security",
    "composite_keys": "composite keys",
}

Breach = tuple[str, str, str, str]


def prove(arguments: list[str]) -> Report:
    parser = argparse.ArgumentParser(prog="python -m isolation ablation")
    parser.add_argument("--doors", nargs="+", default=["api/"])
    given = parser.parse_args(arguments)
    settings: list[tuple[Lock, ...]] = [
        (),
        *((lock,) for lock in LOCKS),
        *(tuple(other for other in LOCKS if other != lock) for lock in LOCKS),
        LOCKS,
    ]
    with own_database():
        say("Furnishing two businesses …")
        world = make_world()
        found = {}
        for open_locks in settings:
            say(f"Walking with open: {', '.join(open_locks) or 'none'} …")
            found[open_locks] = breaches(world, open_locks, given.doors)
    return report_of(found)


def breaches(
    world: World, open_locks: tuple[Lock, ...], doors: Sequence[str]
) -> list[Problem]:
    """Return the breaches that the walk finds with these layers disabled.

    The database is unchanged afterwards.
    """
    with opened(*open_locks):
        walk = Walk(world, ["ADMIN"], doors, is_short=True).walk()
    return [problem for problem in walk.problems if problem.kind in BREACHES]


def report_of(found: dict[tuple[Lock, ...], list[Problem]]) -> Report:
    """Return a report with a row for each set of layers.

    A breach with at least two layers enabled is a problem.
    """
    at_stake = {_breach(problem) for problem in found[LOCKS]}
    rows = []
    problems = []
    for open_locks, breached in found.items():
        shut = [NAMES[lock] for lock in LOCKS if lock not in open_locks]
        counted = Counter(problem.kind for problem in breached)
        left = {_breach(problem) for problem in breached}
        rows.append(
            [
                ", ".join(shut) or "none",
                *(counted[kind] for kind in BREACHES),
                len(at_stake - left),
            ]
        )
        if len(open_locks) < 2:
            problems += [
                f"open: {NAMES[lock]}: {problem}"
                for lock in open_locks
                for problem in breached
            ]
            problems += [str(problem) for problem in breached if not open_locks]
    if not at_stake:
        problems.append("With all locks open nothing was found: the walker is blind.")
    columns = [
        "locks that are shut",
        "a foreign id told from a missing one",
        "canaries in answers",
        "rows of the other business changed",
        f"caught, of {len(at_stake)}",
    ]
    return Report({"settings": len(found)}, [Table(columns, rows)], problems)


def _breach(problem: Problem) -> Breach:
    """Return the key of the breach that `problem` describes.

    The key has no ids or bytes, which differ between the settings.
    """
    place = problem.detail.partition(":")[0]
    return problem.kind, problem.method, problem.door, place
