"""API serializers of export runs."""

from django.urls import reverse
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from automatehq.api.fields import MonthField, NamedReference, ReferenceField
from automatehq.api.openapi_examples import load_examples
from automatehq.api.serializers import StrictModelSerializer, StrictSerializer
from workforce.models import Site

from .models import ExportProfile, ExportRun


@extend_schema_serializer(examples=load_examples("exports", "export_run"))
class ExportRunSerializer(StrictModelSerializer):
    """An export run.

    `file_url` is null until the run is done. `filters.profile` is the profile at the time of the request.
    """

    processing_month = MonthField(read_only=True)
    site_id = serializers.UUIDField(read_only=True, allow_null=True)
    site = NamedReference("site.site_name")
    exported_by_id = serializers.UUIDField(read_only=True, allow_null=True)
    exported_by = NamedReference("exported_by_name")
    is_draft = serializers.BooleanField(read_only=True)
    file_url = serializers.SerializerMethodField()

    class Meta:
        model = ExportRun
        fields = (
            "id",
            "business_id",
            "kind",
            "processing_month",
            "site_id",
            "site",
            "filters",
            "is_draft",
            "status",
            "progress",
            "row_count",
            "generated_file_name",
            "sha256",
            "file_url",
            "error",
            "exported_by_id",
            "exported_by",
            "created_at",
            "finished_at",
        )
        read_only_fields = fields

    def get_file_url(self, run: ExportRun) -> str | None:
        if run.status != ExportRun.Status.DONE:
            return None
        return reverse("export-run-file", args=[run.pk])


@extend_schema_serializer(
    component_name="Export",
    examples=load_examples("exports", "export_request"),
)
class ExportRequestSerializer(StrictSerializer):
    """The options of a new export run. `profile_id` is required for `payroll_csv` only."""

    kind = serializers.ChoiceField(choices=ExportRun.Kind.choices)
    processing_month = MonthField()
    site_id = ReferenceField(queryset=Site.objects, required=False, allow_null=True)
    include_unapproved = serializers.BooleanField(default=False)
    profile_id = ReferenceField(
        queryset=ExportProfile.objects, required=False, allow_null=True
    )

    def to_internal_value(self, data: object) -> dict[str, object]:
        values: dict[str, object] = super().to_internal_value(data)
        values.setdefault("site", None)
        values.setdefault("profile", None)
        return values
