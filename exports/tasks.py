"""The task that makes a file: read the rows in one snapshot, write the file, store both."""

import hashlib
import logging
import tempfile
import time
import uuid
from collections.abc import Iterator
from typing import IO

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.utils import translation
from django.utils.translation import gettext as _
from django_tasks import task

from audit.event_origin import origin
from automatehq.api.errors import DomainError, outage_of
from automatehq.job_queue import Priority
from automatehq.outages import wait_for_database
from businesses.tenancy.context import business_scope
from workcards.month_rows import DayRow, month_rows, read_spool, write_spool

from .export_options import ExportOptions
from .models import ExportRun
from .profiles import Profile
from .run_lifecycle import (
    Claim,
    LeaseLost,
    claim_run,
    fail_run,
    finish_run,
    release_run,
    report_progress,
)
from .writers import WRITERS

logger = logging.getLogger(__name__)

# Percent of the work that reading takes, and the seconds between two progress reports of the rest.
READ_PERCENT = 40
REPORT_EVERY = 2.0
IN_MEMORY = 1024 * 1024
# Seconds that a task waits for the database to return. After that the run is requeued when its lease expires.
RELEASE_WITHIN = 60.0


@task(priority=Priority.URGENT)
def make_export(*, run_id: str, business_id: str) -> None:
    """Create the file of a queued run. Does nothing if the run is claimed by another worker or done."""
    with origin("task"), translation.override(settings.LANGUAGE_CODE):
        claim = claim_run(run_id=uuid.UUID(run_id), business_id=uuid.UUID(business_id))
        if claim is None:
            return
        try:
            _make(claim)
        except LeaseLost:
            logger.warning("export run %s was taken over by another worker", run_id)
        except DomainError as error:
            problems = (f"{code}: {detail}" for code, detail, _ in error.problems)
            fail_run(claim, " ".join(problems))
        except Exception as error:
            if outage_of(error):
                _release(claim)
                raise
            # The worker logs the traceback. The message tells users that they did not cause the error.
            fail_run(claim, _("The export failed because of an unexpected error."))
            raise


def _release(claim: Claim) -> None:
    """Return the run to the queue once the database is back.

    The worker then starts the task again. If the database stays unreachable for longer, the run is requeued when its
    lease expires, as after a worker's death.
    """
    if wait_for_database(seconds=RELEASE_WITHIN):
        release_run(claim)


def _make(claim: Claim) -> None:
    with (
        tempfile.SpooledTemporaryFile(IN_MEMORY) as spool,
        tempfile.SpooledTemporaryFile(IN_MEMORY) as file,
    ):
        with business_scope(claim.business_id, repeatable_read=True):
            run = ExportRun.objects.select_related("business").get(pk=claim.run_id)
            # The business's users read the error messages. The content of the file is not translated.
            translation.activate(run.business.language)
            writer = WRITERS[ExportRun.Kind(run.kind)]
            days = write_spool(
                month_rows(
                    run.processing_month,
                    site_id=run.site_id,
                    include_unapproved=run.is_draft,
                    include_expected=writer.with_expected,
                    order=writer.order,
                ),
                spool,
            )
        report_progress(claim, READ_PERCENT)
        rows = _report_rows(claim, read_spool(spool), days)
        row_count = writer.write(rows, file, _options_of(run))
        store_files(claim, spool, file, extension=writer.extension, row_count=row_count)


def _options_of(run: ExportRun) -> ExportOptions:
    profile = run.filters.get("profile")
    return ExportOptions(
        month=run.processing_month,
        language=run.business.language,
        is_draft=run.is_draft,
        profile=Profile(**profile) if profile else None,
    )


def store_files(
    claim: Claim, spool: IO[bytes], file: IO[bytes], *, extension: str, row_count: int
) -> None:
    """Store both files and finish the run; delete the files if this fails."""
    folder = ExportRun.folder(claim.business_id, claim.run_id, claim.attempt)
    sha256 = _sha256(file)
    stored: list[str] = []
    try:
        for name, content in ((f"file.{extension}", file), ("snapshot.jsonl", spool)):
            content.seek(0)
            stored.append(default_storage.save(f"{folder}/{name}", File(content)))
        finish_run(
            claim,
            file=stored[0],
            snapshot=stored[1],
            row_count=row_count,
            sha256=sha256,
        )
    except BaseException:
        for path in stored:
            default_storage.delete(path)
        raise


def _report_rows(
    claim: Claim, rows: Iterator[DayRow], row_count: int
) -> Iterator[DayRow]:
    """Yield the same rows; meanwhile report the run's progress and renew its lease."""
    reported = time.monotonic()
    for number, row in enumerate(rows):
        if time.monotonic() - reported > REPORT_EVERY:
            reported = time.monotonic()
            report_progress(
                claim, READ_PERCENT + (99 - READ_PERCENT) * number // row_count
            )
        yield row


def _sha256(file: IO[bytes]) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
