"""API serializers of audit events."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer

from automatehq.api.fields import NamedReference
from automatehq.api.serializers import StrictModelSerializer

from .models import AuditEvent


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Event",
            value={
                "id": "0197f3a1-0b7e-7c11-9f02-7d5b1c3e8a66",
                "business_id": "0197f3a0-4b00-7a3c-8d11-2f0a6f1d9e01",
                "event_type": "employee_updated",
                "actor_id": "0197f3a0-4c10-7e2b-9c44-0b1d2e3f4a5b",
                "actor": {
                    "id": "0197f3a0-4c10-7e2b-9c44-0b1d2e3f4a5b",
                    "name": "Dana Example",
                },
                "actor_label": "Dana Example",
                "entity_type": "employee",
                "entity_id": "0197f3a0-5f20-7c8d-a6b3-1d9e8f7a6c54",
                "entity_label": "John Example",
                "site_id": "0197f3a0-51c8-7b1f-b0a4-6a2d43c5e9f2",
                "site": {
                    "id": "0197f3a0-51c8-7b1f-b0a4-6a2d43c5e9f2",
                    "name": "Construction Site 1",
                },
                "employee_id": "0197f3a0-5f20-7c8d-a6b3-1d9e8f7a6c54",
                "employee": {
                    "id": "0197f3a0-5f20-7c8d-a6b3-1d9e8f7a6c54",
                    "name": "John Example",
                },
                "work_card_id": None,
                "metadata": {
                    "channel": "api",
                    "before": {"full_name": "Jon Example"},
                    "after": {"full_name": "John Example"},
                },
                "cross_business": False,
                "platform_only": False,
                "created_at": "2026-03-05T08:00:00Z",
            },
        )
    ]
)
class AuditEventSerializer(StrictModelSerializer):
    """An audit event. Names are the current ones; labels are those of the time of the event."""

    actor = NamedReference("actor_label")
    site = NamedReference("site_name")
    employee = NamedReference("employee_name")

    class Meta:
        model = AuditEvent
        fields = (
            "id",
            "business_id",
            "event_type",
            "actor_id",
            "actor",
            "actor_label",
            "entity_type",
            "entity_id",
            "entity_label",
            "site_id",
            "site",
            "employee_id",
            "employee",
            "work_card_id",
            "metadata",
            "cross_business",
            "platform_only",
            "created_at",
        )
        read_only_fields = fields
