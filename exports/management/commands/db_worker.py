"""The worker of django-tasks-db, which also looks after what another was doing when it died."""

import logging
import threading
from typing import Any

from django.db import DatabaseError, close_old_connections
from django_tasks_db.management.commands import db_worker

from audit.attempts import reap_look_ups
from businesses.tenancy.proof import refuse_to_start_if_unproven
from exports.services import reap_runs

REAP_EVERY = 60.0

logger = logging.getLogger(__name__)


class Command(db_worker.Command):
    """As the library's; at start and every minute it queues anew what a killed worker left behind.

    Like the web server it does not start in production unless the database keeps businesses apart.
    """

    def handle(self, **options: Any) -> None:
        refuse_to_start_if_unproven()
        ended = threading.Event()
        # A daemon: a worker that waits for nothing else may end at once.
        reaper = threading.Thread(target=_reap, args=[ended], daemon=True)
        if not options["batch"]:
            reaper.start()
        try:
            super().handle(**options)
        finally:
            ended.set()


def _reap(ended: threading.Event) -> None:
    while not ended.is_set():
        close_old_connections()
        try:
            reap_runs()
            reap_look_ups()
        except DatabaseError:
            # The database is away for a moment: the next minute will do.
            logger.exception("the dead workers' work could not be looked after")
        ended.wait(REAP_EVERY)
