"""The querysets of sites and employees."""

import uuid
from datetime import date
from typing import Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Coalesce

from businesses.tenancy.context import try_get_business_id
from businesses.tenancy.managers import RequireScope, ScopedQuerySet, TenantQuerySet

from .identifiers import normalise_passport


class SiteQuerySet(ScopedQuerySet):
    """Sites, shared by all businesses."""

    def active(self) -> Self:
        return self.filter(is_active=True)

    def not_hidden(self) -> Self:
        """Exclude the sites that the business in scope has hidden."""
        hidden = self._settings().filter(site=OuterRef("pk"), is_hidden=True)
        return self.filter(~Exists(hidden))

    def in_use(self) -> Self:
        """Return the sites that a row in scope references: an employee's home site, or a card's site."""
        employees: Any = self.model._meta.get_field("employees").related_model
        cards: Any = apps.get_model("workcards.WorkCard")
        has_rows = [
            Exists(model.objects.filter(site=OuterRef("pk")))
            for model in (employees, cards)
        ]
        return self.filter(has_rows[0] | has_rows[1])

    def with_own_settings(self) -> Self:
        """Prefetch the settings of the business in scope as `own_settings`.

        It is a list of at most one row. One more query. In the platform's scope the list is always empty, because a
        site has settings of many businesses.
        """
        rows = self._settings().select_related("responsible_employee")
        if try_get_business_id() is None:
            rows = rows.none()
        return self.prefetch_related(
            Prefetch("settings_rows", rows, to_attr="own_settings")
        )

    def with_counts(self) -> Self:
        """Annotate `employee_count`, `active_employee_count` and `card_count`: the numbers of rows in scope."""
        employees: Any = self.model._meta.get_field("employees").related_model
        cards: Any = apps.get_model("workcards.WorkCard")
        return self.annotate(
            employee_count=_count_at_site(employees.objects.all()),
            active_employee_count=_count_at_site(employees.objects.active()),
            card_count=_count_at_site(cards.objects.all()),
        )

    def _settings(self) -> Any:
        model: Any = self.model._meta.get_field("settings_rows").related_model
        return model.objects.all()


def _count_at_site(rows: Any) -> Coalesce:
    """Return an expression that counts the `rows` at the site of the outer query."""
    at_site = rows.filter(site=OuterRef("pk")).order_by().values("site")
    return Coalesce(Subquery(at_site.values(count=Count("pk"))), 0)


class SiteManager(models.Manager.from_queryset(SiteQuerySet)):  # type: ignore[misc]
    """All sites, in any scope. Raises `NoActiveBusiness` without a scope, where the database would return no rows."""

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
        return self.filter(external_employee_id=external_employee_id)

    def matching(self, name: str = "", site_id: uuid.UUID | None = None) -> Self:
        """Return the employees whose name contains every word of `name`, at `site_id` if given."""
        employees = self.all() if site_id is None else self.at_site(site_id)
        for word in name.split():
            employees = employees.filter(full_name__folded=word)
        return employees

    def employed_in(self, first: date, last: date) -> Self:
        """Return the employees employed at some time from `first` to `last`, both included.

        An inactive employee without a leaving date counts as not employed. See "Missing cards" in
        docs/administrators.md.
        """
        return self.filter(
            Q(started_on__isnull=True) | Q(started_on__lte=last),
            Q(left_on__gte=first) | Q(left_on__isnull=True, is_active=True),
        )
