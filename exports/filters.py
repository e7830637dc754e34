"""API filters of export runs and profiles."""

from django_filters import ChoiceFilter

from automatehq.api.filters import IdFilter, MonthFilter, StrictFilterSet

from .models import ExportProfile, ExportRun


class ExportRunFilterSet(StrictFilterSet):
    month = MonthFilter(field_name="processing_month")
    kind = ChoiceFilter(choices=ExportRun.Kind.choices)
    status = ChoiceFilter(choices=ExportRun.Status.choices)
    site_id = IdFilter()
    exported_by = IdFilter(field_name="exported_by_id")
    business_id = IdFilter()

    class Meta:
        model = ExportRun
        fields = ("month", "site_id", "kind", "status", "exported_by", "business_id")


class ExportProfileFilterSet(StrictFilterSet):
    business_id = IdFilter()

    class Meta:
        model = ExportProfile
        fields = ("business_id",)
