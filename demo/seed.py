"""Putting the demo data into the database, a business at a time."""

from collections.abc import Callable
from concurrent.futures import as_completed
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import pairwise

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.models import User
from accounts.roles import Role
from audit.models import AuditEvent
from businesses.models import Business
from businesses.tenancy.context import business_scope, platform_scope
from exports.models import ExportRun
from exports.services import request_run
from exports.tasks import make_export
from workcards.models import ApprovedDay, DayEntry
from workcards.month_math import first_of_month, last_months
from workforce.models import Employee, Site

from .audit_history import Trail
from .bulk_insert import insert, insert_values
from .card_history import CardHistories
from .card_plans import Plan, make_plans
from .initial_events import tell_beginnings
from .ledger_simulation import Ledger
from .options import Size
from .payroll_profiles import close_months, make_profile, tell_profile
from .people import (
    CODE_PREFIX,
    DemoBusiness,
    make_businesses,
    make_people,
    make_settings,
    make_sites,
    make_users,
)
from .scan_files import scans_of, storage_undone_on_failure
from .scan_rendering import Drawing, RenderedScan, draw, drawing_together
from .seeded_random import dice
from .worker_pool import helpers

# Told how far everything has come, from 0 to 1, and what has been done or is being done.
Progress = Callable[[float, str], None]
# From here on each business is a process's; below it, processes draw the pictures of one business together.
MANY = 8
DRAWING = 0.8  # the share of a business's work
# A run costs what reading the ledger of a month costs: a few will do.
WITH_EXPORTS = 5


@dataclass(frozen=True)
class Work:
    """One business to fill: what a process has to be told."""

    size: Size
    number: int
    business_id: object
    today: date
    password: str
    """Hashed."""


def demo_businesses() -> list[Business]:
    """The businesses of the demo that are there, filled or not."""
    with platform_scope("look for demo data"):
        found = Business.objects.filter(business_code__startswith=CODE_PREFIX)
        return list(found.order_by("id"))


def seed(size: Size, *, password: str, today: date, progress: Progress) -> int:
    """Make the demo data that are missing; gives the number of businesses that were filled.

    0 if all are there already. Of an interrupted run, the same size makes the rest. The months end with that of `today`.
    Let nobody else seed meanwhile.
    """
    if not demo_businesses():
        _make_frame(size, today)
    encoded = make_password(password)
    work = [
        Work(size, number, business_id, today, encoded)
        for number, business_id in _empty(size, today)
    ]
    if len(work) < MANY:
        with drawing_together() as drawing:
            for count, one in enumerate(work):
                fill(one, drawing, partial(_report, progress, count, len(work)))
    else:
        _fill_side_by_side(work, progress)
    if work:
        _reach_across()
    return len(work)


def fill(work: Work, drawing: Drawing, progress: Progress) -> str:
    """Make up everything of a business, then write it in one transaction; gives its name."""
    firm, sites = _firm(work)
    name: str = firm.business.business_name
    firm.users = list(make_users(firm, work.password))
    firm.people = list(make_people(firm))
    settings = list(make_settings(firm, sites))
    plans = make_plans(firm)
    drawn = _draw(firm, plans, drawing, progress)
    progress(DRAWING, f"{name}: writing")
    trail = Trail(firm.business.pk, dice(firm.size.seed, firm.number, "trail"))
    tell_beginnings(firm, sites, settings, trail)
    lives = CardHistories(firm, trail)
    lives.tell(plans, drawn)
    profile = make_profile(firm)
    tell_profile(profile, lives)
    closed = list(close_months(lives))
    trail.events.sort(key=lambda event: event.created_at)
    with storage_undone_on_failure() as store, business_scope(firm.business.pk):
        insert(firm.users)
        insert([person.employee for person in firm.people])
        insert(settings)
        insert(lives.files)
        insert(lives.cards)
        insert_values(DayEntry, CardHistories.ENTRY_COLUMNS, lives.entries())
        insert_values(ApprovedDay, Ledger.COLUMNS, lives.ledger.values())
        insert(trail.events)
        insert([profile])
        # Last: nothing comes into a month that is closed.
        insert(closed)
        for file in lives.files:
            store(str(file.original.name), lives.bytes_of[file.pk])
    if firm.number < WITH_EXPORTS:
        _export(firm)
    progress(1, f"{name}: done")
    return name


def _report(
    progress: Progress, count: int, businesses: int, part: float, text: str
) -> None:
    """Of so many businesses so many are done, and of the next one that part."""
    progress((count + part) / businesses, text)


def _months(size: Size, today: date) -> list[date]:
    return last_months(first_of_month(today), size.months)


def _make_frame(size: Size, today: date) -> None:
    """Businesses and sites, all or none: a business needs the sites of the others."""
    businesses = make_businesses(size, _months(size, today))
    sites = make_sites(size, businesses)
    with transaction.atomic():
        with platform_scope("make the businesses of the demo"):
            insert(businesses)
        for business in businesses:
            with business_scope(business.pk):
                insert([site for site in sites if site.steward_id == business.pk])


def _empty(size: Size, today: date) -> list[tuple[int, object]]:
    """Number and id of the businesses without an employee."""
    numbers = {
        business.business_code: number
        for number, business in enumerate(make_businesses(size, _months(size, today)))
    }
    with platform_scope("look for demo data"):
        filled = set(Employee.objects.values_list("business_id", flat=True).distinct())
    return [
        (numbers[business.business_code], business.pk)
        for business in demo_businesses()
        if business.pk not in filled and business.business_code in numbers
    ]


def _fill_side_by_side(work: list[Work], progress: Progress) -> None:
    """Each business by one of as many processes as there are processors."""
    with helpers(with_django=True) as pool:
        tasks = [pool.submit(_fill_alone, one) for one in work]
        for count, done in enumerate(as_completed(tasks), start=1):
            progress(count / len(work), f"{done.result()}: done")


def _fill_alone(work: Work) -> str:
    return fill(work, lambda scans: map(draw, scans), lambda part, text: None)


def _firm(work: Work) -> tuple[DemoBusiness, list[Site]]:
    """The business, as far as the database knows it, and all sites of the demo."""
    size = work.size
    with platform_scope("fill a business of the demo"):
        business = Business.objects.get(pk=work.business_id)
        sites = list(
            Site.objects.filter(
                steward__business_code__startswith=CODE_PREFIX
            ).order_by("site_code")
        )
    rng = dice(size.seed, work.number, "firm")
    own = rng.sample(sites, max(1, round(len(sites) * 0.7)))
    months = _months(size, work.today)
    return DemoBusiness(
        work.number, size, months, work.today, business, own, rng
    ), sites


def _draw(
    firm: DemoBusiness,
    plans: list[Plan],
    drawing: Drawing,
    progress: Progress,
) -> dict[int, tuple[Plan, RenderedScan]]:
    """Of each plan (by `id`) that has a scan: the card on its first page, and the file."""
    wanted = scans_of(firm, plans)
    files = drawing([scan for _pages, scan in wanted])
    drawn = {}
    for count, ((pages, _scan), file) in enumerate(zip(wanted, files, strict=True)):
        progress(DRAWING * count / len(wanted), f"{firm.business}: pictures")
        for page in pages:
            drawn[id(page)] = (pages[0], file)
    return drawn


def _export(firm: DemoBusiness) -> None:
    """The file of the first month, by the real job."""
    (admin,) = firm.with_role(Role.ADMIN)
    with business_scope(firm.business.pk):
        run = request_run(
            actor=admin,
            kind=ExportRun.Kind.DAYS_CSV,
            processing_month=firm.months[0],
        )
    # Now, and not when a worker comes to it: that one will find it done.
    make_export.call(run_id=str(run.pk), business_id=str(firm.business.pk))


def _reach_across() -> None:
    """Somebody of each business has tried the id of an employee of the one before; only super-admins see it."""
    businesses = demo_businesses()[:WITH_EXPORTS]
    with platform_scope("an attempt for the demo"):
        for owner, stranger in pairwise(businesses):
            user = User.objects.filter(business=stranger, role=Role.UPLOADER).first()
            employee = Employee.objects.filter(business=owner).order_by("id").first()
            if user is None or employee is None:
                continue
            AuditEvent.append_for_platform(
                business_id=owner.pk,
                event_type="cross_business_attempt",
                entity_type="employee",
                entity_id=employee.pk,
                entity_label=employee.full_name,
                actor_id=user.pk,
                actor_label=user.full_name,
                metadata={
                    "channel": "task",
                    "field": "id",
                    "from_business_id": str(stranger.pk),
                },
            )
