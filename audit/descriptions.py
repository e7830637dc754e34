"""Descriptions of audit events for display: a sentence and the changes.

    describe_events(events)   `EventDescription` of each event, in order; one query for all names
    event_label(event_type)   the sentence of an event type without its details: "… approved the card of … for …"
    model_label(entity_type)  the verbose name of a model
    field_label(name, …)      the label of a field; `find_field(model, name)` returns the model's field

Labels of fields and choices come from the models, so a new field needs no change in this module.
"""

import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Final

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime, parse_time
from django.utils.formats import date_format, time_format
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .event_messages import EVENT_MESSAGES, UNKNOWN
from .models import AuditEvent

# Ids whose name is in another column, and values without meaning for users.
HIDDEN_FIELDS: Final = frozenset({"approved_by_id", "sha256", "sha256_hash"})
_MONTHS: Final = frozenset({"processing_month", "month"})
# Labels of names that are not fields of a model.
_LABELS: Final[Mapping[str, Any]] = {
    "days": gettext_lazy("days"),
    "row_count": gettext_lazy("rows"),
    "files": gettext_lazy("files"),
    "bytes": gettext_lazy("bytes"),
    "error": gettext_lazy("reason"),
    "filters": gettext_lazy("filters"),
    "include_unapproved": gettext_lazy("including unapproved days"),
    "approved_by_name": gettext_lazy("approved by"),
    "closed_by_name": gettext_lazy("closed by"),
    "original_filename": gettext_lazy("file name"),
    "source_page_number": gettext_lazy("page"),
    "channel": gettext_lazy("channel"),
    "address": gettext_lazy("network address"),
    "request_id": gettext_lazy("request"),
    "reason": gettext_lazy("reason"),
    "requested_by": gettext_lazy("requested by"),
    "reposted": gettext_lazy("paid from another card"),
    "not_reposted": gettext_lazy("not paid from another card"),
    "set_aside": gettext_lazy("set aside"),
    "repaired": gettext_lazy("repaired"),
    "too_many_hours": gettext_lazy("more than 24 hours on this date"),
    "absence_not_alone": gettext_lazy(
        "absence together with other entries on this date"
    ),
}
_MONTH_FIRST = re.compile(r"\d{4}-\d{2}")
_EMPTY = "–"
# SQL for `str()` of a row. One query reads the names of all these models; other models need one query each.
_NAME_COLUMNS: Final[Mapping[str, Any]] = {
    "accounts.user": Coalesce(
        NullIf("full_name", Value("")), "email", output_field=models.CharField()
    ),
    "workforce.employee": F("full_name"),
    "workforce.site": F("site_name"),
}
# Models with a separate settings model; events about either name the first model.
_SETTINGS: Final[Mapping[str, str]] = {
    "businesses.Business": "businesses.BusinessSettings"
}
# A value under a date holds the fields of this model.
_DAY_MODEL = ("workcards", "dayentry")

# Under these names an event lists days of other cards, or repaired days.
DAY_LISTS: Final = frozenset({"reposted", "not_reposted", "set_aside", "repaired"})

Names = Mapping[type[models.Model], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class ChangedField:
    """A changed field: its label, and its old and new value for display. A day is safe HTML."""

    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class EventDescription:
    """An event for display. The sentence is safe HTML, with each name in an element of its own."""

    event: AuditEvent
    sentence: SafeString
    changes: list[ChangedField]

    @property
    def reason(self) -> str:
        return str(self.event.metadata.get("reason", ""))

    @property
    def as_html(self) -> SafeString:
        """Return the sentence with the reason, and a badge if a super-admin acted."""
        html = self.sentence
        if self.reason:
            html = format_html("{}: <q><bdi>{}</bdi></q>", html, self.reason)
        if self.event.cross_business:
            html = format_html(
                '{} <span class="mark">{}</span>', html, _("super-admin")
            )
        return html


def describe_events(events: Iterable[AuditEvent]) -> list[EventDescription]:
    """Return the description of each event. Rows outside the scope have no name."""
    events = list(events)
    names = _names(events)
    return [
        EventDescription(event, _sentence(event, names), list(_changes(event, names)))
        for event in events
    ]


def event_label(event_type: str) -> str:
    """Return the sentence of an event type with “…” for its details."""
    sentence = EVENT_MESSAGES.get(event_type)
    return str(sentence.text) % defaultdict(lambda: "…") if sentence else event_type


def model_label(entity_type: str) -> str:
    """Return the verbose name of the model that an event is about."""
    model = _model_of(entity_type)
    return str(capfirst(model._meta.verbose_name)) if model else entity_type


# Sentences


def _sentence(event: AuditEvent, names: Names) -> SafeString:
    sentence = EVENT_MESSAGES.get(event.event_type, UNKNOWN)
    employee = _employee(event, names)
    text = sentence.text if employee else sentence.without_employee or sentence.text
    details = {
        "who": event.actor_label or _("AutomateHQ"),
        "what": event.entity_label or _EMPTY,
        "event": event.event_type,
        "employee": employee or _("unknown employee"),
        "site": _name_of(names, "workforce.Site", event.site_id) or _EMPTY,
        "month": _month(event),
    }
    template = conditional_escape(str(text))
    return mark_safe(  # noqa: S308 -- both halves are escaped
        template
        % {name: format_html("<bdi>{}</bdi>", details[name]) for name in details}
    )


def _employee(event: AuditEvent, names: Names) -> str:
    before = event.metadata.get("before") or {}
    employee_id = event.employee_id or before.get("employee_id")
    return _name_of(names, "workforce.Employee", employee_id)


def _month(event: AuditEvent) -> str:
    """Return the month of a card or of a closed month for display.

    The label of the event begins with the month. The row itself may be deleted.
    """
    match = _MONTH_FIRST.match(event.entity_label)
    month = parse_date(f"{match[0]}-01") if match else None
    return _month_in_words(month) if month else _EMPTY


def _month_in_words(month: date) -> str:
    return date_format(month, "YEAR_MONTH_FORMAT")


# Changes


def _changes(event: AuditEvent, names: Names) -> Iterator[ChangedField]:
    model = _model_of(event.entity_type)
    for change in event.changes:
        name, old, new = change["field"], change["old"], change["new"]
        day = parse_date(name) if _is_date(name) else None
        if day is not None:
            label = date_format(day, "j F")
            yield ChangedField(label, _format_day(old, names), _format_day(new, names))
        elif name not in HIDDEN_FIELDS and not (_is_empty(old) and _is_empty(new)):
            field = find_field(model, name)
            yield ChangedField(
                field_label(name, field),
                _format_value(field, old, names),
                _format_value(field, new, names),
            )


def format_listed_days(value: object) -> list[str] | None:
    """Return a line for each day that an event lists under a name of `DAY_LISTS`.

    A day is `{date, site, hours, day_status, …}`. Older events, without sites, have `{date: id of the card}`. None for
    an unknown format.
    """
    if isinstance(value, Mapping):
        value = [{"date": day, "work_card": card} for day, card in value.items()]
    if not isinstance(value, list) or not all(isinstance(day, dict) for day in value):
        return None
    return [_listed_day(day) for day in value]


def _listed_day(day: Mapping[str, Any]) -> str:
    on = parse_date(str(day.get("date")))
    status = find_field(apps.get_model(*_DAY_MODEL), "day_status")
    site = day.get("site")
    parts = [
        date_format(on, "DATE_FORMAT") if on else str(day.get("date")),
        site.get("name") if isinstance(site, Mapping) else None,
        day.get("hours")
        or (day.get("day_status") and _format_value(status, day["day_status"], {})),
        *(field_label(day[name]) for name in ("code", "action") if day.get(name)),
        day.get("work_card"),
    ]
    return ", ".join(str(part) for part in parts if part)


def field_label(name: str, field: object = None) -> str:
    """Return the label of a name in an event's metadata or a form.

    `field` is the model's field of that name, if there is one.
    """
    # A reverse relation may have that name; it has no `verbose_name`.
    label = _LABELS.get(name) or getattr(field, "verbose_name", None)
    return str(capfirst(str(label or name.replace("_", " "))))


def _is_empty(value: Any) -> bool:
    return value is None or value == ""


def _is_date(name: str) -> bool:
    return re.fullmatch(r"\d{4}-\d{2}-\d{2}", name) is not None


def _format_day(values: Any, names: Names) -> str:
    """Return a day of a card in one line: `07:00–16:00, break 30, 8.50`.

    Each part is isolated, so that times and remarks keep their order in all languages.
    """
    if not isinstance(values, Mapping):
        return _EMPTY
    model = apps.get_model(*_DAY_MODEL)
    formatted = {
        name: _format_value(find_field(model, name), value, names)
        for name, value in values.items()
    }
    parts = []
    if "from_time" in formatted and "to_time" in formatted:
        times = formatted.pop("from_time"), formatted.pop("to_time")
        parts.append(format_html('<bdi dir="ltr">{}–{}</bdi>', *times))
    if "break_minutes" in formatted:
        minutes = formatted.pop("break_minutes")
        parts.append(conditional_escape(_("break %(minutes)s") % {"minutes": minutes}))
    # The stored fields have no order; the remark comes last.
    remaining = sorted(formatted, key=lambda name: name == "comment")
    parts += [format_html("<bdi>{}</bdi>", formatted[name]) for name in remaining]
    return format_html_join(", ", "{}", ([part] for part in parts))


def _format_value(field: Any, value: Any, names: Names) -> str:
    """Return a value of an event for display. `field` is the model's field, if there is one."""
    if _is_empty(value):
        return _EMPTY
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if field is not None and field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(field, models.ForeignKey):
        return names[field.related_model].get(str(value), _EMPTY)
    if isinstance(value, str):
        return _text(field, value)
    if isinstance(value, Mapping):
        items = (
            f"{_LABELS.get(key, key)}: {_format_value(None, item, names)}"
            for key, item in value.items()
        )
        return ", ".join(items)
    if isinstance(value, list):
        return ", ".join(_format_value(None, item, names) for item in value)
    return str(value)


def _text(field: Any, value: str) -> str:
    if isinstance(field, models.DateTimeField):
        at = parse_datetime(value)
        return (
            date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")
            if at
            else value
        )
    if isinstance(field, models.DateField):
        on = parse_date(value)
        if on is None:
            return value
        is_month = field.name in _MONTHS
        return _month_in_words(on) if is_month else date_format(on, "DATE_FORMAT")
    if isinstance(field, models.TimeField):
        at_time = parse_time(value)
        return time_format(at_time, "H:i") if at_time else value
    return value


@cache
def _model_of(entity_type: str) -> type[models.Model] | None:
    managed = (model for model in apps.get_models() if model._meta.managed)
    return next(
        (model for model in managed if model._meta.model_name == entity_type), None
    )


def find_field(model: type[models.Model] | None, name: str) -> Any:
    """Return the field of this name or column of the model or its settings, or None."""
    try:
        return model._meta.get_field(name) if model is not None else None
    except FieldDoesNotExist:
        settings = _SETTINGS.get(model._meta.label)  # type: ignore[union-attr]
        return find_field(apps.get_model(settings), name) if settings else None


# Names of rows


def _names(events: list[AuditEvent]) -> Names:
    """Return the names of the rows that the events refer to, by model and id."""
    ids_by_model: dict[type[models.Model], set[str]] = defaultdict(set)
    for event in events:
        ids_by_model[apps.get_model("workforce.Site")].add(str(event.site_id))
        ids_by_model[apps.get_model("workforce.Employee")].add(str(event.employee_id))
        model = _model_of(event.entity_type)
        for change in event.changes:
            field = find_field(model, change["field"])
            if isinstance(field, models.ForeignKey):
                ids_by_model[field.related_model] |= {
                    str(change["old"]),
                    str(change["new"]),
                }
    known = {
        model: [pk for pk in map(_uuid, ids) if pk is not None]
        for model, ids in ids_by_model.items()
    }
    return _read_names({model: pks for model, pks in known.items() if pks})


def _read_names(ids_by_model: Mapping[type[models.Model], list[uuid.UUID]]) -> Names:
    names: dict[type[models.Model], dict[str, str]] = {
        model: {} for model in ids_by_model
    }
    name_queries = []
    for model, pks in ids_by_model.items():
        label = model._meta.label_lower
        rows = model._default_manager.filter(pk__in=pks).order_by()
        if label in _NAME_COLUMNS:
            name_queries.append(
                rows.values_list(Value(label), "pk", _NAME_COLUMNS[label])
            )
        else:
            names[model] = {str(row.pk): str(row) for row in rows}
    if name_queries:
        first_query, *more_queries = name_queries
        for label, pk, name in (
            first_query.union(*more_queries, all=True) if more_queries else first_query
        ):
            names[apps.get_model(label)][str(pk)] = name or str(pk)
    return names


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _name_of(names: Names, model: str, pk: Any) -> str:
    return names.get(apps.get_model(model), {}).get(str(pk), "")
