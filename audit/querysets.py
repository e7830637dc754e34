"""Questions about the trail."""

import uuid
from typing import Self

from businesses.tenancy.managers import TenantQuerySet


class AuditEventQuerySet(TenantQuerySet):
    """Audit events, newest first by default."""

    def of_entity(self, entity_type: str, entity_id: uuid.UUID) -> Self:
        return self.filter(entity_type=entity_type, entity_id=entity_id)

    def at_site(self, site_id: uuid.UUID, limit: int = 100) -> Self:
        return self.filter(site_id=site_id)[:limit]

    def by_actor(self, actor_id: uuid.UUID) -> Self:
        return self.filter(actor_id=actor_id)

    def of_type(self, event_type: str, limit: int = 100) -> Self:
        return self.filter(event_type=event_type)[:limit]

    def of_work_card(self, work_card_id: uuid.UUID) -> Self:
        return self.filter(work_card_id=work_card_id)

    def of_employee(self, employee_id: uuid.UUID) -> Self:
        return self.filter(employee_id=employee_id)

    def recent(self, limit: int = 50) -> Self:
        return self.all()[:limit]
