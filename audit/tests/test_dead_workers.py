"""Tests of a worker that dies during a look-up.

Another worker repeats the look-up, and one event is recorded.
"""

import io
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import F
from django_tasks_db.models import DBTaskResult

from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from audit import cross_business
from audit.cross_business import LEASE, MAX_TRIES, requeue_stale_checks
from exports.management.commands import db_worker
from exports.models import ExportRun
from exports.services import request_run
from tests.process_kill import WORKER, run_and_kill
from workcards.tests.factories import MONTH
from workforce.tests.factories import EmployeeFactory

from .audit_helpers import recorded, run_worker

pytestmark = pytest.mark.django_db(transaction=True)

# The statement that makes the worker stop until it is killed, and the number of events at that time.
MOMENTS = {
    "before the event": ("cross_business._find = stuck", 0),
    "before it is told that the task is done": (
        "DBTaskResult.set_successful = stuck",
        1,
    ),
}
STUCK = """
import pathlib, sys, time, django
django.setup()
from audit import cross_business
from django_tasks_db.models import DBTaskResult
def stuck(*arguments):
    pathlib.Path(sys.argv[1]).touch()
    time.sleep(60)
"""


@pytest.fixture
def task(acme: Personas, globex: Personas) -> Any:
    """Enqueue the check of an id of Globex that Acme has requested."""
    with globex.scope():
        jane = EmployeeFactory(full_name="Jane Example")
    client_of(acme.admin).get(f"/api/employees/{jane.pk}")
    return DBTaskResult.objects.get()


def let_lease_run_out() -> None:
    DBTaskResult.objects.update(started_at=F("started_at") - LEASE)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_look_up_whose_worker_is_killed(
    task: Any, tmp_path: Path, moment: str
) -> None:
    spoil, events = MOMENTS[moment]
    run_and_kill(f"{STUCK}{spoil}\n{WORKER}", marker=tmp_path / "half-way")
    task.refresh_from_db()
    assert (task.status, len(recorded())) == ("RUNNING", events)

    assert requeue_stale_checks() == 0, "it may be under way"
    let_lease_run_out()
    assert requeue_stale_checks() == 1
    assert requeue_stale_checks() == 0, "once is enough"
    run_worker()

    task.refresh_from_db()
    assert (task.status, len(task.worker_ids)) == ("SUCCESSFUL", 2)
    (event,) = recorded()
    assert event.entity_label == "Jane Example"
    let_lease_run_out()
    assert requeue_stale_checks() == 0, "it is done"


def test_a_look_up_that_failed_is_tried_again(
    task: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restart of PostgreSQL is a possible cause."""
    with monkeypatch.context() as patch:
        patch.setattr(cross_business, "_find", lambda *output: 1 / 0)
        run_worker()
    task.refresh_from_db()
    assert task.status == "FAILED"
    let_lease_run_out()
    output = io.StringIO()
    call_command("reap_runs", stdout=output)
    assert "1 look-ups requeued" in output.getvalue()
    run_worker()
    assert len(recorded()) == 1


def test_after_three_times_it_is_given_up(task: Any, caplog: Any) -> None:
    for number in range(1, MAX_TRIES + 1):
        task.claim(f"worker {number}")  # the worker dies
        let_lease_run_out()
        assert requeue_stale_checks() == int(number < MAX_TRIES)
        task.refresh_from_db()
    assert task.status == "FAILED"
    assert task.finished_at - task.started_at > timedelta()
    assert "1 rejected ids could not be looked up" in caplog.text
    run_worker()
    assert recorded() == []


class Once(threading.Event):
    """An event that is set by the first wait for it."""

    def wait(self, timeout: float | None = None) -> bool:
        self.set()
        return True


def test_a_worker_looks_after_look_ups_and_runs(acme: Personas, task: Any) -> None:
    with acme.scope():
        run = request_run(actor=acme.admin, kind="days_csv", processing_month=MONTH)
        ExportRun.objects.update(lease_expires_at=F("lease_expires_at") - LEASE)
    for each in DBTaskResult.objects.all():
        each.claim("a worker")  # the worker dies
    let_lease_run_out()
    db_worker._reap(Once())
    statuses = DBTaskResult.objects.order_by("status").values_list("status", flat=True)
    assert list(statuses) == ["FAILED", "READY", "READY"], "the run has a new task"
    run_worker()
    assert len(recorded()) == 1
    with acme.scope():
        assert ExportRun.objects.get(pk=run.pk).status == "DONE"


def test_the_tasks_of_others_are_left_alone(acme: Personas) -> None:
    """An export renews a separate lease."""
    with acme.scope():
        request_run(actor=acme.admin, kind="days_csv", processing_month=MONTH)
    task = DBTaskResult.objects.get()
    for number in range(MAX_TRIES + 1):
        task.claim(f"worker {number}")
        let_lease_run_out()
        assert requeue_stale_checks() == 0
        task.refresh_from_db()
        assert task.status == "RUNNING"


def test_a_task_of_an_earlier_version_is_still_done(
    acme: Personas, globex: Personas, task: Any
) -> None:
    """The task was queued without the id of its event."""
    del task.args_kwargs["kwargs"]["event_id"]
    task.save()
    run_worker()
    assert len(recorded()) == 1
