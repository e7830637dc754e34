"""Mutate the code in one place at a time, and check that a test fails each time.

    python -m isolation.mutation.runner                 a sample of each area's mutants; results in var/mutants.json
    python -m isolation.mutation.runner --all           every mutant (takes hours)
    python -m isolation.mutation.runner --sample-size 24   a larger sample
    python -m isolation.mutation.runner grants scope    areas with one of these words in their names
    python -m isolation.mutation.runner --report FILE   write the table of the stored results
    python -m isolation.mutation.runner --list          list the mutants without testing them

Each mutant is tested in a copy of the repository with a separate PostgreSQL server and database. The tests of its area
run first, and the whole suite if it survives them. The mutated code creates the database. If the mutated file does not
affect the database, the run uses a copy of one that the unchanged code created. Stored results stay valid while the
file and its tests are unchanged, so that an interrupted run continues. The exit status is 1 if a mutant has survived.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path
from queue import Queue
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

from isolation.report import CheckReport, Table

from .areas import AREAS, ROOT, Area, Mutant
from .equivalent import EQUIVALENT

# Mutants per area, spread evenly. A sample of twice the size contains this one.
SAMPLE_SIZE = 6
# Seconds. A mutant whose tests take longer counts as killed.
AREA_TIMEOUT = 600
SUITE_TIMEOUT = 3600
# The whole suite without browser tests and demo data, which test no rule of isolation.
SUITE = [
    "-m",
    "not browser",
    "--deselect",
    "tests/test_demo.py",
    "--deselect",
    "tests/test_demo_seeding.py",
]
# The test that the unchanged code must pass when it creates the database.
CLEAN_DATABASE_TESTS = [
    "businesses/tests/test_verification.py::test_the_test_database_is_clean"
]
# Files that affect the creation of the database.
DATABASE_FILES = re.compile(
    r"/migrations/|tenancy/(policies|operations|grants|constraints|rollback_guard)"
)
RESULTS_FILE = ROOT / "var" / "mutants.json"
Result = dict[str, Any]


def select_mutants(area: Area, *, sample_size: int | None) -> list[Mutant]:
    """Return at most `sample_size` mutants of the area, without equivalent mutants; all of them if None."""
    mutants = [mutant for mutant in area.mutants() if mutant.key not in EQUIVALENT]
    if sample_size is None or len(mutants) <= sample_size:
        return mutants
    return [
        mutants[index * len(mutants) // sample_size] for index in range(sample_size)
    ]


class SourceCopy:
    """A copy of the repository in which one file at a time is mutated."""

    def __init__(self, directory: Path, name: str) -> None:
        self.directory = directory / name
        self.data = ROOT / "var" / f"mutants-{name}"
        self._has_template = False
        listing = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", "-z"],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        for name in filter(None, listing.stdout.decode().split("\0")):
            if (ROOT / name).is_file():
                (self.directory / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.directory / name)

    def write_file(self, path: str, text: str) -> None:
        """Write a file and delete its compiled versions, which Python could load instead."""
        file = self.directory / path
        file.write_text(text, encoding="utf-8")
        for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*"):
            compiled.unlink()

    def create_template(self) -> None:
        """Create the database for copies with the unchanged code, unless it exists."""
        if not self._has_template:
            database_options = ("--reuse-db", "--create-db")
            killer = self._run_tests(
                CLEAN_DATABASE_TESTS,
                database_options,
                reuse="make",
                seconds=AREA_TIMEOUT,
            )["killed"]
            if killer:
                raise ValueError(f"The unchanged code creates no database: {killer}")
            self._has_template = True

    def run_tests(
        self, tests: Sequence[str], *, seconds: int, uses_template: bool = False
    ) -> Result:
        """Run tests; return `killed` (the failed test, or None) and `seconds` (the duration)."""
        if uses_template:
            return self._run_tests(tests, ["--reuse-db"], reuse="copy", seconds=seconds)
        return self._run_tests(tests, ["--create-db"], reuse=None, seconds=seconds)

    def _run_tests(
        self,
        tests: Sequence[str],
        database: Sequence[str],
        *,
        reuse: str | None,
        seconds: int,
    ) -> Result:
        start = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=line", *database]
        env = {"AUTOMATEHQ_VAR": str(self.data)}
        if reuse:
            command += ["-p", "isolation.reuse_db_plugin"]
            env = {
                "AUTOMATEHQ_VAR": f"{self.data}-reused",
                "AUTOMATEHQ_REUSE_DB": reuse,
            }
        process = subprocess.Popen(
            [
                *command,
                "-p",
                "no:randomly",
                "-p",
                "no:cacheprovider",
                *tests,
            ],
            cwd=self.directory,
            env={**os.environ, "COLUMNS": "200", "LOG_LEVEL": "INFO", **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            output, process.returncode = "", -1
        # pytest's exit codes for unknown arguments and for no tests
        if process.returncode in (4, 5):
            raise ValueError(f"pytest cannot run these tests: {tests}\n{output}")
        killer = (
            None
            if process.returncode == 0
            else _find_killer(output, process.returncode)
        )
        return {"killed": killer, "seconds": round(time.monotonic() - start, 1)}


def _find_killer(output: str, status: int) -> str:
    """Return the test that failed first, or the reason why no test could start."""
    if status == -1:
        return "the tests exceeded the time limit"
    failed = re.search(r"^FAILED (\S.*?)(?: - .*)?$", output, re.MULTILINE)
    if failed:
        return failed[1]
    error = re.search(r"^ERROR (\S+)(?: - (.*))?$", output, re.MULTILINE)
    if error and "::" in error[1]:
        return f"set-up of {error[1]}: {_shorten(error[2] or '')}"
    lines = [line for line in output.splitlines() if line.strip()]
    reason = error[2] if error and error[2] else lines[-1] if lines else ""
    return f"start-up failed: {_shorten(reason)}"


def _shorten(text: str) -> str:
    return textwrap.shorten(text, 80, placeholder=" …")


class MutantResults:
    """The results of all mutants, stored in a file and printed after each mutant."""

    def __init__(self) -> None:
        self.entries: dict[str, Result] = (
            json.loads(RESULTS_FILE.read_text("utf-8")) if RESULTS_FILE.exists() else {}
        )
        self._lock = Lock()

    @staticmethod
    def key(mutant: Mutant) -> str:
        texts = (mutant.area.name, mutant.path, mutant.text)
        return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]

    def get(self, mutant: Mutant) -> Result | None:
        return self.entries.get(self.key(mutant))

    def write(self, mutant: Mutant, result: Result) -> None:
        with self._lock:
            self.entries[self.key(mutant)] = {"mutant": str(mutant), **result}
            RESULTS_FILE.write_text(
                json.dumps(self.entries, indent=1), encoding="utf-8"
            )
            killer = result["killed"] or "SURVIVED"
            print(f"{mutant.area.name}: {mutant}\n    {killer} ({result['seconds']} s)")
            sys.stdout.flush()


def run_mutant(mutant: Mutant, copy: SourceCopy, *, by_suite: bool) -> Result:
    """Run the tests of the mutant's area, or the whole suite; return the result."""
    area = mutant.area
    groups = [area.first(mutant), area.tests]
    if by_suite:
        groups = [SUITE]
    uses_template = not DATABASE_FILES.search(mutant.path)
    if uses_template:
        copy.create_template()
    original = (copy.directory / mutant.path).read_text(encoding="utf-8")
    copy.write_file(mutant.path, mutant.text)
    try:
        for tests in filter(None, groups):
            seconds = SUITE_TIMEOUT if by_suite else AREA_TIMEOUT
            result = copy.run_tests(tests, seconds=seconds, uses_template=uses_template)
            if result["killed"]:
                break
    finally:
        copy.write_file(mutant.path, original)
    return {**result, "by_suite": by_suite}


def run_mutants(
    mutants: Iterable[Mutant],
    results: MutantResults,
    copies: Sequence[SourceCopy],
    *,
    by_suite: bool,
) -> None:
    """Test the mutants, one in each copy of the repository at a time."""
    free: Queue[SourceCopy] = Queue()
    for copy in copies:
        free.put(copy)

    def work(mutant: Mutant) -> None:
        copy = free.get()
        try:
            results.write(mutant, run_mutant(mutant, copy, by_suite=by_suite))
        finally:
            free.put(copy)

    with ThreadPoolExecutor(len(copies)) as pool:
        list(pool.map(work, mutants))


def verify_killers(copy: SourceCopy, results: MutantResults) -> str | None:
    """Run every test that has killed a mutant on the unchanged code; return the first that fails, or None.

    A test that fails there has not detected its mutant. The tests run on a copied and on a newly created database.
    """
    killers = {entry["killed"] for entry in results.entries.values() if entry["killed"]}
    tests = sorted(killer for killer in killers if re.match(r"\S+\.py::", killer))
    copy.create_template()
    killer: str | None = None
    for uses_template in (True, False):
        killer = (
            killer
            or copy.run_tests(
                tests, seconds=SUITE_TIMEOUT, uses_template=uses_template
            )["killed"]
        )
    print(
        f"{len(tests)} tests killed mutants; failing on the unchanged code: {killer or 'none'}"
    )
    return killer


def format_results(selected: dict[Area, list[Mutant]], results: MutantResults) -> str:
    """Return the results in Markdown: counts per area, and each mutant with the test that killed it."""
    rows, areas = [], []
    for area, mutants in selected.items():
        made = sum(1 for _ in area.mutants())
        entries = [results.get(mutant) or {"killed": "not tried"} for mutant in mutants]
        tried = [entry for entry in entries if entry["killed"] != "not tried"]
        survived = sum(entry["killed"] is None for entry in tried)
        not_started = sum(
            (entry["killed"] or "").startswith(("start-up failed", "set-up"))
            for entry in tried
        )
        areas.append(
            f"| {area.name} | {made} | {len(tried)} | {len(tried) - survived} | {not_started} | {survived} |"
        )
        rows += [
            f"| {area.name} | {_cell(str(mutant))} | {_cell(entry['killed'] or '**survived**')} |"
            for mutant, entry in zip(mutants, entries, strict=True)
        ]
    reasons = [
        f"| {_cell(f'{path} {where}: {change}')} | {reason} |"
        for (path, where, change), reason in EQUIVALENT.items()
    ]
    equivalent = [
        "## Equivalent mutants",
        "",
        "| mutant | why no test can detect it |",
        "|---|---|",
        *reasons,
        "",
    ]
    return "\n".join(
        [
            "| area | mutants | tried | killed | of these, failed at start-up | survived |",
            "|---|---:|---:|---:|---:|---:|",
            *areas,
            "",
            *(equivalent if reasons else []),
            "## Each mutant",
            "",
            "| area | mutant | killed by |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def _cell(text: str) -> str:
    return f"`{text.replace('|', '¦').replace('`', '´')}`" if "**" not in text else text


def run_check(arguments: list[str]) -> CheckReport:
    """Run `main` for `python -m isolation mutants`; return the report."""
    main(arguments)
    results, areas, survivors = MutantResults(), [], []
    for area in AREAS:
        tried = [
            (mutant, result)
            for mutant in area.mutants()
            if (result := results.get(mutant))
        ]
        survived = [mutant for mutant, result in tried if not result["killed"]]
        made = sum(1 for _ in area.mutants())
        areas.append((area.name, made, len(tried), len(tried) - len(survived)))
        survivors += [f"survived: {mutant}" for mutant in survived]
    columns = ("area", "mutants", "tried", "killed")
    tried_in_all = sum(area[2] for area in areas)
    return CheckReport(
        {"mutants tried": tried_in_all}, [Table(columns, areas)], survivors
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "area_words", nargs="*", help="areas whose name contains one of these"
    )
    parser.add_argument("--all", action="store_true", help="test every mutant")
    parser.add_argument(
        "--sample-size",
        type=int,
        default=SAMPLE_SIZE,
        help="mutants per area (%(default)s)",
    )
    parser.add_argument("--list", action="store_true", help="list the mutants")
    parser.add_argument(
        "--quick", action="store_true", help="do not run the whole suite"
    )
    parser.add_argument(
        "--jobs", type=int, default=1, help="mutants tested at the same time"
    )
    parser.add_argument(
        "--report",
        type=Path,
        help="write the results to this file, after its marker",
    )
    options = parser.parse_args(arguments)
    selected = {
        area: select_mutants(
            area, sample_size=None if options.all else options.sample_size
        )
        for area in AREAS
        if not options.area_words
        or any(word in area.name for word in options.area_words)
    }
    if options.list:
        for area, mutants in selected.items():
            print(f"{area.name}: {len(mutants)}", *mutants, sep="\n  ")
        return 0
    results = MutantResults()
    # Alternate between the areas, so that an interrupted run has tested mutants of each.
    mutants = [
        mutant
        for round_ in zip_longest(*selected.values())
        for mutant in round_
        if mutant
    ]
    if options.report is not None:
        before = options.report.read_text("utf-8").split(MARKER)[0]
        options.report.write_text(
            f"{before}{MARKER}\n\n{format_results(selected, results)}", "utf-8"
        )
    else:
        with TemporaryDirectory() as directory:
            copies = [
                SourceCopy(Path(directory), str(number))
                for number in range(options.jobs)
            ]
            new = [mutant for mutant in mutants if results.get(mutant) is None]
            run_mutants(new, results, copies, by_suite=False)
            if not options.quick:
                remaining = [
                    mutant
                    for mutant in mutants
                    if (result := results.get(mutant))
                    and not (result["killed"] or result["by_suite"])
                ]
                run_mutants(remaining, results, copies, by_suite=True)
            if verify_killers(copies[0], results):
                return 1
    tried = [result for mutant in mutants if (result := results.get(mutant))]
    survived = sum(not result["killed"] for result in tried)
    print(
        f"{len(mutants)} mutants, {len(mutants) - len(tried)} not tried, {survived} survived"
    )
    return 1 if survived else 0


MARKER = (
    "<!-- from here on written by `python -m isolation.mutation.runner --report` -->"
)

if __name__ == "__main__":
    sys.exit(main())
