"""The endpoint walk with isolation layers disabled: each layer alone, each pair, and all three.

    python -m isolation ablation [--endpoints work_cards …]

With one layer disabled the walk must find no breach, because the other two layers remain. With all three disabled
the walk finds every breach that is possible. The table shows the number of breaches that each layer alone prevents.
The walk covers the API as an administrator, with one pair of values for each injection point.
"""

import argparse
from collections import Counter
from collections.abc import Sequence

from businesses.tests.lock_assertions import LOCKS, Lock, opened

from .database import temporary_database
from .endpoint_walk import EndpointWalk, WalkProblem
from .report import CheckReport, Table, log
from .tenants import Tenants, make_tenants

# The kinds of problem that another business could observe. A difference in SQL is not visible outside, and is expected
# while a layer is disabled.
BREACHES = ("response", "leak", "change")
LAYER_NAMES: dict[Lock, str] = {
    "manager": "manager",
    "row_security": "row-level security",
    "composite_keys": "composite keys",
}

Breach = tuple[str, str, str, str]


def run_check(arguments: list[str]) -> CheckReport:
    parser = argparse.ArgumentParser(prog="python -m isolation ablation")
    parser.add_argument("--endpoints", nargs="+", default=["api/"])
    options = parser.parse_args(arguments)
    combinations: list[tuple[Lock, ...]] = [
        (),
        *((layer,) for layer in LOCKS),
        *(tuple(other for other in LOCKS if other != layer) for layer in LOCKS),
        LOCKS,
    ]
    with temporary_database():
        log("Creating two businesses …")
        tenants = make_tenants()
        breaches_by_layers = {}
        for disabled in combinations:
            log(f"Walking without {', '.join(disabled) or 'a change'} …")
            breaches_by_layers[disabled] = find_breaches(
                tenants, disabled, options.endpoints
            )
    return make_report(breaches_by_layers)


def find_breaches(
    tenants: Tenants, disabled: tuple[Lock, ...], endpoints: Sequence[str]
) -> list[WalkProblem]:
    """Return the breaches that the walk finds with these layers disabled.

    The database is unchanged afterwards.
    """
    with opened(*disabled):
        walk = EndpointWalk(tenants, ["ADMIN"], endpoints, is_short=True).run()
    return [problem for problem in walk.problems if problem.kind in BREACHES]


def make_report(
    breaches_by_layers: dict[tuple[Lock, ...], list[WalkProblem]],
) -> CheckReport:
    """Return a report with a row for each set of layers.

    A breach with at least two layers enabled is a problem.
    """
    preventable = {_breach(problem) for problem in breaches_by_layers[LOCKS]}
    rows = []
    problems = []
    for disabled, breaches in breaches_by_layers.items():
        enabled = [LAYER_NAMES[layer] for layer in LOCKS if layer not in disabled]
        counts = Counter(problem.kind for problem in breaches)
        remaining = {_breach(problem) for problem in breaches}
        rows.append(
            [
                ", ".join(enabled) or "none",
                *(counts[kind] for kind in BREACHES),
                len(preventable - remaining),
            ]
        )
        if len(disabled) < 2:
            problems += [
                f"without {LAYER_NAMES[layer]}: {problem}"
                for layer in disabled
                for problem in breaches
            ]
            problems += [str(problem) for problem in breaches if not disabled]
    if not preventable:
        problems.append("The walk found nothing with all layers disabled.")
    columns = [
        "enabled layers",
        "responses that reveal a foreign id",
        "canaries in responses",
        "rows of the other business changed",
        f"prevented, of {len(preventable)}",
    ]
    return CheckReport(
        {"combinations of layers": len(breaches_by_layers)},
        [Table(columns, rows)],
        problems,
    )


def _breach(problem: WalkProblem) -> Breach:
    """Return the key of the breach that `problem` describes.

    The key has no ids or bytes, which differ between the settings.
    """
    point = problem.detail.partition(":")[0]
    return problem.kind, problem.method, problem.endpoint, point
