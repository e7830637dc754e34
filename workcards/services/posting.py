"""Posting of the days of an approved card to the ledger.

The caller has locked the card and the employee's ledger. A ledger row is never changed: it is removed and a new row
posted. So the id of a row identifies its figures, and an answer about one row can't apply to another.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from automatehq.api.errors import Conflict, Invalid
from workcards.hours import InvalidDay, check_shared_date
from workcards.json_values import hours_text, named_reference, timestamp_text
from workcards.models import ApprovedDay, DayEntry, WorkCard

from .reposting import (
    ledger_of,
    ledger_row,
    prevailing_row,
    set_aside,
)


class Choice(models.TextChoices):
    """The answer to a conflict about a date that the ledger already has."""

    KEEP = "keep", gettext_lazy("Keep the paid hours")
    REPLACE = "replace", gettext_lazy("Replace with this card")
    ADD = "add", gettext_lazy("Pay both")


@dataclass(frozen=True)
class Resolution:
    """The reviewer's answer to the conflict with the ledger row `approved_day_id`."""

    work_date: date
    approved_day_id: uuid.UUID
    choice: Choice | str


class ConflictSelection(NamedTuple):
    """A choice, and the path of its field in the request."""

    choice: Choice
    attr: str


class DateConflict(NamedTuple):
    """A day of the card, and the ledger rows of its date, all with other figures."""

    entry: DayEntry
    rows: list[ApprovedDay]


def post_card(
    card: WorkCard, entries: Sequence[DayEntry], resolutions: Sequence[Resolution]
) -> list[dict[str, Any]]:
    """Post the days of an approved card; return the conflicts that were settled.

    A day that the ledger has at the same site with equal figures is set aside by that row's card. Any other date that
    the ledger has is a conflict: `keep` sets the card's day aside, `replace` the days of the rows.

    Raises `Conflict` `day_conflicts` with all conflicts until each row has its answer, and `Invalid` for answers that
    do not fit.
    """
    assert card.employee_id is not None
    ledger = ledger_of(card.employee_id, [entry.work_date for entry in entries])
    posted = [entry for entry in entries if entry.work_date not in ledger]
    conflicts, aside = [], []
    for entry in entries:
        rows = ledger.get(entry.work_date, [])
        same = [row for row in rows if row.has_same_figures(card, entry)]
        if same:
            entry.set_aside_by_id = same[0].work_card_id
            aside.append(entry)
        elif rows:
            conflicts.append(DateConflict(entry, rows))
    selections = _match_selections(card, conflicts, resolutions)
    replaced: list[ApprovedDay] = []
    for conflict in conflicts:
        removed, is_posted = _resolve_conflict(card, conflict, selections)
        replaced += removed
        if is_posted:
            posted.append(conflict.entry)
        else:
            paid = prevailing_row(card.site_id, conflict.rows)
            assert paid is not None
            conflict.entry.set_aside_by_id = paid.work_card_id
            aside.append(conflict.entry)
    if replaced:
        aside += set_aside(replaced, card)
        ApprovedDay.objects.filter(pk__in=[row.pk for row in replaced]).delete()
    ApprovedDay.objects.bulk_create(ledger_row(card, entry) for entry in posted)
    if aside:
        DayEntry.objects.bulk_update(aside, ["set_aside_by"])
    return [
        {**_as_json(card, entry, row), "choice": selections[row.pk].choice.value}
        for entry, rows in conflicts
        for row in rows
    ]


def _match_selections(
    card: WorkCard, conflicts: list[DateConflict], resolutions: Sequence[Resolution]
) -> dict[uuid.UUID, ConflictSelection]:
    """Return the answer to each conflicting row, by the row's id."""
    selections: dict[uuid.UUID, ConflictSelection] = {}
    selected_dates = {}
    for index, resolution in enumerate(resolutions):
        if resolution.approved_day_id in selections:
            detail = _("Already resolved.")
            attr = f"resolutions.{index}.approved_day_id"
            raise Invalid("duplicate", detail, attr)
        selections[resolution.approved_day_id] = ConflictSelection(
            Choice(resolution.choice), f"resolutions.{index}.choice"
        )
        selected_dates[resolution.approved_day_id] = resolution.work_date
    conflicting = {row.pk: row.work_date for _entry, rows in conflicts for row in rows}
    if conflicting != selected_dates:
        # Raised also if an answer names a row that no longer exists: the reviewer saw an outdated ledger.
        raise Conflict(
            "day_conflicts",
            _("Some days are already paid with different hours. Choose which to keep.")
            if conflicting
            else _("The ledger has changed. This conflict no longer exists."),
            conflicts=_all_as_json(card, conflicts),
        )
    return selections


def _resolve_conflict(
    card: WorkCard,
    conflict: DateConflict,
    selections: Mapping[uuid.UUID, ConflictSelection],
) -> tuple[list[ApprovedDay], bool]:
    """Return the rows of a date to remove, and True if the card's own day is posted."""
    entry, rows = conflict
    row_selections = [selections[row.pk] for row in rows]
    choices = {selection.choice for selection in row_selections}
    for row, selection in zip(rows, row_selections, strict=True):
        if row.site_id == card.site_id and selection.choice is Choice.ADD:
            detail = _("Both can be paid only at different sites.")
            raise Invalid("same_site", detail, selection.attr)
    if choices == {Choice.KEEP}:
        return [], False
    replaced = [
        row
        for row, selection in zip(rows, row_selections, strict=True)
        if selection.choice is Choice.REPLACE
    ]
    # Replacing at the same site and adding to other sites go together. Any other mixture is contradictory.
    is_shared_date = choices == {Choice.REPLACE, Choice.ADD} and all(
        row.site_id == card.site_id for row in replaced
    )
    if len(choices) > 1 and not is_shared_date:
        detail = _("The choices for %(date)s contradict each other.")
        raise Invalid(
            "mixed_resolutions",
            detail % {"date": entry.work_date},
            row_selections[0].attr,
        )
    remaining = [row for row in rows if row not in replaced]
    try:
        check_shared_date([entry.payable, *(row.payable for row in remaining)])
    except InvalidDay as error:
        raise Conflict(
            error.code,
            f"{entry.work_date}: {error.detail}",
            row_selections[0].attr,
            conflicts=_all_as_json(card, [conflict]),
        ) from error
    return replaced, True


def _all_as_json(
    card: WorkCard, conflicts: Iterable[DateConflict]
) -> list[dict[str, Any]]:
    return [_as_json(card, entry, row) for entry, rows in conflicts for row in rows]


def _as_json(card: WorkCard, entry: DayEntry, row: ApprovedDay) -> dict[str, Any]:
    """Return a conflict with both figures and cards, for the API and the audit trail."""
    return {
        "date": entry.work_date.isoformat(),
        "approved_day_id": str(row.pk),
        "same_site": row.site_id == card.site_id,
        "new": {
            "hours": hours_text(entry.total_hours),
            "minutes": entry.minutes,
            "day_status": entry.day_status,
            "site": named_reference(card.site_id, card.site.site_name),
        },
        "ledger": {
            "hours": hours_text(row.hours),
            "minutes": row.minutes,
            "day_status": row.day_status,
            "site": named_reference(row.site_id, row.site.site_name),
            "work_card_id": str(row.work_card_id),
            "approved_by": named_reference(row.approved_by_id, row.approved_by_name),
            "approved_at": timestamp_text(row.approved_at),
        },
    }
