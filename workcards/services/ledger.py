"""Posting to the ledger of approved days, and taking back from it.

Whoever calls holds the card and the employee's ledger. A row of the ledger is never changed: it is taken out and another
put in, so that its id stands for its figures, and an answer about one can't be taken for an answer about another.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from automatehq.rest.errors import Conflict, Invalid
from workcards.hours import DayRefused, check_shared_date
from workcards.models import ApprovedDay, DayEntry, WorkCard
from workcards.serializers import moment, reference
from workcards.states import ReviewStatus


class Choice(models.TextChoices):
    """What shall become of a date that the ledger has already."""

    KEEP = "keep", gettext_lazy("Keep what is in the ledger")
    REPLACE = "replace", gettext_lazy("Replace it by this card's")
    ADD = "add", gettext_lazy("Pay both")


@dataclass(frozen=True)
class Resolution:
    """The reviewer's answer to one conflict: `choice` about the ledger's row `approved_day_id`."""

    work_date: date
    approved_day_id: uuid.UUID
    choice: Choice | str


class Answer(NamedTuple):
    choice: Choice
    attr: str
    """Where in the request it stands."""


class DateConflict(NamedTuple):
    """A line of the card, and the rows that the ledger has for its date, none of which says the same."""

    entry: DayEntry
    rows: list[ApprovedDay]


def post_card(
    card: WorkCard, entries: Sequence[DayEntry], resolutions: Sequence[Resolution]
) -> list[dict[str, Any]]:
    """Post the days of a card that has just been approved; gives the conflicts that `resolutions` settled.

    A date that the ledger has at the same site with equal figures is kept. Any other date that it has is a conflict:
    `Conflict` `day_conflicts` lists them all until each row has its answer. `Invalid` for answers that do not fit.
    """
    ledger = _ledger_of(card, entries)
    posted = [entry for entry in entries if entry.work_date not in ledger]
    conflicts = [
        DateConflict(entry, rows)
        for entry in entries
        if (rows := ledger.get(entry.work_date))
        and not any(row.says_the_same(card, entry) for row in rows)
    ]
    answers = _answers(card, conflicts, resolutions)
    replaced: list[ApprovedDay] = []
    for conflict in conflicts:
        taken_out, is_posted = _settle(card, conflict, answers)
        replaced += taken_out
        if is_posted:
            posted.append(conflict.entry)
    if replaced:
        ApprovedDay.objects.filter(pk__in=[row.pk for row in replaced]).delete()
    ApprovedDay.objects.bulk_create(_row(card, entry) for entry in posted)
    return [
        {**_as_json(card, entry, row), "choice": answers[row.pk].choice.value}
        for entry, rows in conflicts
        for row in rows
    ]


def withdraw_card(card: WorkCard) -> dict[date, WorkCard]:
    """Take out the rows of a card that is approved no more; gives the dates that were posted anew, and from which card.

    A date left without a row is posted from the approved card with the latest `approved_at` that has it.
    """
    own = ApprovedDay.objects.filter(work_card=card)
    dates = set(own.values_list("work_date", flat=True))
    own.delete()
    rows = ApprovedDay.objects.filter(employee_id=card.employee_id, work_date__in=dates)
    dates -= set(rows.values_list("work_date", flat=True))
    others = (
        DayEntry.objects.filter(
            work_date__in=dates,
            work_card__employee_id=card.employee_id,
            work_card__review_status=ReviewStatus.APPROVED,
        )
        .exclude(work_card=card)
        .select_related("work_card")
        .order_by("work_date", "-work_card__approved_at", "-work_card_id")
        .distinct("work_date")
    )
    latest = list(others)
    ApprovedDay.objects.bulk_create(_row(entry.work_card, entry) for entry in latest)
    return {entry.work_date: entry.work_card for entry in latest}


def _ledger_of(
    card: WorkCard, entries: Iterable[DayEntry]
) -> Mapping[date, list[ApprovedDay]]:
    """What the ledger has for the card's employee on the dates of `entries`."""
    rows = ApprovedDay.objects.filter(
        employee_id=card.employee_id,
        work_date__in=[entry.work_date for entry in entries],
    )
    by_date = defaultdict(list)
    for row in rows.select_related("site").order_by("work_date", "id"):
        by_date[row.work_date].append(row)
    return dict(by_date)


def _answers(
    card: WorkCard, conflicts: list[DateConflict], resolutions: Sequence[Resolution]
) -> dict[uuid.UUID, Answer]:
    """The answer to each conflicting row, by its id."""
    answers: dict[uuid.UUID, Answer] = {}
    given_dates = {}
    for index, given in enumerate(resolutions):
        if given.approved_day_id in answers:
            detail = _("This was answered already.")
            attr = f"resolutions.{index}.approved_day_id"
            raise Invalid("duplicate", detail, attr)
        answers[given.approved_day_id] = Answer(
            Choice(given.choice), f"resolutions.{index}.choice"
        )
        given_dates[given.approved_day_id] = given.work_date
    asked = {row.pk: row.work_date for _entry, rows in conflicts for row in rows}
    if asked != given_dates:
        # Also if an answer is about a row that is there no more: what the reviewer saw is not what is.
        raise Conflict(
            "day_conflicts",
            _("The ledger has other figures for some of these dates.")
            if asked
            else _("The ledger has changed: there is nothing to choose any more."),
            conflicts=_all_as_json(card, conflicts),
        )
    return answers


def _settle(
    card: WorkCard, conflict: DateConflict, answers: Mapping[uuid.UUID, Answer]
) -> tuple[list[ApprovedDay], bool]:
    """Which rows of a date go, and whether the card's own is posted."""
    entry, rows = conflict
    given = [answers[row.pk] for row in rows]
    choices = {answer.choice for answer in given}
    for row, answer in zip(rows, given, strict=True):
        if row.site_id == card.site_id and answer.choice is Choice.ADD:
            detail = _("Both can be paid at different sites only.")
            raise Invalid("same_site", detail, answer.attr)
    if choices == {Choice.KEEP}:
        return [], False
    replaced = [
        row
        for row, answer in zip(rows, given, strict=True)
        if answer.choice is Choice.REPLACE
    ]
    # Replacing at the same site and adding to others goes together; any other mixture contradicts itself.
    is_beside_others = choices == {Choice.REPLACE, Choice.ADD} and all(
        row.site_id == card.site_id for row in replaced
    )
    if len(choices) > 1 and not is_beside_others:
        detail = _("The answers for %(date)s contradict each other.")
        raise Invalid(
            "mixed_resolutions", detail % {"date": entry.work_date}, given[0].attr
        )
    kept = [row for row in rows if row not in replaced]
    try:
        check_shared_date([entry.payable, *(row.payable for row in kept)])
    except DayRefused as refused:
        raise Conflict(
            refused.code,
            f"{entry.work_date}: {refused.detail}",
            given[0].attr,
            conflicts=_all_as_json(card, [conflict]),
        ) from refused
    return replaced, True


def _row(card: WorkCard, entry: DayEntry) -> ApprovedDay:
    """The ledger's row of a line of an approved card."""
    assert card.employee_id is not None
    assert card.approved_at is not None
    return ApprovedDay(
        employee_id=card.employee_id,
        site_id=card.site_id,
        work_card=card,
        work_date=entry.work_date,
        hours=entry.total_hours,
        from_time=entry.from_time,
        to_time=entry.to_time,
        break_minutes=entry.break_minutes,
        day_status=entry.day_status,
        approved_by_id=card.approved_by_id,
        approved_by_name=card.approved_by_name,
        approved_at=card.approved_at,
    )


def _all_as_json(
    card: WorkCard, conflicts: Iterable[DateConflict]
) -> list[dict[str, Any]]:
    return [_as_json(card, entry, row) for entry, rows in conflicts for row in rows]


def _as_json(card: WorkCard, entry: DayEntry, row: ApprovedDay) -> dict[str, Any]:
    """A conflict with both figures and cards, as the API and the trail write it."""
    return {
        "date": entry.work_date.isoformat(),
        "approved_day_id": str(row.pk),
        "same_site": row.site_id == card.site_id,
        "new": {
            "hours": _hours(entry.total_hours),
            "day_status": entry.day_status,
            "site": reference(card.site_id, card.site.site_name),
        },
        "ledger": {
            "hours": _hours(row.hours),
            "day_status": row.day_status,
            "site": reference(row.site_id, row.site.site_name),
            "work_card_id": str(row.work_card_id),
            "approved_by": reference(row.approved_by_id, row.approved_by_name),
            "approved_at": moment(row.approved_at),
        },
    }


def _hours(hours: Any) -> str | None:
    return None if hours is None else f"{hours:.2f}"
