"""Run the benchmarks of `benchmarks/README.md` and print their tables.

Call it with `make bench` or `python -m benchmarks [measure …]`. `--scales 10000` limits the run to the smallest
database. The first run creates the databases, and later runs use them again.
"""

import argparse
from collections.abc import Callable

from . import (
    data_growth,
    exports,
    query_plans,
    reads,
    request_load,
    tenancy,
)
from .databases import SCALES, of_scale
from .measurements import describe_machine


def measures(
    scales: list[int], rounds: int, requests: int
) -> dict[str, Callable[[], str]]:
    smallest, largest = scales[0], scales[-1]
    few_rounds = max(rounds // 20, 1)
    return {
        "plans": lambda: query_plans.measure(of_scale(largest)),
        "reads": lambda: reads.measure(of_scale(smallest), rounds),
        "growth": lambda: data_growth.measure(
            [(cards, of_scale(cards)) for cards in scales], rounds
        ),
        "tenancy": lambda: tenancy.measure(of_scale(smallest), rounds),
        "exports": lambda: exports.measure(few_rounds),
        "load": lambda: request_load.measure(of_scale(smallest), requests),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("measures", nargs="*")
    parser.add_argument(
        "--scales", type=int, nargs="+", default=list(SCALES), choices=list(SCALES)
    )
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--requests", type=int, default=50_000)
    options = parser.parse_args()
    available = measures(sorted(options.scales), options.rounds, options.requests)
    for name in options.measures or available:
        print(f"\n## {name}\n\n{describe_machine()}\n\n{available[name]()}", flush=True)
    print(f"\n{describe_machine()}")


if __name__ == "__main__":
    main()
