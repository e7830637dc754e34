"""Run the benchmarks of `benchmarks/README.md` and print their tables.

Call it with `make bench` or `python -m benchmarks [measure …]`. `--scales 10000` limits the run to the smallest
database. The first run creates the databases, and later runs use them again.
"""

import argparse
from collections.abc import Callable

from . import (
    data_growth,
    exports,
    large,
    query_plans,
    reads,
    request_load,
    tenancy,
)
from .databases import SCALES, of_scale
from .measurements import circumstances


def measures(
    scales: list[int], rounds: int, requests: int
) -> dict[str, Callable[[], str]]:
    few, many = scales[0], scales[-1]
    sparse = max(rounds // 20, 1)
    return {
        "plans": lambda: query_plans.measure(of_scale(many)),
        "reads": lambda: reads.measure(of_scale(few), rounds),
        "growth": lambda: data_growth.measure(
            [(cards, of_scale(cards)) for cards in scales], rounds
        ),
        "tenancy": lambda: tenancy.measure(of_scale(few), rounds),
        "exports": lambda: exports.measure(sparse),
        "large": lambda: large.measure(sparse),
        "load": lambda: request_load.measure(of_scale(few), requests),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("measures", nargs="*")
    parser.add_argument(
        "--scales", type=int, nargs="+", default=list(SCALES), choices=list(SCALES)
    )
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--requests", type=int, default=50_000)
    asked = parser.parse_args()
    known = measures(sorted(asked.scales), asked.rounds, asked.requests)
    for name in asked.measures or known:
        print(f"\n## {name}\n\n{circumstances()}\n\n{known[name]()}", flush=True)
    print(f"\n{circumstances()}")


if __name__ == "__main__":
    main()
