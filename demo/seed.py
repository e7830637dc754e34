"""Creation of the demo data in the database, business by business."""

import uuid
from collections.abc import Callable
from concurrent.futures import as_completed
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import pairwise

from django.contrib.auth.hashers import make_password
from django.core.files.storage import default_storage
from django.db import transaction
from django_tasks_db.models import DBTaskResult

from accounts.models import User
from accounts.roles import Role
from audit.event_origin import origin
from audit.models import AuditEvent
from automatehq.clock import GivenClock
from businesses.models import Business
from businesses.tenancy.context import business_scope, platform_scope
from workcards.month_math import first_of_month, last_months
from workcards.tasks import make_renditions
from workforce.models import Employee, Site

from .card_plans import make_plans
from .card_steps import ScanFiles, run_steps
from .copies import CopySource, copy_employees
from .demo_payroll import close_months, export_first_month, make_profile
from .options import DemoOptions
from .people import (
    CODE_PREFIX,
    DemoBusiness,
    business_codes,
    make_businesses,
    make_people,
    make_settings,
    make_sites,
    make_users,
)
from .scan_files import scans_of
from .scan_rendering import Renderer, render_pool
from .seeded_random import rng_for
from .worker_pool import process_pool

# Receives the overall progress, from 0 to 1, and a text about the current step.
Progress = Callable[[float, str], None]
# From this number of copied businesses on, each process fills a business.
MANY = 4
# A run costs as much as reading the ledger of a month, so a few runs suffice.
WITH_EXPORTS = 5


@dataclass(frozen=True)
class Work:
    """The arguments of a process that fills a business."""

    options: DemoOptions
    number: int
    business_id: uuid.UUID
    today: date
    password_hash: str

    @property
    def made_number(self) -> int:
        """Return the number of the business whose employees this one gets: its own, if the services create them."""
        return self.number % self.options.made_businesses


def demo_businesses() -> list[Business]:
    """Return the existing businesses of the demo, filled or not."""
    with platform_scope("look for demo data"):
        found = Business.objects.filter(business_code__startswith=CODE_PREFIX)
        return list(found.order_by("id"))


def seed(
    options: DemoOptions, *, password: str, today: date, progress: Progress
) -> int:
    """Create the missing demo data; return the number of businesses that were filled.

    Return 0 if all exist already. After an interrupted run, the same options create the rest. The months end with that
    of `today`. Must not run concurrently with itself.
    """
    if not demo_businesses():
        _make_frame(options, today)
    password_hash = make_password(password)
    work = [
        Work(options, number, business_id, today, password_hash)
        for number, business_id in _empty(options)
    ]
    made = [one for one in work if one.number == one.made_number]
    copied = [one for one in work if one.number != one.made_number]
    with render_pool() as renderer:
        for count, one in enumerate(made):
            fill(one, renderer, partial(_report, progress, count, len(work)))
    if len(copied) < MANY:
        for count, one in enumerate(copied, start=len(made) + 1):
            progress(count / len(work), fill_with_copies(one))
    else:
        _fill_side_by_side(copied, progress, len(made))
    if work:
        _reach_across()
    return len(work)


def fill(work: Work, renderer: Renderer, progress: Progress) -> None:
    """Create all data of a business with the services, in one transaction."""
    business, sites = _begin(work)
    name = str(business.row)
    with business.clock.running(), origin("admin"), business_scope(business.row.pk):
        make_users(business, work.password_hash)
        business.people = list(make_people(business))
        make_settings(business, sites)
        make_profile(business)
        plans = make_plans(business)
        scans = scans_of(business, plans)
        files = ScanFiles(
            [pages for pages, _scan in scans],
            renderer([scan for _pages, scan in scans]),
        )
        run_steps(business, plans, files, lambda share: progress(share, name))
        copied = range(work.options.made_employees, work.options.employees)
        if copied:
            copy_employees(
                business, CopySource(business.row.pk, business.users), copied
            )
        # Last, because a closed month accepts no rows.
        close_months(business)
    _forget_renditions(business)
    if work.number < WITH_EXPORTS:
        export_first_month(business)
    progress(1, name)


def fill_with_copies(work: Work) -> str:
    """Create a business whose employees are copies; return its name."""
    business, sites = _begin(work)
    with platform_scope("copy a business of the demo"):
        made = Business.objects.get(
            business_code=business_codes(work.options)[work.made_number][2]
        )
        users = list(User.objects.filter(business=made).order_by("id"))
    with business.clock.running(), origin("admin"), business_scope(business.row.pk):
        make_users(business, work.password_hash)
        copy_employees(
            business, CopySource(made.pk, users), range(work.options.employees)
        )
        make_settings(business, sites)
        make_profile(business)
        close_months(business)
    if work.number < WITH_EXPORTS:
        export_first_month(business)
    return str(business.row)


def _report(
    progress: Progress, count: int, businesses: int, part: float, text: str
) -> None:
    """Report the progress: the businesses done, and the share of the current business."""
    progress((count + part) / businesses, text)


def _months(options: DemoOptions, today: date) -> list[date]:
    return last_months(first_of_month(today), options.months)


def _make_frame(options: DemoOptions, today: date) -> None:
    """Create businesses and sites, all or none: a business uses the sites of the others."""
    first_month = _months(options, today)[0]
    with transaction.atomic():
        businesses = list(make_businesses(options, first_month))
        for number, business in enumerate(businesses[: options.made_businesses]):
            with origin("admin"), business_scope(business.pk):
                make_sites(options, business, number, User.objects.get())


def _empty(options: DemoOptions) -> list[tuple[int, uuid.UUID]]:
    """Return number and id of the businesses without employees."""
    numbers = {
        code: number for number, (_, _, code) in enumerate(business_codes(options))
    }
    with platform_scope("look for demo data"):
        filled = set(Employee.objects.values_list("business_id", flat=True).distinct())
    return [
        (numbers[business.business_code], business.pk)
        for business in demo_businesses()
        if business.pk not in filled and business.business_code in numbers
    ]


def _fill_side_by_side(work: list[Work], progress: Progress, done: int) -> None:
    """Fill the businesses in parallel, in a process per processor."""
    with process_pool(with_django=True) as pool:
        tasks = [pool.submit(fill_with_copies, one) for one in work]
        for count, task in enumerate(as_completed(tasks), start=done + 1):
            progress(count / (done + len(work)), task.result())


def _begin(work: Work) -> tuple[DemoBusiness, list[Site]]:
    """Return the business, still without users and employees, and all sites of the demo."""
    options = work.options
    with platform_scope("fill a business of the demo"):
        row = Business.objects.get(pk=work.business_id)
        sites = list(
            Site.objects.filter(
                steward__business_code__startswith=CODE_PREFIX
            ).order_by("site_code")
        )
    # A killed run may have left files of scans without rows, with the same ids.
    _remove_scans(f"businesses/{row.pk}/cards")
    rng = rng_for(options.seed, work.made_number, "sites")
    own = rng.sample(sites, max(1, round(len(sites) * 0.7)))
    clock = GivenClock(row.created_at, f"{options.seed}/{work.number}")
    business = DemoBusiness(
        work.number,
        options,
        _months(options, work.today),
        work.today,
        row,
        own,
        clock,
    )
    return business, sites


def _remove_scans(folder: str) -> None:
    with suppress(FileNotFoundError):  # nothing was stored yet
        for key in default_storage.listdir(folder)[0]:
            for name in default_storage.listdir(f"{folder}/{key}")[1]:
                default_storage.delete(f"{folder}/{key}/{name}")


def _forget_renditions(business: DemoBusiness) -> None:
    """Remove the tasks of the uploads from the queue: a page is rendered when it is opened first."""
    DBTaskResult.objects.filter(
        task_path=make_renditions.module_path,
        args_kwargs__kwargs__business_id=str(business.row.pk),
    ).delete()


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
