"""Querysets of the audit trail."""

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

# Entity types of a reviewer's work.
CARDS_AND_EMPLOYEES = (
    "workcard",
    "workcardfile",
    "dayentry",
    "approvedday",
    "employee",
)
# Entity types of a month's work. The other events are about users, sign-ins, sites and settings.
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
        """Annotate `site_name` and `employee_name` with the current names.

        The names are None for rows outside the scope.
        """
        return self.annotate(
            site_name=_name_of("workforce.Site", "site_id", "site_name"),
            employee_name=_name_of("workforce.Employee", "employee_id", "full_name"),
        )

    def recent(self, limit: int = 50) -> Self:
        return self.all()[:limit]


class ShownToBusinesses(CurrentBusinessLookup):
    """An expression that is true for events visible to the business in scope.

    In the platform's scope it is true for all events.
    """

    def condition(self, column: str, scope: Scope) -> tuple[str, tuple[str | int, ...]]:
        return f"NOT {column}", ()


class AuditEventManager(TenantManager.from_queryset(AuditEventQuerySet)):  # type: ignore[misc]
    """A manager that hides `platform_only` events from businesses.

    The table's policy hides them as well; each layer must suffice alone.
    """

    def get_queryset(self) -> AuditEventQuerySet:
        queryset: AuditEventQuerySet = (
            super().get_queryset().filter(ShownToBusinesses(F("platform_only")))
        )
        return queryset


def _name_of(model: str, reference: str, name: str) -> Subquery:
    # The model is looked up by name, because audit is a lower layer than the apps of these models.
    rows: Any = apps.get_model(model)._default_manager
    return Subquery(rows.filter(pk=OuterRef(reference)).values(name)[:1])
