"""Plans of the demo's cards: employee, site, month, days and final status."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum, auto

from workcards.month_math import last_of_month
from workforce.models import Site

from .people import DemoBusiness, Person
from .timesheets import Day, changed, evening, month_of


class TargetStatus(Enum):
    """The final status of a card, and the steps towards it."""

    APPROVED = auto()
    ENTERED = auto()  # with days, not yet reviewed
    UNASSIGNED = auto()
    REJECTED = auto()
    ASSIGNED = auto()  # without days
    REOPENED = auto()  # approved, then reopened
    CORRECTED = auto()  # approved, reopened, changed, approved again


# The share of each status by the month's age in months; older months use the last row. With few cards the first
# statuses take precedence.
SHARES: Sequence[Mapping[TargetStatus, float]] = (
    {
        TargetStatus.ENTERED: 0.30,
        TargetStatus.UNASSIGNED: 0.30,
        TargetStatus.APPROVED: 0.20,
        TargetStatus.REJECTED: 0.05,
        TargetStatus.ASSIGNED: 0.15,
    },
    {
        TargetStatus.APPROVED: 0.58,
        TargetStatus.ENTERED: 0.20,
        TargetStatus.UNASSIGNED: 0.05,
        TargetStatus.REJECTED: 0.05,
        TargetStatus.ASSIGNED: 0.06,
        TargetStatus.REOPENED: 0.02,
        TargetStatus.CORRECTED: 0.04,
    },
    {
        TargetStatus.APPROVED: 0.90,
        TargetStatus.REJECTED: 0.04,
        TargetStatus.ENTERED: 0.02,
        TargetStatus.REOPENED: 0.01,
        TargetStatus.CORRECTED: 0.03,
    },
)


@dataclass(eq=False)
class Plan:
    """A planned card without a row."""

    person: Person
    site: Site
    month: date
    days: list[Day]
    """What is written on the paper, entered or not."""
    ends_on: date
    target: TargetStatus = TargetStatus.APPROVED
    is_by_hand: bool = False
    """Without a scan."""
    page: int = 1
    """Of its file."""
    first_page: "Plan | None" = None
    """The card on the first page of the file that this card is on too."""
    followers: list["Plan"] = field(default_factory=list)


def make_plans(business: DemoBusiness) -> list[Plan]:
    """Return the planned cards of a business, month by month."""
    plans: list[Plan] = []
    for month in business.months:
        plans += _plans_of_month(business, month)
    if business.options.is_multiplied:
        # Only cards without a scan are copied: half of the employees have no scans.
        scanned = set(business.people[: len(business.people) // 2])
        for plan in plans:
            plan.is_by_hand |= plan.person not in scanned
    _scan_together(plans)
    _choose_scans(business, plans)
    return plans


def _plans_of_month(business: DemoBusiness, month: date) -> list[Plan]:
    rng = business.rng("month", month)
    yesterday = max(business.today - timedelta(days=1), month)
    holiday = month + timedelta(days=rng.randrange(28))
    alone: list[Plan] = []
    pairs: list[tuple[Plan, Plan]] = []
    for person in business.people:
        own = business.rng("month", month, person.employee.pk)
        last = min(last_of_month(month), yesterday)
        days = month_of(person, month, last, holiday, business.phrases, own)
        cards = list(_cards_of_person(business, person, month, days, last, own))
        pair = _pair(business, cards, own)
        if pair:
            pairs.append(pair)
        alone += [card for card in cards if not pair or card not in pair]
    _assign_targets(alone, business, month, rng)
    # The first card always waits for review; it has a conflict if any card has one.
    pairs.sort(key=lambda pair: not _conflict(*pair))
    for number, pair in enumerate(pairs):
        waits = number == 0 or rng.random() < 0.25
        pair[0].target = TargetStatus.APPROVED
        pair[1].target = TargetStatus.ENTERED if waits else TargetStatus.APPROVED
    return alone + [card for pair in pairs for card in pair]


def _cards_of_person(
    business: DemoBusiness,
    person: Person,
    month: date,
    days: list[Day],
    last: date,
    rng: random.Random,
) -> Iterator[Plan]:
    """Yield two cards for most employees, for the halves of the month; one or none for some."""
    if not days or rng.random() < 0.04:
        return  # no card
    site = person.employee.site or rng.choice(business.sites)
    middle = month + timedelta(days=14)
    chance = rng.random()
    if chance < 0.08:
        yield Plan(person, site, month, days, last)
        return
    first_half = [day for day in days if day.work_date <= middle]
    second_half = [day for day in days if day.work_date > middle]
    if first_half:
        yield Plan(person, site, month, first_half, min(middle, last))
    if second_half and chance > 0.12:  # otherwise the second card is missing
        yield Plan(person, site, month, second_half, last)


def _pair(
    business: DemoBusiness, cards: list[Plan], rng: random.Random
) -> tuple[Plan, Plan] | None:
    """Sometimes give two cards a common date.

    The figures differ, or are equal, or belong to another site.
    """
    if not cards or rng.random() > 0.12:
        return None
    card = cards[0]
    worked = [day for day in card.days if day.figures.is_worked]
    if not worked:
        return None
    kind = rng.choice(["other site", "other figures", "other figures", "same figures"])
    if kind == "other site" and len(business.sites) > 1:
        other = rng.choice([site for site in business.sites if site != card.site])
        days = [evening(day, rng) for day in worked[:3]]
        guest = Plan(card.person, other, card.month, days, card.ends_on)
        cards.append(guest)
        return card, guest
    if len(cards) < 2:
        return None
    shared = worked[-1]
    again = shared if kind == "same figures" else changed(shared, rng)
    cards[1].days.insert(0, again)
    return card, cards[1]


def _conflict(one: Plan, other: Plan) -> bool:
    payable = {day.work_date: day.figures.payable for day in one.days}
    return any(
        day.work_date in payable
        and (payable[day.work_date] != day.figures.payable or one.site != other.site)
        for day in other.days
    )


def _assign_targets(
    cards: list[Plan], business: DemoBusiness, month: date, rng: random.Random
) -> None:
    """Set the final status of each card.

    With enough cards, each status of the month occurs at least once. The other cards follow the shares.
    """
    age = len(business.months) - 1 - business.months.index(month)
    shares = SHARES[min(age, len(SHARES) - 1)]
    missing = max(len(cards) - len(shares), 0)
    targets = list(shares)[: len(cards)]
    targets += rng.choices(list(shares), list(shares.values()), k=missing)
    order = list(cards)
    rng.shuffle(order)
    for card, target in zip(order, targets, strict=True):
        card.target = target
        card.is_by_hand = target is not TargetStatus.UNASSIGNED and rng.random() < 0.05


def _scan_together(plans: list[Plan]) -> None:
    """Make three cards of a site pages of a single PDF."""
    by_place: dict[tuple[object, date, date], list[Plan]] = {}
    for plan in plans:
        if not plan.is_by_hand and plan.target in (
            TargetStatus.ENTERED,
            TargetStatus.ASSIGNED,
            TargetStatus.APPROVED,
        ):
            place = (plan.site.pk, plan.month, plan.ends_on)
            by_place.setdefault(place, []).append(plan)
    groups = [group for group in by_place.values() if len(group) >= 3]
    if not groups:
        return
    first, *others = groups[-1][:3]
    for number, plan in enumerate(others, start=2):
        plan.page, plan.first_page = number, first
        first.followers.append(plan)


def _choose_scans(business: DemoBusiness, plans: list[Plan]) -> None:
    """Select the cards with an image, up to the business's share of the total.

    Cards that wait for a user come first, then the newest.
    """
    pictures, businesses = business.options.pictures, business.options.made_businesses
    room = pictures // businesses + (business.number < pictures % businesses)
    waiting = (
        TargetStatus.UNASSIGNED,
        TargetStatus.ENTERED,
        TargetStatus.ASSIGNED,
        TargetStatus.REOPENED,
    )
    candidates = [plan for plan in plans if not plan.is_by_hand and not plan.first_page]
    candidates.sort(key=lambda plan: (plan.target in waiting, plan.month), reverse=True)
    for plan in candidates:
        pages = [plan, *plan.followers]
        if len(pages) <= room:
            room -= len(pages)
            continue
        for page in pages:
            page.is_by_hand = True
            page.page, page.first_page, page.followers = 1, None, []
