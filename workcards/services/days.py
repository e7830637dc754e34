"""The service that writes the days of a card."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from automatehq.api.errors import Invalid, Problem
from workcards.day_edits import patched_day
from workcards.hours import DayFigures, DayRefused, day_figures
from workcards.models import DayEntry, WorkCard
from workcards.month_math import first_of_month

from .audit_events import DAY_FIELDS, by_date, day_snapshot, record_card
from .locking import lock_card, require_pending, require_right

# Date → the figures to store, or None to remove the day.
Wanted = dict[date, DayFigures | None]


@transaction.atomic
def set_day_entries(
    *,
    card_id: uuid.UUID,
    version: int | None,
    entries: Sequence[Mapping[str, Any]],
    actor: Any,
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
    present = {entry.work_date: entry for entry in card.day_entries.all()}
    stored = {day: _figures(entry) for day, entry in present.items()}
    wanted = _checked(entries, card.processing_month, stored if keep_others else None)
    if not keep_others:
        wanted = dict.fromkeys(present, None) | wanted
    before = {day: day_snapshot(present[day]) for day in wanted if day in present}
    after = _write(card, present, wanted)
    changed = {day for day in wanted if before.get(day) != after.get(day)}
    if changed:
        card.version += 1
        card.save(update_fields=["version", "updated_at"])
        record_card(
            "days_updated",
            card,
            actor=actor,
            before=by_date({day: before.get(day) for day in changed}),
            after=by_date({day: after.get(day) for day in changed}),
        )
    return card


def _figures(entry: DayEntry) -> DayFigures:
    """Return the stored figures of an entry."""
    return DayFigures(**{field: getattr(entry, field) for field in DAY_FIELDS})


def _checked(
    entries: Sequence[Mapping[str, Any]],
    month: date,
    stored: Mapping[date, DayFigures] | None,
) -> Wanted:
    """Return the entries by date, merged with the `stored` days if given.

    Raises `Invalid` with every problem.
    """
    wanted: Wanted = {}
    problems: list[Problem] = []
    mismatches: list[dict[str, Any]] = []
    for index, entry in enumerate(entries):
        given = dict(entry)
        day = given.pop("work_date")
        where = f"entries.{index}"
        if first_of_month(day) != month:
            detail = _("This date is not in the card's month.")
            problems.append(Problem("outside_month", detail, f"{where}.work_date"))
            continue
        if day in wanted:
            detail = _("This date is there twice.")
            problems.append(Problem("duplicate_date", detail, f"{where}.work_date"))
            continue
        try:
            wanted[day] = (
                day_figures(**given)
                if stored is None
                else patched_day(stored.get(day), given)
            )
        except DayRefused as refused:
            wanted[day] = None
            problems.append(
                Problem(refused.code, refused.detail, f"{where}.{refused.field}")
            )
            if refused.code == "total_mismatch":
                mismatches.append(
                    {"index": index, "work_date": day.isoformat(), **refused.extras}
                )
    if problems:
        extra = {"mismatches": mismatches} if mismatches else {}
        raise Invalid.several(problems, **extra)
    return wanted


def _write(
    card: WorkCard, present: dict[date, DayEntry], wanted: Wanted
) -> dict[date, dict[str, Any]]:
    """Create, change and delete day entries.

    Return the remaining entries in the form of the audit trail.
    """
    gone, new, changed, kept = [], [], [], {}
    for day, figures in wanted.items():
        entry = present.get(day)
        if figures is None:
            if entry:
                gone.append(entry.pk)
            continue
        values = {field: getattr(figures, field) for field in DAY_FIELDS}
        if entry is None:
            entry = DayEntry(work_card=card, work_date=day, **values)
            new.append(entry)
        elif values != {field: getattr(entry, field) for field in DAY_FIELDS}:
            for field, value in values.items():
                setattr(entry, field, value)
            changed.append(entry)
        kept[day] = day_snapshot(entry)
    if gone:
        DayEntry.objects.filter(pk__in=gone).delete()
    if changed:
        DayEntry.objects.bulk_update(changed, DAY_FIELDS)
    if new:
        DayEntry.objects.bulk_create(new)
    return kept
