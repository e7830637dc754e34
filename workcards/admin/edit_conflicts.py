"""Comparison of the submitted days with days that another user has saved meanwhile.

Three versions of each day are compared: the one on the page, the stored one, and the submitted one. If only the other
user has changed a day, the stored version is used. If only this page has changed it, the submitted one is used. If
both have changed it, the user chooses.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from audit.models import AuditEvent
from workcards.hours import InvalidDay, day_figures
from workcards.models import DayEntry, WorkCard
from workcards.services.audit_events import DAY_FIELDS, day_snapshot
from workcards.transitions import DayStatus

from .day_forms import DayForm, DayFormSet, to_form_values

# The values of the user's choice: the stored version, or the submitted one.
TAKE_STORED, TAKE_SUBMITTED = "theirs", "mine"
# Types of events that do not increase the card's version.
_NO_NEW_VERSION = ("card_uploaded", "card_created", "ledger_backfill_conflict")

# A day in the form of the audit trail, without empty values; None is no day.
Snapshot = Mapping[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class DayVersion:
    """One version of a day, by field: `shown` for display, `values` for cells."""

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
    editor: str
    edited_at: datetime | None
    stored_day: DayVersion
    submitted_day: DayVersion
    is_untouched: bool
    choice: str

    @property
    def field_name(self) -> str:
        return choice_field_name(self.day)

    @property
    def versions(self) -> list[tuple[str, str, str, DayVersion]]:
        return [
            (TAKE_STORED, _("Their version"), _("Use their version"), self.stored_day),
            (
                TAKE_SUBMITTED,
                _("Your version"),
                _("Keep your version"),
                self.submitted_day,
            ),
        ]

    @cached_property
    def differing_fields(self) -> set[str]:
        """Return the fields in which the two versions differ."""
        stored_day, submitted_day = self.stored_day.shown, self.submitted_day.shown
        return {name for name in DAY_FIELDS if stored_day[name] != submitted_day[name]}


@dataclass(frozen=True, kw_only=True)
class EditConflicts:
    """The conflicts by date, and the other changes of the card since the page was opened.

    `stored_forms` has the stored days to use, by the index of their form.
    """

    days: Mapping[date, DayConflict] = field(default_factory=dict)
    stored_forms: Mapping[int, DayEntry | None] = field(default_factory=dict)
    other_events: Sequence[AuditEvent] = ()

    @property
    def unresolved(self) -> int:
        return sum(not conflict.choice for conflict in self.days.values())


def find_edit_conflicts(
    formset: DayFormSet,
    *,
    events: Sequence[AuditEvent] | None,
    stored: Mapping[date, DayEntry],
    choices: Mapping[str, object],
) -> EditConflicts:
    """Return the conflicts between submitted days and days that another user has saved.

    `events` are the changes since the page was opened (see `events_since`), `stored` the card's days by date. `choices`
    is the submitted form with the user's choices. No query.
    """
    days: dict[date, DayConflict] = {}
    stored_forms: dict[int, DayEntry | None] = {}
    for index, form in enumerate(formset.forms):
        day = form.cleaned_data["work_date"]
        entry = stored.get(day)
        opened_version = _opened_version(events, day, entry)
        stored_day, submitted_day = _snapshot(entry), _submitted_version(form)
        if stored_day in (opened_version, submitted_day):
            continue
        is_untouched = submitted_day == opened_version
        choice = choices.get(choice_field_name(day), "")
        if choice not in (TAKE_STORED, TAKE_SUBMITTED):
            choice = TAKE_STORED if is_untouched else ""
        if choice == TAKE_STORED:
            stored_forms[index] = entry
        editor, edited_at = _last_edit(events, day)
        days[day] = DayConflict(
            day=day,
            editor=editor,
            edited_at=edited_at,
            stored_day=DayVersion(
                shown=_for_display(stored_day), values=to_form_values(entry)
            ),
            submitted_day=_day_version(form, submitted_day),
            is_untouched=is_untouched,
            choice=choice,
        )
    return EditConflicts(
        days=days,
        stored_forms=stored_forms,
        other_events=[event for event in events or () if not _changes_days(event)],
    )


def choice_field_name(day: date) -> str:
    """Return the name of the field with the user's choice for a day."""
    return f"take_{day.isoformat()}"


def events_since(card: WorkCard, version: int) -> list[AuditEvent] | None:
    """Return one event for each version of the card after `version`, newest first.

    Return None if the audit trail does not have all of them. One query.
    """
    count = card.version - version
    events = AuditEvent.objects.of_work_card(card.pk).filter(entity_type="workcard")
    latest = list(events.exclude(event_type__in=_NO_NEW_VERSION)[:count])
    return latest if len(latest) == count else None


def _changes_days(event: AuditEvent) -> bool:
    return event.event_type == "days_updated"


def _opened_version(
    events: Sequence[AuditEvent] | None, day: date, entry: DayEntry | None
) -> Any:
    """Return the day before the first of these events.

    Without the events, return an object that equals no day, so that the user has to choose.
    """
    if events is None:
        return object()
    for event in reversed(events):
        before = event.metadata.get("before") or {}
        if _changes_days(event) and day.isoformat() in before:
            return before[day.isoformat()]
    return _snapshot(entry)


def _last_edit(
    events: Sequence[AuditEvent] | None, day: date
) -> tuple[str, datetime | None]:
    """Return the user and time of the day's last change."""
    for event in events or ():
        if _changes_days(event) and day.isoformat() in (
            event.metadata.get("before") or {}
        ):
            return event.actor_label, event.created_at
    return "", None


def _snapshot(day: Any) -> Snapshot:
    return day_snapshot(day) if day is not None else None


def _submitted_version(form: DayForm) -> Snapshot | InvalidDay:
    """Return the submitted day, or its validation error."""
    values = {name: value for name, value in form.cleaned_data.items() if value != ""}
    values.pop("work_date")
    try:
        return _snapshot(day_figures(**values))
    except InvalidDay as error:
        return error


def _day_version(form: DayForm, submitted: Snapshot | InvalidDay) -> DayVersion:
    values = {name: str(form[name].value() or "") for name in DAY_FIELDS}
    # An invalid day is shown as it was submitted.
    shown = values if isinstance(submitted, InvalidDay) else submitted
    return DayVersion(shown=_for_display(shown), values=values)


def _for_display(day: Snapshot) -> dict[str, str]:
    texts = {name: str((day or {}).get(name) or "") for name in DAY_FIELDS}
    for name in ("from_time", "to_time"):
        texts[name] = texts[name][:5]  # without seconds
    if (status := texts["day_status"]) in DayStatus.values:
        texts["day_status"] = str(DayStatus(status).label)
    return texts
