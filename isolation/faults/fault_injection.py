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

from devtools.process_group import interrupt_on_signals
from isolation.bootstrap import EXPORTED_MONTH, make_businesses, running_deployment
from isolation.deployment import WORKERS, Deployment, ProgramMissing, wait_until
from isolation.report import CheckReport, Table, log

from .load import (
    Load,
    LoadBusiness,
    LoadClient,
    LoadRecord,
    check_exports,
    compare_with_stored,
    count_wrong_audit_events,
)
from .race import Race, run_race

CLIENTS = 8
LEASE_MINUTES = 6  # a worker's lease lasts five
TOKEN_MINUTES = 20  # an access token is valid for fifteen
LOCK_MINUTES = 16  # five wrong passwords lock the account for fifteen
# A request must succeed within this many seconds of a fault.
RECOVERY_LIMIT = 30.0
KINDS = ("matrix_xlsx", "summary_xlsx", "days_csv")
BAD_REQUEST, TOO_MANY = 400, 429


@dataclass
class FaultContext:
    """The context of a fault: the installation, its businesses, and the record of problems."""

    deployment: Deployment
    businesses: tuple[LoadBusiness, LoadBusiness]
    record: LoadRecord
    seconds: float  # duration of the load between two faults
    client: LoadClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = LoadClient(self.deployment.address, self.businesses, self.record)

    def expect(self, is_fulfilled: bool, problem: str) -> None:
        if not is_fulfilled:
            self.record.problems.append(problem)


def kill_web(context: FaultContext) -> str:
    """Kill one of the two web processes, which gunicorn replaces; return the outcome."""
    before = context.deployment.web_processes()
    before[0].kill()
    duration = wait_until(
        lambda: (
            {p.pid for p in context.deployment.web_processes()}
            - {p.pid for p in before}
            != set()
            and len(context.deployment.web_processes()) == len(before)
        ),
        "a new web process",
    )
    return f"a new process after {duration:.1f} s"


def kill_worker(context: FaultContext) -> str:
    """Kill the worker that is generating an export; return the outcome.

    Setting the clock forward makes its lease expire. The other worker must then generate the file.
    """
    name, run_id = _pause_exporting_worker(context)
    context.deployment.kill(name)
    context.deployment.set_clock(LEASE_MINUTES)
    business = context.businesses[0]
    path = f"export_runs/{run_id}"
    try:
        duration = wait_until(
            lambda: (
                context.client.send_until_success(business, "GET", path)["status"]
                == "DONE"
            ),
            "the killed worker's export",
            timeout=150,
        )
    finally:
        context.deployment.set_clock(0)
    _sign_in_again(context)
    return f"another attempt made the file {duration:.1f} s after the lease expired"


def _pause_exporting_worker(context: FaultContext) -> tuple[str, str]:
    """Return the name of a worker that is generating an export, and the id of the run.

    The worker is paused. Raises `TimeoutError` if no worker is caught during an export.
    """
    business = context.businesses[0]
    for attempt in range(40):
        kind = KINDS[attempt % len(KINDS)]
        run_id = context.client.export(business, kind, EXPORTED_MONTH)
        end = time.monotonic() + 5
        while run_id and time.monotonic() < end:
            worker = _find_worker(context, run_id)
            if worker is None:
                continue
            context.deployment.pause(worker, is_paused=True)
            path = f"export_runs/{run_id}"
            if (
                context.client.send_until_success(business, "GET", path)["status"]
                == "RUNNING"
            ):
                return worker, run_id
            context.deployment.pause(worker, is_paused=False)
            break
    raise TimeoutError("no worker was caught during an export")


def _find_worker(context: FaultContext, run_id: str) -> str | None:
    """Return the worker that is executing the run's job, or None."""
    rows = context.deployment.ask_database(
        "SELECT worker_ids ->> -1 FROM django_tasks_database_dbtaskresult "
        "WHERE status = 'RUNNING' AND args_kwargs::text LIKE %s",
        f"%{run_id}%",
    )
    counts = [str(row[0]) for row in rows]
    return counts[0] if counts and counts[0] in WORKERS else None


def kill_postgres(context: FaultContext) -> str:
    """Kill PostgreSQL's postmaster, which ends its child processes; start PostgreSQL again and return the outcome."""
    context.deployment.kill_postgres()
    time.sleep(0.2)
    start = time.monotonic()
    context.deployment.postgres.start()
    return f"started again in {time.monotonic() - start:.1f} s"


def fill_disk(context: FaultContext) -> str:
    """Fill the disk; return the outcome.

    Uploads must fail with the code `not_stored` and leave neither row nor file. Other requests must succeed.
    """
    business = context.businesses[0]
    with context.deployment.full_disk() as method:
        files = context.deployment.files()
        rejected = 0
        for _ in range(5):
            response = context.client.upload(business)
            if response is None:
                continue
            failed = response.json().get("failed", [])
            codes = [failure["code"] for failure in failed]
            context.expect(
                (response.status_code, codes) == (BAD_REQUEST, ["not_stored"]),
                f"on a full disk an upload had the status {response.status_code}: {response.text[:200]}",
            )
            rejected += 1
        context.expect(rejected > 0, "no upload was rejected on a full disk")
        context.expect(
            context.client.create_employee(business),
            "no employee can be created on a full disk",
        )
        left = context.deployment.files() - files
        context.expect(not left, f"rejected uploads left files: {sorted(left)}")
    again = context.client.upload(business)
    context.expect(
        again is not None and again.ok,
        "an upload is rejected although the disk has space again",
    )
    return (
        f"{method}; {rejected} uploads rejected with `not_stored`, no row or file left"
    )


def change_clock(context: FaultContext) -> str:
    """Set the clock forward past the expiry of tokens and account locks, then back; return the outcome."""
    business = context.businesses[1]
    locked = _try_wrong_passwords(context, business, 6)
    context.expect(locked == TOO_MANY, f"six wrong passwords had the status {locked}")
    context.deployment.set_clock(max(TOKEN_MINUTES, LOCK_MINUTES))
    context.expect(
        _try_wrong_passwords(context, business, 1) == 401,
        "the account lock did not expire after the clock was set ahead",
    )
    context.expect(
        context.client.sign_in(business), "no user can sign in while the clock is ahead"
    )
    time.sleep(context.seconds)
    context.deployment.set_clock(0)
    _sign_in_again(context)
    return f"{TOKEN_MINUTES} minutes ahead and back; tokens and account lock expired, clients signed in again"


def _sign_in_again(context: FaultContext) -> None:
    """Sign in to both businesses again.

    Tokens that were issued while the clock was ahead are invalid after it was set back.
    """
    for business in context.businesses:
        context.expect(
            context.client.sign_in(business),
            "no user can sign in after the clock was set back",
        )
        context.client.send_until_success(business, "GET", "auth/me")


def _try_wrong_passwords(
    context: FaultContext, business: LoadBusiness, times: int
) -> int:
    """Try wrong passwords for an unused e-mail address; return the status of the last response."""
    status = 0
    for _ in range(times):
        response = context.client.send(
            business,
            "POST",
            "auth/login",
            retry_sign_in=False,
            json={"email": f"guessed-{business.email}", "password": "wrong"},
        )
        status = response.status_code if response is not None else 0
    return status


def kill_pgbouncer(context: FaultContext) -> str:
    """Kill pgbouncer, which the supervisor restarts; return the outcome."""
    context.deployment.kill("pgbouncer")
    return "started again"


FAULTS: dict[str, Callable[[FaultContext], str]] = {
    "kill -9 of a web process": kill_web,
    "kill -9 of a worker in an export": kill_worker,
    "kill -9 of PostgreSQL": kill_postgres,
    "disk full": fill_disk,
    "clock change": change_clock,
}
PGBOUNCER_FAULTS: dict[str, Callable[[FaultContext], str]] = {
    "kill -9 of a web process": kill_web,
    "kill -9 of PostgreSQL": kill_postgres,
    "kill -9 of pgbouncer": kill_pgbouncer,
}


@dataclass
class FaultTotals:
    """The counts over all phases."""

    rows: list[list[object]] = field(default_factory=list)
    faults: int = 0
    races: list[Race] = field(default_factory=list)


def run_phase(
    context: FaultContext,
    route: str,
    faults: dict[str, Callable[[FaultContext], str]],
    totals: FaultTotals,
    *,
    rounds: int,
) -> None:
    """Inject the faults one after the other under load, then run a race without faults."""
    record = context.record
    fault_periods: list[tuple[float, float]] = []
    with Load(context.deployment.address, context.businesses, record, CLIENTS):
        time.sleep(context.seconds)
        for name in [name for _ in range(rounds) for name in faults]:
            log(f"{route}: {name} …")
            start = time.monotonic()
            outcome = faults[name](context)
            first = _measure_recovery(record, start)
            time.sleep(context.seconds)
            end = time.monotonic()
            fault_periods.append((start, end))
            totals.faults += 1
            last_failure = record.seconds_to_last_failure(start, end)
            totals.rows.append([route, name, first, f"{last_failure:.1f} s", outcome])
    for sent_at, failed_at, failure in record.failures:
        if not any(
            start <= failed_at and sent_at <= end + 1 for start, end in fault_periods
        ):
            record.problems.append(f"{failure} without a fault")
    record.failures.clear()
    record.successes.clear()
    log(f"{route}: race on a month …")
    totals.races.append(
        run_race(
            context.deployment.address,
            context.businesses,
            record,
            seconds=context.seconds * 4,
        )
    )


def _measure_recovery(record: LoadRecord, moment: float) -> str:
    """Wait until a request succeeds after a fault; return the delay as text.

    The installation must recover without intervention.
    """
    try:
        wait_until(
            lambda: record.seconds_to_success(moment) is not None,
            "a successful response",
            timeout=RECOVERY_LIMIT,
        )
    except TimeoutError:
        record.problems.append(
            f"no successful response within {RECOVERY_LIMIT:.0f} s of a fault"
        )
        return "none"
    return f"{record.seconds_to_success(moment):.2f} s"


def run_check(arguments: list[str]) -> CheckReport:
    """Run all faults, directly and through pgbouncer; return the report."""
    parser = argparse.ArgumentParser(
        prog="python -m isolation faults", description=__doc__
    )
    parser.add_argument("--quick", action="store_true", help="each fault once")
    options = parser.parse_args(arguments)
    seconds, rounds = (1.5, 1) if options.quick else (6.0, 3)
    record, totals = LoadRecord(), FaultTotals()
    counts: dict[str, int] = {}
    skipped: list[str] = []
    with interrupt_on_signals(), Deployment() as deployment:
        log("Creating two businesses …")
        with running_deployment(deployment, through_pgbouncer=False):
            businesses = make_businesses(deployment, record)
            record.failures.clear()
            context = FaultContext(deployment, businesses, record, seconds)
            run_phase(context, "direct", FAULTS, totals, rounds=rounds)
        try:
            with running_deployment(deployment, through_pgbouncer=True):
                context = FaultContext(deployment, businesses, record, seconds)
                run_phase(context, "pgbouncer", PGBOUNCER_FAULTS, totals, rounds=rounds)
        except ProgramMissing as error:
            skipped.append(f"SKIPPED: pgbouncer. {error}")
        log("Comparing stored rows with acknowledged writes …")
        with running_deployment(deployment, through_pgbouncer=False):
            client = LoadClient(deployment.address, businesses, record)
            for business in businesses:
                client.sign_in(business)
                for name, count in compare_with_stored(client, business).items():
                    counts[name] = counts.get(name, 0) + count
                counts["lost"] += check_exports(client, business)
                counts["without exactly one audit event"] = counts.get(
                    "without exactly one audit event", 0
                ) + count_wrong_audit_events(client, business)
        log(deployment.manage("tenancy_proof").strip())
    return _report(record, totals, businesses, counts, skipped, deployment)


def _report(
    record: LoadRecord,
    totals: FaultTotals,
    businesses: tuple[LoadBusiness, LoadBusiness],
    counts: dict[str, int],
    skipped: list[str],
    deployment: Deployment,
) -> CheckReport:
    races = totals.races
    failed = sum(count for status, count in record.statuses.items() if status >= 500)
    figures: dict[str, object] = {
        "requests": record.requests,
        "faults": totals.faults,
        "acknowledged writes of the load": sum(len(b.writes) for b in businesses),
        "lost": counts["lost"],
        "doubled": counts["doubled"],
        "without exactly one audit event": counts["without exactly one audit event"],
        "writes stored without a response": counts["unacknowledged"],
        "dropped connections": record.dropped_connections,
        "responses 5xx during a fault": failed,
        "new sign-ins": record.new_sign_ins,
        "processes restarted by the supervisor": deployment.restarts,
        "races: acknowledged edits, approvals, reopenings, closings": ", ".join(
            str(sum(getattr(race, name) for race in races))
            for name in ("edits", "approvals", "reopened", "closings")
        ),
        "races: rejected with a reason": sum(race.rejected for race in races),
    }
    columns = ("route", "fault", "first success after", "last failure after", "outcome")
    # A phase that was left out counts as a problem.
    return CheckReport(
        figures, [Table(columns, totals.rows)], [*skipped, *record.problems]
    )
