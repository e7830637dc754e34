"""A worker of django-tasks-db that starts tasks in the order of `automatehq.job_queue`."""

import logging
import random
import time
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.db import Error, close_old_connections
from django_tasks import TaskContext, TaskResultStatus
from django_tasks.signals import task_finished, task_started
from django_tasks_db.management.commands import db_worker
from django_tasks_db.models import DBTaskResult

from .api.errors import outage_of
from .job_queue import QueuedTask, claim_next_task
from .outages import wait_for_database

logger = logging.getLogger(__name__)

# The maximum number of starts of a task that meets outages.
MAX_TRIES = 5


class TaskWorker(db_worker.Worker):
    """The library's worker, with a fair order between businesses and a log line per start."""

    def run(self) -> None:
        """Run tasks until a stop is requested; in batch mode until no task is ready."""
        logger.info(
            "worker_started",
            extra={"worker_id": self.worker_id, "queues": self.queue_names},
        )
        if self.startup_delay and self.interval:
            # Spread the queries of workers that start at the same time.
            time.sleep(random.random())  # noqa: S311 -- no secret
        while self.running:
            close_old_connections()
            outage: Exception | None = None
            try:
                task = self.claim_task()
                if task is not None:
                    self.run_task(task)
            except Exception as error:
                if outage_of(error) is None:
                    raise
                outage = error
            if outage is not None:
                # Outside the handler, so that later errors do not have the outage as their context.
                self.recover(outage)
                continue
            if task is None and self.batch:
                return
            if self.max_tasks is not None and self._run_tasks >= self.max_tasks:
                return
            close_old_connections()
            # A stop signal may have arrived while the task ran.
            if self.running and task is None:
                time.sleep(self.interval)

    def run_task(self, db_task_result: QueuedTask) -> None:
        """Run a task and mark it as successful or failed; raise after an outage of the database.

        The library's method would mark the task of an outage as failed.
        """
        self.running_task = True
        try:
            try:
                _call(db_task_result)
            except BaseException as error:
                if outage_of(error) is not None and self._may_try_again(db_task_result):
                    raise
                db_task_result.set_failed(error)
            _send_finished(db_task_result)
        finally:
            self.running_task = False
            self._run_tasks += 1

    def _may_try_again(self, task: QueuedTask) -> bool:
        """Return False for a task that met an outage at every start: it may be the cause."""
        return len(task.worker_ids) < MAX_TRIES

    def recover(self, error: Exception) -> None:
        """Wait for the database, then make this worker's unfinished tasks ready again."""
        logger.warning(
            "database_away",
            extra={"worker_id": self.worker_id, "reason": str(error).strip()},
        )
        while wait_for_database(is_needed=lambda: self.running):
            try:
                queued = self._requeue_own()
            except Error as again:
                if outage_of(again) is None:
                    raise
                continue
            logger.warning(
                "database_back",
                extra={"worker_id": self.worker_id, "requeued_tasks": queued},
            )
            return

    def _requeue_own(self) -> int:
        """Make this worker's last unfinished task ready again; return the number of tasks.

        A worker runs one task at a time.
        """
        running = DBTaskResult.objects.filter(
            status=TaskResultStatus.RUNNING, worker_ids__contains=[self.worker_id]
        )
        own_ids = [task.pk for task in running if task.worker_ids[-1] == self.worker_id]
        return int(
            DBTaskResult.objects.filter(
                pk__in=own_ids, status=TaskResultStatus.RUNNING
            ).update(status=TaskResultStatus.READY)
        )

    def claim_task(self) -> QueuedTask | None:
        """Claim the next task and log its waiting time; return None if no task is ready."""
        tasks = DBTaskResult.objects.ready().filter(backend_name=self.backend_name)
        if not self.process_all_queues:
            tasks = tasks.filter(queue_name__in=self.queue_names)
        if self.excluded_queue_names:
            tasks = tasks.exclude(queue_name__in=self.excluded_queue_names)
        claimed = claim_next_task(tasks, worker_id=self.worker_id)
        if claimed is None:
            return None
        task, seconds = claimed
        logger.info(
            "job_started",
            extra={
                "kind": task.task_path.rsplit(".", 1)[-1],
                "job_wait_seconds": round(seconds, 3),
                "task_id": str(task.pk),
                "business_id": task.args_kwargs["kwargs"].get("business_id"),
                "attempt": len(task.worker_ids),
                "worker_id": self.worker_id,
            },
        )
        return task


def _call(row: QueuedTask) -> None:
    task, result = row.task, row.task_result
    task_started.send(sender=type(task.get_backend()), task_result=result)
    context: Any = TaskContext(task_result=result)  # type: ignore[arg-type]
    arguments = (context, *result.args) if task.takes_context else result.args
    row.set_successful(task.call(*arguments, **result.kwargs))


def _send_finished(row: QueuedTask) -> None:
    try:
        sender = type(row.task.get_backend())
        result = row.task_result
    except (ImportError, SuspiciousOperation):
        logger.exception(
            "The task %s does not exist in this version of the code.", row.pk
        )
    else:
        task_finished.send(sender=sender, task_result=result)
