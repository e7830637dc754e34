"""The trail in the admin: to read, and nothing else."""

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from businesses.tenancy.admin import TenantAdmin, is_on_platform

from .models import AuditEvent

# How many of the latest events say what the list can be filtered by.
LOOKED_AT = 1_000
# What stands in the metadata of every event, and has columns of its own on the page.
_SHOWN_APART = ("before", "after")


class RecentTypeFilter(admin.SimpleListFilter):
    """By a column whose values are those of the latest events: asking all would read the whole trail."""

    column = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        latest = model_admin.get_queryset(request).order_by("-created_at", "-id")
        values = set(latest.values_list(self.column, flat=True)[:LOOKED_AT])
        if self.value():
            values.add(self.value())
        return [(value, value) for value in sorted(values - {""})]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() is None:
            return queryset
        return queryset.filter(**{self.column: self.value()})


class EventTypeFilter(RecentTypeFilter):
    title = _("event")
    parameter_name = column = "event_type"


class EntityTypeFilter(RecentTypeFilter):
    title = _("entity type")
    parameter_name = column = "entity_type"


@admin.register(AuditEvent)
class AuditEventAdmin(TenantAdmin):
    # ADMIN, VIEWER and super-admins see all; of the others those who may see cards' and employees' part.
    rights = {"view": "audit.see_cards_and_employees"}
    has_history = False
    list_display = (
        "created_at",
        "event_type",
        "actor_label",
        "entity_label",
        "cross_business",
    )
    list_display_links = ("created_at", "event_type")
    list_filter = ("created_at", EventTypeFilter, EntityTypeFilter, "cross_business")
    search_fields = ("event_type", "actor_label", "entity_label")
    fields = (
        "created_at",
        "event_type",
        "actor_label",
        "cross_business",
        "entity_type",
        "entity_label",
        "entity_id",
        "change_table",
        "details",
    )
    readonly_fields = ("change_table", "details")

    def get_queryset(self, request: HttpRequest) -> Any:
        user: Any = request.user
        events = super().get_queryset(request)
        return events if user.may("audit.see") else events.of_cards_and_employees()

    def get_list_filter(self, request: HttpRequest) -> Any:
        filters = super().get_list_filter(request)
        return [*filters, "platform_only"] if is_on_platform() else filters

    @admin.display(description=_("before and after"))
    def change_table(self, event: AuditEvent) -> SafeString | str:
        rows = format_html_join(
            "",
            '<tr><th scope="row">{}</th><td>{}</td><td>{}</td></tr>',
            (
                (change["field"], readable(change["old"]), readable(change["new"]))
                for change in event.changes
            ),
        )
        return format_html("<table>{}</table>", rows) if rows else "–"

    @admin.display(description=_("details"))
    def details(self, event: AuditEvent) -> SafeString | str:
        rows = format_html_join(
            "",
            '<tr><th scope="row">{}</th><td>{}</td></tr>',
            (
                (name, readable(value))
                for name, value in event.metadata.items()
                if name not in _SHOWN_APART
            ),
        )
        return format_html("<table>{}</table>", rows) if rows else "–"


def readable(value: Any) -> str:
    """A value of the metadata, as people read it."""
    if value is None or value == "":
        return "–"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return str(value)
