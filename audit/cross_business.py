"""Detection of cross-business access.

The response to an id of another business is the same as to an unknown id, and costs the same work. Each such request
enqueues an identical task after the response. Only the worker looks up the id across businesses. It records an event
that the platform sees and the business does not.
"""

import logging
import uuid
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Literal, NamedTuple

from django.apps import apps
from django.conf import settings
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django_tasks import TaskResultStatus, task
from django_tasks_db.models import DBTaskResult
from uuid_utils.compat import uuid7

from automatehq.api.errors import TooMany
from automatehq.api.unknown_ids import Kind
from automatehq.job_queue import Priority
from businesses.models import PLATFORM_ID
from businesses.tenancy import rate_limits
from businesses.tenancy.context import platform_scope, try_get_business_id
from businesses.tenancy.middleware import Credentials, on_scope_exit
from businesses.unique_names import NamedModel, name_key

from .event_origin import Origin, current_origin, origin
from .models import AuditEvent

MAX_REPORTS_PER_MINUTE = 60
IN_USE_AN_HOUR = 20
MINUTE, HOUR = 60, 3600
IN_USE_PREFIX = "in-use:"

# A look-up takes milliseconds. After this time its worker must have died.
LEASE = timedelta(minutes=5)
MAX_TRIES = 3

logger = logging.getLogger(__name__)


class RejectedValue(NamedTuple):
    """An id or value of `field` of `model` that a response rejected."""

    kind: Kind
    model: str
    field: str
    value: str


def report_unknown_id(
    request: HttpRequest, *, kind: Kind, model: str, field: str, value: str
) -> None:
    """Store a rejected id or value until the response is complete.

    The setting `TENANCY_UNKNOWN_ID` names this function.
    """
    credentials: Credentials | None = getattr(request, "credentials", None)
    if credentials is None:
        return
    rejected = RejectedValue(kind, model, field, value[:200])
    values: list[RejectedValue] | None = getattr(request, "rejected_values", None)
    if values is not None:
        values.append(rejected)
        return
    values = [rejected]
    request.rejected_values = values  # type: ignore[attr-defined]
    on_scope_exit(partial(_enqueue, values, credentials, current_origin()))


def _enqueue(
    values: Sequence[RejectedValue], credentials: Credentials, source: Origin
) -> None:
    """Enqueue one identical task for each rejected id or value.

    A user's tasks per minute are limited.
    """
    user_id = str(credentials.user_id)
    business_id = str(credentials.business_id) if credentials.business_id else None
    try:
        report_count = rate_limits.increment(
            f"attempts:{user_id}", seconds=MINUTE, more=len(values)
        ).count
        for rejected in values[
            : max(0, MAX_REPORTS_PER_MINUTE - report_count + len(values))
        ]:
            look_up_attempt.enqueue(
                **rejected._asdict(),
                user_id=user_id,
                business_id=business_id,
                request_id=source.request_id,
                address=source.address,
                event_id=str(uuid7()),
            )
        in_use = sum(rejected.kind == "already_in_use" for rejected in values)
        if in_use:
            for subject in _subjects(credentials.user_id, credentials.business_id):
                rate_limits.increment(subject.key, seconds=HOUR, more=in_use)
    except Exception:
        logger.exception("The check of rejected IDs could not be queued.")


class Subject(NamedTuple):
    """A counter of "already in use" responses to a user or business.

    `key` is the cache key; `limit` is the maximum per hour.
    """

    key: str
    limit: int


def in_use_subject(kind: Literal["user", "business"], pk: uuid.UUID) -> Subject:
    """Return the counter of a user or business."""
    limits = {"user": IN_USE_AN_HOUR, "business": settings.IN_USE_A_BUSINESS_AN_HOUR}
    return Subject(f"{IN_USE_PREFIX}{kind}:{pk}", limits[kind])


def check_in_use_limit(user_id: uuid.UUID, *, in_use_count: int = 0) -> None:
    """Raise `TooMany` `too_many_in_use` after too many "already in use" responses.

    The user and their business each have a limit. Callers check it before each write of a value that is unique across
    businesses. Beyond the limit, the response no longer reveals which values are free. It is the same for values of the
    user's own business and of another one. `in_use_count` is the number of these responses in the current request, which are
    counted after it. One query.
    """
    subjects = _subjects(user_id, try_get_business_id())
    window_counts = rate_limits.get_counts([subject.key for subject in subjects])
    for subject in subjects:
        window_count = window_counts[subject.key]
        if window_count.count + in_use_count >= subject.limit:
            raise TooMany(
                "too_many_in_use",
                _("Too many attempts with values already in use. Try again later."),
                wait=max(1, round(window_count.seconds_left)),
            )


def _subjects(user_id: uuid.UUID, business_id: uuid.UUID | None) -> list[Subject]:
    return [
        in_use_subject("user", user_id),
        in_use_subject("business", business_id or PLATFORM_ID),
    ]


@task(priority=Priority.URGENT)
def look_up_attempt(
    *,
    kind: Kind,
    model: str,
    field: str,
    value: str,
    user_id: str,
    business_id: str | None,
    request_id: str = "",
    address: str = "",
    event_id: str = "",
) -> None:
    """Record `cross_business_attempt` if a row of another business has the id.

    For a value, record `cross_business_conflict`. The task contains the id of the event. If the task is repeated after
    its worker died, it writes no second event.
    """
    with (
        origin("task", request_id, address),
        platform_scope("look up the owner of an id"),
    ):
        row = _find(kind, model, field, value)
        owner_id = _owner(row)
        if row is None or owner_id is None or business_id in (None, str(owner_id)):
            return
        pk = uuid.UUID(event_id) if event_id else uuid7()
        if AuditEvent.objects.filter(pk=pk).exists():
            return
        event = (
            "cross_business_attempt"
            if kind == "unknown_id"
            else "cross_business_conflict"
        )
        user = apps.get_model("accounts.User").objects.filter(pk=user_id).first()
        AuditEvent.append_for_platform(
            id=pk,
            business_id=owner_id,
            event_type=event,
            entity_type=row._meta.model_name or "",
            entity_id=row.pk,
            entity_label=str(row)[:320],
            actor_id=uuid.UUID(user_id),
            actor_label=str(user)[:320] if user else "",
            metadata={
                "channel": "task",
                "request_id": request_id,
                "address": address,
                "field": field,
                "from_business_id": business_id,
            },
        )


def requeue_stale_checks() -> int:
    """Queue again the look-ups that failed or whose worker died.

    Each is tried up to `MAX_TRIES` times, and set to failed if the last worker died. Needs no scope, because the queue
    belongs to no business. Return the number of queued tasks.
    """
    started = DBTaskResult.objects.filter(
        task_path=look_up_attempt.module_path,
        started_at__lt=timezone.now() - LEASE,
    )
    # One statement, so that no two workers queue the same task.
    has_tries_left = {f"worker_ids__{MAX_TRIES - 1}__isnull": True}
    unfinished = started.filter(
        status__in=[TaskResultStatus.RUNNING, TaskResultStatus.FAILED]
    )
    queued: int = unfinished.filter(**has_tries_left).update(
        status=TaskResultStatus.READY
    )
    failed_count = started.filter(status=TaskResultStatus.RUNNING).update(
        status=TaskResultStatus.FAILED,
        finished_at=timezone.now(),
        traceback=f"The worker stopped unexpectedly {MAX_TRIES} times.",
    )
    if failed_count:
        logger.error("%s rejected ids could not be looked up.", failed_count)
    return queued


def _owner(row: Any) -> uuid.UUID | None:
    """Return the business that a row belongs to; None for a shared row."""
    if row is not None and row._meta.label == "businesses.Business":
        return uuid.UUID(str(row.pk))
    owner_id: uuid.UUID | None = getattr(row, "business_id", None)
    return owner_id


def _find(kind: Kind, label: str, field: str, value: str) -> Any:
    """Return the row of any business that has the id or value, or None."""
    try:
        model = apps.get_model(label)
        if kind == "unknown_id":
            return model._default_manager.filter(pk=value).first()
        if not _is_unique_across_businesses(model, field):
            return None
        if issubclass(model, NamedModel) and field == model.NAME:
            field, value = "name_key", name_key(value)
        return model._default_manager.filter(**{field: value}).first()
    except (LookupError, ValidationError, ValueError, FieldDoesNotExist):
        return None


def _is_unique_across_businesses(model: type[models.Model], field: str) -> bool:
    """Return True if `field` is unique across businesses.

    An external id is unique inside a business, so the same id in another one is not a conflict. The e-mail of a user is
    unique by the account, which belongs to no business.
    """
    if (model._meta.label, field) == ("accounts.User", "email"):
        return True
    return any(
        isinstance(constraint, models.UniqueConstraint)
        and constraint.fields == (field,)
        for constraint in model._meta.constraints
    )
