"""Random months of one business, compared with a plain model.

`Play` runs the same steps through the services and on `Model`, which has sites, dates and minutes and no database.
`check` compares everything: cards, days, `set_aside_by`, ledger, closed months. The test suite runs it briefly
(`test_month_state_machine.py`), `make prove ARGS=months` at length.
"""

import random
from datetime import time, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from automatehq.api.errors import Conflict
from workcards import services
from workcards.models import WorkCard
from workcards.tests.factories import WorkCardFactory, picture
from workcards.tests.random_month_checks import compare, minutes_of
from workcards.tests.random_month_model import (
    FIGURES,
    MONTHS,
    PENDING,
    SICK,
    Card,
    Model,
)
from workcards.tests.review_helpers import answers
from workforce.tests.factories import EmployeeFactory, SiteFactory

SITES = 3
# Mostly one employee, one month and few dates, so that cards conflict.
PEOPLE = [0, 0, 0, 1]
MOSTLY_THE_FIRST = [0, 0, 0, 1]
CHOICES = ["replace", "add", "add", "keep"]
# Step → its relative frequency.
STEPS = {
    "new": 10,
    "manual": 2,
    "upload": 1,
    "write": 5,
    "approve": 24,
    "reopen": 10,
    "reject": 2,
    "assign": 3,
    "unassign": 1,
    "move": 2,
    "change_month": 2,
    "note": 1,
    "delete": 2,
    "close": 1,
    "reopen_month": 4,
}


class Play:
    """A random sequence of steps on the model and through the services."""

    def __init__(
        self, actor: Any, chance: random.Random, sites: list[Any] | None = None
    ) -> None:
        self.actor = actor
        self.chance = chance
        self.sites = sites or [SiteFactory() for _ in range(SITES)]
        self.people = [EmployeeFactory(site=self.sites[0]) for _ in range(2)]
        self.model = Model()
        self.shades = count()
        self.paid_again = self.without_room = 0

    def do(self, name: str) -> str:
        """Run the step `name` with random choices, and return its description."""
        cards = self.model.cards
        if name in ("new", "manual", "upload", "close", "reopen_month"):
            getattr(self, name)()
            return name
        if not cards:
            return "nothing"
        fitting = {"approve": ["NEEDS_REVIEW"], "reopen": ["APPROVED", "REJECTED"]}
        statuses = fitting.get(name, [])
        chosen = [card for card in cards if card.status in statuses] or cards
        if name == "reopen" and self.chance.random() < 0.5:
            # A card that has set days aside.
            chosen = [
                winner for card in cards for winner in card.set_aside.values()
            ] or chosen
        card = self.chance.choice(chosen)
        label = f"{name} {cards.index(card)}, a card with {card.days}"
        getattr(self, name)(card)
        return label

    def attempt(
        self, verb: Any, *months: int, is_allowed: bool = True, **values: Any
    ) -> Any:
        """Call the service, and return its result or None if it fails.

        Assert that it fails if and only if the model says so or one of `months` is closed.
        """
        is_closed = bool(self.model.closed & set(months))
        code, done = "", None
        try:
            with transaction.atomic():
                done = verb(actor=self.actor, **values)
        except Conflict as rejected:
            code = rejected.code
        assert bool(code) is (is_closed or not is_allowed), code
        assert not is_closed or code in ("month_closed", *ALSO_REFUSED)
        return None if code else done or True

    def try_on(self, card: Card, verb: Any, *months: int, **values: Any) -> Any:
        return self.attempt(verb, card.month, *months, card_id=card.row.pk, **values)

    # Steps of months

    def close(self) -> None:
        month = self.chance.choice(MOSTLY_THE_FIRST)
        force = self.chance.choice([True, False])
        waits = self.model.waits_in(month) and month not in self.model.closed
        if self.attempt(
            services.close_month,
            is_allowed=force or not waits,
            month=MONTHS[month],
            force=force,
            note="why" if force else "",
        ):
            self.model.closed.add(month)
        self.check_flags()

    def reopen_month(self) -> None:
        month = self.chance.choice(MOSTLY_THE_FIRST)
        services.reopen_month(month=MONTHS[month], actor=self.actor, reason="why")
        self.model.closed.discard(month)
        self.check_flags()

    def check_flags(self) -> None:
        """Assert that cards report correctly if their month is closed."""
        label = {
            (card.processing_month, card.month_is_closed)
            for card in WorkCard.objects.with_figures()
        }
        assert label == {
            (MONTHS[card.month], card.month in self.model.closed)
            for card in self.model.cards
        }

    # Steps that create cards

    def place(self) -> tuple[int, int, int]:
        """Return a random employee, site and month."""
        chance = self.chance
        person, site = chance.choice(PEOPLE), chance.randrange(SITES)
        return person, site, chance.choice(MOSTLY_THE_FIRST)

    def new(self) -> None:
        """Create a card with days without the services.

        So an employee can have several cards at one site.
        """
        person, site, month = self.place()
        if month in self.model.closed:
            return
        row = WorkCardFactory(
            employee=self.people[person],
            site=self.sites[site],
            processing_month=MONTHS[month],
        )
        self.model.cards.append(Card(row, person, site, month))
        self.write(self.model.cards[-1])

    def manual(self) -> None:
        person, site, month = self.place()
        made = self.attempt(
            services.create_manual_card,
            month,
            site=self.sites[site],
            employee=self.people[person],
            month=MONTHS[month],
        )
        if made is None:
            return
        row, is_new = made
        waiting = [
            card.row.pk
            for card in self.model.cards
            if (card.employee, card.site, card.month) == (person, site, month)
            and card.is_manual
            and card.status in PENDING
        ]
        assert [row.pk] == (waiting[:1] or [row.pk])
        assert is_new is (not waiting)
        if is_new:
            self.model.cards.append(Card(row, person, site, month))

    def upload(self) -> None:
        person, site, month = self.place()
        scan = SimpleUploadedFile("card.png", picture(next(self.shades)))
        employee = self.chance.choice([None, self.people[person]])
        done = self.attempt(
            services.upload_cards,
            month,
            files=[scan],
            site=self.sites[site],
            employee=employee,
            month=MONTHS[month],
            allow_duplicate=True,
        )
        if done:
            (row,) = done.uploaded
            whose = person if employee else None
            status = PENDING[employee is not None]
            card = Card(row, whose, site, month, is_manual=False, status=status)
            self.model.cards.append(card)

    # Steps of a card

    def days(self) -> dict[int, int]:
        dates = self.chance.sample([1, 2], self.chance.choice([0, 1, 2, 2]))
        return {date: self.chance.choice(FIGURES) for date in dates}

    def as_entry(self, what: int) -> dict[str, Any]:
        """Return a day as clients send it.

        Whole hours come as a total or by times, other minutes by times.
        """
        if what == SICK:
            return {"day_status": "SICK"}
        if what % 60 == 0 and self.chance.random() < 0.5:
            return {"total_hours": Decimal(what // 60)}
        begun, pause = 15, self.chance.choice([0, 30])
        end = begun + what + pause
        return {
            "from_time": time(0, begun),
            "to_time": time(end // 60, end % 60),
            "break_minutes": pause,
        }

    def write(self, card: Card) -> None:
        days = self.days()
        entries = [
            {
                "work_date": MONTHS[card.month] + timedelta(number - 1),
                **self.as_entry(what),
            }
            for number, what in days.items()
        ]
        is_pending = card.status in PENDING
        if self.try_on(
            card,
            services.set_day_entries,
            version=None,
            entries=entries,
            is_allowed=is_pending,
        ):
            card.days = days

    def approve(self, card: Card) -> None:
        choice = self.chance.choice(CHOICES)
        is_open = card.month not in self.model.closed
        is_allowed = (
            is_open
            and card.status == "NEEDS_REVIEW"
            and self.model.approve(card, choice)
        )
        values = {"version": WorkCard.objects.get(pk=card.row.pk).version}
        code, conflicts = "", []
        try:
            with transaction.atomic():
                services.approve_card(card_id=card.row.pk, actor=self.actor, **values)
        except Conflict as rejected:
            code, conflicts = rejected.code, rejected.extra.get("conflicts", [])
        if code != "day_conflicts":
            assert bool(code) is not is_allowed
            assert is_open or code == "month_closed"
            return
        choices = [
            "replace" if choice == "add" and conflict["same_site"] else choice
            for conflict in conflicts
        ]
        resolutions = answers(conflicts, *choices)
        self.try_on(
            card,
            services.approve_card,
            resolutions=resolutions,
            **values,
            is_allowed=is_allowed,
        )

    def reopen(self, card: Card) -> None:
        is_allowed = card.status in ("APPROVED", "REJECTED")
        done = self.try_on(
            card, services.reopen_card, reason="again", is_allowed=is_allowed
        )
        if not done:
            return
        again, out = self.model.reopen(card)
        assert [self.decided(day) for day in done.reposted] == again
        found = [
            (*self.decided(day), day.entry.set_aside_by_id) for day in done.not_reposted
        ]
        assert found == out
        assert {day.warning for day in done.not_reposted} <= set(done.warnings)
        self.paid_again += len(again)
        self.without_room += len(out)

    def decided(self, day: Any) -> Any:
        """Return a day of the service's result in the notation of the model."""
        entry, card = day.entry, day.entry.work_card
        person = next(
            number
            for number, person in enumerate(self.people)
            if person.pk == card.employee_id
        )
        month = MONTHS.index(card.processing_month)
        sites = [site.pk for site in self.sites]
        key = (person, month, entry.work_date.day)
        return key, sites.index(card.site_id), minutes_of(entry), card.pk

    def reject(self, card: Card) -> None:
        is_allowed = card.status in PENDING
        if self.try_on(card, services.reject_card, reason="no", is_allowed=is_allowed):
            card.status = "REJECTED"

    def assign(self, card: Card) -> None:
        person = self.chance.choice(PEOPLE)
        employee = self.people[person]
        is_allowed = card.status in PENDING
        if self.try_on(
            card, services.assign_card, employee=employee, is_allowed=is_allowed
        ):
            card.employee, card.status = person, "NEEDS_REVIEW"

    def unassign(self, card: Card) -> None:
        is_allowed = card.status == "NEEDS_REVIEW"
        if self.try_on(
            card, services.assign_card, employee=None, is_allowed=is_allowed
        ):
            card.employee, card.status = None, "NEEDS_ASSIGNMENT"

    def move(self, card: Card) -> None:
        site = self.chance.randrange(SITES)
        is_allowed = card.status != "APPROVED" or site == card.site
        if self.try_on(
            card, services.edit_card, site=self.sites[site], is_allowed=is_allowed
        ):
            card.site = site

    def change_month(self, card: Card) -> None:
        month = self.chance.choice([0, 1])
        is_same = month == card.month
        is_free = card.status != "APPROVED" and not card.days
        if self.try_on(
            card,
            services.edit_card,
            month,
            month=MONTHS[month],
            is_allowed=is_same or is_free,
        ):
            card.month = month

    def note(self, card: Card) -> None:
        self.try_on(card, services.edit_card, notes=str(next(self.shades)))

    def delete(self, card: Card) -> None:
        is_allowed = card.status != "APPROVED"
        if self.try_on(card, services.delete_card, is_allowed=is_allowed):
            self.model.cards.remove(card)

    def check(self) -> None:
        """Compare all rows of the business with the model."""
        compare(self.model, self.people, self.sites)


# Moving a card into a closed month may first fail because of the card's own state.
ALSO_REFUSED = ("card_approved", "has_days")
