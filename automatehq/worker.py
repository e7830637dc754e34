"""A worker of django-tasks-db that starts tasks in the order of `automatehq.job_queue`."""

import logging
import random
import time
from typing import Any

from django.db import close_old_connections
from django_tasks_db.management.commands import db_worker
from django_tasks_db.models import DBTaskResult

from .job_queue import claim_next_task

logger = logging.getLogger(__name__)


class Worker(db_worker.Worker):
    """The library's worker with a fair turn for each business, and a log line for each start."""

    def run(self) -> None:
        """Run tasks until told to stop; in batch mode until none is ready."""
        logger.info(
            "worker_started",
            extra={"worker_id": self.worker_id, "queues": self.queue_names},
        )
        if self.startup_delay and self.interval:
            # Workers that are started together do not ask together.
            time.sleep(random.random())  # noqa: S311 -- no secret
        while self.running:
            close_old_connections()
            task = self.claim_task()
            if task is not None:
                self.run_task(task)
            elif self.batch:
                return
            if self.max_tasks is not None and self._run_tasks >= self.max_tasks:
                return
            close_old_connections()
            # A signal may have come while the task ran.
            if self.running and task is None:
                time.sleep(self.interval)

    def claim_task(self) -> DBTaskResult[Any, Any] | None:
        """Claim the next task and log how long it waited; None if none is ready."""
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
