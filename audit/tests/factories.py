"""A factory of audit events. It needs the scope of a business."""

from factory.django import DjangoModelFactory

from audit.models import AuditEvent


class AuditEventFactory(DjangoModelFactory[AuditEvent]):
    class Meta:
        model = AuditEvent

    event_type = "sample"
