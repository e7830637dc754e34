"""Filters of admin lists."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.http import HttpRequest

from automatehq.api.converters import parse_uuid


class ParsedListFilter(admin.SimpleListFilter):
    """A filter by a parsed value, by default an id.

    A malformed value is an error, as in Django's own filters.
    """

    parse: Any = staticmethod(parse_uuid)

    def queryset(self, request: HttpRequest, queryset: object) -> Any:
        if self.value() is None:
            return queryset
        value = self.parse(self.value())
        if value is None:
            raise IncorrectLookupParameters
        return self.matching(queryset, value)

    def matching(self, queryset: Any, value: Any) -> object:
        """Return the rows that have the value."""
        return queryset.filter(**{f"{self.parameter_name}_id": value})
