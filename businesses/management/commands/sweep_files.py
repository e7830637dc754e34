"""`manage.py sweep_files`: delete orphaned files and report missing ones."""

from datetime import timedelta
from typing import Any

from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from automatehq.storage_listing import listing_for
from businesses.orphaned_files import FILE_OWNERS, Report, sweep

# The time between a file and its row in a request or an export step is shorter.
LEAST_HOURS = 1.0
MOST_HOURS = 87_600.0  # ten years


class Command(BaseCommand):
    help = (
        "Remove what uploads and exports left in storage when they were killed half-way: files that no row knows. Rows whose file "
        "is not there are named, and nothing else is done about them. Exit code 1 if somebody should look."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be removed"
        )
        parser.add_argument(
            "--older-than",
            type=float,
            default=24.0,
            metavar="HOURS",
            help="younger files may belong to a request that is under way (24; at least 1)",
        )

    def handle(self, *, dry_run: bool, older_than: float, **options: Any) -> None:
        if not LEAST_HOURS <= older_than <= MOST_HOURS:
            raise CommandError("--older-than must be from 1 to 87600 hours.")
        report = Report(self.stdout.write, self.stderr.write, is_dry_run=dry_run)
        before = timezone.now() - timedelta(hours=older_than)
        sweep(listing_for(default_storage), FILE_OWNERS, before=before, report=report)
        word = "to be removed" if dry_run else "removed"
        self.stdout.write(
            f"{report.removed} files {word}, {report.removed_bytes:,} bytes. "
            f"{report.lost} rows without their file. {report.left_alone} things left alone."
        )
        if report.lost or report.left_alone:
            raise CommandError("Somebody should look at what is said above.")
