"""What the list of the trail can be filtered by: kind, person, employee, site, and dates."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, time, timedelta
from typing import Any, ClassVar, NamedTuple

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from automatehq.api.converters import parse_uuid

from .descriptions import entity, outline

# How many of the latest events say what the list can be filtered by: asking all would read the whole trail.
LOOKED_AT = 1_000
NAME_LENGTH = 100


class Seen(NamedTuple):
    """What the latest events have in the columns that can be filtered by."""

    event_type: str
    entity_type: str
    actor_id: uuid.UUID | None
    actor_label: str
    site_id: uuid.UUID | None


def _latest(request: Any, model_admin: Any) -> list[Seen]:
    """The latest events, read once a request for all filters."""
    if not hasattr(request, "latest_events"):
        events = model_admin.get_queryset(request).order_by("-created_at", "-id")
        rows = events.values_list(*Seen._fields)[:LOOKED_AT]
        request.latest_events = [Seen(*row) for row in rows]
    return request.latest_events  # type: ignore[no-any-return]


class RecentFilter(admin.SimpleListFilter):
    """By a column whose values are those of the latest events, and the one that is asked for."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        latest = _latest(request, model_admin)
        found = dict(self.offered(latest))
        if self.value():
            found.setdefault(str(self.value()), str(self.value()))
        found.pop("", None)
        return sorted(found.items(), key=lambda one: one[1])

    def offered(self, latest: list[Seen]) -> Iterable[tuple[str, str]]:
        """Values, each with what people call it."""
        raise NotImplementedError

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() is None:
            return queryset
        return queryset.filter(**{str(self.parameter_name): self.value()})


class EventTypeFilter(RecentFilter):
    title = _("event")
    parameter_name = "event_type"

    def offered(self, latest: list[Seen]) -> Iterator[tuple[str, str]]:
        return _called((seen.event_type for seen in latest), outline)


class EntityTypeFilter(RecentFilter):
    title = _("about")
    parameter_name = "entity_type"

    def offered(self, latest: list[Seen]) -> Iterator[tuple[str, str]]:
        return _called((seen.entity_type for seen in latest), entity)


def _called(
    values: Iterable[str], name: Callable[[str], str]
) -> Iterator[tuple[str, str]]:
    return ((value, name(value)) for value in set(values))


class IdFilter(RecentFilter):
    """By an id; what is none is refused as any other filter that cannot be."""

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() is None:
            return queryset
        pk = parse_uuid(self.value())
        if pk is None:
            raise IncorrectLookupParameters
        return queryset.filter(**{f"{self.parameter_name}_id": pk})


class ActorFilter(IdFilter):
    title = _("person")
    parameter_name = "actor"

    def offered(self, latest: list[Seen]) -> Iterator[tuple[str, str]]:
        # The newest name last, so that it stands.
        return (
            (str(seen.actor_id), seen.actor_label)
            for seen in reversed(latest)
            if seen.actor_id is not None
        )


class SiteFilter(IdFilter):
    title = _("site")
    parameter_name = "site"

    def offered(self, latest: list[Seen]) -> Iterator[tuple[str, str]]:
        asked = parse_uuid(self.value())
        wanted = {seen.site_id for seen in latest} | {asked} - {None}
        sites: Any = apps.get_model("workforce.Site")._default_manager
        rows = sites.filter(pk__in=wanted).values_list("pk", "site_name")
        return ((str(pk), name) for pk, name in rows)


# Filters that are typed


class Input(NamedTuple):
    name: str
    label: Any
    type: str
    value: str


class TypedFilter(admin.ListFilter):
    """A filter that is no choice among a few: a form of its own, with what the list is filtered by otherwise."""

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

    def typed(self, name: str) -> str:
        return str(self.used_parameters.get(name, ""))

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        kept = {
            name: value
            for name, value in changelist.params.items()
            if name not in self.inputs
        }
        yield {
            "set_to": self.set_to(),
            "kept": kept,
            "without": changelist.get_query_string(remove=[*self.inputs]),
            "inputs": [
                Input(name, label, type_, self.typed(name))
                for name, (label, type_) in self.inputs.items()
            ],
        }

    def set_to(self) -> str:
        """What stands on the filter's button while it is set."""
        return " – ".join(filter(None, map(self.typed, self.inputs)))


class PlatformOnlyFilter(admin.BooleanFieldListFilter):
    """On the platform: what the businesses do not see."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = _("hidden from the businesses")


class DatesFilter(TypedFilter):
    """By local dates of the business, both included."""

    title = _("dates")
    inputs = {
        "from": (pgettext_lazy("date", "From"), "date"),
        "to": (pgettext_lazy("date", "To"), "date"),
    }

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if since := self.typed("from"):
            queryset = queryset.filter(created_at__gte=_midnight(since))
        if until := self.typed("to"):
            queryset = queryset.filter(created_at__lt=_midnight(until, days=1))
        return queryset


def _midnight(text: str, days: int = 0) -> datetime:
    """The beginning of a local date, or of one some days later."""
    try:
        day = parse_date(text)
        if day is None:
            raise IncorrectLookupParameters
        return timezone.make_aware(
            datetime.combine(day + timedelta(days=days), time.min)
        )
    except (ValueError, OverflowError) as error:
        raise IncorrectLookupParameters from error


class EmployeeFilter(TypedFilter):
    """By the employee whom an event concerns: an id, as links have it, or a part of the name."""

    title = _("employee")
    inputs = {"employee": (_("Name of the employee"), "search")}

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        asked = self.typed("employee")
        if not asked:
            return queryset
        if len(asked) > NAME_LENGTH:
            raise IncorrectLookupParameters
        pk = parse_uuid(asked)
        if pk is not None:
            return queryset.filter(employee_id=pk)
        employees: Any = apps.get_model("workforce.Employee")._default_manager
        named = employees.filter(full_name__folded=asked).values("pk")
        return queryset.filter(employee_id__in=named)

    def set_to(self) -> str:
        asked = self.typed("employee")
        # Of an id, its beginning is enough to see that the filter is set.
        return asked if parse_uuid(asked) is None else f"{asked[:8]}…"
