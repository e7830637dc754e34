"""Whatever happens to a month, and in whatever order: the ledger is what a plain model says, and its invariant holds.

Every row belongs to an approved card of that employee that has that date; every date of an approved card has a row.
"""

import random
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.db import transaction

from automatehq.rest.errors import Conflict
from workcards import services
from workcards.models import ApprovedDay, DayEntry, WorkCard
from workcards.tests.factories import WorkCardFactory
from workcards.tests.reviewing import answers, day
from workforce.tests.factories import EmployeeFactory, SiteFactory

pytestmark = pytest.mark.django_db

SICK = "SICK"
FIGURES = ["5", "5", "8", "8", "20", SICK]


@dataclass
class Card:
    """What the model knows of a card."""

    row: Any
    employee: int
    site: int
    days: dict[int, str]
    status: str = "NEEDS_REVIEW"
    approved: int = 0


@dataclass
class Month:
    """A month of three people at two sites, without a database: (site, figures, card) by person and date."""

    cards: list[Card] = field(default_factory=list)
    ledger: dict[tuple[int, int], list[tuple[int, str, Card]]] = field(
        default_factory=dict
    )
    clock: Any = field(default_factory=lambda: count(1))

    def approve(self, card: Card, choice: str) -> bool:
        """Whether it can be approved, if every conflict is answered by `choice`."""
        posted = {}
        for date, what in card.days.items():
            key, own = (card.employee, date), (card.site, what, card)
            rows = self.ledger.get(key, [])
            if any((site, figures) == (card.site, what) for site, figures, _ in rows):
                continue
            if rows and choice == "keep":
                continue
            if choice == "replace":
                rows = []
            rows = [row for row in rows if row[0] != card.site] + [own]
            absences = [figures for _, figures, _ in rows if figures == SICK]
            hours = sum(int(figures) for _, figures, _ in rows if figures != SICK)
            if hours > 24 or (absences and len(rows) > 1):
                return False
            posted[key] = rows
        if not card.days:
            return False
        self.ledger |= posted
        card.status, card.approved = "APPROVED", next(self.clock)
        return True

    def reopen(self, card: Card) -> None:
        card.status = "NEEDS_REVIEW"
        for key, rows in list(self.ledger.items()):
            left = [row for row in rows if row[2] is not card]
            if not left and rows:
                others = [
                    other
                    for other in self.cards
                    if other.status == "APPROVED"
                    and other.employee == key[0]
                    and key[1] in other.days
                ]
                if others:
                    other = max(others, key=lambda found: found.approved)
                    left = [(other.site, other.days[key[1]], other)]
            self.ledger[key] = left

    def rows(self) -> set[Any]:
        return {
            (*key, site, figures, card.row.pk)
            for key, rows in self.ledger.items()
            for site, figures, card in rows
        }


SITES = 2
# Mostly one person and few dates, so that cards meet.
PEOPLE = [0, 0, 0, 1]
CHOICES = ["replace", "add", "add", "keep"]
STEPS = {
    "new": 4,
    "approve": 8,
    "reopen": 4,
    "reject": 1,
    "write": 2,
    "assign": 1,
    "delete": 1,
}


class Play:
    """The same steps, done to the model and through the services."""

    def __init__(self, actor: Any, chance: random.Random) -> None:
        self.actor = actor
        self.chance = chance
        self.sites = [SiteFactory() for _ in range(SITES)]
        self.people = [EmployeeFactory(site=self.sites[0]) for _ in range(2)]
        self.month = Month()

    def do(self, name: str) -> str:
        """A step of that name with whatever chance gives; says what it was."""
        chance, cards = self.chance, self.month.cards
        person = chance.choice(PEOPLE)
        if name == "new" or not cards:
            site = chance.randrange(SITES)
            row = WorkCardFactory(employee=self.people[person], site=self.sites[site])
            cards.append(Card(row, person, site, {}))
            name, card = "write", cards[-1]
        else:
            waiting = [card for card in cards if card.status == "NEEDS_REVIEW"]
            approved = [card for card in cards if card.status == "APPROVED"]
            wanted = {"approve": waiting, "reopen": approved}.get(name) or cards
            card = chance.choice(wanted)
        arguments: dict[str, Any] = {
            "write": {"days": self.days()},
            "approve": {"choice": chance.choice(CHOICES)},
            "assign": {"person": person},
        }.get(name, {})
        getattr(self, name)(card, **arguments)
        return f"{name} {cards.index(card) if card in cards else ''} {arguments} {card}"

    def days(self) -> dict[int, str]:
        dates = self.chance.sample([1, 2], self.chance.choice([0, 1, 2, 2]))
        return {date: self.chance.choice(FIGURES) for date in dates}

    def attempt(self, is_allowed: bool, verb: Any, card: Card, **values: Any) -> bool:
        """Do it; it is refused if and only if the model says so."""
        try:
            with transaction.atomic():
                verb(card_id=card.row.pk, actor=self.actor, **values)
        except Conflict:
            assert not is_allowed
            return False
        assert is_allowed
        return True

    def write(self, card: Card, days: dict[int, str]) -> None:
        entries = [
            {"work_date": day(date)}
            | ({"day_status": what} if what == SICK else {"total_hours": Decimal(what)})
            for date, what in days.items()
        ]
        is_pending = card.status in ("NEEDS_REVIEW", "NEEDS_ASSIGNMENT")
        if self.attempt(
            is_pending, services.set_day_entries, card, version=None, entries=entries
        ):
            card.days = dict(days)

    def approve(self, card: Card, choice: str) -> None:
        is_allowed = card.status == "NEEDS_REVIEW" and self.month.approve(card, choice)
        values = {"version": WorkCard.objects.get(pk=card.row.pk).version}
        try:
            with transaction.atomic():
                services.approve_card(card_id=card.row.pk, actor=self.actor, **values)
        except Conflict as refused:
            if refused.code != "day_conflicts":
                assert not is_allowed
                return
            conflicts = refused.extra["conflicts"]
        else:
            assert is_allowed
            return
        choices = [
            "replace" if choice == "add" and conflict["same_site"] else choice
            for conflict in conflicts
        ]
        self.attempt(
            is_allowed,
            services.approve_card,
            card,
            resolutions=answers(conflicts, *choices),
            **values,
        )

    def reopen(self, card: Card) -> None:
        is_allowed = card.status in ("APPROVED", "REJECTED")
        if self.attempt(is_allowed, services.reopen_card, card, reason="again"):
            self.month.reopen(card)

    def reject(self, card: Card) -> None:
        is_allowed = card.status == "NEEDS_REVIEW"
        if self.attempt(is_allowed, services.reject_card, card, reason="no"):
            card.status = "REJECTED"

    def assign(self, card: Card, person: int) -> None:
        is_allowed = card.status == "NEEDS_REVIEW"
        employee = self.people[person]
        if self.attempt(is_allowed, services.assign_card, card, employee=employee):
            card.employee = person

    def delete(self, card: Card) -> None:
        if self.attempt(card.status != "APPROVED", services.delete_card, card):
            self.month.cards.remove(card)

    def check(self) -> None:
        people = {person.pk: index for index, person in enumerate(self.people)}
        sites = {site.pk: index for index, site in enumerate(self.sites)}
        rows = ApprovedDay.objects.select_related("work_card")
        assert {
            (
                people[row.employee_id],
                row.work_date.day,
                sites[row.site_id],
                row.day_status or f"{row.hours.normalize():f}",
                row.work_card_id,
            )
            for row in rows
        } == self.month.rows()
        dates = set(DayEntry.objects.values_list("work_card_id", "work_date"))
        for row in rows:
            assert row.work_card.review_status == "APPROVED"
            assert row.work_card.employee_id == row.employee_id
            assert (row.work_card_id, row.work_date) in dates
        paid = {(row.employee_id, row.work_date) for row in rows}
        approved = DayEntry.objects.filter(work_card__review_status="APPROVED")
        for entry in approved.select_related("work_card"):
            assert (entry.work_card.employee_id, entry.work_date) in paid


@pytest.mark.parametrize("seed", range(20))
def test_the_ledger_is_what_the_model_says(acme: Any, seed: int) -> None:
    chance = random.Random(seed)
    with acme.scope():
        play = Play(acme.admin, chance)
        for _ in range(50):
            (name,) = chance.choices(list(STEPS), list(STEPS.values()))
            print(play.do(name))  # noqa: T201 -- shown if it fails
            play.check()
