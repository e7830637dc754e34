"""The order in which workers start tasks."""

import logging
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.tests.personas import Personas
from audit.cross_business import look_up_attempt
from audit.tests.audit_helpers import run_worker
from automatehq.job_queue import Priority, claim_next_task
from exports.services import request_run
from exports.tasks import make_export
from workcards.tasks import make_renditions
from workcards.tests.factories import MONTH, WorkCardFileFactory

pytestmark = pytest.mark.django_db(transaction=True)

A, B, C = "a" * 8, "b" * 8, "c" * 8


def queue(
    business: str | None, *, priority: int = Priority.URGENT, **values: Any
) -> Any:
    """Queue a task of a business, earlier than all others."""
    return DBTaskResult.objects.create(
        args_kwargs={"args": [], "kwargs": {"business_id": business}},
        priority=priority,
        task_path="tests.nothing",
        backend_name="default",
        run_after=values.pop("run_after", timezone.now()),
        exception_class_path="",
        traceback="",
        **values,
    )


def claim(worker_id: str = "worker") -> Any:
    claimed = claim_next_task(DBTaskResult.objects.ready(), worker_id=worker_id)
    return claimed and claimed[0]


def business_of(task: Any) -> Any:
    return task and task.args_kwargs["kwargs"]["business_id"]


def started() -> list[Any]:
    """Claim and finish all tasks; return the businesses in the order of the starts."""
    order = []
    while task := claim():
        order.append(business_of(task))
        task.set_successful(None)
    return order


def test_priorities_come_before_turns_and_age() -> None:
    queue(A, priority=Priority.BACKGROUND)
    queue(B)
    queue(B)
    assert started() == [B, B, A]


def test_businesses_take_turns_whatever_the_length_of_their_queues() -> None:
    for _ in range(5):
        queue(A)
    queue(B)
    queue(C)
    queue(B)
    assert started() == [A, B, C, A, B, A, A, A]


def test_a_business_that_comes_later_starts_next() -> None:
    for _ in range(5):
        queue(A)
    claim().set_successful(None)
    queue(B)
    assert business_of(claim()) == B


def test_the_business_with_fewer_running_tasks_starts_first() -> None:
    for business in (A, A, B, B):
        queue(business)
    first = claim("one")
    second = claim("two")
    assert [business_of(first), business_of(second)] == [A, B]
    second.set_successful(None)
    # Business B started last, and has no running task.
    assert business_of(claim("two")) == B


def test_within_a_business_the_oldest_task_starts_first() -> None:
    tasks = [queue(A) for _ in range(3)]
    assert [claim().pk for _ in range(3)] == [task.pk for task in tasks]


def test_tasks_of_no_business_have_a_turn_of_their_own() -> None:
    for _ in range(3):
        queue(A)
    queue(None)
    assert started() == [A, None, A, A]


def test_a_task_that_is_not_due_is_passed_over() -> None:
    queue(A, run_after=timezone.now() + timedelta(hours=1))
    queue(B)
    assert started() == [B]


def test_a_task_that_another_worker_is_claiming_is_skipped() -> None:
    """The locked task may also be the only task of the next business."""
    first = queue(A)
    second = queue(B)
    claimed: list[Any] = []

    def claim_meanwhile() -> None:
        try:
            claimed.append(claim("other"))
            claimed.append(claim("other"))
        finally:
            connections.close_all()

    with transaction.atomic():
        DBTaskResult.objects.select_for_update().get(pk=first.pk)
        thread = threading.Thread(target=claim_meanwhile)
        thread.start()
        thread.join(timeout=20)
    assert [task and task.pk for task in claimed] == [second.pk, None]


def test_many_workers_start_each_task_once() -> None:
    expected = {queue(business).pk for business in (A, B, C) for _ in range(20)}
    claimed: list[Any] = []

    def work(name: str) -> None:
        try:
            while task := claim(name):
                claimed.append(task.pk)
                task.set_successful(None)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=[str(n)]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(claimed) == len(expected)
    assert set(claimed) == expected


@pytest.fixture
def crowded() -> Iterator[None]:
    """Queue a hundred thousand tasks of one business, and a task of each of 200 others."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO django_tasks_database_dbtaskresult
                (id, status, enqueued_at, args_kwargs, priority, task_path, worker_ids,
                 queue_name, backend_name, run_after, exception_class_path, traceback)
            SELECT gen_random_uuid(), 'READY', now() + number * interval '1 ms',
                   jsonb_build_object('kwargs', jsonb_build_object('business_id',
                       CASE WHEN number > 100000 THEN 'other ' || number ELSE 'a' END)),
                   0, 'tests.nothing', '[]', 'default', 'default', now(), '', ''
            FROM generate_series(1, 100200) AS number
            """
        )
        cursor.execute("ANALYZE django_tasks_database_dbtaskresult")
    yield
    DBTaskResult.objects.all().delete()


def test_the_choice_is_fast_with_100_000_queued_tasks(crowded: None) -> None:
    """Both statements use an index. The test checks the plan, because a time depends on the machine."""
    rows = []
    with connection.execute_wrapper(Explainer(rows)):
        assert business_of(claim()) == "a"
    plans = "\n".join(rows)
    assert "tasks_turn_idx" in plans
    assert "Seq Scan" not in plans, plans
    assert max(map(int, re.findall(r"actual rows=(\d+)", plans))) <= 201, plans


class Explainer:
    """A wrapper that explains each SELECT before it is sent."""

    def __init__(self, rows: list[str]) -> None:
        self.rows = rows

    def __call__(
        self, execute: Any, sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        if sql.lstrip().startswith(("SELECT", "WITH")):
            with context["connection"].connection.cursor() as cursor:
                cursor.execute("EXPLAIN (ANALYZE, TIMING off) " + sql, params)
                self.rows += [row for (row,) in cursor.fetchall()]
        return execute(sql, params, many, context)


def test_exports_and_look_ups_come_before_renditions() -> None:
    assert make_export.priority == look_up_attempt.priority == Priority.URGENT
    assert make_renditions.priority == Priority.BACKGROUND


def test_an_export_starts_next_behind_another_businesss_exports_and_pictures(
    acme: Personas, globex: Personas
) -> None:
    """There is a single worker, and other tasks are queued before the export."""
    with acme.scope():
        for kind in ("days_csv", "matrix_xlsx", "summary_xlsx"):
            request_run(actor=acme.admin, kind=kind, processing_month=MONTH)
        for _ in range(4):
            file = WorkCardFileFactory()
            make_renditions.enqueue(business_id=str(acme.id), file_id=str(file.pk))
    with globex.scope():
        request_run(actor=globex.admin, kind="days_csv", processing_month=MONTH)
    run_worker()
    names = {str(acme.id): "acme", str(globex.id): "globex"}
    order = [
        f"{names[business_of(task)]} {task.task_name}"
        for task in DBTaskResult.objects.order_by("started_at")
    ]
    assert order == [
        "acme make_export",
        "globex make_export",
        *["acme make_export"] * 2,
        *["acme make_renditions"] * 4,
    ]


def test_the_log_tells_how_long_a_job_waited_and_of_which_kind(
    acme: Personas, caplog: Any
) -> None:
    make_renditions.enqueue(business_id=str(acme.id), file_id=str(acme.id))
    DBTaskResult.objects.update(enqueued_at=timezone.now() - timedelta(seconds=90))
    with caplog.at_level(logging.INFO, "automatehq.worker"):
        run_worker()
    (record,) = [r for r in caplog.records if r.getMessage() == "job_started"]
    assert record.kind == "make_renditions"
    assert 90 <= record.job_wait_seconds < 120
    assert (record.business_id, record.attempt) == (str(acme.id), 1)
