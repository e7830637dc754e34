"""Filters of the admin's audit list: event type, user, employee, site and dates."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, time, timedelta
from typing import Any, ClassVar, NamedTuple

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from automatehq.admin.list_filters import ParsedListFilter
from automatehq.api.converters import parse_uuid

from .descriptions import event_label, model_label
from .models import AuditEvent

# The filters offer the values of this many latest events, because a scan of all events would be slow.
RECENT_EVENTS = 1_000
NAME_LENGTH = 100


class RecentFilterValues(NamedTuple):
    """The columns of a recent event from which the filters take their choices."""

    event_type: str
    entity_type: str
    actor_id: uuid.UUID | None
    actor_label: str
    site_id: uuid.UUID | None


def _latest(request: Any, model_admin: Any) -> list[RecentFilterValues]:
    """Return the latest events; all filters of a request share one query."""
    if not hasattr(request, "latest_events"):
        events = model_admin.get_queryset(request).order_by("-created_at", "-id")
        rows = events.values_list(*RecentFilterValues._fields)[:RECENT_EVENTS]
        request.latest_events = [RecentFilterValues(*row) for row in rows]
    return request.latest_events  # type: ignore[no-any-return]


class RecentFilter(admin.SimpleListFilter):
    """A filter with the values of the latest events, and the selected value."""

    def lookups(
        self, request: HttpRequest, model_admin: "admin.ModelAdmin[AuditEvent]"
    ) -> list[tuple[str, str]]:
        latest = _latest(request, model_admin)
        values = dict(self.choices_from(latest))
        if self.value():
            values.setdefault(str(self.value()), str(self.value()))
        values.pop("", None)
        return sorted(values.items(), key=lambda choice: choice[1])

    def choices_from(
        self, latest: list[RecentFilterValues]
    ) -> Iterable[tuple[str, str]]:
        """Return pairs of a value and its label."""
        raise NotImplementedError

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AuditEvent]
    ) -> QuerySet[AuditEvent]:
        if self.value() is None:
            return queryset
        return queryset.filter(**{str(self.parameter_name): self.value()})


class EventTypeFilter(RecentFilter):
    title = _("event")
    parameter_name = "event_type"

    def choices_from(
        self, latest: list[RecentFilterValues]
    ) -> Iterator[tuple[str, str]]:
        return _label_values((event.event_type for event in latest), event_label)


class EntityTypeFilter(RecentFilter):
    title = _("record")
    parameter_name = "entity_type"

    def choices_from(
        self, latest: list[RecentFilterValues]
    ) -> Iterator[tuple[str, str]]:
        return _label_values((event.entity_type for event in latest), model_label)


def _label_values(
    values: Iterable[str], name: Callable[[str], str]
) -> Iterator[tuple[str, str]]:
    return ((value, name(value)) for value in set(values))


class ReferenceFilter(ParsedListFilter, RecentFilter):
    """A filter by the id of a row that the latest events reference."""


class ActorFilter(ReferenceFilter):
    title = _("user")
    parameter_name = "actor"

    def choices_from(
        self, latest: list[RecentFilterValues]
    ) -> Iterator[tuple[str, str]]:
        # The newest name comes last, so that it replaces older ones.
        return (
            (str(event.actor_id), event.actor_label)
            for event in reversed(latest)
            if event.actor_id is not None
        )


class SiteFilter(ReferenceFilter):
    title = _("site")
    parameter_name = "site"

    def choices_from(
        self, latest: list[RecentFilterValues]
    ) -> Iterator[tuple[str, str]]:
        selected = parse_uuid(self.value())
        site_ids = {event.site_id for event in latest} | {selected} - {None}
        sites: Any = apps.get_model("workforce.Site")._default_manager
        rows = sites.filter(pk__in=site_ids).values_list("pk", "site_name")
        return ((str(pk), name) for pk, name in rows)


# Filters with text inputs


class Input(NamedTuple):
    name: str
    label: Any
    type: str
    value: str


class FormFilter(admin.ListFilter):
    """A filter with text inputs. Its form also submits the other filters of the list."""

    template = "admin/filter_form.html"
    # Parameter → (label, type of the input).
    inputs: ClassVar[dict[str, tuple[Any, str]]]

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any
    ) -> None:
        super().__init__(request, params, model, model_admin)
        for name in self.inputs:
            if name in params:
                self.used_parameters[name] = params.pop(name)[-1].strip()

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return [*self.inputs]

    def text_of(self, name: str) -> str:
        return str(self.used_parameters.get(name, ""))

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, object]]:
        other_filters = {
            name: value
            for name, value in changelist.params.items()
            if name not in self.inputs
        }
        yield {
            "current_value": self.current_value(),
            "other_filters": other_filters,
            "without": changelist.get_query_string(remove=[*self.inputs]),
            "inputs": [
                Input(name, label, type_, self.text_of(name))
                for name, (label, type_) in self.inputs.items()
            ],
        }

    def current_value(self) -> str:
        """Return the text on the filter's button while the filter is active."""
        return " – ".join(filter(None, map(self.text_of, self.inputs)))


class PlatformOnlyFilter(admin.BooleanFieldListFilter):
    """A filter for events that businesses cannot see, on the platform."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = _("hidden from businesses")


class DatesFilter(FormFilter):
    """A filter by local dates of the business, both included."""

    title = _("dates")
    inputs = {
        "from": (pgettext_lazy("date", "From"), "date"),
        "to": (pgettext_lazy("date", "To"), "date"),
    }

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AuditEvent]
    ) -> QuerySet[AuditEvent]:
        if since := self.text_of("from"):
            queryset = queryset.filter(created_at__gte=_midnight(since))
        if until := self.text_of("to"):
            queryset = queryset.filter(created_at__lt=_midnight(until, days=1))
        return queryset


def _midnight(text: str, days: int = 0) -> datetime:
    """Return the start of a local date, plus `days` days.

    Raises: `IncorrectLookupParameters` if the text is not a date.
    """
    try:
        day = parse_date(text)
        if day is None:
            raise IncorrectLookupParameters
        return timezone.make_aware(
            datetime.combine(day + timedelta(days=days), time.min)
        )
    except (ValueError, OverflowError) as error:
        raise IncorrectLookupParameters from error


class EmployeeFilter(FormFilter):
    """A filter by the event's employee: an id or a part of the name.

    Links to the list contain the id.
    """

    title = _("employee")
    inputs = {"employee": (_("Employee name"), "search")}

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AuditEvent]
    ) -> QuerySet[AuditEvent]:
        text = self.text_of("employee")
        if not text:
            return queryset
        if len(text) > NAME_LENGTH:
            raise IncorrectLookupParameters
        pk = parse_uuid(text)
        if pk is not None:
            return queryset.filter(employee_id=pk)
        employees: Any = apps.get_model("workforce.Employee")._default_manager
        employees_by_name = employees.filter(full_name__folded=text).values("pk")
        return queryset.filter(employee_id__in=employees_by_name)

    def current_value(self) -> str:
        text = self.text_of("employee")
        # The first letters of an id are enough to show that the filter is active.
        return text if parse_uuid(text) is None else f"{text[:8]}…"
