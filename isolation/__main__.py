"""Run the isolation checks.

    python -m isolation                          run all checks, each in a separate process
    python -m isolation walker --roles ADMIN     run one check with its options
    python -m isolation --list                   list the checks
    python -m isolation --write                  also write the results to docs/isolation.md

Each check prints its report in Markdown. The exit code is 1 if a check has found a problem.
"""

import argparse
import importlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import django

from .report import CheckReport, write_to_docs

# The checks must not use the developer's database or `.env`. Set this before Django loads its settings.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
os.environ.setdefault("LOG_LEVEL", "CRITICAL")


class Check(NamedTuple):
    """A check: a module with a function `run_check(arguments) -> Report`, and its title."""

    module: str
    title: str


CHECKS = {
    "walker": Check(
        "isolation.endpoint_walk", "Requests with foreign ids, at every endpoint"
    ),
    "interference": Check(
        "isolation.noninterference",
        "Equal responses in each state of the other business",
    ),
    "ablation": Check(
        "isolation.ablation", "Endpoint walk with isolation layers disabled"
    ),
    "hardened": Check(
        "isolation.separate_logins", "Endpoint walk with the login of the web process"
    ),
    "machine": Check("isolation.state_machine", "Random operations in random order"),
    "fuzz": Check("isolation.fuzz", "Random requests from the OpenAPI document"),
    "months": Check(
        "isolation.random_months", "Random months against a model of the ledger"
    ),
    "storm": Check(
        "isolation.faults.concurrent_writes", "Concurrent writes to the same cards"
    ),
    "mutants": Check(
        "isolation.mutation.runner", "Mutated code, and the tests that fail"
    ),
    "faults": Check(
        "isolation.faults.fault_injection",
        "Killed processes, a full disk and clock changes under load",
    ),
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m isolation", description=__doc__)
    parser.add_argument("checks", nargs="*", metavar="check", help=", ".join(CHECKS))
    parser.add_argument("--list", action="store_true", help="list the checks")
    parser.add_argument(
        "--write", action="store_true", help="write the results to docs/isolation.md"
    )
    options, check_arguments = parser.parse_known_args(arguments)
    if unknown := {*options.checks} - CHECKS.keys():
        parser.error(f"no such check: {', '.join(sorted(unknown))}")
    if options.list:
        for name, check in CHECKS.items():
            print(f"{name:14} {check.title}")
        return 0
    if len(options.checks) == 1:
        return run(options.checks[0], check_arguments, write=options.write)
    flags = ["--write"] * options.write + check_arguments
    codes = [
        subprocess.run([sys.executable, "-m", "isolation", name, *flags]).returncode  # noqa: S603, PLW1510 -- this program; its exit code is used
        for name in options.checks or CHECKS
    ]
    return max(codes)


def run(name: str, arguments: list[str], *, write: bool) -> int:
    """Run one check in this process; return 1 if it has found a problem, else 0."""
    django.setup()
    check = CHECKS[name]
    run_check: Callable[[list[str]], CheckReport] = importlib.import_module(
        check.module
    ).run_check
    start = time.monotonic()
    report = run_check(arguments)
    command = " ".join(["python -m isolation", name, *arguments])
    text = report.markdown(command, seconds=time.monotonic() - start)
    print(f"\n## {check.title}\n\n{text}", flush=True)
    if write:
        write_to_docs(name, text)
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
