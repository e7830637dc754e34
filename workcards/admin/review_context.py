"""Data shown beside a card's days: paid days, days of other cards, and the next card."""

import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q
from django.utils.translation import gettext as _

from workcards.day_warnings import Day
from workcards.models import DayEntry, WorkCard
from workcards.month_math import first_of_month
from workcards.services.card_warnings import days_of_employees
from workcards.transitions import DayStatus, ReviewStatus


@dataclass(frozen=True, kw_only=True)
class ComparisonNote:
    """Another figure for a day of the card.

    `kind` is its style, `mark` its sign, and `said` the text that explains them.
    """

    kind: str
    mark: str
    said: str
    figure: str
    what: str = ""
    card_id: uuid.UUID | None = None


@dataclass(frozen=True, kw_only=True)
class ReviewContext:
    """The data beside a card's days.

    `entries` are the card's own days by date, `remarks` the notes about them. `days` are all days of its employee
    around the month.
    """

    entries: Mapping[date, DayEntry]
    remarks: Mapping[date, list[ComparisonNote]]
    others: list[WorkCard]
    pages: list[WorkCard]
    days: dict[uuid.UUID, list[Day]]


@dataclass(frozen=True, kw_only=True)
class Queue:
    """The cards before and after a card, in its month's queue or in a filtered list.

    `is_of_list` is True for a filtered list.
    """

    before: uuid.UUID | None
    after: uuid.UUID | None
    position: int
    total: int
    is_of_list: bool = False


def beside(card: WorkCard) -> ReviewContext:
    """Return the card's days, and the other figures of the employee's month.

    At most three queries.
    """
    kin = _kin_of(card)
    others = [other for other in kin if _is_of_the_same(other, card)]
    entries = {
        entry.work_date: entry for entry in DayEntry.objects.filter(work_card=card)
    }
    days = days_of_employees([card])
    remarks: dict[date, list[ComparisonNote]] = defaultdict(list)
    by_id = {other.pk: other for other in others}
    in_month = [
        day
        for found in days.values()
        for day in found
        if first_of_month(day.work_date) == card.processing_month
    ]
    for row in sorted(
        (day for day in in_month if day.is_approved),
        key=lambda row: (row.work_date, row.approved_day_id),
    ):
        own = entries.get(row.work_date)
        site = by_id.get(row.card_id, card).site
        remarks[row.work_date].append(_of_ledger(card, own, row, site.site_name))
    for other in others:
        for draft in in_month:
            if draft.card_id == other.pk and not draft.is_approved:
                remarks[draft.work_date].append(
                    ComparisonNote(
                        kind="draft",
                        mark="half",
                        said=_("Another card says, not approved yet:"),
                        figure=figure_of(draft.hours, draft.day_status),
                        what=other.site.site_name,
                        card_id=other.pk,
                    )
                )
    pages = [other for other in kin if card.file_id and other.file_id == card.file_id]
    pages.sort(key=lambda other: (other.page, other.pk))
    return ReviewContext(
        entries=entries, remarks=remarks, others=others, pages=pages, days=days
    )


def queue_around(card: WorkCard) -> Queue:
    """Return the card's position among its month's cards to review; one query.

    The first card follows the last, so that the reviewer returns to skipped cards.
    """
    waiting = (
        WorkCard.objects.for_month(card.processing_month)
        .with_status(ReviewStatus.NEEDS_REVIEW)
        .order_by("-created_at", "-id")
        .values_list("created_at", "pk")
    )
    found = list(waiting)
    here = (card.created_at, card.pk)
    newer = [pk for at, pk in found if (at, pk) > here]
    older = [pk for at, pk in found if (at, pk) < here]
    is_waiting = len(newer) + len(older) < len(found)
    return Queue(
        before=(newer or older or [None])[-1],
        after=(older or newer or [None])[0],
        position=len(newer) + 1 if is_waiting else 0,
        total=len(found),
    )


def figure_of(hours: Decimal | None, day_status: str | None) -> str:
    """Return the hours, or the name of an absence."""
    return str(DayStatus(day_status).label) if day_status else f"{hours:.2f}"


def _kin_of(card: WorkCard) -> list[WorkCard]:
    """Return the cards of the same employee and month, and those of the same file.

    The card itself is included.
    """
    same = Q(pk__in=[])
    if card.employee_id is not None:
        same |= Q(employee_id=card.employee_id, processing_month=card.processing_month)
    if card.file_id is not None:
        same |= Q(file_id=card.file_id)
    found = WorkCard.objects.filter(same).select_related("site")
    return list(found.order_by("created_at", "pk")) if same else []


def _is_of_the_same(other: WorkCard, card: WorkCard) -> bool:
    return (
        other.pk != card.pk
        and card.employee_id is not None
        and other.employee_id == card.employee_id
        and other.processing_month == card.processing_month
    )


def _of_ledger(
    card: WorkCard, own: DayEntry | None, row: Day, site_name: str
) -> ComparisonNote:
    figure = figure_of(row.hours, row.day_status)
    if row.card_id == card.pk:
        said = _("Paid from this card:")
        return ComparisonNote(kind="approved", mark="done", said=said, figure=figure)
    if own is None:
        kind, mark, said = "approved", "done", _("Paid:")
    elif own.set_aside_by_id is not None:
        kind, mark, said = "approved", "done", _("Paid instead of this card:")
    elif (row.site_id, row.payable) == (card.site_id, own.payable):
        kind, mark, said = "approved", "done", _("Paid, the same:")
    else:
        kind, mark, said = "conflict", "clash", _("Paid, and different:")
    return ComparisonNote(
        kind=kind,
        mark=mark,
        said=said,
        figure=figure,
        what=site_name,
        card_id=row.card_id,
    )
