"""API serializers of audit events."""

from drf_spectacular.utils import extend_schema_serializer

from automatehq.api.fields import NamedReference
from automatehq.api.openapi_examples import load_examples
from automatehq.api.serializers import StrictModelSerializer

from .models import AuditEvent


@extend_schema_serializer(examples=load_examples("audit", "audit_event"))
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
