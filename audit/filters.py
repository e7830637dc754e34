"""API filters of the audit trail."""

from django_filters import Filter

from automatehq.api.filters import (
    LocalDateFromFilter,
    LocalDateToFilter,
    StrictFilterSet,
)

from .models import AuditEvent


class AuditEventFilterSet(StrictFilterSet):
    """Filters of audit events. `from` and `to` are local dates of the business, both included."""

    class Meta:
        model = AuditEvent
        fields = (
            "business_id",
            "event_type",
            "entity_type",
            "entity_id",
            "site_id",
            "employee_id",
            "work_card_id",
            "actor_id",
            "platform_only",
        )

    @classmethod
    def get_filters(cls) -> dict[str, Filter]:
        # `from` is a Python keyword, so these two cannot be class attributes.
        filters: dict[str, Filter] = super().get_filters()
        return filters | {
            "from": LocalDateFromFilter(field_name="created_at"),
            "to": LocalDateToFilter(field_name="created_at"),
        }
