"""The read-only API view of the audit trail."""

from typing import Any, cast

from django.db.models import QuerySet
from rest_framework.mixins import ListModelMixin

from automatehq.api.pagination import CursorPagination
from businesses.tenancy.viewsets import TenantGenericViewSet

from .filters import AuditEventFilterSet
from .models import AuditEvent
from .querysets import AuditEventQuerySet
from .serializers import AuditEventSerializer


class AuditEventViewSet(ListModelMixin, TenantGenericViewSet[AuditEvent]):
    """Audit events of your business, newest first. Reviewers see those about cards and employees."""

    queryset = AuditEvent.objects
    serializer_class = AuditEventSerializer
    filterset_class = AuditEventFilterSet
    pagination_class = CursorPagination
    read_right = "audit.see_cards_and_employees"

    def refine_queryset(self, queryset: QuerySet[AuditEvent]) -> AuditEventQuerySet:
        events = cast(AuditEventQuerySet, queryset).with_names()
        user: Any = self.request.user
        if user.is_authenticated and not user.may("audit.see"):
            return events.of_cards_and_employees()
        return events
