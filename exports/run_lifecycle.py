"""The lifecycle of a run in a worker: claimed, running, done or failed. Each step opens its own short scope."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.account_status import still_has_permission
from audit import services as audit
from automatehq.api.errors import Conflict, Denied
from businesses.tenancy.context import business_scope

from .models import ExportRun

# After this time without a renewal the worker is treated as dead.
LEASE = timedelta(minutes=5)
MAX_ATTEMPTS = 3

Status = ExportRun.Status


def require_done(run: ExportRun) -> None:
    """Raise `Conflict` `not_done` unless the run is done."""
    if run.status != Status.DONE:
        raise Conflict(
            "not_done",
            _("This is not possible while the export has the status “%(status)s”.")
            % {"status": run.get_status_display()},
            run_status=run.status,
        )


class LeaseLost(RuntimeError):
    """The lease of this worker ran out, and another worker has claimed the run."""


@dataclass(frozen=True)
class Claim:
    """The claim of one worker on a run, valid until the lease expires.

    `attempt` distinguishes it from earlier claims.
    """

    run_id: uuid.UUID
    business_id: uuid.UUID
    attempt: int


def claim_run(*, run_id: uuid.UUID, business_id: uuid.UUID) -> Claim | None:
    """Claim a queued run for `LEASE`; return None if the run is not queued.

    If the requester may no longer export, fail the run and return None too.
    """
    with business_scope(business_id):
        run = ExportRun.objects.select_for_update().filter(pk=run_id).first()
        if run is None or run.status != Status.QUEUED:
            return None
        with translation.override(run.business.language):
            error = _requester_error(run)
        if error is not None:
            fail(run, f"{error.code}: {error}")
            return None
        run.status = Status.RUNNING
        run.progress = 0
        run.attempts += 1
        run.lease_expires_at = timezone.now() + LEASE
        run.save(update_fields=["status", "progress", "attempts", "lease_expires_at"])
        return Claim(run.pk, business_id, run.attempts)


def report_progress(claim: Claim, progress: int) -> None:
    """Store the progress of the run in percent and renew the lease.

    Raises `LeaseLost`.
    """
    with business_scope(claim.business_id):
        renewed = _claimed_run(claim).update(
            progress=progress, lease_expires_at=timezone.now() + LEASE
        )
    if not renewed:
        raise LeaseLost(str(claim.run_id))


def finish_run(
    claim: Claim, *, file: str, snapshot: str, row_count: int, sha256: str
) -> None:
    """Mark the run as done after its file was stored.

    Raises `LeaseLost`, and `Denied` if the requester may no longer export.
    """
    with business_scope(claim.business_id):
        run = _claimed_run(claim).select_for_update().first()
        if run is None:
            raise LeaseLost(str(claim.run_id))
        if error := _requester_error(run):
            raise error
        run.file, run.snapshot = file, snapshot
        run.row_count, run.sha256 = row_count, sha256
        _finish(run, Status.DONE)
        audit.record(
            "export_finished",
            entity=run,
            site_id=run.site_id,
            after={"row_count": row_count, "sha256": sha256},
            requested_by=run.exported_by_name,
        )


def fail_run(claim: Claim, error: str) -> None:
    """Fail the claimed run with `error`, a text that users read."""
    with business_scope(claim.business_id):
        run = _claimed_run(claim).select_for_update().first()
        if run is not None:
            fail(run, error)


def _requester_error(run: ExportRun) -> Denied | None:
    """Return an error if the requester is inactive or may no longer export.

    The requester's permissions stay locked until the commit.
    """
    if run.exported_by_id is None or still_has_permission(
        run.exported_by_id, "exports.create"
    ):
        return None
    return Denied(
        "requester_not_allowed",
        _(
            "The user who requested this export is deactivated or may no longer create exports. Create it again."
        ),
    )


def release_run(claim: Claim) -> None:
    """Return a claimed run to the queue, for the next worker that starts its task."""
    with business_scope(claim.business_id):
        _claimed_run(claim).update(
            status=Status.QUEUED, lease_expires_at=timezone.now() + LEASE
        )


def _claimed_run(claim: Claim) -> Any:
    return ExportRun.objects.filter(
        pk=claim.run_id, status=Status.RUNNING, attempts=claim.attempt
    )


def fail(run: ExportRun, error: str) -> None:
    """Fail a run whose row is locked; the scope of its business must be open."""
    run.error = error
    _finish(run, Status.FAILED)
    audit.record(
        "export_failed",
        entity=run,
        site_id=run.site_id,
        after={"error": error},
        requested_by=run.exported_by_name,
    )


def _finish(run: ExportRun, status: str) -> None:
    run.status = status
    run.progress = 100 if status == Status.DONE else run.progress
    run.finished_at = timezone.now()
    run.lease_expires_at = None
    run.save(
        update_fields=[
            "status",
            "progress",
            "finished_at",
            "lease_expires_at",
            "error",
            "file",
            "snapshot",
            "row_count",
            "sha256",
        ]
    )
