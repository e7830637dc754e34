"""Filters, search and ordering that reject unknown parameters.

References are compared as plain ids, without a lookup. So an id of another business gives the same empty list as an
unknown id.
"""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import django_filters
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Model, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework import DjangoFilterBackend, FilterSet
from drf_spectacular.utils import extend_schema_field
from rest_framework.filters import SearchFilter
from rest_framework.request import Request
from rest_framework.views import APIView

from automatehq.text import clean_line

from .converters import (
    INVALID_DATE,
    INVALID_ID,
    INVALID_MONTH,
    parse_date,
    parse_month,
    parse_uuid,
)
from .declarations import declaration_of, method_name
from .errors import Invalid, Problem, Text

SEARCH_LIMIT = 200


class _ParsedField(forms.CharField):
    """A query parameter with a parse function; a result of None gives 400."""

    def __init__(
        self, *args: Any, parse: Any, error_message: Text, **kwargs: Any
    ) -> None:
        self.parse = parse
        self.error_message = error_message
        super().__init__(*args, **kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        parsed = self.parse(text)
        if parsed is None:
            raise ValidationError(str(self.error_message), code="invalid")
        return parsed


class _ParsedFilter(django_filters.Filter):
    field_class = _ParsedField
    parse: Any
    error_message: Text

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"parse": type(self).parse, "error_message": type(self).error_message}
        super().__init__(*args, **kwargs)


@extend_schema_field({"type": "string", "format": "uuid"})
class IdFilter(_ParsedFilter):
    """A filter that compares the plain id of a reference: `employee_id=…`."""

    parse = staticmethod(parse_uuid)
    error_message = INVALID_ID


@extend_schema_field({"type": "string", "examples": ["2026-03"]})
class MonthFilter(_ParsedFilter):
    """A filter that compares the first of a month with `2026-03` or any date in it."""

    parse = staticmethod(parse_month)
    error_message = INVALID_MONTH


@extend_schema_field({"type": "string", "format": "date"})
class DateFilter(_ParsedFilter):
    """A filter that compares a date column; `lookup_expr="gte"` or `"lte"` for from and to."""

    parse = staticmethod(parse_date)
    error_message = INVALID_DATE


class LocalDateFromFilter(DateFilter):
    """The filter `from`: timestamps from the start of the day in the business's time zone."""

    def filter(
        self, queryset: QuerySet[Model], value: datetime.date | None
    ) -> QuerySet[Model]:
        if value is None:
            return queryset
        start = _local_midnight(value, self.parent.request)
        return queryset.filter(**{f"{self.field_name}__gte": start})


class LocalDateToFilter(DateFilter):
    """The filter `to`: timestamps until the end of the day in the business's time zone."""

    def filter(
        self, queryset: QuerySet[Model], value: datetime.date | None
    ) -> QuerySet[Model]:
        if value is None:
            return queryset
        end = _local_midnight(value + datetime.timedelta(days=1), self.parent.request)
        return queryset.filter(**{f"{self.field_name}__lt": end})


def _local_midnight(day: datetime.date, request: Any) -> datetime.datetime:
    business = getattr(request, "business", None)
    zone = ZoneInfo(getattr(business, "time_zone", None) or settings.TIME_ZONE)
    return datetime.datetime.combine(day, datetime.time.min, zone)


@extend_schema_field({"type": "boolean"})
class BooleanFilter(_ParsedFilter):
    """A filter for `true` or `false`; django-filter's own ignores other values silently."""

    parse = staticmethod({"true": True, "false": False}.get)
    error_message = _("Enter true or false.")


class StrictFilterSet(FilterSet):
    """A FilterSet whose references are ids: list `site_id`, not `site`."""

    FILTER_DEFAULTS = {
        **FilterSet.FILTER_DEFAULTS,
        models.BooleanField: {"filter_class": BooleanFilter},
        models.DateField: {"filter_class": DateFilter},
        models.UUIDField: {"filter_class": IdFilter},
        models.ForeignKey: {"filter_class": IdFilter},
        models.OneToOneField: {"filter_class": IdFilter},
    }


def allowed_query_parameters(view: object) -> set[str]:
    """Return the query parameters that the request may have.

    These are the declared parameters of the endpoint. A list adds its filters, paging, `ordering` and `search`.
    """
    allowed = set(declaration_of(view, method_name(view)).query_parameters)
    if is_list(view):
        filterset_class = StrictFilterBackend().get_filterset_class(
            view, getattr(view, "queryset", None)
        )
        if filterset_class is not None:
            allowed |= set(filterset_class.base_filters)
        paginator = getattr(view, "paginator", None)
        allowed |= set(getattr(paginator, "query_parameters", ()))
        allowed |= {"ordering"} if getattr(view, "ordering_fields", ()) else set()
        allowed |= {"search"} if getattr(view, "search_fields", ()) else set()
    return allowed


def is_list(view: object) -> bool:
    """Return True if the response is a filtered list: `list`, or an endpoint declared as one."""
    name = method_name(view)
    return name == "list" or declaration_of(view, name).is_list


# Free-text parameters, which may be blank and then match all rows. Other blank parameters are rejected, because they
# would not filter.
FREE_TEXT = frozenset({"search", "q", "name"})


def check_parameters(request: Request, allowed: Iterable[str]) -> None:
    """Reject query parameters that are unknown, repeated or blank.

    Raises: `Invalid` with `unknown_parameter`, `repeated` or `blank` and the names.
    """
    allowed = set(allowed)
    problems = []
    for name, values in sorted(request.query_params.lists()):
        if name not in allowed:
            text = gettext("Unknown query parameter.")
            problems.append(Problem("unknown_parameter", text, name))
        elif len(values) > 1:
            text = gettext("Send this parameter only once.")
            problems.append(Problem("repeated", text, name))
        elif name not in FREE_TEXT and not clean_line(values[0]):
            text = gettext("Set a value for this parameter or omit it.")
            problems.append(Problem("blank", text, name))
    if problems:
        raise Invalid.from_problems(problems)


class FoldedSearch(SearchFilter):
    """Search that ignores case, accents and width: see `automatehq/folded_lookup.py`."""

    def get_search_terms(self, request: Request) -> list[str]:
        terms = map(clean_line, super().get_search_terms(request))
        return [term for term in terms if term]

    def construct_search(self, field_name: str, queryset: QuerySet[Model]) -> str:
        return f"{field_name}__folded"


class StrictFilterBackend(DjangoFilterBackend):
    """The filterset, `search` and `ordering` of a list; other requests are left unchanged.

    A view may declare `filterset_class`, `search_fields`, `ordering` (columns) and `ordering_fields`: names, or a
    table name → columns. The order always ends with the id, so that pages do not overlap.
    """

    filterset_base = StrictFilterSet

    def get_filterset(
        self, request: Request, queryset: QuerySet[Model], view: APIView
    ) -> FilterSet | None:
        """Return the filterset, or None without a filter parameter.

        Building the form of all filters takes as long as the query.
        """
        filterset_class = self.get_filterset_class(view, queryset)
        if filterset_class is None or not (
            filterset_class.base_filters.keys() & request.query_params.keys()
        ):
            return None
        filterset: FilterSet | None = super().get_filterset(request, queryset, view)
        return filterset

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Model], view: APIView
    ) -> QuerySet[Model]:
        if not is_list(view):
            return queryset
        check_parameters(request, allowed_query_parameters(view))
        queryset = queryset.all()  # a view may declare a manager
        queryset = super().filter_queryset(request, queryset, view)
        queryset = self._search(request, queryset, view)
        return self._order(request, queryset, view)

    def _search(
        self, request: Request, queryset: QuerySet[Any], view: Any
    ) -> QuerySet[Any]:
        text = clean_line(request.query_params.get("search", ""))
        if "\0" in text or len(text) > SEARCH_LIMIT:
            raise Invalid(
                "invalid",
                gettext("Search for at most %(limit)s characters.")
                % {"limit": SEARCH_LIMIT},
                "search",
            )
        matches: QuerySet[Any] = FoldedSearch().filter_queryset(request, queryset, view)
        return matches

    def _order(
        self, request: Request, queryset: QuerySet[Any], view: Any
    ) -> QuerySet[Any]:
        ordering = request.query_params.get("ordering", "")
        columns = (
            _columns(ordering, ordering_table(view))
            if ordering
            else list(getattr(view, "ordering", None) or _own_order(queryset))
        )
        if not {"id", "-id", "pk", "-pk"} & {c for c in columns if isinstance(c, str)}:
            columns.append("pk")
        return queryset.order_by(*columns)


def ordering_table(view: object) -> dict[str, tuple[str, ...]]:
    """Return the table of the names in `ordering` and their columns."""
    declared = getattr(view, "ordering_fields", ())
    if not isinstance(declared, Mapping):
        declared = {name: (name,) for name in declared}
    return {
        name: (columns,) if isinstance(columns, str) else tuple(columns)
        for name, columns in declared.items()
    }


def _columns(ordering: str, table: dict[str, tuple[str, ...]]) -> list[Any]:
    columns: list[Any] = []
    for term in ordering.split(","):
        name = term.strip()
        is_descending = name.startswith("-")
        name = name.removeprefix("-")
        if name not in table:
            known = ", ".join(table)
            raise Invalid(
                "invalid_choice",
                gettext("Order by one of: %(names)s.") % {"names": known},
                "ordering",
            )
        columns += [f"-{c}" if is_descending else c for c in table[name]]
    return columns


def _own_order(queryset: QuerySet[Any]) -> Iterable[Any]:
    return queryset.query.order_by or queryset.model._meta.ordering
