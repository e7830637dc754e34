"""The service that writes the days of a card."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from automatehq.api.errors import Invalid, Problem
from workcards.day_edits import patched_day
from workcards.hours import DayFigures, DayValues, InvalidDay, day_figures
from workcards.models import DayEntry, WorkCard
from workcards.month_math import first_of_month

from .audit_events import DAY_FIELDS, day_snapshot, record_card, with_iso_dates
from .locking import lock_card, require_pending, require_right

# Date → the figures to store, or None to remove the day.
DayChanges = dict[date, DayFigures | None]


@transaction.atomic
def set_day_entries(
    *,
    card_id: uuid.UUID,
    version: int | None,
    entries: Sequence[DayValues],
    actor: User | None,
    keep_others: bool = False,
) -> WorkCard:
    """Replace the card's days, or with `keep_others` change only the given fields.

    An entry has `work_date` and the arguments of `hours.day_figures`. A date without any figures has no entry. With
    `keep_others` this applies to the figures that remain: see `day_edits.patched_day`. All entries are written or
    none.

    Raises `Conflict` (`stale_version`, `card_approved`, `invalid_transition`), and `Invalid` with a problem for each
    field, `entries.<index>.<field>`. For `total_mismatch`, `mismatches` has the figures.
    """
    require_right(actor, "cards.review")
    card = lock_card(card_id, version=version)
    require_pending(card)
    stored = {entry.work_date: entry for entry in card.day_entries.all()}
    figures = {day: _figures(entry) for day, entry in stored.items()}
    changes = _validate(
        entries, card.processing_month, figures if keep_others else None
    )
    if not keep_others:
        changes = dict.fromkeys(stored, None) | changes
    before = {day: day_snapshot(stored[day]) for day in changes if day in stored}
    after = _write(card, stored, changes)
    changed = {day for day in changes if before.get(day) != after.get(day)}
    if changed:
        card.version += 1
        card.save(update_fields=["version", "updated_at"])
        record_card(
            "days_updated",
            card,
            actor=actor,
            before=with_iso_dates({day: before.get(day) for day in changed}),
            after=with_iso_dates({day: after.get(day) for day in changed}),
        )
    return card


def _figures(entry: DayEntry) -> DayFigures:
    """Return the stored figures of an entry."""
    return DayFigures(**{field: getattr(entry, field) for field in DAY_FIELDS})


def _validate(
    entries: Sequence[DayValues],
    month: date,
    stored: Mapping[date, DayFigures] | None,
) -> DayChanges:
    """Return the entries by date, merged with the `stored` days if given.

    Raises `Invalid` with every problem.
    """
    changes: DayChanges = {}
    problems: list[Problem] = []
    mismatches: list[dict[str, Any]] = []
    for index, entry in enumerate(entries):
        values = dict(entry)
        day = values.pop("work_date")
        path = f"entries.{index}"
        if first_of_month(day) != month:
            detail = _("This date is not in the card's month.")
            problems.append(Problem("outside_month", detail, f"{path}.work_date"))
            continue
        if day in changes:
            detail = _("This date appears twice.")
            problems.append(Problem("duplicate_date", detail, f"{path}.work_date"))
            continue
        try:
            changes[day] = (
                day_figures(**values)
                if stored is None
                else patched_day(stored.get(day), values)
            )
        except InvalidDay as error:
            changes[day] = None
            problems.append(Problem(error.code, error.detail, f"{path}.{error.field}"))
            if error.code == "total_mismatch":
                mismatches.append(
                    {"index": index, "work_date": day.isoformat(), **error.extras}
                )
    if problems:
        extra = {"mismatches": mismatches} if mismatches else {}
        raise Invalid.from_problems(problems, **extra)
    return changes


def _write(
    card: WorkCard, stored: dict[date, DayEntry], changes: DayChanges
) -> dict[date, dict[str, Any]]:
    """Create, change and delete day entries.

    Return the remaining entries in the form of the audit trail.
    """
    removed, new, changed, remaining = [], [], [], {}
    for day, figures in changes.items():
        entry = stored.get(day)
        if figures is None:
            if entry:
                removed.append(entry.pk)
            continue
        values = {field: getattr(figures, field) for field in DAY_FIELDS}
        if entry is None:
            entry = DayEntry(work_card=card, work_date=day, **values)
            new.append(entry)
        elif values != {field: getattr(entry, field) for field in DAY_FIELDS}:
            for field, value in values.items():
                setattr(entry, field, value)
            changed.append(entry)
        remaining[day] = day_snapshot(entry)
    if removed:
        DayEntry.objects.filter(pk__in=removed).delete()
    if changed:
        DayEntry.objects.bulk_update(changed, DAY_FIELDS)
    if new:
        DayEntry.objects.bulk_create(new)
    return remaining
