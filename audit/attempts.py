"""Who reached for another business's rows, and which.

The answer to a foreign id is that to one that never existed, and so is the work done for it: each enqueues one identical
task after the response. Only the worker looks the id up, across businesses, and writes an event that the platform sees
and the business does not.
"""

import uuid
from typing import Any

from django.apps import apps
from django.core.cache import cache
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.http import HttpRequest
from django_tasks import task

from automatehq.rest.attempts import Kind
from automatehq.rest.errors import TooMany
from businesses.tenancy.context import platform_scope
from businesses.tenancy.middleware import after_scope

from .models import AuditEvent
from .origin import current_origin, origin

NOTES_A_MINUTE = 60
IN_USE_AN_HOUR = 20


def note(
    request: HttpRequest, *, kind: Kind, model: str, field: str, value: str
) -> None:
    """Remember a refused id or value until the response is made (`settings.TENANCY_UNKNOWN_ID`)."""
    evidence = getattr(request, "evidence", None)
    if evidence is None:
        return
    source = current_origin()
    after_scope(
        lambda: _enqueue(
            kind=kind,
            model=model,
            field=field,
            value=value[:200],
            user_id=str(evidence.user_id),
            home_id=str(evidence.home_id),
            business_id=str(evidence.business_id) if evidence.business_id else None,
            request_id=source.request_id,
            address=source.address,
        )
    )


def _enqueue(*, kind: Kind, user_id: str, **details: Any) -> None:
    if _count(f"attempts:{user_id}", 60) <= NOTES_A_MINUTE:
        look_up_attempt.enqueue(kind=kind, user_id=user_id, **details)
    if kind == "already_in_use":
        _count(f"in-use:{user_id}", 3600)


def check_in_use_limit(user_id: uuid.UUID) -> None:
    """Raise 429 `too_many_in_use` once a user has met "already in use" too often, own values or others' alike.

    Call it outside of the tenant's role or through `unscoped()`: the counts are the framework's.
    """
    if cache.get(f"in-use:{user_id}", 0) >= IN_USE_AN_HOUR:
        raise TooMany(
            "too_many_in_use",
            "Too many values were already in use. Try again later.",
            wait=3600,
        )


def _count(key: str, seconds: int) -> int:
    cache.add(key, 0, seconds)
    try:
        return cache.incr(key)
    except ValueError:  # it ran out between the two
        cache.set(key, 1, seconds)
        return 1


@task()
def look_up_attempt(
    *,
    kind: Kind,
    model: str,
    field: str,
    value: str,
    user_id: str,
    home_id: str,
    business_id: str | None,
    request_id: str = "",
    address: str = "",
) -> None:
    """Write `cross_business_attempt` (or `_conflict`) if a row of another business has the id or value."""
    with origin("task", request_id, address), platform_scope("who reached across"):
        row = _find(kind, model, field, value)
        owner_id = _owner(row)
        if row is None or owner_id is None or business_id in (None, str(owner_id)):
            return
        event = (
            "cross_business_attempt"
            if kind == "unknown_id"
            else "cross_business_conflict"
        )
        user = apps.get_model("accounts.User").objects.filter(pk=user_id).first()
        AuditEvent.append_for_platform(
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


def _owner(row: Any) -> uuid.UUID | None:
    """The business that a row belongs to; None for one that all share."""
    if row is not None and row._meta.label == "businesses.Business":
        return uuid.UUID(str(row.pk))
    owner_id: uuid.UUID | None = getattr(row, "business_id", None)
    return owner_id


def _find(kind: Kind, model: str, field: str, value: str) -> Any:
    manager = apps.get_model(model)._default_manager
    try:
        if kind == "unknown_id":
            return manager.filter(pk=value).first()
        return manager.filter(**{field: value}).first()
    except (ValidationError, ValueError, FieldDoesNotExist):
        return None
