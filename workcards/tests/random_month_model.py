"""A plain model of two months of cards and their ledger.

It has sites, dates and minutes, and no database.
"""

from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any, NamedTuple

# Both months are over at `NOW`.
MONTHS = [date(2026, 6, 1), date(2026, 7, 1)]
NOW = "2026-08-15T10:00:00Z"
SICK = -1
# Minutes of a day, or an absence. 6:40, 7:20 and 8:40 are no whole hundredths of an hour.
FIGURES = [300, 300, 400, 440, 480, 480, 520, 1200, SICK]
DAY_MINUTES = 24 * 60
PENDING = ("NEEDS_ASSIGNMENT", "NEEDS_REVIEW")
# The model refers to employees, sites and months by their index in a list.
Key = tuple[int, int, int]  # employee, month, day of the month


@dataclass(eq=False)
class Card:
    """A card of the model.

    `set_aside` maps a day of the month to the card that sets it aside.
    """

    row: Any
    employee: int | None
    site: int
    month: int
    is_manual: bool = True
    days: dict[int, int] = field(default_factory=dict)
    status: str = "NEEDS_REVIEW"
    approved: int = 0
    set_aside: dict[int, "Card"] = field(default_factory=dict)

    def key(self, day: int) -> Key:
        assert self.employee is not None
        return self.employee, self.month, day


class LedgerRow(NamedTuple):
    """A paid day. Rows of a date are in the order of posting."""

    site: int
    what: int
    card: Card


@dataclass
class Model:
    """Two months of two employees at some sites, without a database.

    `ledger` has the paid days by employee and date.
    """

    cards: list[Card] = field(default_factory=list)
    closed: set[int] = field(default_factory=set)
    ledger: dict[Key, list[LedgerRow]] = field(default_factory=dict)
    clock: Any = field(default_factory=lambda: count(1))

    def approve(self, card: Card, choice: str) -> bool:
        """Approve with `choice` for every conflict.

        Return False and change nothing if the approval fails.
        """
        if not card.days:
            return False
        posted: dict[Key, list[LedgerRow]] = {}
        aside: list[tuple[Card, int, Card]] = []
        for day, what in card.days.items():
            key, own = card.key(day), LedgerRow(card.site, what, card)
            rows = self.ledger.get(key, [])
            equal = [row for row in rows if row[:2] == own[:2]]
            if equal or (rows and choice == "keep"):
                winner = equal[0] if equal else standing(rows, card.site)
                aside.append((card, day, winner.card))
                continue
            # For a row of the same site the steps answer "replace" where they answer "add" for other sites.
            lost = [row for row in rows if choice == "replace" or row.site == card.site]
            aside += [(row.card, day, card) for row in lost]
            left = [row for row in rows if row not in lost]
            if rejected([*left, own]):
                return False
            posted[key] = [*left, own]
        self.ledger |= posted
        for loser, day, winner_card in aside:
            loser.set_aside[day] = winner_card
        card.status, card.approved = "APPROVED", next(self.clock)
        return True

    def reopen(self, card: Card) -> tuple[list[Any], list[Any]]:
        """Reopen the card; return the days that are paid again, and those that do not fit."""
        card.status = PENDING[card.employee is not None]
        card.set_aside.clear()
        for key, rows in self.ledger.items():
            self.ledger[key] = [row for row in rows if row.card is not card]
        again, out = [], []
        waiting = [
            (day, other)
            for other in self.cards
            for day, winner in other.set_aside.items()
            if winner is card
        ]
        for day, other in sorted(waiting, key=lambda one: (one[0], -one[1].approved)):
            rows = self.ledger.setdefault(other.key(day), [])
            row = LedgerRow(other.site, other.days[day], other)
            at_site = [each for each in rows if each.site == other.site]
            if not at_site and not rejected([*rows, row]):
                del other.set_aside[day]
                rows.append(row)
                again.append((other.key(day), *row[:2], other.row.pk))
                continue
            winner = standing(rows, other.site)
            other.set_aside[day] = winner.card
            if not at_site:
                card_ids = (other.row.pk, winner.card.row.pk)
                out.append((other.key(day), *row[:2], *card_ids))
        return again, out

    def rows(self) -> set[Any]:
        return {
            (*key, site, figures, card.row.pk)
            for key, rows in self.ledger.items()
            for site, figures, card in rows
        }

    def waits_in(self, month: int) -> bool:
        return any(
            card.month == month and card.status in PENDING for card in self.cards
        )


def standing(rows: list[LedgerRow], site: int) -> LedgerRow:
    """Return the row that sets a day at `site` aside.

    This is the row of the site, else an absence, else the longest, else the first.
    """
    for is_it in (lambda row: row.site == site, lambda row: row.what == SICK):
        if found := [row for row in rows if is_it(row)]:
            return found[0]
    return max(rows, key=lambda row: row.what)


def rejected(rows: list[LedgerRow]) -> bool:
    """Return True if these rows cannot all be paid for one date."""
    minutes = [row.what for row in rows if row.what != SICK]
    return sum(minutes) > DAY_MINUTES or (len(minutes) < len(rows) and len(rows) > 1)
