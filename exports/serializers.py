"""API serializers of export runs."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from automatehq.api.fields import MonthField, NamedReference, ReferenceField
from automatehq.api.serializers import StrictModelSerializer, StrictSerializer
from workforce.models import Site

from .models import ExportProfile, ExportRun


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A finished run",
            value={
                "id": "0197f3a0-7c11-7d2e-9a51-3f6c0f4b7a10",
                "business_id": "0197f3a0-4b00-7a3c-8d11-2f0a6f1d9e01",
                "kind": "days_csv",
                "processing_month": "2026-03",
                "site_id": None,
                "site": None,
                "filters": {"include_unapproved": False},
                "is_draft": False,
                "status": "DONE",
                "progress": 100,
                "row_count": 412,
                "generated_file_name": "days-2026-03.csv",
                "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                "file_url": "/api/export_runs/0197f3a0-7c11-7d2e-9a51-3f6c0f4b7a10/file",
                "error": "",
                "exported_by_id": "0197f3a0-51c8-7b1f-b0a4-6a2d43c5e9f2",
                "exported_by": {
                    "id": "0197f3a0-51c8-7b1f-b0a4-6a2d43c5e9f2",
                    "name": "Dana Levi",
                },
                "created_at": "2026-04-02T08:00:00Z",
                "finished_at": "2026-04-02T08:00:03Z",
            },
            response_only=True,
        )
    ]
)
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
    examples=[
        OpenApiExample(
            "Every site of a month",
            value={"kind": "days_csv", "processing_month": "2026-03"},
            request_only=True,
        ),
        OpenApiExample(
            "For a payroll program",
            value={
                "kind": "payroll_csv",
                "processing_month": "2026-03",
                "profile_id": "0197f3a0-9a20-7c8d-a6b3-1d9e8f7a6c54",
            },
            request_only=True,
        ),
    ],
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

    def to_internal_value(self, data: Any) -> Any:
        values = super().to_internal_value(data)
        values.setdefault("site", None)
        values.setdefault("profile", None)
        return values
