"""Request exports, and requeue the exports whose worker died."""

import re
import uuid
from datetime import date
from typing import Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from accounts.models import User
from audit import services as audit
from automatehq.advisory_locks import transaction_lock
from automatehq.api.errors import Invalid, TooMany
from automatehq.job_queue import fail_dead_tasks, has_live_task
from businesses.tenancy.context import (
    business_scope,
    get_current_business_id,
    platform_scope,
    unscoped,
)
from workforce.models import Site

from .models import ExportProfile, ExportRun
from .profiles import Profile
from .run_lifecycle import LEASE, MAX_ATTEMPTS, Status, fail
from .tasks import make_export
from .writers import WRITERS

# Seconds in the Retry-After header of a rejected request.
RETRY_SECONDS = 60


def request_run(
    *,
    actor: User,
    kind: str,
    processing_month: date,
    site: Site | None = None,
    include_unapproved: bool = False,
    profile: ExportProfile | None = None,
) -> ExportRun:
    """Queue an export and return its run, or the run of an equal unfinished request.

    The run keeps a copy of the profile.

    Raises `Invalid` for a kind that needs a profile and has none, or the reverse. Raises `TooMany` `too_many_jobs`
    while the business has `settings.EXPORTS_PER_BUSINESS` queued and running exports.
    """
    filters: dict[str, Any] = {"include_unapproved": include_unapproved}
    check_profile(kind, profile)
    if profile is not None:
        filters["profile"] = Profile.of(profile).as_json()
    month = processing_month.replace(day=1)
    # One request of a business at a time. Otherwise two concurrent requests could queue the same run or exceed the
    # limit.
    transaction_lock(f"exports {get_current_business_id()}")
    running: ExportRun | None = (
        ExportRun.objects.for_month(month)
        .filter(
            kind=kind,
            site=site,
            filters=filters,
        )
        .under_way()
        .first()
    )
    if running is not None:
        return running
    _check_limit()
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
        actor=actor,
        site_id=run.site_id,
        after={"kind": kind, "processing_month": month, "filters": filters},
    )
    _enqueue(run)
    return run


def _check_limit() -> None:
    """Raise `TooMany` if the business has reached its limit of queued and running exports."""
    limit = settings.EXPORTS_PER_BUSINESS
    if ExportRun.objects.under_way().count() >= limit:
        detail = _(
            "The limit of %(limit)s queued or running exports of your business is reached. Wait until some are done, then try again."
        )
        raise TooMany("too_many_jobs", detail % {"limit": limit}, wait=RETRY_SECONDS)


def check_profile(kind: str, profile: ExportProfile | None) -> None:
    """Raise `Invalid` if this kind of file needs a profile and has none, or the reverse."""
    if kind == ExportRun.Kind.PAYROLL_CSV:
        if profile is None:
            raise Invalid("required", _("Choose a payroll profile."), "profile_id")
    elif profile is not None:
        raise Invalid(
            "not_applicable", _("Only payroll exports have a profile."), "profile_id"
        )


def file_name(run: ExportRun) -> str:
    """Return the name of the download, such as `payroll-2026-03-<profile>-<site>-DRAFT.csv`."""
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
    """Requeue the runs whose worker died, at most `MAX_ATTEMPTS` times, then fail them.

    Also requeue a queued run whose task was lost. A run that waits for its task stays unchanged. Return `{"requeued":
    n, "failed": n}`.
    """
    with platform_scope("find runs whose worker died"):
        expired = list(
            ExportRun.objects.under_way()
            .filter(lease_expires_at__lt=timezone.now())
            .values_list("pk", "business_id")
        )
    counts = {"requeued": 0, "failed": 0}
    for run_id, business_id in expired:
        with business_scope(business_id):
            outcome = _reap(run_id)
        if outcome:
            counts[outcome] += 1
    _fail_dead_tasks()
    return counts


def _reap(run_id: uuid.UUID) -> str | None:
    run = (
        ExportRun.objects.under_way()
        .select_for_update(skip_locked=True)
        .filter(pk=run_id, lease_expires_at__lt=timezone.now())
        .first()
    )
    if run is None:
        return None
    if run.status == Status.RUNNING and run.attempts >= MAX_ATTEMPTS:
        with translation.override(run.business.language):
            error = _(
                "The worker stopped unexpectedly %(times)s times while creating this file."
            )
        fail(run, error % {"times": run.attempts})
        return "failed"
    is_waiting = run.status == Status.QUEUED and _has_task(run)
    run.status = Status.QUEUED
    run.lease_expires_at = timezone.now() + LEASE
    run.save(update_fields=["status", "lease_expires_at"])
    if is_waiting:
        return None
    _enqueue(run)
    return "requeued"


def _has_task(run: ExportRun) -> bool:
    """Return True if a task for the run is ready or has just started."""
    with unscoped():
        return has_live_task(
            make_export.module_path,
            business_id=run.business_id,
            since=timezone.now() - LEASE,
            run_id=str(run.pk),
        )


def _fail_dead_tasks() -> None:
    """Fail export tasks that started more than `LEASE` ago and whose run is not claimed."""
    started_before = timezone.now() - LEASE
    started = DBTaskResult.objects.filter(
        status=TaskResultStatus.RUNNING,
        task_path=make_export.module_path,
        started_at__lt=started_before,
    )
    run_of_task = {
        task.pk: task.args_kwargs["kwargs"]["run_id"] for task in started.iterator()
    }
    if not run_of_task:
        return
    with platform_scope("find export tasks whose worker died"):
        claimed = ExportRun.objects.filter(
            pk__in=run_of_task.values(),
            status=Status.RUNNING,
            lease_expires_at__gte=timezone.now(),
        )
        claimed_ids = {str(pk) for pk in claimed.values_list("pk", flat=True)}
    fail_dead_tasks(
        make_export.module_path,
        started_before=started_before,
        except_ids=[pk for pk, run_id in run_of_task.items() if run_id in claimed_ids],
    )


def _enqueue(run: ExportRun) -> None:
    """Queue the run's task in the current transaction.

    The transaction also saves the run, so that both are committed or neither.
    """
    make_export.enqueue(run_id=str(run.pk), business_id=str(run.business_id))
