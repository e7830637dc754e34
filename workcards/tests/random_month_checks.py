"""Comparison of a business's rows with the plain model of its months."""

from collections.abc import Mapping
from typing import Any

from workcards.models import ApprovedDay, ClosedMonth, DayEntry, WorkCard
from workcards.services import find_faults
from workcards.tests.random_month_model import MONTHS, SICK, Model

_FIGURES = ("day_status", "from_time", "to_time", "break_minutes")


def compare(model: Model, people: list[Any], sites: list[Any]) -> None:
    """Assert that the rows equal `model` and break no invariant. Takes five queries."""
    entries = DayEntry.objects.values_list(
        "work_card_id",
        "work_date",
        "set_aside_by_id",
        "total_hours",
        *_FIGURES,
        named=True,
    )
    rows = ApprovedDay.objects.values_list(
        "work_card_id",
        "work_date",
        "employee_id",
        "site_id",
        "hours",
        *_FIGURES,
        named=True,
    )
    cards = {
        card.pk: card
        for card in WorkCard.objects.values_list(
            "pk",
            "employee_id",
            "site_id",
            "processing_month",
            "review_status",
            named=True,
        )
    }
    closed = set(ClosedMonth.objects.values_list("month", flat=True))
    assert closed == {MONTHS[month] for month in model.closed}
    assert set(cards.values()) == {
        (
            card.row.pk,
            None if card.employee is None else people[card.employee].pk,
            sites[card.site].pk,
            MONTHS[card.month],
            card.status,
        )
        for card in model.cards
    }
    assert {
        (day.work_card_id, day.work_date.day, minutes_of(day), day.set_aside_by_id)
        for day in entries
    } == {
        (
            card.row.pk,
            number,
            what,
            card.set_aside[number].row.pk if number in card.set_aside else None,
        )
        for card in model.cards
        for number, what in card.days.items()
    }
    _compare_ledger(model, people, sites, rows)
    _look_for_the_impossible(cards, list(entries), list(rows))
    assert find_faults() == []


def minutes_of(day: Any) -> int:
    """Return the minutes of a stored day, or its absence.

    The minutes come from its times if it has them.
    """
    if day.day_status:
        return SICK
    if day.from_time is None:
        return int((day.hours if hasattr(day, "hours") else day.total_hours) * 60)
    minutes = [each.hour * 60 + each.minute for each in (day.from_time, day.to_time)]
    return minutes[1] - minutes[0] - int(day.break_minutes)


def _compare_ledger(
    model: Model, people: list[Any], sites: list[Any], rows: Any
) -> None:
    person_of = {person.pk: index for index, person in enumerate(people)}
    site_of = {site.pk: index for index, site in enumerate(sites)}
    assert {
        (
            person_of[row.employee_id],
            MONTHS.index(row.work_date.replace(day=1)),
            row.work_date.day,
            site_of[row.site_id],
            minutes_of(row),
            row.work_card_id,
        )
        for row in rows
    } == model.rows()


def _look_for_the_impossible(
    cards: Mapping[Any, Any], entries: list[Any], rows: list[Any]
) -> None:
    """Assert that rows come from days of approved cards.

    Each of these days is posted, or leads to a posted day.
    """
    days = {(entry.work_card_id, entry.work_date): entry for entry in entries}
    posted = {(row.work_card_id, row.work_date) for row in rows}
    for row in rows:
        card = cards[row.work_card_id]
        assert (card.review_status, card.employee_id) == ("APPROVED", row.employee_id)
        assert (row.work_card_id, row.work_date) in days
    for entry in entries:
        card, seen = cards[entry.work_card_id], set()
        if card.review_status != "APPROVED":
            assert entry.set_aside_by_id is None
            continue
        while (entry.work_card_id, entry.work_date) not in posted:
            seen.add(entry.work_card_id)
            assert entry.set_aside_by_id not in {None, *seen}
            winner = cards[entry.set_aside_by_id]
            assert winner.review_status == "APPROVED"
            assert winner.employee_id == card.employee_id
            entry = days[winner.pk, entry.work_date]
        assert entry.set_aside_by_id is None
