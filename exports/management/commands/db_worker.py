"""The worker command: takes tasks of the businesses in turn, and recovers the work of killed workers."""

import logging
import os
import threading
from typing import Any

from django.core.management.base import CommandError
from django.db import Error, close_old_connections
from django.utils.autoreload import DJANGO_AUTORELOAD_ENV, run_with_reloader
from django_tasks_db.management.commands import db_worker

from audit.cross_business import requeue_stale_checks
from automatehq.readiness import WORKER_CHECKS, require_usable_files
from automatehq.worker import TaskWorker
from businesses.tenancy.verification import require_verified_database
from exports.services import reap_runs
from workcards.tasks import fail_dead_renditions

REAP_EVERY = 60.0

logger = logging.getLogger(__name__)


class Command(db_worker.Command):
    """The library's command and options, with `automatehq.worker.Worker`.

    At start and every minute the command requeues the work of killed workers. In production it starts only if the
    database isolates businesses, like the web server.
    """

    def handle(self, **options: Any) -> None:
        require_usable_files(WORKER_CHECKS)
        require_verified_database()
        self.configure_logging(options["verbosity"])
        worker = _worker(options)
        ended = threading.Event()
        # A daemon thread, so that the process can end without waiting for it.
        reaper = threading.Thread(target=_reap, args=[ended], daemon=True)
        if not options["batch"]:
            reaper.start()
        try:
            _run(worker, reload=options["reload"] and not options["batch"])
        finally:
            ended.set()


def _worker(options: dict[str, Any]) -> TaskWorker:
    """Return the worker for the options.

    Raises `CommandError` for options that contradict each other.
    """
    queues = options["queue_name"].split(",")
    excluded = options["exclude_queues"].split(",") if options["exclude_queues"] else []
    if excluded and "*" not in queues:
        raise CommandError("--exclude-queues can only be used with --queue-name=*")
    return TaskWorker(
        queue_names=queues,
        excluded_queue_names=excluded,
        **{
            name: options[name]
            for name in (
                "interval",
                "batch",
                "backend_name",
                "startup_delay",
                "max_tasks",
                "worker_id",
            )
        },
    )


def _run(worker: TaskWorker, *, reload: bool) -> None:
    # With the reloader, signals are handled in its child process, where the worker runs.
    if not reload or os.environ.get(DJANGO_AUTORELOAD_ENV) == "true":
        worker.configure_signals()
    if reload:
        run_with_reloader(worker.run)
    else:
        worker.run()


def _reap(ended: threading.Event) -> None:
    while not ended.is_set():
        close_old_connections()
        try:
            reap_runs()
            requeue_stale_checks()
            fail_dead_renditions()
        except Error:
            # The database is unreachable for a moment; the next run in a minute retries.
            logger.exception("the work of dead workers could not be requeued")
        ended.wait(REAP_EVERY)
