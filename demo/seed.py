"""Creation of the demo data in the database, business by business."""

from collections.abc import Callable
from concurrent.futures import as_completed
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import pairwise

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.credentials import create_account
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

# Receives the overall progress, from 0 to 1, and a text about the current step.
Progress = Callable[[float, str], None]
# From this number on, each process fills a business. Below it, the processes render the images of a business
# together.
MANY = 8
DRAWING = 0.8  # the share of rendering in a business's work
# A run costs as much as reading the ledger of a month, so a few runs suffice.
WITH_EXPORTS = 5


@dataclass(frozen=True)
class Work:
    """The arguments of a process that fills a business."""

    size: Size
    number: int
    business_id: object
    today: date
    password: str
    """Hashed."""


def demo_businesses() -> list[Business]:
    """Return the existing businesses of the demo, filled or not."""
    with platform_scope("look for demo data"):
        found = Business.objects.filter(business_code__startswith=CODE_PREFIX)
        return list(found.order_by("id"))


def seed(size: Size, *, password: str, today: date, progress: Progress) -> int:
    """Create the missing demo data; return the number of businesses that were filled.

    Return 0 if all exist already. After an interrupted run, the same size creates the rest. The months end with that
    of `today`. Must not run concurrently with itself.
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
    """Generate all data of a business and write it in one transaction; return its name."""
    firm, sites = _firm(work)
    name: str = firm.business.business_name
    firm.users = list(make_users(firm))
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
        for user in firm.users:
            user.account_id = create_account(
                email=user.email, password_hash=work.password
            )
        insert(firm.users)
        insert([person.employee for person in firm.people])
        insert(settings)
        insert(lives.files)
        insert(lives.cards)
        insert_values(DayEntry, CardHistories.ENTRY_COLUMNS, lives.entries())
        insert_values(ApprovedDay, Ledger.COLUMNS, lives.ledger.values())
        insert(trail.events)
        insert([profile])
        # Last, because a closed month accepts no rows.
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
    """Report the progress: the businesses done, and the share of the current business."""
    progress((count + part) / businesses, text)


def _months(size: Size, today: date) -> list[date]:
    return last_months(first_of_month(today), size.months)


def _make_frame(size: Size, today: date) -> None:
    """Create businesses and sites, all or none: a business uses the sites of the others."""
    businesses = make_businesses(size, _months(size, today))
    sites = make_sites(size, businesses)
    with transaction.atomic():
        with platform_scope("make the businesses of the demo"):
            insert(businesses)
        for business in businesses:
            with business_scope(business.pk):
                insert([site for site in sites if site.steward_id == business.pk])


def _empty(size: Size, today: date) -> list[tuple[int, object]]:
    """Return number and id of the businesses without employees."""
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
    """Fill the businesses in parallel, in a process per processor."""
    with helpers(with_django=True) as pool:
        tasks = [pool.submit(_fill_alone, one) for one in work]
        for count, done in enumerate(as_completed(tasks), start=1):
            progress(count / len(work), f"{done.result()}: done")


def _fill_alone(work: Work) -> str:
    return fill(work, lambda scans: map(draw, scans), lambda part, text: None)


def _firm(work: Work) -> tuple[DemoBusiness, list[Site]]:
    """Return the business with its stored users, and all sites of the demo."""
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
    """Render the scans; map each plan (by `id`) to the plan of the first page and the file."""
    wanted = scans_of(firm, plans)
    files = drawing([scan for _pages, scan in wanted])
    drawn = {}
    for count, ((pages, _scan), file) in enumerate(zip(wanted, files, strict=True)):
        progress(DRAWING * count / len(wanted), f"{firm.business}: pictures")
        for page in pages:
            drawn[id(page)] = (pages[0], file)
    return drawn


def _export(firm: DemoBusiness) -> None:
    """Create the file of the first month with the real task."""
    (admin,) = firm.with_role(Role.ADMIN)
    with business_scope(firm.business.pk):
        run = request_run(
            actor=admin,
            kind=ExportRun.Kind.DAYS_CSV,
            processing_month=firm.months[0],
        )
    # Run the task immediately; the worker then finds it done.
    make_export.call(run_id=str(run.pk), business_id=str(firm.business.pk))


def _reach_across() -> None:
    """Record a cross-business access of each business, which only super-admins see.

    A user has requested the id of an employee of the previous business.
    """
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
