"""Querysets and managers of businesses."""

from typing import Self

from django.db import models

from automatehq.text import clean_line
from businesses.tenancy.managers import CurrentBusinessLookup, ScopedQuerySet

from .unique_names import name_key


class BusinessQuerySet(ScopedQuerySet):
    """A queryset of businesses; in a business's scope, of that business only."""

    def listed(self) -> Self:
        """Return all businesses except Platform, which no list contains."""
        return self.filter(is_platform=False)

    def with_settings(self) -> Self:
        """Load the settings row of each business in the same query."""
        return self.select_related("settings_row")

    def active(self) -> Self:
        return self.filter(is_active=True)

    def by_name(self, name: str) -> Self:
        return self.filter(name_key=name_key(name))

    def by_code(self, code: str) -> Self:
        return self.filter(business_code=clean_line(code).lower())


class BusinessManager(models.Manager.from_queryset(BusinessQuerySet)):  # type: ignore[misc]
    """The manager of businesses, filtered by the scope.

    A business reads its own row; the platform reads all rows.
    """

    def get_queryset(self) -> BusinessQuerySet:
        queryset: BusinessQuerySet = (
            super().get_queryset().filter(CurrentBusinessLookup(models.F("id")))
        )
        return queryset
