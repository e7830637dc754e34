"""Comparison of the submitted days with days that another user has saved meanwhile.

Three versions of each day are compared: the one on the page, the stored one, and the submitted one. If only the other
user has changed a day, the stored version is used. If only this page has changed it, the submitted one is used. If
both have changed it, the user chooses.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from audit.descriptions import EventDescription, describe_events
from audit.models import AuditEvent
from workcards.hours import DayRefused, day_figures
from workcards.models import DayEntry, WorkCard
from workcards.services.audit_events import DAY_FIELDS, day_snapshot
from workcards.transitions import DayStatus

from .day_forms import as_typed, refilled

THEIRS, MINE = "theirs", "mine"
# Types of events that do not increase the card's version.
_NO_NEW_VERSION = ("card_uploaded", "card_created", "ledger_backfill_conflict")

Facts = Mapping[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class Line:
    """One side's version of a day, by field: `shown` for display, `values` for cells."""

    shown: Mapping[str, str]
    values: Mapping[str, str]

    @property
    def as_json(self) -> str:
        return json.dumps(self.values)


@dataclass(frozen=True, kw_only=True)
class DayConflict:
    """A day that another user has changed and that differs from the submitted one.

    `choice` is "" until the user has chosen.
    """

    day: date
    who: str
    at: datetime | None
    theirs: Line
    mine: Line
    is_untouched: bool
    choice: str

    @property
    def name(self) -> str:
        return choice_name(self.day)

    @property
    def lines(self) -> list[tuple[str, str, str, Line]]:
        return [
            (THEIRS, _("Theirs"), _("Take theirs"), self.theirs),
            (MINE, _("Yours"), _("Keep yours"), self.mine),
        ]

    @cached_property
    def differs(self) -> set[str]:
        """Return the fields in which the two versions differ."""
        theirs, mine = self.theirs.shown, self.mine.shown
        return {name for name in DAY_FIELDS if theirs[name] != mine[name]}


@dataclass(frozen=True, kw_only=True)
class EditConflicts:
    """The merged days, the conflicts, and other changes of the card.

    `formset` has the submitted days, or the stored ones where those are used. `others` describes the other changes.
    """

    formset: Any
    days: Mapping[date, DayConflict] = field(default_factory=dict)
    others: list[EventDescription] = field(default_factory=list)

    @property
    def unanswered(self) -> int:
        return sum(not met.choice for met in self.days.values())


def between(
    card: WorkCard,
    formset: Any,
    data: Any,
    *,
    since: int,
    asks_again: bool = False,
) -> EditConflicts:
    """Return the changes since version `since` of the card, which the page showed.

    `data` is the submitted form, including the user's choices. With `asks_again` the choices are ignored, since the
    card has changed again after them.
    """
    if since >= card.version:
        return EditConflicts(formset=formset)
    events = _events_since(card, since)
    stored = {entry.work_date: entry for entry in card.day_entries.all()}
    days: dict[date, DayConflict] = {}
    taken: dict[int, Any] = {}
    for index, form in enumerate(formset.forms):
        day = form.cleaned_data["work_date"]
        entry = stored.get(day)
        was = _as_shown(events, day, entry)
        theirs, mine = _facts(entry), _typed(form)
        if theirs in (was, mine):
            continue
        is_untouched = mine == was
        choice = "" if asks_again else data.get(choice_name(day), "")
        if choice not in (THEIRS, MINE):
            choice = THEIRS if is_untouched else ""
        if choice == THEIRS:
            taken[index] = entry
        who, at = _last_hand(events, day)
        days[day] = DayConflict(
            day=day,
            who=who,
            at=at,
            theirs=Line(shown=_in_words(theirs), values=as_typed(entry)),
            mine=_line_of(form, mine),
            is_untouched=is_untouched,
            choice=choice,
        )
    return EditConflicts(
        formset=refilled(card, formset, taken) if taken else formset,
        days=days,
        others=describe_events(
            event for event in events or () if not _is_of_days(event)
        ),
    )


def choice_name(day: date) -> str:
    """Return the name of the field with the user's choice for a day."""
    return f"take_{day.isoformat()}"


def _events_since(card: WorkCard, since: int) -> list[AuditEvent] | None:
    """Return one event for each version since, newest first.

    Return None if the audit trail does not have all of them.
    """
    count = card.version - since
    events = AuditEvent.objects.of_work_card(card.pk).filter(entity_type="workcard")
    found = list(events.exclude(event_type__in=_NO_NEW_VERSION)[:count])
    return found if len(found) == count else None


def _is_of_days(event: AuditEvent) -> bool:
    return event.event_type == "days_updated"


def _as_shown(
    events: list[AuditEvent] | None, day: date, entry: DayEntry | None
) -> Any:
    """Return the day before the first of these events.

    Without the events, return an object that equals no day, so that the user has to choose.
    """
    if events is None:
        return object()
    for event in reversed(events):
        before = event.metadata.get("before") or {}
        if _is_of_days(event) and day.isoformat() in before:
            return before[day.isoformat()]
    return _facts(entry)


def _last_hand(
    events: list[AuditEvent] | None, day: date
) -> tuple[str, datetime | None]:
    """Return the user and time of the day's last change."""
    for event in events or ():
        if _is_of_days(event) and day.isoformat() in (
            event.metadata.get("before") or {}
        ):
            return event.actor_label, event.created_at
    return "", None


def _facts(day: Any) -> Facts:
    """Return a day in the form of the audit trail, without empty values."""
    return day_snapshot(day) if day is not None else None


def _typed(form: Any) -> Facts | DayRefused:
    """Return the submitted day in the audit trail's form, or its validation error."""
    typed = {name: value for name, value in form.cleaned_data.items() if value != ""}
    typed.pop("work_date")
    try:
        return _facts(day_figures(**typed))
    except DayRefused as refused:
        return refused


def _line_of(form: Any, typed: Facts | DayRefused) -> Line:
    values = {name: str(form[name].value() or "") for name in DAY_FIELDS}
    # An invalid day is shown as it was submitted.
    return Line(
        shown=_in_words(values if isinstance(typed, DayRefused) else typed),
        values=values,
    )


def _in_words(facts: Facts) -> dict[str, str]:
    said = {name: str((facts or {}).get(name) or "") for name in DAY_FIELDS}
    for name in ("from_time", "to_time"):
        said[name] = said[name][:5]  # without seconds
    return {**said, "day_status": _absence(said["day_status"])}


def _absence(status: str) -> str:
    return str(DayStatus(status).label) if status in DayStatus.values else status
