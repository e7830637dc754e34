"""Events as people read them: a sentence each, and what changed as old → new.

    told(events)         each of them as `EventDescription`, in order; one query for the names of what they refer to, whatever their number
    outline(event_type)  what events of a type have in common: "… approved the card of … for …"
    entity(entity_type)  what the model is called
    label_of(name, …)    what a field is called; `field_of(model, name)` is the model's own

Labels of fields and words for values are those of the models: a new field needs nothing here.
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

from .messages import EVENT_MESSAGES, UNKNOWN
from .models import AuditEvent

# Ids whose name stands beside them, and what tells people nothing.
_UNSAID: Final = frozenset({"approved_by_id", "sha256", "sha256_hash"})
_MONTHS: Final = frozenset({"processing_month", "month"})
# What is no field of a model.
_LABELS: Final[Mapping[str, Any]] = {
    "days": gettext_lazy("days"),
    "row_count": gettext_lazy("rows"),
    "files": gettext_lazy("files"),
    "bytes": gettext_lazy("bytes"),
    "error": gettext_lazy("reason"),
    "filters": gettext_lazy("filters"),
    "include_unapproved": gettext_lazy("with days that nobody has approved yet"),
    "approved_by_name": gettext_lazy("approved by"),
    "closed_by_name": gettext_lazy("closed by"),
    "original_filename": gettext_lazy("file name"),
    "source_page_number": gettext_lazy("page"),
    "channel": gettext_lazy("channel"),
    "address": gettext_lazy("network address"),
    "request_id": gettext_lazy("request"),
    "reason": gettext_lazy("reason"),
    "requested_by": gettext_lazy("requested by"),
    "reposted": gettext_lazy("paid again"),
    "not_reposted": gettext_lazy("not paid again"),
    "set_aside": gettext_lazy("set aside"),
    "repaired": gettext_lazy("repaired"),
    "too_many_hours": gettext_lazy("more than 24 hours on this date"),
    "absence_not_alone": gettext_lazy("an absence can't share its date"),
}
_MONTH_FIRST = re.compile(r"\d{4}-\d{2}")
_NOTHING = "–"
# What rows are called, as their `str()` says: read for all kinds in one query. Of other kinds a query each.
_CALLED: Final[Mapping[str, Any]] = {
    "accounts.user": Coalesce(
        NullIf("full_name", Value("")), "email", output_field=models.CharField()
    ),
    "workforce.employee": F("full_name"),
    "workforce.site": F("site_name"),
}
# Models whose settings are rows of another model; events about both name the first one.
_SETTINGS: Final[Mapping[str, str]] = {
    "businesses.Business": "businesses.BusinessSettings"
}
# A day of a card, by its date, holds the fields of this model.
_OF_A_DAY = ("workcards", "dayentry")

# Under these names an event lists days of other cards, or days that were repaired.
DAY_LISTS: Final = frozenset({"reposted", "not_reposted", "set_aside", "repaired"})

Names = Mapping[type[models.Model], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Change:
    """A field by the name that people know, and its values as they read them, those of a day as safe HTML."""

    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class EventDescription:
    """An event; its sentence is safe HTML, with every name of somebody or something kept apart from its surroundings."""

    event: AuditEvent
    sentence: SafeString
    changes: list[Change]

    @property
    def reason(self) -> str:
        return str(self.event.metadata.get("reason", ""))

    @property
    def in_full(self) -> SafeString:
        """The sentence, why it was done, and a mark if a super-admin did it."""
        said = self.sentence
        if self.reason:
            said = format_html("{}: <q><bdi>{}</bdi></q>", said, self.reason)
        if self.event.cross_business:
            said = format_html(
                '{} <span class="mark">{}</span>', said, _("super-admin")
            )
        return said


def told(events: Iterable[AuditEvent]) -> list[EventDescription]:
    """Each event with its sentence and changes. Rows that the scope does not show stay without a name."""
    events = list(events)
    names = _names(events)
    return [
        EventDescription(event, _sentence(event, names), list(_changes(event, names)))
        for event in events
    ]


def outline(event_type: str) -> str:
    """The sentence of an event type without what differs."""
    sentence = EVENT_MESSAGES.get(event_type)
    return str(sentence.text) % defaultdict(lambda: "…") if sentence else event_type


def entity(entity_type: str) -> str:
    """What people call the kind of row that an event is about."""
    model = _model_of(entity_type)
    return str(capfirst(model._meta.verbose_name)) if model else entity_type


# Sentences


def _sentence(event: AuditEvent, names: Names) -> SafeString:
    sentence = EVENT_MESSAGES.get(event.event_type, UNKNOWN)
    employee = _employee(event, names)
    text = sentence.text if employee else sentence.of_nobody or sentence.text
    said = {
        "who": event.actor_label or _("AutomateHQ"),
        "what": event.entity_label or _NOTHING,
        "event": event.event_type,
        "employee": employee or _("somebody"),
        "site": _named(names, "workforce.Site", event.site_id) or _NOTHING,
        "month": _month(event),
    }
    template = conditional_escape(str(text))
    return mark_safe(  # noqa: S308 -- both halves are escaped
        template % {name: format_html("<bdi>{}</bdi>", said[name]) for name in said}
    )


def _employee(event: AuditEvent, names: Names) -> str:
    was = event.metadata.get("before") or {}
    employee_id = event.employee_id or was.get("employee_id")
    return _named(names, "workforce.Employee", employee_id)


def _month(event: AuditEvent) -> str:
    """The month of a card or of a closed month: both are called by it, and may have gone since."""
    match = _MONTH_FIRST.match(event.entity_label)
    month = parse_date(f"{match[0]}-01") if match else None
    return _month_in_words(month) if month else _NOTHING


def _month_in_words(month: date) -> str:
    return date_format(month, "YEAR_MONTH_FORMAT")


# Changes


def _changes(event: AuditEvent, names: Names) -> Iterator[Change]:
    model = _model_of(event.entity_type)
    for change in event.changes:
        name, old, new = change["field"], change["old"], change["new"]
        day = parse_date(name) if _is_date(name) else None
        if day is not None:
            label = date_format(day, "j F")
            yield Change(label, _day(old, names), _day(new, names))
        elif name not in _UNSAID and not (_is_nothing(old) and _is_nothing(new)):
            field = field_of(model, name)
            yield Change(
                label_of(name, field),
                _word(field, old, names),
                _word(field, new, names),
            )


def listed_days(value: Any) -> list[str] | None:
    """Return a line for each of the days that an event lists under a name of `DAY_LISTS`; None for an unknown form.

    A day is `{date, site, hours, day_status, …}`. Events of before sites were listed have `{date: id of the card}`.
    """
    if isinstance(value, Mapping):
        value = [{"date": day, "work_card": card} for day, card in value.items()]
    if not isinstance(value, list) or not all(isinstance(day, dict) for day in value):
        return None
    return [_listed_day(day) for day in value]


def _listed_day(day: Mapping[str, Any]) -> str:
    on = parse_date(str(day.get("date")))
    status = field_of(apps.get_model(*_OF_A_DAY), "day_status")
    site = day.get("site")
    parts = [
        date_format(on, "DATE_FORMAT") if on else str(day.get("date")),
        site.get("name") if isinstance(site, Mapping) else None,
        day.get("hours")
        or (day.get("day_status") and _word(status, day["day_status"], {})),
        *(label_of(day[name]) for name in ("code", "action") if day.get(name)),
        day.get("work_card"),
    ]
    return ", ".join(str(part) for part in parts if part)


def label_of(name: str, field: Any = None) -> str:
    """What people call something in an event's metadata or in a form; `field` is the model's, if it has one of that name."""
    # What leads to rows that refer to this one is of that name too, and has no other.
    label = _LABELS.get(name) or getattr(field, "verbose_name", None)
    return str(capfirst(str(label or name.replace("_", " "))))


def _is_nothing(value: Any) -> bool:
    return value is None or value == ""


def _is_date(name: str) -> bool:
    return re.fullmatch(r"\d{4}-\d{2}-\d{2}", name) is not None


def _day(figures: Any, names: Names) -> str:
    """A day of a card in one line: `07:00–16:00, break 30, 8.50`; times and remark keep their order in any language."""
    if not isinstance(figures, Mapping):
        return _NOTHING
    model = apps.get_model(*_OF_A_DAY)
    said = {
        name: _word(field_of(model, name), value, names)
        for name, value in figures.items()
    }
    parts = []
    if "from_time" in said and "to_time" in said:
        times = said.pop("from_time"), said.pop("to_time")
        parts.append(format_html('<bdi dir="ltr">{}–{}</bdi>', *times))
    if "break_minutes" in said:
        minutes = said.pop("break_minutes")
        parts.append(conditional_escape(_("break %(minutes)s") % {"minutes": minutes}))
    # The trail keeps no order; the remark comes last.
    words = sorted(said, key=lambda name: name == "comment")
    parts += [format_html("<bdi>{}</bdi>", said[name]) for name in words]
    return format_html_join(", ", "{}", ([part] for part in parts))


def _word(field: Any, value: Any, names: Names) -> str:
    """A value of the trail as people read it; `field` is the model's, if it has one of that name."""
    if _is_nothing(value):
        return _NOTHING
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if field is not None and field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(field, models.ForeignKey):
        return names[field.related_model].get(str(value), _NOTHING)
    if isinstance(value, str):
        return _text(field, value)
    if isinstance(value, Mapping):
        said = (
            f"{_LABELS.get(key, key)}: {_word(None, item, names)}"
            for key, item in value.items()
        )
        return ", ".join(said)
    if isinstance(value, list):
        return ", ".join(_word(None, item, names) for item in value)
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
    found = (model for model in apps.get_models() if model._meta.managed)
    return next((one for one in found if one._meta.model_name == entity_type), None)


def field_of(model: type[models.Model] | None, name: str) -> Any:
    """Return the field with this name or column of the model, or of its settings; None if there is none."""
    try:
        return model._meta.get_field(name) if model is not None else None
    except FieldDoesNotExist:
        settings = _SETTINGS.get(model._meta.label)  # type: ignore[union-attr]
        return field_of(apps.get_model(settings), name) if settings else None


# Names of rows


def _names(events: list[AuditEvent]) -> Names:
    """What the rows are called that the events refer to, by model and id."""
    wanted: dict[type[models.Model], set[str]] = defaultdict(set)
    for event in events:
        wanted[apps.get_model("workforce.Site")].add(str(event.site_id))
        wanted[apps.get_model("workforce.Employee")].add(str(event.employee_id))
        model = _model_of(event.entity_type)
        for change in event.changes:
            field = field_of(model, change["field"])
            if isinstance(field, models.ForeignKey):
                wanted[field.related_model] |= {str(change["old"]), str(change["new"])}
    known = {
        model: [pk for pk in map(_uuid, ids) if pk is not None]
        for model, ids in wanted.items()
    }
    return _called({model: pks for model, pks in known.items() if pks})


def _called(wanted: Mapping[type[models.Model], list[uuid.UUID]]) -> Names:
    names: dict[type[models.Model], dict[str, str]] = {model: {} for model in wanted}
    together = []
    for model, pks in wanted.items():
        label = model._meta.label_lower
        rows = model._default_manager.filter(pk__in=pks).order_by()
        if label in _CALLED:
            together.append(rows.values_list(Value(label), "pk", _CALLED[label]))
        else:
            names[model] = {str(row.pk): str(row) for row in rows}
    if together:
        first, *others = together
        for label, pk, name in first.union(*others, all=True) if others else first:
            names[apps.get_model(label)][str(pk)] = name or str(pk)
    return names


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _named(names: Names, model: str, pk: Any) -> str:
    return names.get(apps.get_model(model), {}).get(str(pk), "")
