"""The demo data: reproducible, valid by the rules, and separate for each business."""

import datetime as dt
import unicodedata
import uuid
from collections import Counter
from collections.abc import Iterator
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Count, F
from PIL import Image

from accounts.credentials import (
    password_matches,
    update_account,
    users_with_email,
)
from accounts.models import User
from accounts.roles import Role
from audit.models import AuditEvent
from automatehq.api.errors import Conflict
from businesses.models import Business
from businesses.tenancy.context import business_scope, platform_scope
from businesses.tenancy.models import TenantModel
from demo import scan_rendering
from demo import seed as seeding
from demo.bulk_insert import insert
from demo.card_plans import TargetStatus, make_plans
from demo.demo_accounts import DEFAULT_PASSWORD, sign_ins, table
from demo.options import Size
from demo.people import make_people
from demo.scan_files import scans_of, storage_undone_on_failure
from demo.seed import demo_businesses, seed
from exports.models import ExportProfile, ExportRun
from workcards import services
from workcards.hours import day_figures
from workcards.models import ApprovedDay, ClosedMonth, DayEntry, WorkCard, WorkCardFile
from workcards.transitions import ReviewStatus
from workforce.models import Employee, Site, SiteSettings
from workforce.tests.factories import SiteFactory

TODAY = dt.date(2026, 3, 18)
SMALL = Size(businesses=2, sites=3, employees=14, months=3, pictures=0)
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


@pytest.fixture
def without_exports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip exports, whose snapshot needs a separate transaction.

    A test with rollback does not allow one.
    """
    monkeypatch.setattr(seeding, "WITH_EXPORTS", 0)


def sow(size: Size = SMALL, today: dt.date = TODAY) -> int:
    return seed(
        size, password=DEFAULT_PASSWORD, today=today, progress=lambda part, text: None
    )


@pytest.fixture
def demo(db: None, without_exports: None) -> list[Business]:
    assert sow() == 2
    return demo_businesses()


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


def test_the_same_seed_makes_the_same_rows_and_another_one_does_not(
    db: None, without_exports: None
) -> None:
    made = []
    for size in (
        SMALL,
        SMALL,
        Size(businesses=2, sites=3, employees=14, pictures=0, seed=2),
    ):
        with transaction.atomic():
            sow(size)
            made.append(content())
            transaction.set_rollback(True)
    assert made[0] == made[1]
    assert made[0]["WorkCard"]
    assert made[0] != made[2]


def test_the_same_scan_is_the_same_bytes() -> None:
    firm = a_firm(pictures=1_000)
    plans = make_plans(firm)
    scans = [scan for _cards, scan in scans_of(firm, plans)]
    several = next(scan for scan in scans if len(scan.sheets) > 1)
    for scan in (scans[0], several):
        assert scan_rendering.draw(scan) == scan_rendering.draw(scan)
    assert len(scan_rendering.draw(several).intake.pages) == 3


def a_firm(**size: int) -> seeding.DemoBusiness:
    """Return a demo business that is not in the database."""
    whole = Size(**{"businesses": 1, "sites": 2, "employees": 14, **size})
    months = seeding.last_months(TODAY.replace(day=1), whole.months)
    (business,) = seeding.make_businesses(whole, months)
    sites = seeding.make_sites(whole, [business])
    rng = seeding.dice(whole.seed, 0, "firm")
    firm = seeding.DemoBusiness(0, whole, months, TODAY, business, sites, rng)
    firm.users = list(seeding.make_users(firm))
    firm.people = list(make_people(firm))
    return firm


def test_every_fate_comes_about() -> None:
    assert {plan.fate for plan in make_plans(a_firm(employees=40))} == set(TargetStatus)


def test_people_write_in_the_language_of_their_business(demo: list[Business]) -> None:
    english, hebrew = sorted(demo, key=lambda business: business.language)
    for business, script in ((english, "LATIN"), (hebrew, "HEBREW")):
        with business_scope(business.pk):
            written: dict[str, Any] = {
                "notes": WorkCard.objects.values_list("notes"),
                "rejections": WorkCard.objects.values_list("rejected_reason"),
                "comments": DayEntry.objects.values_list("comment"),
                "months": ClosedMonth.objects.values_list("note"),
                "profiles": ExportProfile.objects.values_list("name"),
                "reasons": AuditEvent.objects.of_type("card_reopened").values_list(
                    "metadata__reason"
                ),
            }
            for what, rows in written.items():
                texts = {text for (text,) in rows if text}
                assert texts, what
                assert scripts("".join(texts)) == {script}, what


def test_absences_on_a_scan_are_in_the_language_of_the_business() -> None:
    firm = a_firm(pictures=1_000)
    for language, script in (("en", "LATIN"), ("he", "HEBREW")):
        firm.business.language = language
        lines = [
            line.note
            for _cards, scan in scans_of(firm, make_plans(firm))
            for sheet in scan.sheets
            for line in sheet.days
        ]
        assert scripts("".join(lines)) == {script}


def scripts(text: str) -> set[str]:
    """Return the scripts of the letters in `text`: LATIN, HEBREW."""
    return {unicodedata.name(one).split()[0] for one in text if one.isalpha()}


def test_every_status_and_source_is_there_in_each_business(
    demo: list[Business],
) -> None:
    for business in demo:
        with business_scope(business.pk):
            assert set(WorkCard.objects.values_list("review_status", flat=True)) == set(
                ReviewStatus
            )
            assert not WorkCard.objects.with_status("REJECTED").filter(
                rejected_reason=""
            )
            assert DayEntry.objects.exclude(day_status=None).exists()


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
    sow(today=today)
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


def test_nothing_has_happened_yet_that_is_still_to_come(demo: list[Business]) -> None:
    today = dt.datetime.combine(TODAY, dt.time(), Business().zone)
    with platform_scope("compare"):
        assert not WorkCard.objects.filter(updated_at__gt=today).exists()
        assert not DayEntry.objects.filter(work_date__gte=TODAY).exists()
        assert not AuditEvent.objects.filter(
            created_at__gt=today, work_card_id__isnull=False
        ).exists()
        months = WorkCard.objects.values_list("processing_month", flat=True)
        assert set(months) == {dt.date(2026, month, 1) for month in (1, 2, 3)}


def test_every_day_is_as_the_services_would_store_it(demo: list[Business]) -> None:
    names = (
        "from_time",
        "to_time",
        "break_minutes",
        "total_hours",
        "day_status",
        "comment",
    )
    with platform_scope("compare"):
        days = list(DayEntry.objects.values(*names))
    for day in days:
        found = day_figures(**day)
        assert found is not None
        assert {name: getattr(found, name) for name in names} == day
    assert any(day["from_time"] and day["from_time"] > day["to_time"] for day in days)


def test_every_version_of_a_card_has_its_event(demo: list[Business]) -> None:
    with platform_scope("compare"):
        versions = dict(WorkCard.objects.values_list("id", "version"))
        events = dict(
            AuditEvent.objects.filter(entity_type="workcard")
            .values_list("entity_id")
            .annotate(Count("id"))
        )
        assert versions == events
        types = set(AuditEvent.objects.values_list("event_type", flat=True))
        nobody = AuditEvent.objects.filter(actor_id=None).values_list(
            "event_type", flat=True
        )
        assert set(nobody) == {"business_created", "user_created"}
    assert types >= {
        "business_created",
        "site_created",
        "site_settings_updated",
        "user_created",
        "user_deactivated",
        "employee_created",
        "employee_deactivated",
        "employee_released",
        "card_uploaded",
        "card_created",
        "card_assigned",
        "card_unassigned",
        "days_updated",
        "card_approved",
        "card_rejected",
        "card_reopened",
    } - {"card_uploaded", "card_assigned"}  # without pictures no file is uploaded


def test_each_business_sees_its_own(demo: list[Business]) -> None:
    with platform_scope("compare"):
        owners = {
            model: Counter(model.objects.values_list("business_id", flat=True))
            for model in TENANT_MODELS
        }
    for business in demo:
        with business_scope(business.pk):
            for model in TENANT_MODELS:
                assert issubclass(model, TenantModel)
                assert model.objects.count() == owners[model][business.pk], model
                assert not model.objects.exclude(business=business.pk).exists()
            assert Site.objects.count() == SMALL.sites
            assert AuditEvent.objects.exists()
            assert WorkCard.objects.exists()


def test_businesses_meet_at_sites_and_use_the_same_external_ids(
    demo: list[Business],
) -> None:
    with platform_scope("compare"):
        sites = [
            set(WorkCard.objects.filter(business=b).values_list("site_id", flat=True))
            for b in demo
        ]
        ids = [
            set(
                Employee.objects.filter(business=b).values_list(
                    "external_employee_id", flat=True
                )
            )
            - {None}
            for b in demo
        ]
        assert sites[0] & sites[1]
        assert ids[0] & ids[1]
        gone = Employee.objects.get(
            business=demo[0], former_passport_id__isnull=False, passport_id=None
        )
        hired = Employee.objects.get(passport_id=gone.former_passport_id)
        assert (hired.business_id, hired.full_name) == (demo[1].pk, gone.full_name)
        assert not gone.is_active


def test_a_conflict_waits_and_is_settled_by_the_services(demo: list[Business]) -> None:
    for business in demo:
        with business_scope(business.pk):
            admin = User.objects.get(role=Role.ADMIN)
            for closed in ClosedMonth.objects.all():
                services.reopen_month(month=closed.month, reason="A test.", actor=admin)
            waiting = WorkCard.objects.with_status("NEEDS_REVIEW").exclude(
                day_entries=None
            )
            seen = Counter()
            for card in waiting:
                try:
                    services.approve_card(
                        card_id=card.pk, version=card.version, actor=admin
                    )
                except Conflict as refused:
                    seen["conflict"] += 1
                    services.approve_card(
                        card_id=card.pk,
                        version=card.version,
                        actor=admin,
                        resolutions=[
                            services.Resolution(
                                dt.date.fromisoformat(conflict["date"]),
                                uuid.UUID(conflict["approved_day_id"]),
                                "keep",
                            )
                            for conflict in refused.extra["conflicts"]
                        ],
                    )
                else:
                    seen["none"] += 1
            assert seen["conflict"]
            assert seen["none"]
            for card in WorkCard.objects.with_status("APPROVED"):
                services.reopen_card(card_id=card.pk, reason="A test.", actor=admin)
            assert not ApprovedDay.objects.exists()


def test_months_that_are_done_are_closed_after_all_that_happened_in_them(
    db: None, without_exports: None
) -> None:
    sow(Size(businesses=3, sites=3, employees=6, months=5, pictures=0))
    for number, business in enumerate(demo_businesses()):
        with business_scope(business.pk):
            closed = {row.month: row for row in ClosedMonth.objects.order_by("month")}
            # The third business has not closed all months yet.
            assert len(closed) == (1 if number == 2 else 3)
            assert min(closed) == dt.date(2025, 11, 1)
            for month, row in closed.items():
                cards = WorkCard.objects.for_month(month)
                assert all(card.updated_at <= row.closed_at for card in cards)
                event = AuditEvent.objects.get(entity_id=row.pk)
                assert event.event_type == "month_closed"
                assert event.metadata["cards"] == cards.counts_by_status()
                figures = ApprovedDay.objects.for_month(month).figures()
                assert event.metadata["approved_days"] == figures["days"]
                assert event.metadata["hours"] == str(figures["hours"])
                assert bool(row.note) == cards.pending().exists()
            assert ExportProfile.objects.count() == 1
            card = WorkCard.objects.for_month(min(closed)).pending().first()
            with pytest.raises(Conflict) as refused:
                services.reject_card(card_id=card.pk, reason="late", actor=None)
            assert refused.value.code == "month_closed"


def test_any_text_arrives_as_it_is(demo: list[Business]) -> None:
    texts = [
        "tab\there",
        "line\nthere",
        'quo"te',
        "back\\slash",
        "\\N",
        "{a,b}",
        "שלום",
    ]
    with business_scope(demo[0].pk):
        template = ExportProfile.objects.get()
        profiles = [
            ExportProfile(
                name=text,
                business=demo[0],
                components={"hours": text, text: None},
                created_at=template.created_at,
                updated_at=template.updated_at,
            )
            for text in texts
        ]
        insert(profiles)
        for profile in profiles:
            found = ExportProfile.objects.get(pk=profile.pk)
            assert (found.name, found.components) == (profile.name, profile.components)
        (settings, *_) = SiteSettings.objects.all()
        SiteSettings.objects.filter(pk=settings.pk).delete()
        settings.contact_emails = texts
        insert([settings])
        assert SiteSettings.objects.get(pk=settings.pk).contact_emails == texts


def test_what_was_written_is_not_kept_in_memory(
    demo: list[Business], settings: Any
) -> None:
    settings.DEBUG = True
    with business_scope(demo[0].pk):
        site = SiteFactory.build(steward=demo[0], site_name="Written and forgotten")
        site.created_at = site.updated_at = demo[0].created_at
        insert([site])
        assert not [
            query for query in connection.queries if "forgotten" in query["sql"]
        ]
        assert Site.objects.filter(site_name="Written and forgotten").exists()


def test_pictures_show_the_figures_that_are_entered(
    db: None, without_exports: None
) -> None:
    sow(Size(businesses=1, sites=2, employees=6, months=2, pictures=7))
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


def test_what_is_drawn_is_what_is_entered_in_the_end() -> None:
    firm = a_firm(pictures=1_000)
    plans = make_plans(firm)
    drawn = {
        id(card): sheet
        for cards, scan in scans_of(firm, plans)
        for card, sheet in zip(cards, scan.sheets, strict=True)
    }
    trail = seeding.Trail(firm.business.pk, firm.rng)
    lives = seeding.CardHistories(firm, trail)
    lives.tell(plans, {})
    entered = {life.plan: life.entered for life in lives._lives if life.entered}
    assert any(plan.fate is TargetStatus.CORRECTED for plan in entered)
    compared = 0
    for plan, days in entered.items():
        if id(plan) in drawn:
            compared += 1
            lines = drawn[id(plan)].days
            assert [(line.work_date, line.total_hours) for line in lines] == [
                (day.work_date, day.figures.total_hours) for day in days
            ]
    assert compared > 20


@pytest.mark.django_db(transaction=True)
def test_the_first_month_is_exported_and_an_attempt_is_seen_by_the_platform_alone() -> (
    None
):
    sow()
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
    with transaction.atomic():
        sow()
        whole = content()
        transaction.set_rollback(True)
    begun = iter([seeding.make_plans])
    with monkeypatch.context() as patch, pytest.raises(StopIteration):
        patch.setattr(seeding, "make_plans", lambda firm: next(begun)(firm))
        sow()
    with platform_scope("count"):
        assert Employee.objects.values("business_id").distinct().count() == 1
    assert sow() == 1
    assert content() == whole
    assert sow() == 0
    assert content() == whole


def test_a_failure_leaves_no_file_behind() -> None:
    def fail() -> Iterator[str]:
        with storage_undone_on_failure() as store:
            store("demo/one", b"1")
            assert default_storage.exists("demo/one")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not default_storage.exists("demo/one")


# The command


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
    assert "Nothing done: the demo data are there already" in run(businesses=3)
    assert {row.password for row in sign_ins()} == {"(changed)"}


@pytest.mark.parametrize("password", ["", DEFAULT_PASSWORD, "12345"])
def test_what_everybody_knows_is_no_password_in_production(
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


def test_sizes_that_make_no_sense_are_refused(db: None, settings: object) -> None:
    settings.DEBUG = True
    with pytest.raises(CommandError, match=r"months must be from 1 to 120\."):
        run(months=0)


def test_the_table_has_a_line_for_everybody() -> None:
    lines = table([]).splitlines()
    assert lines == ["Business  Role  E-mail  Password"]
