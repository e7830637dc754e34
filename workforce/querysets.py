"""Questions about sites and employees."""

import uuid
from datetime import date
from typing import Any, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from businesses.tenancy.managers import RequireScope, TenantQuerySet

from .identifiers import normalise_passport


class SiteQuerySet(models.QuerySet[Any]):
    """Sites, shared by all businesses."""

    def active(self) -> Self:
        return self.filter(is_active=True)

    def not_hidden(self) -> Self:
        """Without those that the business in scope has hidden for itself."""
        settings_model: Any = self.model._meta.get_field("settings_rows").related_model
        hidden = settings_model.objects.filter(site=OuterRef("pk"), is_hidden=True)
        return self.filter(~Exists(hidden))


class SiteManager(models.Manager.from_queryset(SiteQuerySet)):  # type: ignore[misc]
    """Every site, in any scope; `NoActiveBusiness` with none, where the database would show nothing in silence."""

    def get_queryset(self) -> SiteQuerySet:
        queryset: SiteQuerySet = super().get_queryset().filter(RequireScope())
        return queryset


class EmployeeQuerySet(TenantQuerySet):
    """Employees of the business in scope."""

    def active(self) -> Self:
        return self.filter(is_active=True)

    def at_site(self, site_id: uuid.UUID) -> Self:
        return self.filter(site_id=site_id)

    def by_passport(self, passport_id: str) -> Self:
        return self.filter(passport_id=normalise_passport(passport_id))

    def by_external_id(self, external_employee_id: str) -> Self:
        return self.filter(external_employee_id=external_employee_id.strip())

    def matching(self, name: str = "", site_id: uuid.UUID | None = None) -> Self:
        """Whose name has every word of `name` in it, at `site_id` if given."""
        found = self.all() if site_id is None else self.at_site(site_id)
        for word in name.split():
            found = found.filter(full_name__icontains=word)
        return found

    def employed_in(self, first: date, last: date) -> Self:
        """Employed at some time from `first` to `last`, both included.

        Inactive without a day of leaving: not employed. See "Missing cards" in docs/payroll-month.md.
        """
        return self.filter(
            Q(started_on__isnull=True) | Q(started_on__lte=last),
            Q(left_on__gte=first) | Q(left_on__isnull=True, is_active=True),
        )
