"""The model of the audit trail. The database role may insert events, but not change or delete them."""

import uuid
from typing import Any, ClassVar, TypedDict

from django.db import models
from django.utils.translation import gettext_lazy as _

from automatehq.text_columns import LineField
from businesses.tenancy.models import TenantModel

from .querysets import AuditEventManager


class FieldChange(TypedDict):
    """A changed field with its old and new value, as stored in the metadata."""

    field: str
    old: Any
    new: Any


class AuditEvent(TenantModel):
    """An audit event: an action on the data of a business.

    The event stores labels and plain ids of its objects, without foreign keys, because it outlives them. The database
    hides events that are `platform_only` from the business, so that a business learns nothing about others.
    """

    actor_id = models.UUIDField(_("actor"), null=True, blank=True)
    actor_label = LineField(_("actor"), max_length=320, blank=True)
    event_type = models.CharField(_("event"), max_length=64)
    entity_type = models.CharField(_("entity type"), max_length=64, blank=True)
    entity_id = models.UUIDField(_("entity"), null=True, blank=True)
    entity_label = LineField(_("entity"), max_length=320, blank=True)
    site_id = models.UUIDField(_("site"), null=True, blank=True)
    employee_id = models.UUIDField(_("employee"), null=True, blank=True)
    work_card_id = models.UUIDField(_("work card"), null=True, blank=True)
    metadata: models.JSONField[Any, Any] = models.JSONField(
        _("details"), default=dict, blank=True
    )
    cross_business = models.BooleanField(_("cross-business"), default=False)
    platform_only = models.BooleanField(default=False)
    created_at = models.DateTimeField(_("at"), auto_now_add=True)

    objects: ClassVar[Any] = AuditEventManager()

    class Meta:
        db_table = "audit_events"
        ordering = ["-created_at", "-id"]
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        indexes = [
            models.Index(
                fields=["business", "-created_at", "-id"],
                name="audit_events_recent_idx",
            ),
            models.Index(
                fields=["business", "site_id", "created_at"],
                name="audit_events_site_idx",
            ),
            models.Index(
                fields=["business", "entity_type", "entity_id"],
                name="audit_events_entity_idx",
            ),
            models.Index(
                fields=["business", "event_type", "created_at"],
                name="audit_events_type_idx",
            ),
            models.Index(
                fields=["business", "actor_id"], name="audit_events_actor_idx"
            ),
            models.Index(
                fields=["business", "employee_id"], name="audit_events_employee_idx"
            ),
            models.Index(
                fields=["business", "work_card_id"], name="audit_events_card_idx"
            ),
            # For super-admins, who read across businesses.
            models.Index(
                fields=["-created_at", "-id"], name="audit_events_platform_idx"
            ),
            models.Index(
                fields=["business", "created_at"],
                condition=models.Q(platform_only=True),
                name="audit_events_attempts_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.entity_label}".strip()

    @property
    def changes(self) -> list[FieldChange]:
        """Return the changes, each as {field, old, new}."""
        before = self.metadata.get("before") or {}
        after = self.metadata.get("after") or {}
        return [
            {"field": field, "old": before.get(field), "new": after.get(field)}
            for field in {**before, **after}
        ]

    @classmethod
    def append_for_platform(cls, *, business_id: uuid.UUID, **fields: Any) -> None:
        """Add an event about `business_id` that only the platform sees.

        Needs the platform scope, whose role may insert events. It bypasses `TenantModel.save`, which only writes in the
        scope of a business. No other code bypasses it.
        """
        event = cls(business_id=business_id, platform_only=True, **fields)
        models.Model.save(event, force_insert=True)
