"""Questions about businesses."""

from typing import Self

from django.db import models

from automatehq.text import clean_line
from businesses.tenancy.managers import CurrentBusinessLookup, ScopedQuerySet

from .unique_names import name_key


class BusinessQuerySet(ScopedQuerySet):
    """Businesses; in one business's scope, that one alone."""

    def listed(self) -> Self:
        """All but Platform, which is in no list."""
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
    """Filtered by the scope, like a tenant model's: a business sees its own row, the platform all."""

    def get_queryset(self) -> BusinessQuerySet:
        queryset: BusinessQuerySet = (
            super().get_queryset().filter(CurrentBusinessLookup(models.F("id")))
        )
        return queryset
