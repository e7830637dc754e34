"""Asking for an export, and asking again for one whose worker died."""

import re
import uuid
from datetime import date
from typing import Any

from django.db import connection
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from audit import services as audit
from automatehq.rest.errors import Invalid
from businesses.tenancy.context import (
    business_scope,
    get_current_business_id,
    platform_scope,
)
from workforce.models import Site

from .jobs import make_export
from .models import ExportProfile, ExportRun
from .profiles import Profile
from .runs import LEASE, MAX_ATTEMPTS, Status, fail
from .writers import WRITERS


def request_run(
    *,
    actor: Any,
    kind: str,
    processing_month: date,
    site: Site | None = None,
    include_unapproved: bool = False,
    profile: ExportProfile | None = None,
) -> ExportRun:
    """Queue an export; while the same one is queued or running, that run is the answer.

    The run keeps a copy of the profile. Raises `Invalid` for a kind that needs one and has none, or the reverse.
    """
    filters: dict[str, Any] = {"include_unapproved": include_unapproved}
    check_profile(kind, profile)
    if profile is not None:
        filters["profile"] = Profile.of(profile).as_json()
    month = processing_month.replace(day=1)
    business_id = get_current_business_id()
    _lock(f"export {business_id} {kind} {month} {site and site.pk} {filters}")
    running: ExportRun | None = (
        ExportRun.objects.for_month(month)
        .filter(
            kind=kind,
            site=site,
            filters=filters,
            status__in=[Status.QUEUED, Status.RUNNING],
        )
        .first()
    )
    if running is not None:
        return running
    run = ExportRun(
        kind=kind,
        processing_month=month,
        site=site,
        filters=filters,
        exported_by=actor,
        exported_by_name=actor.full_name,
        lease_expires_at=timezone.now() + LEASE,
    )
    run.generated_file_name = file_name(run)
    run.save(force_insert=True)
    audit.record(
        "export_requested",
        entity=run,
        site_id=run.site_id,
        after={"kind": kind, "processing_month": month, "filters": filters},
    )
    _enqueue(run)
    return run


def check_profile(kind: str, profile: ExportProfile | None) -> None:
    """Raise `Invalid` if this kind of file needs a profile and has none, or the reverse."""
    if kind == ExportRun.Kind.PAYROLL_CSV:
        if profile is None:
            raise Invalid("required", _("Say for which payroll program."), "profile_id")
    elif profile is not None:
        raise Invalid(
            "not_applicable", _("This kind of file takes no profile."), "profile_id"
        )


def file_name(run: ExportRun) -> str:
    """`payroll-2026-03-<profile>-<site>-DRAFT.csv`: what the download is called."""
    extension = WRITERS[ExportRun.Kind(run.kind)].extension
    profile = run.filters.get("profile")
    draft = "DRAFT" if run.is_draft else ""
    stem = "-".join(
        filter(
            None,
            [
                run.kind.removesuffix(f"_{extension}"),
                f"{run.processing_month:%Y-%m}",
                _in_file_name(profile["name"]) if profile else "",
                _in_file_name(run.site.site_name) if run.site else "",
                draft,
            ],
        )
    )
    return f"{stem}.{extension}"


def _in_file_name(name: str) -> str:
    return re.sub(r"[^\w-]+", "-", name).strip("-")[:80]


def reap_runs() -> dict[str, int]:
    """Queue anew the runs whose worker has died, at most `MAX_ATTEMPTS` times, then fail them.

    A queued run whose job got lost with its worker is queued anew too. Gives {"requeued": n, "failed": n}.
    """
    with platform_scope("find runs whose worker died"):
        expired = list(
            ExportRun.objects.filter(
                status__in=[Status.QUEUED, Status.RUNNING],
                lease_expires_at__lt=timezone.now(),
            ).values_list("pk", "business_id")
        )
    counts = {"requeued": 0, "failed": 0}
    for run_id, business_id in expired:
        with business_scope(business_id):
            outcome = _reap(run_id)
        if outcome:
            counts[outcome] += 1
    return counts


def _reap(run_id: uuid.UUID) -> str | None:
    run = (
        ExportRun.objects.select_for_update(skip_locked=True)
        .filter(pk=run_id, lease_expires_at__lt=timezone.now())
        .first()
    )
    if run is None or run.status not in (Status.QUEUED, Status.RUNNING):
        return None
    if run.status == Status.RUNNING and run.attempts >= MAX_ATTEMPTS:
        with translation.override(run.business.language):
            error = _("The worker died %(times)s times while making this file.")
        fail(run, error % {"times": run.attempts})
        return "failed"
    run.status = Status.QUEUED
    run.lease_expires_at = timezone.now() + LEASE
    run.save(update_fields=["status", "lease_expires_at"])
    _enqueue(run)
    return "requeued"


def _enqueue(run: ExportRun) -> None:
    """Put the job into the queue, in the run's own transaction: neither can be without the other."""
    make_export.enqueue(run_id=str(run.pk), business_id=str(run.business_id))


def _lock(what: str) -> None:
    """Wait for whoever does the same; until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [what])
