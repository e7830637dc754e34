"""Mutate the code in one place at a time, and check that a test fails each time.

    python -m isolation.mutation.runner                 a sample of each area's mutants; results in var/mutants.json
    python -m isolation.mutation.runner --all           every mutant that the rules make (takes hours)
    python -m isolation.mutation.runner --most 24       a larger sample
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

from isolation.report import Report, Table

from .areas import AREAS, ROOT, Area, Mutant
from .equivalent import EQUIVALENT

MOST = (
    6  # mutants per area, spread evenly; a sample of twice the size contains this one
)
SECONDS = (
    600  # time limit of an area's tests; a mutant that exceeds it counts as killed
)
SUITE_SECONDS = 3600
# The whole suite without browser tests and demo data, which test no rule of isolation.
SUITE = ["-m", "not browser", "--deselect", "tests/test_demo.py"]
# The test that the unchanged code must pass when it creates the database.
CLEAN = ["businesses/tests/test_verification.py::test_the_test_database_is_clean"]
# Files that affect the creation of the database.
MAKES = re.compile(
    r"/migrations/|tenancy/(policies|operations|grants|constraints|merging)"
)
KEPT = ROOT / "var" / "mutants.json"
Verdict = dict[str, Any]


def chosen(area: Area, *, most: int | None) -> list[Mutant]:
    """Return at most `most` mutants of the area, without equivalent mutants; all of them if None."""
    found = [mutant for mutant in area.mutants() if mutant.key not in EQUIVALENT]
    if most is None or len(found) <= most:
        return found
    return [found[index * len(found) // most] for index in range(most)]


class Workshop:
    """A copy of the repository in which one file at a time is mutated."""

    def __init__(self, place: Path, name: str) -> None:
        self.tree = place / name
        self.data = ROOT / "var" / f"mutants-{name}"
        self._is_furnished = False
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", "-z"],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        for name in filter(None, listed.stdout.decode().split("\0")):
            if (ROOT / name).is_file():
                (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.tree / name)

    def put(self, path: str, text: str) -> None:
        """Write a file and delete its compiled versions, which Python could load instead."""
        file = self.tree / path
        file.write_text(text, encoding="utf-8")
        for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*"):
            compiled.unlink()

    def furnish(self) -> None:
        """Create the database for copies with the unchanged code, unless it exists."""
        if not self._is_furnished:
            made = ("--reuse-db", "--create-db")
            killer = self._ask(CLEAN, made, kept="make", seconds=SECONDS)["killed"]
            if killer:
                raise ValueError(f"Sound code makes no database: {killer}")
            self._is_furnished = True

    def ask(
        self, tests: Sequence[str], *, seconds: int, is_copied: bool = False
    ) -> Verdict:
        """Run tests; return `killed` (the failed test, or None) and `seconds` (the duration)."""
        if is_copied:
            return self._ask(tests, ["--reuse-db"], kept="copy", seconds=seconds)
        return self._ask(tests, ["--create-db"], kept=None, seconds=seconds)

    def _ask(
        self,
        tests: Sequence[str],
        database: Sequence[str],
        *,
        kept: str | None,
        seconds: int,
    ) -> Verdict:
        began = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=line", *database]
        env = {"AUTOMATEHQ_VAR": str(self.data)}
        if kept:
            command += ["-p", "isolation.reuse_db_plugin"]
            env = {"AUTOMATEHQ_VAR": f"{self.data}-kept", "AUTOMATEHQ_KEPT": kept}
        process = subprocess.Popen(
            [
                *command,
                "-p",
                "no:randomly",
                "-p",
                "no:cacheprovider",
                *tests,
            ],
            cwd=self.tree,
            env={**os.environ, "COLUMNS": "200", "LOG_LEVEL": "INFO", **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            said, process.returncode = "", -1
        if process.returncode in (
            4,
            5,
        ):  # pytest's exit codes for unknown arguments and for no tests
            raise ValueError(f"These tests can't be asked: {tests}\n{said}")
        killer = None if process.returncode == 0 else _killer(said, process.returncode)
        return {"killed": killer, "seconds": round(time.monotonic() - began, 1)}


def _killer(said: str, status: int) -> str:
    """Return the test that failed first, or the reason why no test could start."""
    if status == -1:
        return "the tests never ended"
    failed = re.search(r"^FAILED (\S.*?)(?: - .*)?$", said, re.MULTILINE)
    if failed:
        return failed[1]
    error = re.search(r"^ERROR (\S+)(?: - (.*))?$", said, re.MULTILINE)
    if error and "::" in error[1]:
        return f"set-up of {error[1]}: {_begin(error[2] or '')}"
    lines = [line for line in said.splitlines() if line.strip()]
    reason = error[2] if error and error[2] else lines[-1] if lines else ""
    return f"nothing starts: {_begin(reason)}"


def _begin(text: str) -> str:
    return textwrap.shorten(text, 80, placeholder=" …")


class Ledger:
    """The results of all mutants, stored in a file and printed after each mutant."""

    def __init__(self) -> None:
        self.entries: dict[str, Verdict] = (
            json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
        )
        self._lock = Lock()

    @staticmethod
    def key(mutant: Mutant) -> str:
        texts = (mutant.area.name, mutant.path, mutant.text)
        return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]

    def of(self, mutant: Mutant) -> Verdict | None:
        return self.entries.get(self.key(mutant))

    def write(self, mutant: Mutant, verdict: Verdict) -> None:
        with self._lock:
            self.entries[self.key(mutant)] = {"mutant": str(mutant), **verdict}
            KEPT.write_text(json.dumps(self.entries, indent=1), encoding="utf-8")
            said = verdict["killed"] or "SURVIVES"
            print(f"{mutant.area.name}: {mutant}\n    {said} ({verdict['seconds']} s)")
            sys.stdout.flush()


def try_mutant(mutant: Mutant, workshop: Workshop, *, by_suite: bool) -> Verdict:
    """Run the tests of the mutant's area, or the whole suite; return the result."""
    area = mutant.area
    groups = [area.first(mutant), area.tests]
    if by_suite:
        groups = [SUITE]
    is_copied = not MAKES.search(mutant.path)
    if is_copied:
        workshop.furnish()
    original = (workshop.tree / mutant.path).read_text(encoding="utf-8")
    workshop.put(mutant.path, mutant.text)
    try:
        for tests in filter(None, groups):
            seconds = SUITE_SECONDS if by_suite else SECONDS
            verdict = workshop.ask(tests, seconds=seconds, is_copied=is_copied)
            if verdict["killed"]:
                break
    finally:
        workshop.put(mutant.path, original)
    return {**verdict, "by_suite": by_suite}


def try_all(
    mutants: Iterable[Mutant],
    ledger: Ledger,
    workshops: Sequence[Workshop],
    *,
    by_suite: bool,
) -> None:
    """Test the mutants, one in each copy of the repository at a time."""
    free: Queue[Workshop] = Queue()
    for workshop in workshops:
        free.put(workshop)

    def work(mutant: Mutant) -> None:
        workshop = free.get()
        try:
            ledger.write(mutant, try_mutant(mutant, workshop, by_suite=by_suite))
        finally:
            free.put(workshop)

    with ThreadPoolExecutor(len(workshops)) as pool:
        list(pool.map(work, mutants))


def ask_killers(workshop: Workshop, ledger: Ledger) -> str | None:
    """Run every test that has killed a mutant on the unchanged code; return the first that fails, or None.

    A test that fails there has not detected its mutant. The tests run on a copied and on a newly created database.
    """
    killers = {entry["killed"] for entry in ledger.entries.values() if entry["killed"]}
    tests = sorted(killer for killer in killers if re.match(r"\S+\.py::", killer))
    workshop.furnish()
    killer: str | None = None
    for is_copied in (True, False):
        killer = (
            killer
            or workshop.ask(tests, seconds=SUITE_SECONDS, is_copied=is_copied)["killed"]
        )
    print(f"{len(tests)} tests noticed them; sound code fails: {killer or 'none'}")
    return killer


def report(wanted: dict[Area, list[Mutant]], ledger: Ledger) -> str:
    """Return the results in Markdown: counts per area, and each mutant with the test that killed it."""
    rows, areas = [], []
    for area, mutants in wanted.items():
        made = sum(1 for _ in area.mutants())
        found = [ledger.of(mutant) or {"killed": "not tried"} for mutant in mutants]
        tried = [entry for entry in found if entry["killed"] != "not tried"]
        survived = sum(entry["killed"] is None for entry in tried)
        unstarted = sum(
            (entry["killed"] or "").startswith(("nothing starts", "set-up"))
            for entry in tried
        )
        areas.append(
            f"| {area.name} | {made} | {len(tried)} | {len(tried) - survived} | {unstarted} | {survived} |"
        )
        rows += [
            f"| {area.name} | {_cell(str(mutant))} | {_cell(entry['killed'] or '**survived**')} |"
            for mutant, entry in zip(mutants, found, strict=True)
        ]
    reasons = [
        f"| {_cell(f'{path} {where}: {what}')} | {reason} |"
        for (path, where, what), reason in EQUIVALENT.items()
    ]
    left_out = [
        "## Left out, with the reason",
        "",
        "| mutant | why no test can notice it |",
        "|---|---|",
        *reasons,
        "",
    ]
    return "\n".join(
        [
            "| area | the rules make | tried | killed | of these, nothing started | survived |",
            "|---|---:|---:|---:|---:|---:|",
            *areas,
            "",
            *(left_out if reasons else []),
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


def prove(arguments: list[str]) -> Report:
    """Run `main` for `python -m isolation mutants`; return the report."""
    main(arguments)
    ledger, areas, survivors = Ledger(), [], []
    for area in AREAS:
        tried = [(m, v) for m in area.mutants() if (v := ledger.of(m))]
        survived = [m for m, v in tried if not v["killed"]]
        made = sum(1 for _ in area.mutants())
        areas.append((area.name, made, len(tried), len(tried) - len(survived)))
        survivors += [f"survived: {mutant}" for mutant in survived]
    columns = ("area", "the rules make", "tried", "killed")
    tried_in_all = sum(area[2] for area in areas)
    return Report({"mutants tried": tried_in_all}, [Table(columns, areas)], survivors)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "words", nargs="*", help="areas whose name contains one of these"
    )
    parser.add_argument(
        "--all", action="store_true", help="every mutant that the rules make"
    )
    parser.add_argument(
        "--most", type=int, default=MOST, help="how many of an area (%(default)s)"
    )
    parser.add_argument("--list", action="store_true", help="say what would be done")
    parser.add_argument(
        "--quick", action="store_true", help="leave the whole suite out"
    )
    parser.add_argument("--at-once", type=int, default=1, help="how many at a time")
    parser.add_argument(
        "--report",
        type=Path,
        help="write the results into this file, between its marks",
    )
    asked = parser.parse_args(arguments)
    wanted = {
        area: chosen(area, most=None if asked.all else asked.most)
        for area in AREAS
        if not asked.words or any(word in area.name for word in asked.words)
    }
    if asked.list:
        for area, mutants in wanted.items():
            print(f"{area.name}: {len(mutants)}", *mutants, sep="\n  ")
        return 0
    ledger = Ledger()
    # Alternate between the areas, so that an interrupted run has tested mutants of each.
    mutants = [m for round_ in zip_longest(*wanted.values()) for m in round_ if m]
    if asked.report is not None:
        before = asked.report.read_text("utf-8").split(MARK)[0]
        asked.report.write_text(f"{before}{MARK}\n\n{report(wanted, ledger)}", "utf-8")
    else:
        with TemporaryDirectory() as place:
            workshops = [
                Workshop(Path(place), str(number)) for number in range(asked.at_once)
            ]
            new = [mutant for mutant in mutants if ledger.of(mutant) is None]
            try_all(new, ledger, workshops, by_suite=False)
            if not asked.quick:
                left = [
                    m
                    for m in mutants
                    if (v := ledger.of(m)) and not (v["killed"] or v["by_suite"])
                ]
                try_all(left, ledger, workshops, by_suite=True)
            if ask_killers(workshops[0], ledger):
                return 1
    verdicts = [ledger.of(mutant) for mutant in mutants]
    survived = sum(
        verdict is not None and not verdict["killed"] for verdict in verdicts
    )
    print(
        f"{len(verdicts)} mutants, {verdicts.count(None)} not tried, {survived} survived"
    )
    return 1 if survived else 0


MARK = "<!-- from here on written by `python -m isolation.mutation.runner --report` -->"

if __name__ == "__main__":
    sys.exit(main())
