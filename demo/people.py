"""Businesses, shared sites, users and employees of the demo."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from accounts.models import User
from accounts.roles import Role
from businesses.models import Business
from workcards.month_math import last_of_month
from workforce.models import Employee, Site, SiteSettings

from . import vocabulary
from .options import Size
from .seeded_random import dice, id_at

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


@dataclass
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
    size: Size
    months: list[date]
    today: date
    business: Business
    sites: list[Site]
    rng: random.Random
    users: list[User] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)

    @property
    def phrases(self) -> vocabulary.Phrases:
        """Return the phrases in the business's language."""
        return vocabulary.PHRASES[self.business.language]

    @property
    def first_day(self) -> date:
        """Return the day on which the business joined AutomateHQ."""
        return self.months[0] - timedelta(days=60)

    def with_role(self, role: Role) -> list[User]:
        return [user for user in self.users if user.role == role and user.is_active]

    def at(self, day: date, hour: int, minute: int = 0) -> datetime:
        """Return a time of day in the business's time zone."""
        return datetime.combine(day, time(hour, minute), self.business.zone)


def make_businesses(size: Size, months: list[date]) -> list[Business]:
    """Return the businesses, without data. Names and codes are unique."""
    names = [
        (f"{latin} {trade}", f"{hebrew} {hebrew_trade}")
        for latin, hebrew in vocabulary.BUSINESS_NAMES
        for trade, hebrew_trade in vocabulary.BUSINESS_TRADES
    ]
    dice(size.seed, "businesses").shuffle(names)
    begun = datetime.combine(months[0] - timedelta(days=60), time(9), Business().zone)
    businesses = []
    for number in range(size.businesses):
        moment = begun + timedelta(seconds=number)
        latin, hebrew = names[number % len(names)]
        round_ = number // len(names)
        suffix = f" {round_ + 1}" if round_ else ""
        rng = dice(size.seed, number, "business")
        # The second of three businesses uses Hebrew.
        is_hebrew = number % 3 == 1
        businesses.append(
            Business(
                id=id_at(moment, rng),
                business_name=(hebrew if is_hebrew else latin) + suffix,
                business_code=CODE_PREFIX
                + f"{latin}{suffix}".lower().replace(" ", "-"),
                language="he" if is_hebrew else "en",
                month_cutoff_day=rng.choice([5, 7, 10, 10]),
                expected_cards_per_month=2,
                created_at=moment,
                updated_at=moment,
            )
        )
    return businesses


def make_sites(size: Size, businesses: list[Business]) -> list[Site]:
    """Return sites, whose stewards are the businesses in turn."""
    sites = []
    for number in range(size.sites):
        name, code, address = vocabulary.SITES[number % len(vocabulary.SITES)]
        round_ = number // len(vocabulary.SITES)
        steward = businesses[number % len(businesses)]
        sites.append(
            Site(
                id=id_at(steward.created_at, dice(size.seed, number, "site")),
                site_name=f"{name} {round_ + 1}" if round_ else name,
                site_code=f"DEMO-{code}-{round_ + 1}",
                address=address,
                steward=steward,
                created_at=steward.created_at,
                updated_at=steward.created_at,
            )
        )
    return sites


def make_users(firm: DemoBusiness) -> Iterator[User]:
    """Yield the users, still without their accounts."""
    domain = str(firm.business.business_code).removeprefix(CODE_PREFIX)
    for number, (role, mailbox) in enumerate(USERS):
        moment = firm.at(firm.first_day, 9, 10 + number)
        yield User(
            id=id_at(moment, firm.rng),
            business=firm.business,
            email=f"{mailbox}@{domain}.example",
            full_name=_name(firm.rng, is_hebrew=firm.business.language == "he"),
            # From a range of numbers that are not assigned.
            phone_number=f"+9725000{firm.number * len(USERS) + number:05}",
            role=role,
            is_active=mailbox != "former",
            created_at=moment,
            updated_at=moment,
        )


def make_people(firm: DemoBusiness) -> Iterator[Person]:
    """Yield the employees: most long employed, some new, some gone.

    The last employee has moved to the next business of the demo.
    """
    count = firm.size.employees
    for number in range(count):
        rng = dice(firm.size.seed, firm.number, "employee", number)
        employee = Employee(
            business=firm.business,
            full_name=_name(rng, is_hebrew=rng.random() < 0.45),
            passport_id=None
            if rng.random() < 0.03
            else _passport(firm.number * 10_000 + number),
            external_employee_id=None if rng.random() < 0.03 else f"{1001 + number}",
            phone_number=_phone(rng) if rng.random() < 0.7 else "",
            site=rng.choice(firm.sites) if rng.random() > 0.03 else None,
            started_on=firm.months[0] - timedelta(days=rng.randrange(20, 1_500)),
        )
        if number == 0 and firm.number > 0:
            _hire_leaver(firm, employee)
        elif number == count - 1 and count > 3:
            _let_go(firm, employee)
        elif number % 16 == 5:
            employee.started_on = _some_day(firm, rng)
        elif number % 19 == 7:
            employee.left_on = _some_day(firm, rng)
            employee.is_active = False
        elif number % 37 == 11:
            # The leaving date is unknown: inactive, without a date.
            employee.is_active = False
        _date(firm, employee, rng)
        yield _habits(employee, rng)


def make_settings(firm: DemoBusiness, sites: list[Site]) -> Iterator[SiteSettings]:
    """Yield the business's settings for its sites; an unused site is hidden, if there is one."""
    others = [site for site in sites if site not in firm.sites]
    for site in [*firm.sites, *others[:1]]:
        rng = dice(firm.size.seed, firm.number, "settings", site.pk)
        moment = firm.at(firm.first_day, 11, rng.randrange(60))
        is_hidden = site not in firm.sites
        here = [p.employee for p in firm.people if p.employee.site_id == site.pk]
        yield SiteSettings(
            id=id_at(moment, rng),
            business=firm.business,
            site=site,
            hourly_tariff=None if is_hidden else Decimal(rng.randrange(76, 150)) / 2,
            contact_emails=[]
            if is_hidden
            else [f"site-{rng.randrange(900)}@example.com"],
            contact_phone="" if is_hidden else _phone(rng),
            responsible_employee=here[0] if here else None,
            expected_cards_per_month=rng.choice([None, None, None, 1]),
            is_hidden=is_hidden,
            created_at=moment,
            updated_at=moment,
        )


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


def _hire_leaver(firm: DemoBusiness, employee: Employee) -> None:
    """Make an employee the leaver of the previous business, with the same passport.

    The previous business has released the passport.
    """
    gone = dice(firm.size.seed, firm.number - 1, "employee", firm.size.employees - 1)
    employee.full_name = _name(gone, is_hebrew=gone.random() < 0.45)
    employee.passport_id = _passport((firm.number - 1) * 10_000 + LEAVER)
    employee.started_on = _leaving_day(firm) + timedelta(days=5)


def _let_go(firm: DemoBusiness, employee: Employee) -> None:
    employee.left_on = _leaving_day(firm)
    employee.is_active = False
    employee.passport_id = None
    employee.former_passport_id = _passport(firm.number * 10_000 + LEAVER)


def _leaving_day(firm: DemoBusiness) -> date:
    """Return the day of moves between demo businesses: early in its first month."""
    return min(firm.months[0] + timedelta(days=8), firm.today - timedelta(days=1))


def _date(firm: DemoBusiness, employee: Employee, rng: random.Random) -> None:
    """Set the creation time: shortly before the first day, not before the business joined."""
    assert employee.started_on is not None
    entered_on = max(employee.started_on - timedelta(days=3), firm.first_day)
    moment = firm.at(entered_on, 9, rng.randrange(60))
    employee.pk = id_at(moment, rng)
    employee.created_at = employee.updated_at = moment


def _some_day(firm: DemoBusiness, rng: random.Random) -> date:
    """Return a random past day of the business's months."""
    last = min(last_of_month(firm.months[-1]), firm.today - timedelta(days=1))
    days = max((last - firm.months[0]).days, 1)
    return firm.months[0] + timedelta(days=rng.randrange(days))


def _name(rng: random.Random, *, is_hebrew: bool) -> str:
    if is_hebrew:
        return f"{rng.choice(vocabulary.HEBREW_FIRST_NAMES)} {rng.choice(vocabulary.HEBREW_LAST_NAMES)}"
    return f"{rng.choice(vocabulary.LATIN_FIRST_NAMES)} {rng.choice(vocabulary.LATIN_LAST_NAMES)}"


def _phone(rng: random.Random) -> str:
    return f"+9725001{rng.randrange(100_000):05}"


def _passport(number: int) -> str:
    """Return an invented passport number, unique per `number`.

    The factor and the prime modulus are coprime.
    """
    digits = (number * 7_368_787 + 1_234_577) % 99_999_989
    return f"{'ABEGKNPRT'[number % 9]}{digits:08}"
