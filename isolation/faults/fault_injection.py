"""Inject faults under load, and check that no acknowledged write is lost or doubled.

    python -m isolation faults            each fault three times, directly and through pgbouncer; takes several minutes
    python -m isolation faults --quick    each fault once; takes one or two minutes

A temporary installation has two web processes, two workers and a PostgreSQL server. Its clients keep their connections
open and change the business with every request. A write is acknowledged when its response has arrived. It is lost if it
is not stored at the end, and doubled if it is stored twice. A request without a response may be stored once or not at
all.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from devtools.process_group import stopped_by_signals
from isolation.bootstrap import EXPORTED_MONTH, make_businesses, serving
from isolation.deployment import WORKERS, Missing, Stage, wait_until
from isolation.report import Report, Table, say

from .load import (
    Business,
    Client,
    Load,
    Watch,
    check_exports,
    found_in_the_end,
    trail_matches,
)
from .race import Race, run_race

CLIENTS = 8
LEASE_MINUTES = 6  # a worker's lease lasts five
TOKEN_MINUTES = 20  # an access token is valid for fifteen
LOCK_MINUTES = 16  # five wrong passwords lock the account for fifteen
# A request must succeed within this many seconds of a fault.
AFTERMATH = 30.0
KINDS = ("matrix_xlsx", "summary_xlsx", "days_csv")
BAD_REQUEST, TOO_MANY = 400, 429


@dataclass
class Scene:
    """The context of a fault: the installation, its businesses, and the record of problems."""

    stage: Stage
    businesses: tuple[Business, Business]
    watch: Watch
    seconds: float  # duration of the load between two faults
    client: Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = Client(self.stage.address, self.businesses, self.watch)

    def expect(self, is_right: bool, problem: str) -> None:
        if not is_right:
            self.watch.problems.append(problem)


def kill_web(scene: Scene) -> str:
    """Kill one of the two web processes, which gunicorn replaces; return the outcome."""
    before = scene.stage.web_processes()
    before[0].kill()
    took = wait_until(
        lambda: (
            {p.pid for p in scene.stage.web_processes()} - {p.pid for p in before}
            != set()
            and len(scene.stage.web_processes()) == len(before)
        ),
        "a new web process",
    )
    return f"a new process after {took:.1f} s"


def kill_worker(scene: Scene) -> str:
    """Kill the worker that is generating an export; return the outcome.

    Setting the clock forward makes its lease expire. The other worker must then generate the file.
    """
    name, run_id = _worker_in_an_export(scene)
    scene.stage.kill(name)
    scene.stage.set_clock(LEASE_MINUTES)
    business = scene.businesses[0]
    path = f"export_runs/{run_id}"
    try:
        took = wait_until(
            lambda: scene.client.must(business, "GET", path)["status"] == "DONE",
            "the killed worker's export",
            patience=150,
        )
    finally:
        scene.stage.set_clock(0)
    _work_again(scene)
    return f"the file was made by another attempt {took:.1f} s after its lease"


def _worker_in_an_export(scene: Scene) -> tuple[str, str]:
    """Return the name of a worker that is generating an export, and the id of the run.

    The worker is paused. Raises `TimeoutError` if no worker is caught during an export.
    """
    business = scene.businesses[0]
    for attempt in range(40):
        kind = KINDS[attempt % len(KINDS)]
        run_id = scene.client.export(business, kind, EXPORTED_MONTH)
        until = time.monotonic() + 5
        while run_id and time.monotonic() < until:
            holder = _holder(scene, run_id)
            if holder is None:
                continue
            scene.stage.pause(holder, is_paused=True)
            path = f"export_runs/{run_id}"
            if scene.client.must(business, "GET", path)["status"] == "RUNNING":
                return holder, run_id
            scene.stage.pause(holder, is_paused=False)
            break
    raise TimeoutError("no worker was met in the middle of an export")


def _holder(scene: Scene, run_id: str) -> str | None:
    """Return the worker that is executing the run's job, or None."""
    rows = scene.stage.ask_database(
        "SELECT worker_ids ->> -1 FROM django_tasks_database_dbtaskresult "
        "WHERE status = 'RUNNING' AND args_kwargs::text LIKE %s",
        f"%{run_id}%",
    )
    found = [str(row[0]) for row in rows]
    return found[0] if found and found[0] in WORKERS else None


def kill_postgres(scene: Scene) -> str:
    """Kill PostgreSQL's postmaster, which ends its child processes; start PostgreSQL again and return the outcome."""
    scene.stage.kill_postgres()
    time.sleep(0.2)
    begun = time.monotonic()
    scene.stage.postgres.start()
    return f"started again in {time.monotonic() - begun:.1f} s"


def fill_disk(scene: Scene) -> str:
    """Fill the disk; return the outcome.

    Uploads must fail with the code `not_stored` and leave neither row nor file. Other requests must succeed.
    """
    business = scene.businesses[0]
    with scene.stage.full_disk() as how:
        files = scene.stage.files()
        refused = 0
        for _ in range(5):
            answer = scene.client.upload(business)
            if answer is None:
                continue
            failed = answer.json().get("failed", [])
            codes = [failure["code"] for failure in failed]
            scene.expect(
                (answer.status_code, codes) == (BAD_REQUEST, ["not_stored"]),
                f"on a full disk an upload was answered {answer.status_code}: {answer.text[:200]}",
            )
            refused += 1
        scene.expect(refused > 0, "no upload was refused on a full disk")
        scene.expect(
            scene.client.hire(business), "with a full disk nobody can be hired"
        )
        left = scene.stage.files() - files
        scene.expect(not left, f"refused uploads left files: {sorted(left)}")
    again = scene.client.upload(business)
    scene.expect(
        again is not None and again.ok, "with room on the disk an upload is refused"
    )
    return f"{how}; {refused} uploads refused with `not_stored`, no row or file left"


def change_clock(scene: Scene) -> str:
    """Set the clock forward past the expiry of tokens and account locks, then back; return the outcome."""
    business = scene.businesses[1]
    locked = _guess(scene, business, 6)
    scene.expect(locked == TOO_MANY, f"six wrong passwords were answered {locked}")
    scene.stage.set_clock(max(TOKEN_MINUTES, LOCK_MINUTES))
    scene.expect(
        _guess(scene, business, 1) == 401,
        "the lock of fifteen minutes lasts longer by a clock set ahead",
    )
    scene.expect(scene.client.sign_in(business), "nobody can sign in by a clock ahead")
    time.sleep(scene.seconds)
    scene.stage.set_clock(0)
    _work_again(scene)
    return f"{TOKEN_MINUTES} minutes ahead and back; tokens ran out, people signed in again, the lock ended"


def _work_again(scene: Scene) -> None:
    """Sign in to both businesses again.

    Tokens that were issued while the clock was ahead are invalid after it was set back.
    """
    for business in scene.businesses:
        scene.expect(
            scene.client.sign_in(business), "nobody can sign in by a clock set back"
        )
        scene.client.must(business, "GET", "auth/me")


def _guess(scene: Scene, business: Business, times: int) -> int:
    """Try wrong passwords for an unused e-mail address; return the status of the last response."""
    status = 0
    for _ in range(times):
        answer = scene.client.ask(
            business,
            "POST",
            "auth/login",
            retry_sign_in=False,
            json={"email": f"guessed-{business.email}", "password": "wrong"},
        )
        status = answer.status_code if answer is not None else 0
    return status


def kill_pgbouncer(scene: Scene) -> str:
    """Kill pgbouncer, which the supervisor restarts; return the outcome."""
    scene.stage.kill("pgbouncer")
    return "started again"


FAULTS: dict[str, Callable[[Scene], str]] = {
    "kill -9 of a web process": kill_web,
    "kill -9 of a worker in an export": kill_worker,
    "kill -9 of PostgreSQL": kill_postgres,
    "disk full": fill_disk,
    "clock change": change_clock,
}
THROUGH_PGBOUNCER: dict[str, Callable[[Scene], str]] = {
    "kill -9 of a web process": kill_web,
    "kill -9 of PostgreSQL": kill_postgres,
    "kill -9 of pgbouncer": kill_pgbouncer,
}


@dataclass
class Totals:
    """The counts over all phases."""

    rows: list[list[object]] = field(default_factory=list)
    faults: int = 0
    races: list[Race] = field(default_factory=list)


def play(
    scene: Scene,
    way: str,
    faults: dict[str, Callable[[Scene], str]],
    totals: Totals,
    *,
    rounds: int,
) -> None:
    """Inject the faults one after the other under load, then run a race without faults."""
    watch = scene.watch
    windows: list[tuple[float, float]] = []
    with Load(scene.stage.address, scene.businesses, watch, CLIENTS):
        time.sleep(scene.seconds)
        for name in [name for _ in range(rounds) for name in faults]:
            say(f"{way}: {name} …")
            begun = time.monotonic()
            outcome = faults[name](scene)
            first = _first_good(watch, begun)
            time.sleep(scene.seconds)
            end = time.monotonic()
            windows.append((begun, end))
            totals.faults += 1
            bad = watch.last_bad_between(begun, end)
            totals.rows.append([way, name, first, f"{bad:.1f} s", outcome])
    for begun, end, what in watch.bad:
        if not any(start <= end and begun <= until + 1 for start, until in windows):
            watch.problems.append(f"{what} without a fault")
    watch.bad.clear()
    watch.good.clear()
    say(f"{way}: a month's race …")
    totals.races.append(
        run_race(
            scene.stage.address,
            scene.businesses,
            watch,
            seconds=scene.seconds * 4,
        )
    )


def _first_good(watch: Watch, moment: float) -> str:
    """Wait until a request succeeds after a fault; return the delay as text.

    The installation must recover without intervention.
    """
    try:
        wait_until(
            lambda: watch.first_good_after(moment) is not None,
            "a good answer",
            patience=AFTERMATH,
        )
    except TimeoutError:
        watch.problems.append(f"no good answer within {AFTERMATH:.0f} s of a fault")
        return "none"
    return f"{watch.first_good_after(moment):.2f} s"


def prove(arguments: list[str]) -> Report:
    """Run all faults, directly and through pgbouncer; return the report."""
    parser = argparse.ArgumentParser(
        prog="python -m isolation faults", description=__doc__
    )
    parser.add_argument("--quick", action="store_true", help="each fault once")
    given = parser.parse_args(arguments)
    seconds, rounds = (1.5, 1) if given.quick else (6.0, 3)
    watch, totals = Watch(), Totals()
    found: dict[str, int] = {}
    left_out: list[str] = []
    with stopped_by_signals(), Stage() as stage:
        say("Setting up two businesses …")
        with serving(stage, through_pgbouncer=False):
            businesses = make_businesses(stage, watch)
            watch.bad.clear()
            scene = Scene(stage, businesses, watch, seconds)
            play(scene, "straight", FAULTS, totals, rounds=rounds)
        try:
            with serving(stage, through_pgbouncer=True):
                scene = Scene(stage, businesses, watch, seconds)
                play(scene, "pgbouncer", THROUGH_PGBOUNCER, totals, rounds=rounds)
        except Missing as error:
            left_out.append(f"LEFT OUT: through pgbouncer. {error}")
        say("Looking for every acknowledged write …")
        with serving(stage, through_pgbouncer=False):
            client = Client(stage.address, businesses, watch)
            for business in businesses:
                client.sign_in(business)
                for name, count in found_in_the_end(client, business).items():
                    found[name] = found.get(name, 0) + count
                found["lost"] += check_exports(client, business)
                found["not once in the trail"] = found.get(
                    "not once in the trail", 0
                ) + trail_matches(client, business)
        say(stage.manage("tenancy_proof").strip())
    return _report(watch, totals, businesses, found, left_out, stage)


def _report(
    watch: Watch,
    totals: Totals,
    businesses: tuple[Business, Business],
    found: dict[str, int],
    left_out: list[str],
    stage: Stage,
) -> Report:
    races = totals.races
    failed = sum(count for status, count in watch.statuses.items() if status >= 500)
    figures: dict[str, object] = {
        "requests": watch.requests,
        "faults": totals.faults,
        "acknowledged writes of the load": sum(len(b.written) for b in businesses),
        "of them lost": found["lost"],
        "of them doubled": found["doubled"],
        "of them not once in the trail": found["not once in the trail"],
        "writes there whose answer never came": found["unacknowledged"],
        "connections cut without an answer": watch.cut,
        "answered 5xx during a fault": failed,
        "signed in again": watch.signed_in_anew,
        "processes started again by the supervisor": stage.restarts,
        "races: edits, approvals, reopenings, closings acknowledged": ", ".join(
            str(sum(getattr(race, name) for race in races))
            for name in ("edits", "approvals", "reopened", "closings")
        ),
        "races: refused with a reason": sum(race.refused for race in races),
    }
    columns = ("way", "fault", "first good answer", "last failed after", "then")
    # A phase that was left out counts as a problem.
    return Report(figures, [Table(columns, totals.rows)], [*left_out, *watch.problems])
