"""The creation of the demo data: reproducible, resumable, with copies, and by its command."""

import datetime as dt
import json
from collections import Counter
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import F
from PIL import Image

from accounts.credentials import password_matches, update_account, users_with_email
from accounts.models import User
from audit.models import AuditEvent
from automatehq.api.errors import Conflict
from businesses.tenancy.context import business_scope, platform_scope
from demo import options, scan_rendering
from demo import seed as seeding
from demo.card_plans import TargetStatus, make_plans
from demo.card_steps import ScanFiles, run_steps
from demo.demo_accounts import DEFAULT_PASSWORD, sign_ins, table
from demo.options import DemoOptions
from demo.scan_files import scans_of
from demo.seed import demo_businesses
from exports.models import ExportProfile, ExportRun
from tests.demo_checks import (
    MADE_EMPLOYEES,
    TINY,
    TODAY,
    UUID,
    WITH_COPIES,
    check_closed_months,
    check_events,
    content,
    planned,
    scripts,
    settle_all,
    sow,
)
from workcards import services
from workcards.models import ApprovedDay, ClosedMonth, DayEntry, WorkCard, WorkCardFile
from workcards.scans.validation import inspect
from workforce.models import Employee, Site


@pytest.fixture
def without_exports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip exports, whose snapshot needs a separate transaction.

    A test with rollback does not allow one.
    """
    monkeypatch.setattr(seeding, "WITH_EXPORTS", 0)


def test_the_same_seed_makes_the_same_rows_and_another_one_does_not(
    db: None, without_exports: None, few_made: None
) -> None:
    made = []
    tiny = {"businesses": 3, "sites": 2, "employees": 12, "months": 2, "pictures": 2}
    for number in (1, 1, 2):
        with transaction.atomic():
            sow(DemoOptions(**tiny, seed=number))
            made.append(content())
            transaction.set_rollback(True)
    assert made[0] == made[1]
    assert made[0]["WorkCard"]
    assert made[0] != made[2]


def test_the_same_scan_is_the_same_bytes(db: None) -> None:
    business, plans = planned(pictures=1_000)
    scans = [scan for _cards, scan in scans_of(business, plans)]
    several = next(scan for scan in scans if len(scan.sheets) > 1)
    for scan in (scans[0], several):
        rendered = scan_rendering.render(scan)
        assert rendered == scan_rendering.render(scan)
        assert rendered.intake == inspect(BytesIO(rendered.data), scan.filename)
    assert len(scan_rendering.render(several).intake.pages) == 3


def test_every_target_status_comes_about(db: None) -> None:
    _business, plans = planned(employees=40)
    assert {plan.target for plan in plans} == set(TargetStatus)


def test_absences_on_a_scan_are_in_the_language_of_the_business(db: None) -> None:
    business, _plans = planned(pictures=1_000)
    for language, script in (("en", "LATIN"), ("he", "HEBREW")):
        business.row.language = language
        with business_scope(business.row.pk):
            plans = make_plans(business)
        lines = [
            line.note
            for _cards, scan in scans_of(business, plans)
            for sheet in scan.sheets
            for line in sheet.days
        ]
        assert scripts("".join(lines)) == {script}


@pytest.mark.parametrize(
    "today",
    [
        TODAY,
        dt.date(2026, 3, 1),  # no day of the month is over
        dt.date(2026, 8, 1),  # no day of the month is over, and a Saturday
        dt.date(2026, 3, 31),
        dt.date(2028, 2, 29),
    ],
)
def test_the_ledger_is_what_approved_cards_say(
    db: None, without_exports: None, today: dt.date
) -> None:
    """Each row has an approved card of its employee and date, and the reverse.

    Each date of an approved card has a row.
    """
    sow(TINY, today=today)
    with platform_scope("compare"):
        posted = set(
            ApprovedDay.objects.values_list(
                "business_id", "employee_id", "work_card_id", "site_id", "work_date"
            )
        )
        approved = set(
            DayEntry.objects.filter(work_card__review_status="APPROVED").values_list(
                "business_id",
                "work_card__employee_id",
                "work_card_id",
                "work_card__site_id",
                "work_date",
            )
        )
        figures = ApprovedDay.objects.filter(
            work_card__day_entries__work_date=F("work_date"),
            work_card__day_entries__total_hours__isnull=False,
        ).exclude(work_card__day_entries__total_hours=F("hours"))
        assert posted
        assert posted <= approved
        dates = {(row[1], row[4]) for row in posted}
        assert dates == {(row[1], row[4]) for row in approved}
        assert not figures.exists()
        assert not WorkCard.objects.filter(
            review_status="APPROVED", day_entries=None
        ).exists()


def test_months_that_are_done_are_closed_after_all_that_happened_in_them(
    db: None, without_exports: None
) -> None:
    sow(DemoOptions(businesses=3, sites=3, employees=4, months=5, pictures=0))
    for number, business in enumerate(demo_businesses()):
        with business_scope(business.pk):
            closed = ClosedMonth.objects.order_by("month")
            # The third business has not closed all months yet.
            assert len(closed) == (1 if number == 2 else 3)
            assert closed[0].month == dt.date(2025, 11, 1)
            check_closed_months()
            assert ExportProfile.objects.count() == 1
            card = WorkCard.objects.for_month(closed[0].month).first()
            with pytest.raises(Conflict) as error:
                services.reject_card(card_id=card.pk, reason="late", actor=None)
            assert error.value.code == "month_closed"


def test_pictures_show_the_figures_that_are_entered(
    db: None, without_exports: None
) -> None:
    sow(DemoOptions(businesses=1, sites=2, employees=6, months=2, pictures=7))
    (business,) = demo_businesses()
    with business_scope(business.pk):
        cards = WorkCard.objects.exclude(file=None).select_related("file")
        assert len(cards) == 7
        for card in cards:
            with default_storage.open(card.file.original.name) as stored:
                data = stored.read()
            assert len(data) == card.file_size_bytes == card.file.file_size_bytes
            assert card.sha256_hash == card.file.sha256_hash
            if card.mime_type == "image/jpeg":
                Image.open(BytesIO(data)).verify()
        assert cards.filter(review_status="NEEDS_ASSIGNMENT").exists()
        sources = WorkCard.objects.filter(file=None).values_list("source", flat=True)
        assert set(sources) == {"MANUAL"}


def test_what_is_drawn_is_what_is_entered_in_the_end(db: None) -> None:
    business, plans = planned()
    drawn = {
        id(card): sheet
        for cards, scan in scans_of(business, plans)
        for card, sheet in zip(cards, scan.sheets, strict=True)
    }
    for plan in plans:
        plan.is_by_hand, plan.first_page = True, None
    with business.clock.running(), business_scope(business.row.pk):
        run_steps(business, plans, ScanFiles([], iter([])))
        entered: dict[tuple[Any, ...], list[Any]] = {}
        for day in DayEntry.objects.select_related("work_card").order_by("work_date"):
            card = day.work_card
            place = (card.employee_id, card.site_id, card.processing_month)
            entered.setdefault(place, []).append((day.work_date, day.total_hours))
    compared = Counter()
    for plan in plans:
        place = (plan.person.employee.pk, plan.site.pk, plan.month)
        if id(plan) in drawn and set(entered.get(place, ())) >= {
            (line.work_date, line.total_hours) for line in drawn[id(plan)].days
        }:
            compared[plan.target] += 1
    assert compared[TargetStatus.CORRECTED]
    assert compared[TargetStatus.APPROVED] > 20


@pytest.fixture
def few_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the services create two businesses with nine employees; all others are copies."""
    monkeypatch.setattr(options, "MADE_BUSINESSES", 2)
    monkeypatch.setattr(options, "MADE_EMPLOYEE_MONTHS", 3 * MADE_EMPLOYEES)


def test_copies_obey_all_rules_and_share_nothing_with_their_originals(
    db: None, without_exports: None, few_made: None
) -> None:
    assert sow(WITH_COPIES) == 3
    seen: set[str] = set()
    for business in demo_businesses():
        with business_scope(business.pk):
            assert not services.find_faults()
            check_closed_months()
            check_events()
            employees = Employee.objects.order_by("id")
            assert employees.count() == WITH_COPIES.employees
            numbers = Counter(employees.values_list("external_employee_id", flat=True))
            del numbers[None]
            assert set(numbers) <= {str(1001 + number) for number in range(14)}
            assert set(numbers.values()) == {1}
            assert employees.values("full_name").distinct().count() >= 13
            texts = [
                json.dumps(row, default=str)
                for model in (Employee, WorkCard, DayEntry, ApprovedDay, AuditEvent)
                for row in model.objects.values()
            ]
            shared = {str(pk) for pk in Site.objects.values_list("pk", flat=True)}
            ids = set(UUID.findall(" ".join(texts))) - shared
            assert not ids & seen
            seen |= ids
    with business_scope(business.pk):
        assert WorkCard.objects.filter(file=None).count() > 20
        assert not WorkCard.objects.exclude(file=None).exists()
        settle_all()


@pytest.mark.django_db(transaction=True)
def test_the_first_month_is_exported_and_an_attempt_is_seen_by_the_platform_alone() -> (
    None
):
    sow(DemoOptions(businesses=2, sites=2, employees=4, months=3, pictures=0))
    owner, _stranger = demo_businesses()
    with business_scope(owner.pk):
        run = ExportRun.objects.get()
        assert (run.status, run.processing_month) == ("DONE", dt.date(2026, 1, 1))
        assert run.row_count
        assert not AuditEvent.objects.filter(event_type="cross_business_attempt")
    with platform_scope("look"):
        attempt = AuditEvent.objects.get(event_type="cross_business_attempt")
        assert attempt.business_id == owner.pk


def test_an_interrupted_run_is_completed_and_a_complete_one_left_alone(
    db: None, without_exports: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = DemoOptions(businesses=2, sites=2, employees=4, months=2, pictures=0)
    with transaction.atomic():
        sow(small)
        whole = content()
        transaction.set_rollback(True)
    begun = iter([seeding.make_plans])
    with monkeypatch.context() as patch, pytest.raises(StopIteration):
        patch.setattr(seeding, "make_plans", lambda business: next(begun)(business))
        sow(small)
    with platform_scope("count"):
        assert Employee.objects.values("business_id").distinct().count() == 1
    assert sow(small) == 1
    assert content() == whole
    assert sow(small) == 0
    assert content() == whole


def test_files_of_a_killed_run_are_removed(db: None, without_exports: None) -> None:
    with transaction.atomic():
        sow(DemoOptions(businesses=1, sites=2, employees=4, months=2, pictures=2))
        with platform_scope("look"):
            paths = list(WorkCardFile.objects.values_list("original", flat=True))
        transaction.set_rollback(True)
    for path in paths:
        default_storage.delete(path)
        default_storage.save(path, BytesIO(b"half a picture"))
    sow(DemoOptions(businesses=1, sites=2, employees=4, months=2, pictures=2))
    for path in paths:
        with default_storage.open(path) as stored:
            Image.open(stored).verify()


def run(**options: object) -> str:
    output = StringIO()
    small = {"businesses": 1, "sites": 1, "employees": 1, "months": 1, "pictures": 0}
    call_command("seed_demo", stdout=output, **(small | options))
    return output.getvalue()


def test_the_command_prints_sign_ins_that_work_and_then_does_nothing(
    db: None, without_exports: None, settings: object
) -> None:
    settings.DEBUG = True
    printed = run()
    assert "Businesses filled: 1." in printed
    shown = [row for row in sign_ins() if row.email in printed]
    assert {row.role for row in shown} == {
        "Administrator",
        "Reviewer",
        "Uploader",
        "Viewer",
    }
    assert not any(row.email.startswith("former@") for row in shown)
    for row in shown:
        (place,) = users_with_email(row.email)
        with business_scope(place.business_id):
            user = User.objects.get(pk=place.user_id)
        assert password_matches(user.account_id, row.password)
        update_account(
            user.account_id, password=make_password("something else altogether")
        )
    assert "The demo data already exist" in run(businesses=3)
    assert {row.password for row in sign_ins()} == {"(changed)"}


@pytest.mark.parametrize("password", ["", DEFAULT_PASSWORD, "12345"])
def test_the_public_password_is_rejected_in_production(
    db: None, settings: object, password: str
) -> None:
    settings.DEBUG = False
    settings.DEMO_PASSWORD = password
    with pytest.raises(CommandError, match="DEMO_PASSWORD"):
        run()
    assert demo_businesses() == []


def test_a_password_from_the_environment_is_taken_and_not_shown(
    db: None, without_exports: None, settings: object
) -> None:
    settings.DEBUG = False
    settings.DEMO_PASSWORD = "a long night in the harbour"
    printed = run()
    assert settings.DEMO_PASSWORD not in printed
    assert "(DEMO_PASSWORD)" in printed


def test_sizes_that_make_no_sense_are_rejected(db: None, settings: object) -> None:
    settings.DEBUG = True
    with pytest.raises(CommandError, match=r"months must be from 1 to 120\."):
        run(months=0)


def test_the_table_has_a_line_for_each_user() -> None:
    lines = table([]).splitlines()
    assert lines == ["Business  Role  E-mail  Password"]
