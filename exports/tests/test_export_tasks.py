"""Tests of a run from the request to the file, also when its worker dies."""

import hashlib
import io
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.services import deactivate_user, update_user
from audit.models import AuditEvent
from businesses.tenancy.context import business_scope, platform_scope
from exports import tasks
from exports.models import ExportRun
from exports.run_lifecycle import (
    LEASE,
    MAX_ATTEMPTS,
    LeaseLost,
    claim_run,
    fail_run,
    finish_run,
    report_progress,
)
from exports.services import reap_runs, request_run
from exports.writers import Writer
from tests.process_kill import WORKER, run_and_kill
from workcards.tests.factories import MONTH

from .factories import ExportProfileFactory
from .month_fixtures import EIGHT, employee_at, post_day, site_named

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(acme):
    with acme.scope():
        post_day(employee_at(site_named("North"), "Zoe"), 1, **EIGHT)
        return request_run(actor=acme.admin, kind="days_csv", processing_month=MONTH)


def again(acme, run):
    with acme.scope():
        return ExportRun.objects.get(pk=run.pk)


def events(acme, run):
    with acme.scope():
        return [
            event.event_type
            for event in AuditEvent.objects.of_entity("exportrun", run.pk).order_by(
                "id"
            )
        ]


def work():
    call_command("db_worker", batch=True, interval=0, startup_delay=False, verbosity=0)


def let_lease_run_out(acme, run):
    with acme.scope():
        ExportRun.objects.filter(pk=run.pk).update(
            lease_expires_at=timezone.now() - timedelta(seconds=1)
        )


def test_a_worker_makes_the_file(acme, run):
    work()
    done = again(acme, run)
    assert (done.status, done.progress, done.row_count) == ("DONE", 100, 1)
    with default_storage.open(done.file) as file:
        content = file.read()
    assert hashlib.sha256(content).hexdigest() == done.sha256
    assert b"Zoe" in content
    assert default_storage.exists(done.snapshot)
    assert done.file.startswith(f"businesses/{acme.id}/exports/")
    assert events(acme, run) == ["export_requested", "export_finished"]


def test_the_run_and_its_job_are_queued_together_or_not_at_all(acme):
    with acme.scope():
        request_run(actor=acme.admin, kind="days_csv", processing_month=MONTH)
        transaction.set_rollback(True)
    assert DBTaskResult.objects.count() == 0
    with acme.scope():
        assert not ExportRun.objects.exists()


def test_the_same_request_meanwhile_is_answered_with_the_same_run(acme, run):
    with acme.scope():
        same = request_run(actor=acme.viewer, kind="days_csv", processing_month=MONTH)
        draft = request_run(
            actor=acme.admin,
            kind="days_csv",
            processing_month=MONTH,
            include_unapproved=True,
        )
    assert same.pk == run.pk
    assert draft.pk != run.pk
    work()
    with acme.scope():
        later = request_run(actor=acme.admin, kind="days_csv", processing_month=MONTH)
    assert later.pk != run.pk


def test_another_business_can_not_claim_or_make_the_run(acme, globex, run):
    assert claim_run(run_id=run.pk, business_id=globex.id) is None
    tasks.make_export.call(run_id=str(run.pk), business_id=str(globex.id))
    assert again(acme, run).status == "QUEUED"


def test_a_run_is_claimed_once(acme, run):
    assert claim_run(run_id=run.pk, business_id=acme.id) is not None
    assert claim_run(run_id=run.pk, business_id=acme.id) is None


def test_a_dead_workers_run_is_queued_anew_and_done_by_another(acme, run):
    first = claim_run(run_id=run.pk, business_id=acme.id)
    assert reap_runs() == {"requeued": 0, "failed": 0}
    let_lease_run_out(acme, run)
    assert reap_runs() == {"requeued": 1, "failed": 0}
    work()
    assert again(acme, run).status == "DONE"
    for late in (
        lambda: report_progress(first, 50),
        lambda: finish_run(first, file="x", snapshot="y", row_count=1, sha256="z"),
    ):
        with pytest.raises(LeaseLost):
            late()
    fail_run(first, "too late")
    assert again(acme, run).status == "DONE"
    assert events(acme, run) == ["export_requested", "export_finished"]


def test_a_run_whose_workers_die_three_times_fails_with_the_reason(acme, run):
    for _ in range(MAX_ATTEMPTS):
        assert claim_run(run_id=run.pk, business_id=acme.id) is not None
        let_lease_run_out(acme, run)
        reap_runs()
    failed = again(acme, run)
    assert failed.status == "FAILED"
    assert (
        failed.error
        == "The worker stopped unexpectedly 3 times while creating this file."
    )
    assert claim_run(run_id=run.pk, business_id=acme.id) is None
    assert events(acme, run) == ["export_requested", "export_failed"]


def test_a_queued_run_whose_job_was_lost_is_queued_anew(acme, run):
    DBTaskResult.objects.all().delete()
    let_lease_run_out(acme, run)
    call_command("reap_runs", stdout=io.StringIO())
    work()
    assert again(acme, run).status == "DONE"


def requeue_after_leases() -> dict[str, int]:
    """Expire the leases of all runs and tasks, then reap."""
    with platform_scope("test"):
        owners = set(ExportRun.objects.values_list("business_id", flat=True))
    for business_id in owners:
        with business_scope(business_id):
            ExportRun.objects.update(
                lease_expires_at=timezone.now() - timedelta(seconds=1)
            )
    DBTaskResult.objects.update(started_at=F("started_at") - LEASE)
    return reap_runs()


def test_a_run_that_only_waits_is_not_queued_again(acme, run):
    with acme.scope():
        for kind in ("matrix_xlsx", "summary_xlsx"):
            request_run(actor=acme.admin, kind=kind, processing_month=MONTH)
    for _ in range(3):
        assert requeue_after_leases() == {"requeued": 0, "failed": 0}
    assert DBTaskResult.objects.count() == 3
    assert again(acme, run).lease_expires_at > timezone.now()
    work()
    with acme.scope():
        assert ExportRun.objects.filter(status="DONE").count() == 3


def test_a_run_whose_task_was_just_started_is_not_queued_again(acme, run):
    DBTaskResult.objects.get().claim("a worker")
    let_lease_run_out(acme, run)
    assert reap_runs() == {"requeued": 0, "failed": 0}
    assert DBTaskResult.objects.count() == 1


def test_a_run_whose_worker_died_before_it_took_the_run_is_queued_again(acme, run):
    DBTaskResult.objects.get().claim("a worker")
    assert requeue_after_leases() == {"requeued": 1, "failed": 0}
    statuses = DBTaskResult.objects.order_by("enqueued_at")
    assert list(statuses.values_list("status", flat=True)) == ["FAILED", "READY"]
    work()
    assert again(acme, run).status == "DONE"


def test_a_dead_workers_task_no_longer_counts_as_running(acme, run):
    DBTaskResult.objects.get().claim("a worker")
    claim_run(run_id=run.pk, business_id=acme.id)
    assert reap_runs() == {"requeued": 0, "failed": 0}
    DBTaskResult.objects.update(started_at=F("started_at") - LEASE)
    reap_runs()
    assert DBTaskResult.objects.get().status == "RUNNING", "the lease is held"
    assert requeue_after_leases() == {"requeued": 1, "failed": 0}
    assert not DBTaskResult.objects.filter(status="RUNNING").exists()


def deactivate(user):
    with business_scope(user.business_id):
        deactivate_user(user_id=user.pk, actor=None)


NOT_ALLOWED = (
    "requester_not_allowed: The user who requested this export is deactivated or may no longer create exports. "
    "Create it again."
)


@pytest.mark.parametrize("how", ["deactivated", "demoted"])
def test_a_run_whose_requester_lost_the_right_before_it_started_fails(acme, how):
    with acme.scope():
        run = request_run(actor=acme.reviewer, kind="days_csv", processing_month=MONTH)
        if how == "demoted":
            update_user(user_id=acme.reviewer.pk, values={"role": "VIEWER"}, actor=None)
    if how == "deactivated":
        deactivate(acme.reviewer)
    work()
    failed = again(acme, run)
    assert (failed.status, failed.error) == ("FAILED", NOT_ALLOWED)
    assert events(acme, run) == ["export_requested", "export_failed"]


def test_a_run_whose_requester_is_deactivated_while_it_is_made_keeps_no_file(
    acme, monkeypatch
):
    with acme.scope():
        run = request_run(actor=acme.reviewer, kind="days_csv", processing_month=MONTH)
    writer = tasks.WRITERS["days_csv"]

    def write(*arguments):
        deactivate(acme.reviewer)
        return writer.write(*arguments)

    monkeypatch.setitem(tasks.WRITERS, "days_csv", writer._replace(write=write))
    work()
    failed = again(acme, run)
    assert (failed.status, failed.error, failed.file) == ("FAILED", NOT_ALLOWED, "")
    assert not default_storage.exists(
        f"businesses/{acme.id}/exports/{run.pk}-1/file.csv"
    )


def test_a_super_admins_run_is_made_also_after_their_acting_has_ended(
    acme, super_admin
):
    with acme.scope():
        run = request_run(actor=super_admin, kind="days_csv", processing_month=MONTH)
    work()
    assert again(acme, run).status == "DONE"


def test_an_unexpected_error_fails_the_run_and_keeps_no_file(acme, run, monkeypatch):
    def broken(rows, file, options):
        raise ZeroDivisionError

    monkeypatch.setitem(tasks.WRITERS, "days_csv", Writer(broken, "csv", "text/csv"))
    with pytest.raises(ZeroDivisionError):
        tasks.make_export.call(run_id=str(run.pk), business_id=str(acme.id))
    failed = again(acme, run)
    assert failed.status == "FAILED"
    assert "unexpected" in failed.error
    assert "ZeroDivision" not in failed.error
    assert not default_storage.exists(
        f"businesses/{acme.id}/exports/{run.pk}-1/file.csv"
    )


def test_a_run_that_is_lost_while_storing_leaves_no_file_behind(acme, run, monkeypatch):
    def lost(*args, **kwargs):
        raise LeaseLost

    monkeypatch.setattr(tasks, "finish_run", lost)
    tasks.make_export.call(run_id=str(run.pk), business_id=str(acme.id))
    assert not default_storage.exists(
        f"businesses/{acme.id}/exports/{run.pk}-1/file.csv"
    )
    assert again(acme, run).status == "RUNNING"


STUCK = """
import pathlib, sys, time, django
django.setup()
from businesses.tenancy.context import business_scope, platform_scope
from exports import tasks
marker, kind = sys.argv[1:]
writer = tasks.WRITERS[kind]
def half(rows):
    yield next(rows)
    pathlib.Path(marker).touch()
    time.sleep(60)
def stuck(rows, file, wanted):
    return writer.write(half(rows), file, wanted)
tasks.WRITERS[kind] = writer._replace(write=stuck)
"""


@pytest.mark.parametrize("kind", ["days_csv", "matrix_xlsx", "payroll_csv"])
def test_a_worker_killed_half_way_loses_nothing(acme, tmp_path, kind):
    """Kill a worker with SIGKILL in the middle of the file; another worker finishes it, and one file exists."""
    with acme.scope():
        zoe = employee_at(site_named("North"), "Zoe", external_employee_id="7")
        for day in (1, 2, 3):
            post_day(zoe, day, **EIGHT)
        run = request_run(
            actor=acme.admin,
            kind=kind,
            processing_month=MONTH,
            profile=ExportProfileFactory() if kind == "payroll_csv" else None,
        )
    run_and_kill(STUCK + WORKER, kind, marker=tmp_path / "half-way")
    assert again(acme, run).status == "RUNNING"
    let_lease_run_out(acme, run)
    assert reap_runs() == {"requeued": 1, "failed": 0}
    work()
    done = again(acme, run)
    assert (done.status, done.attempts) == ("DONE", 2)
    folders, _ = default_storage.listdir(f"businesses/{acme.id}/exports")
    assert folders == [f"{run.pk}-2"]
