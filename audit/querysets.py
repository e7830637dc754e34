"""Questions about the trail."""

import uuid
from typing import Any, Self

from django.apps import apps
from django.db.models import F, OuterRef, Subquery

from businesses.tenancy.context import Scope
from businesses.tenancy.managers import (
    CurrentBusinessLookup,
    TenantManager,
    TenantQuerySet,
)

# What a reviewer's work leaves behind.
CARDS_AND_EMPLOYEES = (
    "workcard",
    "workcardfile",
    "dayentry",
    "approvedday",
    "employee",
)
# What the work of a month leaves behind; the rest is of users, sign-ins, sites and settings.
WORK = (*CARDS_AND_EMPLOYEES, "closedmonth", "exportrun")


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

    def of_cards_and_employees(self) -> Self:
        return self.filter(entity_type__in=CARDS_AND_EMPLOYEES)

    def of_work(self) -> Self:
        return self.filter(entity_type__in=WORK)

    def with_names(self) -> Self:
        """Each with `site_name` and `employee_name` as they are now; None of what the scope does not show."""
        return self.annotate(
            site_name=_name_of("workforce.Site", "site_id", "site_name"),
            employee_name=_name_of("workforce.Employee", "employee_id", "full_name"),
        )

    def recent(self, limit: int = 50) -> Self:
        return self.all()[:limit]


class ShownToBusinesses(CurrentBusinessLookup):
    """True for the events that a business may see of itself; in the platform's scope for every one."""

    def condition(self, column: str, scope: Scope) -> tuple[str, tuple[Any, ...]]:
        return f"NOT {column}", ()


class AuditEventManager(TenantManager.from_queryset(AuditEventQuerySet)):  # type: ignore[misc]
    """Hides `platform_only` events from businesses, as the table's policy does: each lock must hold alone."""

    def get_queryset(self) -> AuditEventQuerySet:
        queryset: AuditEventQuerySet = (
            super().get_queryset().filter(ShownToBusinesses(F("platform_only")))
        )
        return queryset


def _name_of(model: str, reference: str, name: str) -> Subquery:
    # By name: the trail stands below the apps whose rows it speaks of.
    rows: Any = apps.get_model(model)._default_manager
    return Subquery(rows.filter(pk=OuterRef(reference)).values(name)[:1])
