"""The order of queued tasks: by priority, and in turn between businesses.

The table of tasks belongs to django-tasks-db. A task names its business in the keyword argument `business_id`; tasks
without a business share a turn. `automatehq/migrations/0002_task_queue_indexes.py` creates the indexes that keep the
query fast.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import IntEnum
from typing import Any

from django.db import connections, transaction
from django.db.models import QuerySet, TextField
from django.db.models.expressions import RawSQL
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

QueuedTask = DBTaskResult[Any, Any]


class Priority(IntEnum):
    """Priorities of tasks; higher numbers start first."""

    # A user waits for the result, or the task takes milliseconds.
    URGENT = 20
    # The result is computed on demand if the task has not run yet.
    BACKGROUND = 0


# The expression of the indexes. PostgreSQL uses them only for the identical expression.
BUSINESS = "COALESCE(args_kwargs -> 'kwargs' ->> 'business_id', '')"

# One row per priority and business with ready tasks, in the order of turns. An index probe finds each row, so that
# the cost depends on the number of businesses and not on the number of tasks.
_TURNS = f"""
WITH RECURSIVE turn AS (
    (SELECT priority, {BUSINESS} AS business, enqueued_at
     FROM {{table}} WHERE status = 'READY'
     ORDER BY priority, {BUSINESS}, enqueued_at LIMIT 1)
    UNION ALL
    SELECT following.* FROM turn CROSS JOIN LATERAL (
        SELECT priority, {BUSINESS} AS business, enqueued_at
        FROM {{table}}
        WHERE status = 'READY'
          AND (priority, {BUSINESS}) > (turn.priority, turn.business)
        ORDER BY priority, {BUSINESS}, enqueued_at LIMIT 1
    ) AS following
),
running AS (
    SELECT {BUSINESS} AS business, count(*) AS tasks
    FROM {{table}} WHERE status = 'RUNNING' GROUP BY 1
)
SELECT turn.priority, turn.business
FROM turn
LEFT JOIN running USING (business)
LEFT JOIN LATERAL (
    SELECT started_at FROM {{table}}
    WHERE {BUSINESS} = turn.business AND started_at IS NOT NULL
    ORDER BY started_at DESC LIMIT 1
) AS latest ON true
ORDER BY turn.priority DESC, COALESCE(running.tasks, 0),
         latest.started_at NULLS FIRST, turn.enqueued_at
"""  # noqa: S608 -- constants of this module


def claim_next_task(
    tasks: "QuerySet[QueuedTask]", *, worker_id: str
) -> tuple[QueuedTask, float] | None:
    """Mark the next task as running; return it and its waiting time in seconds, or None.

    `tasks` are the ready tasks that the worker may run. The order is:

    1. the highest priority,
    2. the business with the fewest running tasks,
    3. the business with the least recent start,
    4. the oldest task of the business.

    Rows that another worker has locked are skipped.
    """
    with transaction.atomic(using=tasks.db):
        for priority, business_id in _turns(tasks.db):
            ready: Any = of_business(tasks, business_id).filter(priority=priority)
            task = ready.order_by("enqueued_at").get_locked()
            if task is not None:
                task.claim(worker_id)
                return task, _seconds_between(task.enqueued_at, task.started_at)
    return None


def of_business(
    tasks: "QuerySet[QueuedTask]", business_id: object
) -> "QuerySet[QueuedTask]":
    """Return the tasks of a business; None or "" means the tasks without a business."""
    return tasks.alias(business=RawSQL(BUSINESS, [], TextField())).filter(  # noqa: S611
        business=str(business_id or "")
    )


def has_live_task(
    task_path: str, *, business_id: object, since: datetime, **kwargs: object
) -> bool:
    """Return True if a task with these arguments is ready, or running since `since` or later."""
    tasks = of_business(DBTaskResult.objects.all(), business_id).filter(
        task_path=task_path, args_kwargs__contains={"kwargs": kwargs}
    )
    ready = tasks.filter(status=TaskResultStatus.READY, priority=Priority.URGENT)
    running = tasks.filter(status=TaskResultStatus.RUNNING, started_at__gt=since)
    return bool(ready.exists() or running.exists())


def fail_dead_tasks(
    task_path: str, *, started_before: datetime, except_ids: Iterable[object] = ()
) -> int:
    """Mark running tasks of dead workers as failed; return their number.

    They would otherwise count as running.
    """
    failed: int = (
        DBTaskResult.objects.filter(
            status=TaskResultStatus.RUNNING,
            task_path=task_path,
            started_at__lt=started_before,
        )
        .exclude(pk__in=list(except_ids))
        .update(
            status=TaskResultStatus.FAILED,
            finished_at=timezone.now(),
            traceback="The worker stopped unexpectedly.",
        )
    )
    return failed


def _turns(using: str) -> list[tuple[int, str]]:
    connection = connections[using]
    table = connection.ops.quote_name(DBTaskResult._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(_TURNS.format(table=table))
        return list(cursor.fetchall())


def _seconds_between(earlier: datetime, later: datetime) -> float:
    """Return the seconds from `earlier` to `later`, at least 0 for differing clocks."""
    return max(0.0, (later - earlier).total_seconds())
