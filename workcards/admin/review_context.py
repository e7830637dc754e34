"""Data shown beside a card's days: paid days, and days of other cards."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q
from django.utils.translation import gettext as _

from workcards.day_warnings import WarningDay
from workcards.models import DayEntry, WorkCard
from workcards.month_math import first_of_month
from workcards.transitions import DayStatus


@dataclass(frozen=True, kw_only=True)
class ComparisonNote:
    """Another figure for a day of the card.

    `kind` is its style, `icon` its sign, and `explanation` the text for both. `site_name` and `card_id` are the card
    that has the figure.
    """

    kind: str
    icon: str
    explanation: str
    figure: str
    site_name: str = ""
    card_id: uuid.UUID | None = None


@dataclass(frozen=True, kw_only=True)
class ReviewContext:
    """The data beside a card's days.

    `entries` are the card's own days by date, `notes` the other figures by date. `other_cards` are the employee's
    other cards of the month, `pages` the cards of the same file. `days` are all days of the employee around the month.
    """

    entries: Mapping[date, DayEntry]
    notes: Mapping[date, list[ComparisonNote]]
    other_cards: list[WorkCard]
    pages: list[WorkCard]
    days: dict[uuid.UUID, list[WarningDay]]


def build_review_context(
    card: WorkCard,
    *,
    entries: Mapping[date, DayEntry],
    related: Sequence[WorkCard],
    days: dict[uuid.UUID, list[WarningDay]],
) -> ReviewContext:
    """Return the data beside a card's days, from rows that the caller has read.

    `related` are the cards of `related_cards`, `days` those of `days_of_employees`. No query.
    """
    other_cards = [other for other in related if _is_same_month(other, card)]
    pages = [
        other for other in related if card.file_id and other.file_id == card.file_id
    ]
    pages.sort(key=lambda page: (page.page, page.pk))
    in_month = [
        day
        for days_of_employee in days.values()
        for day in days_of_employee
        if first_of_month(day.work_date) == card.processing_month
    ]
    return ReviewContext(
        entries=entries,
        notes=_notes(card, entries, other_cards, in_month),
        other_cards=other_cards,
        pages=pages,
        days=days,
    )


def related_cards(card: WorkCard) -> list[WorkCard]:
    """Return the cards of the same employee and month, and those of the same file.

    The card itself is included. One query.
    """
    same = Q(pk__in=[])
    if card.employee_id is not None:
        same |= Q(employee_id=card.employee_id, processing_month=card.processing_month)
    if card.file_id is not None:
        same |= Q(file_id=card.file_id)
    cards = WorkCard.objects.filter(same).select_related("site")
    return list(cards.order_by("created_at", "pk"))


def _is_same_month(other: WorkCard, card: WorkCard) -> bool:
    """Return True for another card of the same employee and month."""
    return (
        other.pk != card.pk
        and card.employee_id is not None
        and other.employee_id == card.employee_id
        and other.processing_month == card.processing_month
    )


def _notes(
    card: WorkCard,
    entries: Mapping[date, DayEntry],
    other_cards: Sequence[WorkCard],
    days: Sequence[WarningDay],
) -> dict[date, list[ComparisonNote]]:
    """Return the figures of the ledger, then those of other cards under review, by date."""
    notes: dict[date, list[ComparisonNote]] = defaultdict(list)
    site_names = {other.pk: other.site.site_name for other in other_cards}
    for row in sorted(
        (day for day in days if day.is_approved),
        key=lambda day: (day.work_date, day.approved_day_id),
    ):
        site_name = site_names.get(row.card_id) or card.site.site_name
        entry = entries.get(row.work_date)
        notes[row.work_date].append(_ledger_note(card, entry, row, site_name))
    for other in other_cards:
        for day in days:
            if day.card_id == other.pk and not day.is_approved:
                notes[day.work_date].append(
                    ComparisonNote(
                        kind="draft",
                        icon="half",
                        explanation=_("On another card, not approved yet:"),
                        figure=_figure(day.hours, day.day_status),
                        site_name=other.site.site_name,
                        card_id=other.pk,
                    )
                )
    return notes


def _ledger_note(
    card: WorkCard, entry: DayEntry | None, row: WarningDay, site_name: str
) -> ComparisonNote:
    """Return the note about a ledger row; `entry` is the card's own day of the date."""
    figure = _figure(row.hours, row.day_status)
    kind, icon = "approved", "done"
    if row.card_id == card.pk:
        explanation = _("Paid from this card:")
        return ComparisonNote(
            kind=kind, icon=icon, explanation=explanation, figure=figure
        )
    if entry is None:
        explanation = _("Paid:")
    elif entry.set_aside_by_id is not None:
        explanation = _("Paid instead of this card:")
    elif (row.site_id, row.payable) == (card.site_id, entry.payable):
        explanation = _("Paid, same value:")
    else:
        kind, icon, explanation = "conflict", "clash", _("Paid, different value:")
    return ComparisonNote(
        kind=kind,
        icon=icon,
        explanation=explanation,
        figure=figure,
        site_name=site_name,
        card_id=row.card_id,
    )


def _figure(hours: Decimal | None, day_status: str | None) -> str:
    """Return the hours, or the name of an absence."""
    return str(DayStatus(day_status).label) if day_status else f"{hours:.2f}"
