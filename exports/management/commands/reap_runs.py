"""Requeue the export runs and unknown-id checks whose worker died."""

from django.core.management.base import BaseCommand

from audit.cross_business import requeue_stale_checks
from exports.services import reap_runs
from workcards.tasks import fail_dead_renditions


class Command(BaseCommand):
    help = "Requeue export runs and look-ups of rejected IDs whose worker stopped. After three attempts they fail."

    def handle(self, *args: object, **options: object) -> None:
        counts = reap_runs()
        self.stdout.write(
            f"{counts['requeued']} requeued, {counts['failed']} failed; {requeue_stale_checks()} look-ups requeued."
        )
        fail_dead_renditions()
