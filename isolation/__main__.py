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

from .report import Report, written_into_docs

# The checks must not use the developer's database or `.env`. Set this before Django loads its settings.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
os.environ.setdefault("LOG_LEVEL", "CRITICAL")


class Part(NamedTuple):
    """A check: a module with a function `prove(arguments) -> Report`, and its title."""

    module: str
    title: str


PARTS = {
    "walker": Part("isolation.endpoint_walk", "Every door, with everybody's ids"),
    "interference": Part(
        "isolation.noninterference", "The same answers, whatever others have"
    ),
    "ablation": Part("isolation.ablation", "What each lock catches alone"),
    "hardened": Part("isolation.separate_logins", "The walker, on the web's own login"),
    "machine": Part("isolation.state_machine", "Whatever is done, in whatever order"),
    "fuzz": Part("isolation.fuzz", "What chance makes of the API's document"),
    "months": Part(
        "isolation.random_months", "Random months against a model of the ledger"
    ),
    "storm": Part(
        "isolation.faults.concurrent_writes", "Many threads at the same cards"
    ),
    "mutants": Part(
        "isolation.mutation.runner", "Code that is spoiled, and what notices"
    ),
    "faults": Part(
        "isolation.faults.fault_injection", "Killed, filled up and set back under load"
    ),
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m isolation", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--list", action="store_true", help="name the parts")
    parser.add_argument("--write", action="store_true", help="keep the results in docs")
    given, passed_on = parser.parse_known_args(arguments)
    if unknown := {*given.parts} - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if given.list:
        for name, part in PARTS.items():
            print(f"{name:14} {part.title}")
        return 0
    if len(given.parts) == 1:
        return run(given.parts[0], passed_on, write=given.write)
    flags = ["--write"] * given.write + passed_on
    codes = [
        subprocess.run([sys.executable, "-m", "isolation", name, *flags]).returncode  # noqa: S603, PLW1510 -- this program; its exit code is used
        for name in given.parts or PARTS
    ]
    return max(codes)


def run(name: str, arguments: list[str], *, write: bool) -> int:
    """Run one check in this process; return 1 if it has found a problem, else 0."""
    django.setup()
    part = PARTS[name]
    prove: Callable[[list[str]], Report] = importlib.import_module(part.module).prove
    begun = time.monotonic()
    report = prove(arguments)
    command = " ".join(["python -m isolation", name, *arguments])
    text = report.markdown(command, seconds=time.monotonic() - begun)
    print(f"\n## {part.title}\n\n{text}", flush=True)
    if write:
        written_into_docs(name, text)
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
