"""API filters of sites and employees."""

import django_filters
from django.db.models import QuerySet

from automatehq.api.filters import StrictFilterSet

from .models import Employee, Site
from .querysets import EmployeeQuerySet


class SiteFilterSet(StrictFilterSet):
    class Meta:
        model = Site
        fields = ("is_active",)


class EmployeeFilterSet(StrictFilterSet):
    """The filters of employees. `passport_id` is normalised in the same way as stored passports."""

    passport_id = django_filters.CharFilter(method="by_passport", max_length=64)
    external_employee_id = django_filters.CharFilter(
        method="by_external_id", max_length=64
    )

    class Meta:
        model = Employee
        fields = (
            "business_id",
            "site_id",
            "is_active",
            "passport_id",
            "external_employee_id",
        )

    def by_passport(
        self, queryset: EmployeeQuerySet, name: str, value: str
    ) -> QuerySet[Employee]:
        return queryset.by_passport(value)

    def by_external_id(
        self, queryset: EmployeeQuerySet, name: str, value: str
    ) -> QuerySet[Employee]:
        return queryset.by_external_id(value)
