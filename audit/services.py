"""The functions that write the audit trail. No other code writes it."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models

from automatehq.text import clean_line
from businesses.tenancy.context import (
    business_scope,
    get_current_business_id,
    try_get_current_user,
)

from .event_origin import current_origin
from .models import AuditEvent

if TYPE_CHECKING:
    # The Django plugin of mypy resolves this alias to `accounts.models.User`.
    from django.contrib.auth.models import _User

# The number of events in one INSERT.
BATCH = 1000


def record(event_type: str, **details: Any) -> AuditEvent:
    """Add one event to the audit trail of the business in scope.

    It is part of the current transaction. `details` are the arguments of `build_event`.
    """
    event = build_event(event_type, **details)
    event.save(force_insert=True)
    return event


def record_many(events: Iterable[AuditEvent]) -> None:
    """Add many events of `build_event` to the audit trail of the business in scope.

    They are part of the current transaction.
    """
    AuditEvent.objects.bulk_create(events, batch_size=BATCH)


def build_event(
    event_type: str,
    *,
    entity: models.Model,
    actor: "_User | None" = None,
    site_id: uuid.UUID | None = None,
    employee_id: uuid.UUID | None = None,
    work_card_id: uuid.UUID | None = None,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    reason: str = "",
    **details: object,
) -> AuditEvent:
    """Return a new, unsaved event of the business in scope.

    `before` and `after` hold the changes by field (see `snapshot`, `changes`). `actor` is by default the current user,
    and None for a command. A super-admin's action inside a business is marked `cross_business`.
    """
    actor = actor if actor is not None else try_get_current_user()
    business_id = get_current_business_id()
    return AuditEvent(
        event_type=event_type,
        entity_type=entity._meta.model_name or "",
        entity_id=entity.pk,
        entity_label=str(entity)[:320],
        site_id=site_id,
        employee_id=employee_id,
        work_card_id=work_card_id,
        actor_id=actor.pk if actor is not None else None,
        actor_label=_label(actor),
        cross_business=actor is not None and actor.business_id != business_id,
        metadata=_metadata(
            before=before, after=after, reason=clean_line(reason), **details
        ),
    )


def record_after_rollback(
    event_type: str,
    *,
    business_id: uuid.UUID,
    entity_type: str = "",
    entity_id: uuid.UUID | None = None,
    entity_label: str = "",
    **details: object,
) -> None:
    """Add an event that is stored although the request is rejected and rolled back.

    It is saved in a new scope of `business_id`, after the rollback. For failed sign-ins, locks and reused refresh
    tokens, which have no actor. `business_id` is Platform's for an unknown e-mail.
    """
    with business_scope(business_id):
        AuditEvent(
            event_type=event_type,
            entity_type=entity_type,
            entity_id=entity_id,
            entity_label=entity_label[:320],
            metadata=_metadata(**details),
        ).save(force_insert=True)


def snapshot(row: models.Model, fields: Iterable[str]) -> dict[str, Any]:
    """Return the values of `fields` of a row as stored in events.

    `fields` are names of attributes.
    """
    return {field: to_json(getattr(row, field)) for field in fields}


def changes(
    before: Mapping[str, object], after: Mapping[str, object]
) -> tuple[dict[str, object], dict[str, object]]:
    """Return `before` and `after` with only the fields that differ."""
    differing = [field for field in after if before.get(field) != after[field]]
    return (
        {field: before.get(field) for field in differing},
        {field: after[field] for field in differing},
    )


def to_json(value: object) -> object:
    """Return `value` as JSON-compatible data."""
    if isinstance(value, models.Model):
        return str(value.pk)
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [to_json(item) for item in value]
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (uuid.UUID, Decimal)):
        return str(value)
    return value


def _label(actor: "_User | None") -> str:
    return "" if actor is None else str(actor)[:320]


def _metadata(**details: object) -> dict[str, Any]:
    origin = current_origin()
    known = {
        "channel": origin.channel,
        "request_id": origin.request_id,
        "address": origin.address,
        **details,
    }
    return {
        key: to_json(value) for key, value in known.items() if value not in (None, "")
    }
