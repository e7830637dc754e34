"""`manage.py sweep_files`: delete orphaned files and report missing ones."""

from datetime import timedelta

from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from businesses.orphaned_files import Cleanup

# The time between a file and its row in a request or an export step is shorter.
LEAST_HOURS = 1.0
MOST_HOURS = 87_600.0  # ten years


class Command(BaseCommand):
    help = (
        "Delete stored files that no row references, left by interrupted uploads and exports. Report rows whose "
        "file is missing. Exits with 1 if a manual check is needed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="only list the files to delete"
        )
        parser.add_argument(
            "--older-than",
            type=float,
            default=24.0,
            metavar="HOURS",
            help="minimum age of files to delete, because newer files may belong to a running request (default 24, at "
            "least 1)",
        )

    def handle(self, *, dry_run: bool, older_than: float, **options: object) -> None:
        if not LEAST_HOURS <= older_than <= MOST_HOURS:
            raise CommandError("--older-than must be from 1 to 87600 hours.")
        cleanup = Cleanup(
            default_storage,
            before=timezone.now() - timedelta(hours=older_than),
            is_dry_run=dry_run,
            write_line=self.stdout.write,
            write_error=self.stderr.write,
        )
        cleanup.run()
        word = "to delete" if dry_run else "removed"
        self.stdout.write(
            f"{cleanup.removed} files {word}, {cleanup.removed_bytes:,} bytes. "
            f"{cleanup.missing_count} rows without their file. {cleanup.skipped} entries skipped."
        )
        if cleanup.missing_count or cleanup.skipped:
            raise CommandError("Check the files and rows listed above.")
