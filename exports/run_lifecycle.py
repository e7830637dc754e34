"""The life of a run in the hands of a worker: taken, under way, done or failed. Each step is a short scope of its own."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.account_status import still_has_permission
from audit import services as audit
from automatehq.api.errors import Denied
from businesses.tenancy.context import business_scope

from .models import ExportRun

# A worker that has not been heard of for this long has died.
LEASE = timedelta(minutes=5)
MAX_ATTEMPTS = 3

Status = ExportRun.Status


class LeaseLost(RuntimeError):
    """Another worker has taken this run over, since this one's lease ran out."""


@dataclass(frozen=True)
class Claim:
    """A run that one worker has, until its lease runs out. `attempt` tells it from an earlier worker's."""

    run_id: uuid.UUID
    business_id: uuid.UUID
    attempt: int


def claim_run(*, run_id: uuid.UUID, business_id: uuid.UUID) -> Claim | None:
    """Take a queued run for `LEASE`; return None if it is not queued, or its requester may no longer export.

    In the latter case the run fails.
    """
    with business_scope(business_id):
        run = ExportRun.objects.select_for_update().filter(pk=run_id).first()
        if run is None or run.status != Status.QUEUED:
            return None
        with translation.override(run.business.language):
            refusal = _refusal_of_requester(run)
        if refusal is not None:
            fail(run, f"{refusal.code}: {refusal}")
            return None
        run.status = Status.RUNNING
        run.progress = 0
        run.attempts += 1
        run.lease_expires_at = timezone.now() + LEASE
        run.save(update_fields=["status", "progress", "attempts", "lease_expires_at"])
        return Claim(run.pk, business_id, run.attempts)


def report_progress(claim: Claim, progress: int) -> None:
    """Say how far the run has come (percent), which also renews the lease. Raises `LeaseLost`."""
    with business_scope(claim.business_id):
        renewed = _held(claim).update(
            progress=progress, lease_expires_at=timezone.now() + LEASE
        )
    if not renewed:
        raise LeaseLost(str(claim.run_id))


def finish_run(
    claim: Claim, *, file: str, snapshot: str, row_count: int, sha256: str
) -> None:
    """Mark the run, whose file is in storage, as done. Raises `LeaseLost`, and `Denied` if its requester may no longer export."""
    with business_scope(claim.business_id):
        run = _held(claim).select_for_update().first()
        if run is None:
            raise LeaseLost(str(claim.run_id))
        if refusal := _refusal_of_requester(run):
            raise refusal
        run.file, run.snapshot = file, snapshot
        run.row_count, run.sha256 = row_count, sha256
        _end(run, Status.DONE)
        audit.record(
            "export_finished",
            entity=run,
            site_id=run.site_id,
            after={"row_count": row_count, "sha256": sha256},
            requested_by=run.exported_by_name,
        )


def fail_run(claim: Claim, error: str) -> None:
    """The run can't be done, for a reason that people read."""
    with business_scope(claim.business_id):
        run = _held(claim).select_for_update().first()
        if run is not None:
            fail(run, error)


def _refusal_of_requester(run: ExportRun) -> Denied | None:
    """Return the reason if the requester is no longer active or may no longer export; hold their rights until the commit."""
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
    """Queue a claimed run again, for whichever worker starts its task next."""
    with business_scope(claim.business_id):
        _held(claim).update(
            status=Status.QUEUED, lease_expires_at=timezone.now() + LEASE
        )


def _held(claim: Claim) -> Any:
    return ExportRun.objects.filter(
        pk=claim.run_id, status=Status.RUNNING, attempts=claim.attempt
    )


def fail(run: ExportRun, error: str) -> None:
    """Fail a run whose row is locked, inside its business's scope."""
    run.error = error
    _end(run, Status.FAILED)
    audit.record(
        "export_failed",
        entity=run,
        site_id=run.site_id,
        after={"error": error},
        requested_by=run.exported_by_name,
    )


def _end(run: ExportRun, status: str) -> None:
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
