"""The demo data: valid by the rules, and separate for each business."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Count
from pytest_django import DjangoDbBlocker

from accounts.models import User
from accounts.roles import Role
from audit.models import AuditEvent
from businesses.models import Business
from businesses.tenancy.context import business_scope, platform_scope
from businesses.tenancy.models import TenantModel
from demo import seed as seeding
from demo.seed import demo_businesses
from exports.models import ExportProfile
from tests.demo_checks import (
    SMALL,
    TENANT_MODELS,
    TODAY,
    scripts,
    settle_all,
    sow,
)
from workcards import services
from workcards.hours import day_figures
from workcards.models import ApprovedDay, ClosedMonth, DayEntry, WorkCard
from workcards.transitions import ReviewStatus
from workforce.models import Employee, Site


@pytest.fixture(scope="module")
def _seeded(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[list[Business]]:
    """Seed once for the tests of this module that change nothing, or whose changes are rolled back."""
    with (
        django_db_blocker.unblock(),
        transaction.atomic(),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(seeding, "WITH_EXPORTS", 0)
        assert sow() == 2
        yield demo_businesses()
        transaction.set_rollback(True)


@pytest.fixture
def demo(_seeded: list[Business], db: None) -> list[Business]:
    return _seeded


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
        types_without_actor = AuditEvent.objects.filter(actor_id=None).values_list(
            "event_type", flat=True
        )
        assert set(types_without_actor) == {"business_created", "user_created"}
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
            seen = settle_all()
            assert seen["conflict"]
            assert seen["none"]
            admin = User.objects.get(role=Role.ADMIN)
            for card in WorkCard.objects.with_status("APPROVED"):
                services.reopen_card(card_id=card.pk, reason="A test.", actor=admin)
            assert not ApprovedDay.objects.exists()
