"""What somebody else has saved since a page was drawn, day by day beside what was typed on it.

Three are compared of each day: as the page showed it, as it is stored now, and as it was typed. A day that only the
other has changed is theirs, one that only this page has changed is mine; where both did, the person chooses.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from audit.descriptions import EventDescription, told
from audit.models import AuditEvent
from workcards.hours import DayRefused, day_figures
from workcards.models import DayEntry, WorkCard
from workcards.services.audit_events import DAY_FIELDS, day_snapshot
from workcards.transitions import DayStatus

from .day_forms import as_typed, refilled

THEIRS, MINE = "theirs", "mine"
# What happens to a card and makes no new version of it.
_NO_NEW_VERSION = ("card_uploaded", "card_created", "ledger_backfill_conflict")

Facts = Mapping[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class Line:
    """A day as one of the two has it: `shown` to people, and `values` as the cells hold them, both by field."""

    shown: Mapping[str, str]
    values: Mapping[str, str]

    @property
    def as_json(self) -> str:
        return json.dumps(self.values)


@dataclass(frozen=True, kw_only=True)
class DayConflict:
    """A day that somebody else has changed and that differs from what was typed. `choice` is "" until there is one."""

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
        """The fields on which the two differ."""
        theirs, mine = self.theirs.shown, self.mine.shown
        return {name for name in DAY_FIELDS if theirs[name] != mine[name]}


@dataclass(frozen=True, kw_only=True)
class EditConflicts:
    """`formset` is what was typed, with theirs where theirs is taken; `others` tell what else became of the card."""

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
    """What came between version `since` of the card, which the page showed, and the present one.

    `data` is what was sent, with the choices that were made; with `asks_again` they count no more, since the card has
    changed once more after them.
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
        others=told(event for event in events or () if not _is_of_days(event)),
    )


def choice_name(day: date) -> str:
    """The name under which a page sends whose line of a day is taken."""
    return f"take_{day.isoformat()}"


def _events_since(card: WorkCard, since: int) -> list[AuditEvent] | None:
    """An event for each version since, newest first; None if the trail does not have them all."""
    count = card.version - since
    events = AuditEvent.objects.of_work_card(card.pk).filter(entity_type="workcard")
    found = list(events.exclude(event_type__in=_NO_NEW_VERSION)[:count])
    return found if len(found) == count else None


def _is_of_days(event: AuditEvent) -> bool:
    return event.event_type == "days_updated"


def _as_shown(
    events: list[AuditEvent] | None, day: date, entry: DayEntry | None
) -> Any:
    """The day before the first of these events; where nobody knows, it is like nothing else, and the person decides."""
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
    """Who has changed the day last, and when."""
    for event in events or ():
        if _is_of_days(event) and day.isoformat() in (
            event.metadata.get("before") or {}
        ):
            return event.actor_label, event.created_at
    return "", None


def _facts(day: Any) -> Facts:
    """A day as the trail has it: what it does not say is left out."""
    return day_snapshot(day) if day is not None else None


def _typed(form: Any) -> Facts | DayRefused:
    """What was typed, as the trail would have it; if it could not be stored, why."""
    typed = {name: value for name, value in form.cleaned_data.items() if value != ""}
    typed.pop("work_date")
    try:
        return _facts(day_figures(**typed))
    except DayRefused as refused:
        return refused


def _line_of(form: Any, typed: Facts | DayRefused) -> Line:
    values = {name: str(form[name].value() or "") for name in DAY_FIELDS}
    # What can't be stored is shown as it was typed.
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
