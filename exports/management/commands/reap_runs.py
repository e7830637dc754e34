"""Requeue the export runs and unknown-id checks whose worker died."""

from typing import Any

from django.core.management.base import BaseCommand

from audit.cross_business import requeue_stale_checks
from exports.services import reap_runs
from workcards.tasks import fail_dead_renditions


class Command(BaseCommand):
    help = "Queue anew the export runs, and the look-ups of refused ids, whose worker died; after three times they fail."

    def handle(self, *args: Any, **options: Any) -> None:
        counts = reap_runs()
        self.stdout.write(
            f"{counts['requeued']} queued anew, {counts['failed']} failed; "
            f"{requeue_stale_checks()} look-ups queued anew."
        )
        fail_dead_renditions()
