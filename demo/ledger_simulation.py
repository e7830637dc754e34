"""The ledger of approved days that results from the approval of the demo's cards."""

import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from workcards.hours import DayRefused, check_shared_date
from workcards.models import WorkCard
from workcards.services import Choice
from workcards.services.reposting import prevailing_rank

from .seeded_random import id_at
from .timesheets import Day


@dataclass(frozen=True, slots=True)
class Row:
    """A day in the ledger, from an approved card."""

    id: uuid.UUID
    card: WorkCard
    day: Day


class Ledger:
    """The ledger of a business.

    It follows the rules of `workcards.services.posting`. The resolutions of reviewers are random.
    """

    COLUMNS = (
        *("id", "business_id", "employee_id", "site_id", "work_card_id"),
        *("work_date", "hours", "from_time", "to_time", "break_minutes", "day_status"),
        *("approved_by_id", "approved_by_name", "approved_at"),
    )

    def __init__(self) -> None:
        self._rows: dict[tuple[uuid.UUID | None, date], list[Row]] = {}
        self._set_aside: dict[tuple[uuid.UUID, date], uuid.UUID] = {}

    def post(
        self, card: WorkCard, days: Sequence[Day], at: datetime, rng: random.Random
    ) -> list[dict[str, Any]]:
        """Post the days of an approved card; return the resolved conflicts.

        The conflicts have the form of the audit trail.
        """
        conflicts = []
        for day in days:
            rows = self._rows.setdefault((card.employee_id, day.work_date), [])
            same = [row for row in rows if _is_same(row, card, day)]
            if same:
                self._set_aside[card.pk, day.work_date] = same[0].card.pk
                continue
            choice = _answer(rows, card, day, rng) if rows else None
            conflicts += [_as_json(card, day, row, choice) for row in rows if choice]
            if choice == Choice.KEEP:
                kept = _standing(rows, card)
                self._set_aside[card.pk, day.work_date] = kept.card.pk
                continue
            if choice == Choice.REPLACE:
                for row in rows:
                    self._set_aside[row.card.pk, day.work_date] = card.pk
                rows.clear()
            rows.append(Row(id_at(at, rng), card, day))
        return conflicts

    def withdraw(self, card: WorkCard, days: Sequence[Day]) -> None:
        """Remove a card's rows.

        The card must not share a date with another card, because no other day is posted in its place.
        """
        for day in days:
            rows = self._rows.pop((card.employee_id, day.work_date))
            assert [row.card for row in rows] == [card]

    def winner_of(self, card: WorkCard, day: Day) -> uuid.UUID | None:
        """Return the id of the card that sets a day of `card` aside.

        Return None if the day is posted or unapproved.
        """
        return self._set_aside.get((card.pk, day.work_date))

    def values(self) -> Iterator[tuple[Any, ...]]:
        """Yield every row as values of `COLUMNS`."""
        for rows in self._rows.values():
            for row in rows:
                card, figures = row.card, row.day.figures
                yield (
                    row.id,
                    card.business_id,
                    card.employee_id,
                    card.site_id,
                    card.pk,
                    row.day.work_date,
                    figures.total_hours,
                    figures.from_time,
                    figures.to_time,
                    figures.break_minutes,
                    figures.day_status,
                    card.approved_by_id,
                    card.approved_by_name,
                    card.approved_at,
                )


def _standing(rows: Sequence[Row], card: WorkCard) -> Row:
    """Return the row that sets a card's day aside."""
    return max(
        rows,
        key=lambda row: prevailing_rank(
            row.day.figures.payable, is_same_site=row.card.site_id == card.site_id
        ),
    )


def _is_same(row: Row, card: WorkCard, day: Day) -> bool:
    return (
        row.card.site_id == card.site_id
        and row.day.figures.payable == day.figures.payable
    )


def _answer(
    rows: Sequence[Row], card: WorkCard, day: Day, rng: random.Random
) -> Choice:
    """Return a reviewer's resolution for a date that the ledger already has."""
    if all(row.card.site_id == card.site_id for row in rows):
        return rng.choice([Choice.KEEP, Choice.REPLACE])
    try:
        check_shared_date(
            [day.figures.payable, *(row.day.figures.payable for row in rows)]
        )
    except DayRefused:
        return Choice.KEEP
    if any(row.card.site_id == card.site_id for row in rows):
        return Choice.KEEP
    return Choice.ADD


def _as_json(
    card: WorkCard, day: Day, row: Row, choice: Choice | None
) -> dict[str, Any]:
    """Return a conflict in the form of `workcards.services.posting`."""
    assert choice is not None
    of_row = row.card
    return {
        "date": day.work_date,
        "approved_day_id": row.id,
        "same_site": of_row.site_id == card.site_id,
        "new": {**_figures(day), "site": _reference(card.site)},
        "ledger": {
            **_figures(row.day),
            "site": _reference(of_row.site),
            "work_card_id": of_row.pk,
            "approved_by": {
                "id": of_row.approved_by_id,
                "name": of_row.approved_by_name,
            },
            "approved_at": of_row.approved_at,
        },
        "choice": choice.value,
    }


def _figures(day: Day) -> dict[str, Any]:
    hours = day.figures.total_hours
    return {
        "hours": None if hours is None else f"{hours:.2f}",
        "minutes": day.figures.minutes,
        "day_status": day.figures.day_status,
    }


def _reference(site: Any) -> dict[str, Any]:
    return {"id": site.pk, "name": site.site_name}
