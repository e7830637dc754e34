"""Audit events of the demo, equal to those that `audit.services.record` writes."""

import random
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models

from accounts.models import User
from audit.models import AuditEvent
from audit.services import plain
from workcards.models import WorkCard

from .seeded_random import id_at


class Trail:
    """The audit trail of a business."""

    def __init__(self, business_id: uuid.UUID, rng: random.Random) -> None:
        self.events: list[AuditEvent] = []
        self._business_id = business_id
        self._rng = rng

    def add(
        self,
        at: datetime,
        event_type: str,
        entity: models.Model,
        *,
        actor: User | None,
        site_id: uuid.UUID | None = None,
        employee_id: uuid.UUID | None = None,
        work_card_id: uuid.UUID | None = None,
        channel: str = "admin",
        **details: Any,
    ) -> None:
        """Add an event with the given time."""
        metadata: Mapping[str, Any] = {"channel": channel, **details}
        self.events.append(
            AuditEvent(
                id=id_at(at, self._rng),
                business_id=self._business_id,
                event_type=event_type,
                entity_type=entity._meta.model_name or "",
                entity_id=entity.pk,
                entity_label=str(entity)[:320],
                site_id=site_id,
                employee_id=employee_id,
                work_card_id=work_card_id,
                actor_id=actor.pk if actor else None,
                actor_label=actor.full_name if actor else "",
                metadata={
                    key: plain(value)
                    for key, value in metadata.items()
                    if value not in (None, "")
                },
                created_at=at,
            )
        )

    def add_card(
        self, at: datetime, event_type: str, card: WorkCard, **details: Any
    ) -> None:
        """Add an event of a card with the given time."""
        self.add(
            at,
            event_type,
            card,
            site_id=card.site_id,
            employee_id=card.employee_id,
            work_card_id=card.pk,
            **details,
        )
