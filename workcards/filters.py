"""Filters of work card lists."""

from typing import Any

import django_filters

from automatehq.api.filters import (
    BooleanFilter,
    IdFilter,
    MonthFilter,
    StrictFilterSet,
)

from .models import WorkCard
from .transitions import ReviewStatus


class WorkCardFilterSet(StrictFilterSet):
    """Filters of the work card list.

    `unassigned=true` selects the cards that wait for an employee, `false` all other cards.
    """

    month = MonthFilter("processing_month")
    status = django_filters.ChoiceFilter("review_status", choices=ReviewStatus.choices)
    unassigned = BooleanFilter("review_status", method="filter_unassigned")
    business_id = IdFilter("business_id")

    class Meta:
        model = WorkCard
        fields = ("site_id", "employee_id")

    def filter_unassigned(self, queryset: Any, name: str, value: bool | None) -> Any:
        if value is None:
            return queryset
        waiting = ReviewStatus.NEEDS_ASSIGNMENT
        if value:
            return queryset.filter(review_status=waiting)
        return queryset.exclude(review_status=waiting)
