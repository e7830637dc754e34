"""List filters by month."""

from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from automatehq.admin.list_filters import ParsedListFilter
from automatehq.api.converters import parse_month
from workcards.month_math import first_of_month, format_month, last_months

MONTHS_OFFERED = 12


class MonthListFilter(ParsedListFilter):
    """A filter such as `?month=2026-03`. It offers the last twelve months; the URL may have any."""

    title = _("month")
    parameter_name = "month"
    parse = staticmethod(parse_month)

    def lookups(
        self, request: HttpRequest, model_admin: "ModelAdmin[Model]"
    ) -> list[tuple[str, str]]:
        this_month = first_of_month(timezone.localdate())
        offered = [*reversed(last_months(this_month, MONTHS_OFFERED))]
        chosen = parse_month(self.value())
        if chosen is not None and chosen not in offered:
            offered.append(chosen)
        return [(format_month(month), format_month(month)) for month in offered]

    def matching(self, queryset: Any, value: Any) -> Any:
        return queryset.for_month(value)


class CardMonthFilter(MonthListFilter):
    """A filter by month that also accepts `?month=open`.

    `open` selects the cards of all months that are not closed.
    """

    OPEN = "open"

    def lookups(
        self, request: HttpRequest, model_admin: "ModelAdmin[Model]"
    ) -> list[tuple[str, str]]:
        months = super().lookups(request, model_admin)
        return [(self.OPEN, gettext("Open months")), *months]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == self.OPEN:
            return queryset.in_open_months()
        return super().queryset(request, queryset)
