"""Helpers of the tests of the demo data."""

import datetime as dt
import re
import unicodedata
import uuid
from collections import Counter

from django.db.models import Count

from accounts.models import User
from accounts.roles import Role
from audit.models import AuditEvent
from automatehq.api.errors import Conflict
from businesses.models import Business
from businesses.tenancy.context import business_scope, platform_scope
from demo import seed as seeding
from demo.card_plans import Plan, make_plans
from demo.demo_accounts import DEFAULT_PASSWORD
from demo.options import DemoOptions
from demo.people import DemoBusiness, make_people, make_users
from demo.seed import seed
from exports.models import ExportProfile
from workcards import services
from workcards.models import ApprovedDay, ClosedMonth, DayEntry, WorkCard, WorkCardFile
from workforce.models import Employee, Site, SiteSettings

TODAY = dt.date(2026, 3, 18)
SMALL = DemoOptions(businesses=2, sites=3, employees=14, months=3, pictures=0)
TINY = DemoOptions(businesses=1, sites=2, employees=5, months=3, pictures=0)
# Employees 9 to 13 of the first two businesses and all of the third are copies.
WITH_COPIES = DemoOptions(businesses=3, sites=3, employees=14, months=3, pictures=4)
MADE_EMPLOYEES = 9
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TENANT_MODELS = [
    User,
    Employee,
    SiteSettings,
    WorkCardFile,
    WorkCard,
    DayEntry,
    ApprovedDay,
    AuditEvent,
    ClosedMonth,
    ExportProfile,
]


def sow(amount: DemoOptions = SMALL, today: dt.date = TODAY) -> int:
    return seed(
        amount, password=DEFAULT_PASSWORD, today=today, progress=lambda part, text: None
    )


def content() -> dict[str, list[tuple[object, ...]]]:
    """Return every row of the demo, except the ids of accounts, which are random."""
    rows = {}
    with platform_scope("compare"):
        for model in [*TENANT_MODELS, Business, Site]:
            names = [
                field.attname
                for field in model._meta.concrete_fields
                if field.attname != "account_id"
            ]
            rows[model.__name__] = list(
                model.objects.order_by("id").values_list(*names)
            )
    return rows


def planned(**amount: int) -> tuple[DemoBusiness, list[Plan]]:
    """Return a demo business with users and employees, and its planned cards."""
    chosen = DemoOptions(**{"businesses": 1, "sites": 2, "employees": 14, **amount})
    seeding._make_frame(chosen, TODAY)
    ((number, business_id),) = seeding._empty(chosen)
    work = seeding.Work(chosen, number, business_id, TODAY, "!")
    business, _sites = seeding._begin(work)
    with business.clock.running(), business_scope(business_id):
        make_users(business, work.password_hash)
        business.people = list(make_people(business))
        return business, make_plans(business)


def scripts(text: str) -> set[str]:
    """Return the scripts of the letters in `text`: LATIN, HEBREW."""
    return {unicodedata.name(one).split()[0] for one in text if one.isalpha()}


def settle_all() -> Counter[str]:
    """Approve all cards that can be approved; return the number with and without a conflict."""
    admin = User.objects.get(role=Role.ADMIN)
    for closed in ClosedMonth.objects.all():
        services.reopen_month(month=closed.month, reason="A test.", actor=admin)
    waiting = WorkCard.objects.with_status("NEEDS_REVIEW").exclude(day_entries=None)
    seen: Counter[str] = Counter()
    for card in waiting:
        approval = {"card_id": card.pk, "version": card.version, "actor": admin}
        try:
            services.approve_card(**approval)
        except Conflict as error:
            seen["conflict"] += 1
            services.approve_card(
                **approval,
                resolutions=[
                    services.Resolution(
                        dt.date.fromisoformat(conflict["date"]),
                        uuid.UUID(conflict["approved_day_id"]),
                        "keep",
                    )
                    for conflict in error.extra["conflicts"]
                ],
            )
        else:
            seen["none"] += 1
    assert not services.find_faults()
    return seen


def check_closed_months() -> None:
    """Compare the closed months of the business in scope with its cards and ledger."""
    for row in ClosedMonth.objects.all():
        cards = WorkCard.objects.for_month(row.month)
        assert all(card.updated_at <= row.closed_at for card in cards)
        event = AuditEvent.objects.get(entity_id=row.pk)
        assert event.event_type == "month_closed"
        assert event.metadata["cards"] == cards.counts_by_status()
        figures = ApprovedDay.objects.for_month(row.month).figures()
        assert event.metadata["approved_days"] == figures["days"]
        assert event.metadata["hours"] == str(figures["hours"])
        assert bool(row.note) == cards.pending().exists()


def check_events() -> None:
    """Compare the audit events of the business in scope with its cards, employees and users."""
    versions = dict(WorkCard.objects.values_list("id", "version"))
    events = AuditEvent.objects.filter(entity_type="workcard")
    assert versions == dict(events.values_list("entity_id").annotate(Count("id")))
    labels = {card.pk: str(card) for card in WorkCard.objects.all()}
    names = {user.pk: user.full_name for user in User.objects.all()}
    for event in events:
        assert event.entity_label == labels[event.entity_id]
        assert event.actor_label == names[event.actor_id]
    for employee in Employee.objects.all():
        event = AuditEvent.objects.get(
            entity_id=employee.pk, event_type="employee_created"
        )
        assert event.entity_label == employee.full_name
        for field in ("full_name", "external_employee_id"):
            assert event.metadata["after"][field] == getattr(employee, field)
        passport = employee.passport_id or employee.former_passport_id
        assert event.metadata["after"]["passport_id"] == passport
    for card in WorkCard.objects.with_status("APPROVED"):
        event = events.filter(entity_id=card.pk, event_type="card_approved").first()
        assert event.metadata["after"]["approved_at"] == card.approved_at.isoformat()
        assert event.employee_id == card.employee_id
