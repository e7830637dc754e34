"""Businesses, sites, users and employees of the demo, created by the services."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import product
from typing import Any

from accounts.credentials import update_account
from accounts.models import User
from accounts.roles import Role
from accounts.services import create_user, deactivate_user
from automatehq.clock import GivenClock
from businesses.models import Business
from businesses.services import create_business
from workcards.month_math import ONE_DAY, last_of_month
from workforce.models import Employee, Site
from workforce.services import (
    create_employee,
    create_site,
    deactivate_employee,
    release_employee,
    save_site_settings,
)

from . import vocabulary
from .options import DemoOptions
from .seeded_random import rng_for

# The prefix that distinguishes businesses of the demo from others.
CODE_PREFIX = "demo-"
# A number above those of all employees: the employee who moved to another business of the demo.
LEAVER = 9_999

# Role and local part of the e-mail; the last user is inactive.
USERS = (
    (Role.ADMIN, "admin"),
    (Role.REVIEWER, "reviewer"),
    (Role.REVIEWER, "reviewer2"),
    (Role.UPLOADER, "uploader"),
    (Role.VIEWER, "viewer"),
    (Role.REVIEWER, "former"),
)


@dataclass(eq=False)
class Person:
    """An employee and their working habits."""

    employee: Employee
    starts_at: time
    minutes: int
    break_minutes: int
    works_fridays: bool
    writes_totals_only: bool
    is_night_worker: bool


@dataclass
class DemoBusiness:
    """A business with the data of its cards: users, employees, sites, months."""

    number: int
    options: DemoOptions
    months: list[date]
    today: date
    row: Business
    sites: list[Site]
    clock: GivenClock
    users: list[User] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)

    @property
    def phrases(self) -> vocabulary.Phrases:
        """Return the phrases in the business's language."""
        return vocabulary.PHRASES[self.row.language]

    @property
    def first_day(self) -> date:
        """Return the day on which the business joined AutomateHQ."""
        return self.months[0] - timedelta(days=60)

    @property
    def admin(self) -> User:
        return self.users[0]

    def with_role(self, role: Role) -> list[User]:
        return [user for user in self.users if user.role == role and user.is_active]

    def at(self, day: date, hour: int, minute: int = 0) -> datetime:
        """Return a time of day in the business's time zone."""
        return datetime.combine(day, time(hour, minute), self.row.zone)

    def rng(self, *names: object) -> random.Random:
        """Return a random generator of this business, seeded by these names."""
        return rng_for(self.options.seed, self.number, *names)


def business_codes(options: DemoOptions) -> list[tuple[str, str, str]]:
    """Return Latin name, Hebrew name and code of each business, all unique."""
    names = [
        (f"{latin} {trade}", f"{hebrew} {hebrew_trade}")
        for latin, hebrew in vocabulary.BUSINESS_NAMES
        for trade, hebrew_trade in vocabulary.BUSINESS_TRADES
    ]
    rng_for(options.seed, "businesses").shuffle(names)
    found = []
    for number in range(options.businesses):
        latin, hebrew = names[number % len(names)]
        round_ = number // len(names)
        suffix = f" {round_ + 1}" if round_ else ""
        code = CODE_PREFIX + f"{latin}{suffix}".lower().replace(" ", "-")
        found.append((latin + suffix, hebrew + suffix, code))
    return found


def make_businesses(options: DemoOptions, first_month: date) -> Iterator[Business]:
    """Create the businesses, each with its administrator, who has no password yet."""
    begun = datetime.combine(first_month - timedelta(days=60), time(9), Business().zone)
    for number, (latin, hebrew, code) in enumerate(business_codes(options)):
        # The second of three businesses uses Hebrew.
        language = "he" if number % 3 == 1 else "en"
        rng = rng_for(options.seed, number, "business")
        clock = GivenClock(
            begun + timedelta(seconds=number), f"{options.seed}/{number}/frame"
        )
        with clock.running():
            yield create_business(
                values={
                    "business_name": hebrew if language == "he" else latin,
                    "business_code": code,
                    "language": language,
                    "month_cutoff_day": rng.choice([5, 7, 10, 10]),
                    "expected_cards_per_month": 2,
                },
                admin=_user(options, number, code, 0) | {"password": None},
                actor=None,
            )


def make_sites(
    options: DemoOptions, business: Business, number: int, admin: User
) -> None:
    """Create the sites whose steward is this business: the made businesses in turn."""
    clock = GivenClock(business.created_at, f"{options.seed}/{number}/sites")
    with clock.running():
        for site_number in range(number, options.sites, options.made_businesses):
            clock.time += timedelta(minutes=1)
            name, code, address = vocabulary.SITES[site_number % len(vocabulary.SITES)]
            round_ = site_number // len(vocabulary.SITES)
            create_site(
                values={
                    "site_name": f"{name} {round_ + 1}" if round_ else name,
                    "site_code": f"DEMO-{code}-{round_ + 1}",
                    "address": address,
                },
                actor=admin,
            )


def make_users(business: DemoBusiness, password_hash: str) -> None:
    """Create the users besides the administrator, who exists; give them all one password, because hashing is slow."""
    business.users = list(User.objects.order_by("id"))
    for number, (_role, mailbox) in enumerate(USERS[1:], start=1):
        business.clock.time = business.at(business.first_day, 9, 10 + number)
        values = _user(
            business.options, business.number, str(business.row.business_code), number
        )
        user = create_user(values=values, password=None, actor=business.admin)
        if mailbox == "former":
            user = deactivate_user(user_id=user.pk, actor=business.admin)
        business.users.append(user)
    for user in business.users:
        update_account(user.account_id, password=password_hash)


def _user(
    options: DemoOptions, number: int, code: str, user_number: int
) -> dict[str, str]:
    role, mailbox = USERS[user_number]
    names = _names(options.seed, number, is_user=True)
    return {
        "email": f"{mailbox}@{code.removeprefix(CODE_PREFIX)}.example",
        "full_name": names[user_number],
        # From a range of numbers that are not assigned.
        "phone_number": f"+9725000{number * len(USERS) + user_number:05}",
        "role": role,
    }


def make_people(business: DemoBusiness) -> Iterator[Person]:
    """Create the employees: most long employed, some new, some gone.

    The last employee has moved to the next business of the demo.
    """
    count = business.options.made_employees
    names = _names(business.options.seed, business.number)
    for number in range(count):
        rng = business.rng("employee", number)
        started_on = business.months[0] - timedelta(days=rng.randrange(20, 1_500))
        values: dict[str, Any] = {
            "full_name": names[number],
            "passport_id": None
            if rng.random() < 0.03
            else passport(business.number * 10_000 + number),
            "external_employee_id": None if rng.random() < 0.03 else f"{1001 + number}",
            "phone_number": _phone(rng) if rng.random() < 0.7 else "",
            "site": rng.choice(business.sites) if rng.random() > 0.03 else None,
        }
        left_on = None
        is_leaver = number == count - 1 and count > 3
        if number == 0 and business.number > 0:
            # The leaver of the previous business, who has the same passport.
            previous = _names(business.options.seed, business.number - 1)
            values["full_name"] = previous[count - 1]
            values["passport_id"] = passport((business.number - 1) * 10_000 + LEAVER)
            started_on = _leaving_day(business) + timedelta(days=5)
        elif is_leaver:
            values["passport_id"] = passport(business.number * 10_000 + LEAVER)
            left_on = _leaving_day(business)
        elif number % 16 == 5:
            started_on = _some_day(business, rng)
        elif number % 19 == 7:
            left_on = _some_day(business, rng)
        elif number % 37 == 11:
            # The leaving date is unknown: inactive, without a date.
            values["is_active"] = False
        # Entered shortly before the first day, not before the business joined.
        entered_on = max(started_on - timedelta(days=3), business.first_day)
        business.clock.time = business.at(entered_on, 9, rng.randrange(60))
        employee = create_employee(
            values=values | {"started_on": started_on}, actor=business.admin
        )
        if left_on:
            business.clock.time = max(business.at(left_on, 17), business.clock.time)
            employee = deactivate_employee(
                employee_id=employee.pk, actor=business.admin, left_on=left_on
            )
        if is_leaver:
            business.clock.time += ONE_DAY / 8
            employee = release_employee(employee_id=employee.pk, actor=business.admin)
        yield _habits(employee, rng)


def make_settings(business: DemoBusiness, sites: list[Site]) -> None:
    """Save the business's settings for its sites; an unused site is hidden, if there is one."""
    others = [site for site in sites if site not in business.sites]
    for number, site in enumerate([*business.sites, *others[:1]]):
        rng = business.rng("settings", number)
        is_hidden = site not in business.sites
        business.clock.time = business.at(business.first_day, 11, rng.randrange(60))
        values: dict[str, Any] = {
            "responsible_employee": Employee.objects.filter(site=site).first(),
            "expected_cards_per_month": rng.choice([None, None, None, 1]),
            "is_hidden": is_hidden,
        }
        if not is_hidden:
            values["hourly_tariff"] = Decimal(rng.randrange(76, 150)) / 2
            values["contact_emails"] = [f"site-{rng.randrange(900)}@example.com"]
            values["contact_phone"] = _phone(rng)
        save_site_settings(site=site, values=values, actor=business.admin)


def _habits(employee: Employee, rng: random.Random) -> Person:
    is_night_worker = rng.random() < 0.08
    return Person(
        employee=employee,
        starts_at=time(22)
        if is_night_worker
        else rng.choice([time(6), time(6, 30), time(7), time(7), time(7, 30), time(8)]),
        minutes=8 * 60
        if is_night_worker
        else rng.choice([8 * 60 + 30, 9 * 60, 9 * 60 + 30, 10 * 60]),
        break_minutes=rng.choice([0, 30, 30, 30, 45]),
        works_fridays=rng.random() < 0.35,
        writes_totals_only=rng.random() < 0.05,
        is_night_worker=is_night_worker,
    )


def _leaving_day(business: DemoBusiness) -> date:
    """Return the day of moves between demo businesses: early in its first month."""
    return min(
        business.months[0] + timedelta(days=8), business.today - timedelta(days=1)
    )


def _some_day(business: DemoBusiness, rng: random.Random) -> date:
    """Return a random past day of the business's months."""
    last = min(last_of_month(business.months[-1]), business.today - timedelta(days=1))
    days = max((last - business.months[0]).days, 1)
    return business.months[0] + timedelta(days=rng.randrange(days))


@lru_cache(maxsize=4)
def _names(seed: int, number: int, *, is_user: bool = False) -> list[str]:
    """Return different names for the users or the employees of a business."""
    rng = rng_for(seed, number, "names", is_user)
    pools = {
        is_hebrew: [f"{first} {last}" for first, last in product(*names)]
        for is_hebrew, names in enumerate(vocabulary.NAMES)
    }
    for pool in pools.values():
        rng.shuffle(pool)
    if is_user:
        return pools[number % 3 == 1][: len(USERS)]
    # Also different from the users' names: see `copies`.
    taken = _names(seed, number, is_user=True)
    drawn = (pools[rng.random() < 0.45].pop() for _ in range(700))
    return [name for name in drawn if name not in taken]


def _phone(rng: random.Random) -> str:
    return f"+9725001{rng.randrange(100_000):05}"


def passport(number: int) -> str:
    """Return an invented passport number, unique per `number`.

    The factor and the prime modulus are coprime.
    """
    digits = (number * 7_368_787 + 1_234_577) % 99_999_989
    return f"{'ABEGKNPRT'[number % 9]}{digits:08}"


def new_identity(
    business: DemoBusiness, original: Employee, number: int
) -> dict[str, str]:
    """Return the texts that identify a copy of an employee, by those of the original."""
    rng = business.rng("copy of employee", number)
    names = vocabulary.NAMES[rng.random() < 0.45]
    found = {original.full_name: " ".join(map(rng.choice, names))}
    taken_from = original.passport_id or original.former_passport_id
    if taken_from:
        found[taken_from] = passport(business.number * 10_000 + number)
    if original.external_employee_id:
        found[original.external_employee_id] = f"{1001 + number}"
    return found
