"""The read-only admin pages of the audit trail."""

import json
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from automatehq.admin.badges import boolean_column
from businesses.tenancy.admin import TenantAdmin, is_on_platform

from .admin_filters import (
    ActorFilter,
    DatesFilter,
    EmployeeFilter,
    EntityTypeFilter,
    EventTypeFilter,
    PlatformOnlyFilter,
    SiteFilter,
)
from .descriptions import (
    DAY_LISTS,
    EventDescription,
    describe_events,
    field_label,
    format_listed_days,
    model_label,
)
from .models import AuditEvent
from .querysets import AuditEventQuerySet

# Keys of each event's metadata that the page shows in separate columns.
_SEPARATE_COLUMNS = ("before", "after")
_CHANNELS = {
    "api": "API",
    "admin": _("admin pages"),
    "command": _("command line"),
    "task": _("background job"),
}
_CROSS_BUSINESS = boolean_column("cross_business", _("cross-business"))
# The maximum number of changes of an event in the list; the event's page shows all.
CHANGES_LISTED = 4


@admin.register(AuditEvent)
class AuditEventAdmin(TenantAdmin[AuditEvent]):
    # ADMIN, VIEWER and super-admins see all events; other roles with this permission see those of cards and employees.
    rights = {"view": "audit.see_cards_and_employees"}
    has_history = False
    list_display = ("created_at", "sentence", "changed")
    list_display_links = ("created_at",)
    list_filter = (
        DatesFilter,
        EventTypeFilter,
        ActorFilter,
        EmployeeFilter,
        SiteFilter,
        EntityTypeFilter,
        "cross_business",
    )
    search_fields = ("event_type", "actor_label", "entity_label")
    searchable_in = ()  # the search finds the objects of events, not events
    fields = (
        "created_at",
        "sentence",
        "change_table",
        "is_cross_business",
        "about",
        "entity_id",
        "event_type",
        "details",
    )
    readonly_fields = (
        "sentence",
        "change_table",
        "is_cross_business",
        "about",
        "details",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEvent]:
        user: Any = request.user
        events = cast(AuditEventQuerySet, super().get_queryset(request))
        return events if user.may("audit.see") else events.of_cards_and_employees()

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> AuditEvent | None:
        event = super().get_object(request, object_id, from_field)
        if event is not None:
            _description_of(event)  # for the page's title
        return event

    def get_list_filter(self, request: HttpRequest) -> Any:
        filters = super().get_list_filter(request)
        return (
            [*filters, ("platform_only", PlatformOnlyFilter)]
            if is_on_platform()
            else filters
        )

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Return the changelist with the descriptions of all its events, read together."""
        page = super().get_changelist_instance(request)
        page.result_list = list(page.result_list)
        for item in describe_events(page.result_list):
            item.event.description = item  # type: ignore[attr-defined]
        return page

    @admin.display(description=_("what happened"))
    def sentence(self, event: AuditEvent) -> SafeString:
        return _description_of(event).as_html

    @admin.display(description=_("before and after"))
    def changed(self, event: AuditEvent) -> SafeString | str:
        changes = _description_of(event).changes
        rows = format_html_join(
            "",
            '<div class="change"><b>{}</b> <del><bdi>{}</bdi></del> <span class="arrow">→</span> <ins><bdi>{}</bdi></ins></div>',
            ((item.label, item.old, item.new) for item in changes[:CHANGES_LISTED]),
        )
        hidden = len(changes) - CHANGES_LISTED
        if hidden > 0:
            rest = format_html(
                '<div class="text-muted">{}</div>', _("%d more") % hidden
            )
            return format_html("{}{}", rows, rest)
        return rows or "–"

    @admin.display(description=_("before and after"))
    def change_table(self, event: AuditEvent) -> SafeString | str:
        rows = format_html_join(
            "",
            '<tr><th scope="row">{}</th><td><del><bdi>{}</bdi></del></td><td><span class="arrow">→</span> <ins><bdi>{}</bdi></ins></td></tr>',
            (
                (item.label, item.old, item.new)
                for item in _description_of(event).changes
            ),
        )
        return format_html('<table class="changes">{}</table>', rows) if rows else "–"

    @admin.display(description=_("record"))
    def about(self, event: AuditEvent) -> SafeString:
        return format_html(
            "{}: <bdi>{}</bdi>",
            model_label(event.entity_type),
            event.entity_label or "–",
        )

    @admin.display(description=_("cross-business"))
    def is_cross_business(self, event: AuditEvent) -> SafeString:
        return _CROSS_BUSINESS(event)

    @admin.display(description=_("details"))
    def details(self, event: AuditEvent) -> SafeString | str:
        rows = format_html_join(
            "",
            '<tr><th scope="row">{}</th><td><bdi>{}</bdi></td></tr>',
            (
                (field_label(name), _readable_detail(name, value))
                for name, value in event.metadata.items()
                if name not in _SEPARATE_COLUMNS
            ),
        )
        return format_html("<table>{}</table>", rows) if rows else "–"


def _description_of(event: Any) -> EventDescription:
    """Return the description of an event; render it if the changelist has not."""
    if not hasattr(event, "description"):
        (event.description,) = describe_events([event])
    return event.description  # type: ignore[no-any-return]


def _readable_detail(name: str, value: Any) -> SafeString | str:
    """Return an entry of the metadata for display. A list of days has one line for each day."""
    lines = format_listed_days(value) if name in DAY_LISTS else None
    if lines is None:
        return readable(value)
    return format_html_join("", "<div>{}</div>", ([line] for line in lines))


def readable(value: object) -> str:
    """Return a value of the metadata for display."""
    if isinstance(value, str) and value in _CHANNELS:
        return str(_CHANNELS[value])
    if value is None or value == "":
        return "–"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return str(value)
