"""Tests of the file preview on the page of a new run."""

import uuid
from typing import Any

import pytest

from accounts.models import User
from accounts.tests.personas import Personas
from exports.models import ExportRun
from exports.preview import MAX_EMPLOYEES, build_preview
from tests.admin_clients import AdminClient, admin_client_for
from tests.api_helpers import queries
from workcards.tests.factories import MONTH

from .factories import ExportProfileFactory, ExportRunFactory
from .month_fixtures import (
    ABSENT,
    EIGHT,
    draft_day,
    employee_at,
    post_day,
    site_named,
)

PREVIEW = "/admin/exports/exportrun/add/preview/"
ASKED = {"kind": "days_csv", "processing_month": "2026-06"}


@pytest.fixture
def client(acme: Personas) -> AdminClient:
    return admin_client_for(acme.reviewer)


@pytest.fixture
def june(acme: Personas) -> None:
    with acme.scope():
        north, south = site_named("North"), site_named("South")
        zoe = employee_at(north, "Zoe <i>", external_employee_id="0017")
        post_day(zoe, 1, **EIGHT)
        post_day(zoe, 2, **ABSENT)
        post_day(employee_at(south, "Nameless", external_employee_id=None), 1, **EIGHT)
        draft_day(zoe, 3)


def look(client: AdminClient, **options: Any) -> Any:
    return client.get(PREVIEW, {**ASKED, **options})


@pytest.mark.parametrize("kind", ["days_csv", "matrix_xlsx", "summary_xlsx"])
def test_each_kind_of_file_shows_how_it_begins(
    acme: Personas, client: AdminClient, june: None, kind: str
) -> None:
    page = look(client, kind=kind).content.decode()
    assert "3 days · 2 employees · 16.00 hours" in " ".join(page.split())
    assert "Zoe &lt;i&gt;" in page
    assert "8.00" in page


def test_the_preview_is_of_the_site_and_with_the_drafts_that_are_asked_for(
    acme: Personas, client: AdminClient, june: None
) -> None:
    with acme.scope():
        south = ExportRunFactory(site=site_named("West")).site
    assert "no rows" in look(client, site=south.pk).content.decode()
    drafts = look(client, include_unapproved="on").content.decode()
    assert "DRAFT" in drafts
    assert "DRAFT" not in look(client).content.decode()


def test_a_payroll_file_that_cannot_be_made_says_why(
    acme: Personas, client: AdminClient, june: None
) -> None:
    with acme.scope():
        profile = ExportProfileFactory(identifier="external_employee_id")
    rejected = look(client, kind="payroll_csv", profile=profile.pk).content.decode()
    assert "Nameless" in rejected
    assert "<table" not in rejected
    assert (
        "Choose a payroll profile." in look(client, kind="payroll_csv").content.decode()
    )


def test_the_preview_is_short_whatever_the_month(acme: Personas) -> None:
    with acme.scope():
        site = site_named("North")
        for number in range(MAX_EMPLOYEES + 3):
            post_day(employee_at(site, f"Person {number:02}"), 1, **EIGHT)
        for kind in ("days_csv", "summary_xlsx", "matrix_xlsx"):
            preview = build_preview(kind=kind, processing_month=MONTH)
            assert preview.has_more
            assert preview.employees == MAX_EMPLOYEES + 3
        assert "Total" not in preview.header
        assert len(preview.header) == MAX_EMPLOYEES + 2


@pytest.mark.parametrize(
    "options",
    [
        {"processing_month": "June"},
        {"kind": "pdf"},
        {"site": "\x00"},
        {"site": uuid.UUID(int=7)},
        {"profile": uuid.UUID(int=7)},
    ],
)
def test_what_can_not_be_asked_for_has_no_preview(
    client: AdminClient, options: dict[str, Any]
) -> None:
    answer = look(client, **options)
    assert answer.status_code == 200
    assert answer.context["preview"] is None
    assert answer.context["problems"]


def test_another_business_sees_none_of_it(
    acme: Personas, globex: Personas, june: None
) -> None:
    with acme.scope():
        profile = ExportProfileFactory()
    thief = admin_client_for(globex.admin)
    assert "Zoe" not in look(thief).content.decode()
    answers = [
        look(thief, kind="payroll_csv", profile=one).content.decode()
        for one in (profile.pk, uuid.uuid4())
    ]
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("role", "status"),
    [("admin", 200), ("reviewer", 200), ("uploader", 403), ("viewer", 403)],
)
def test_who_may_make_a_file_sees_how_it_begins(
    acme: Personas, role: str, status: int
) -> None:
    assert look(admin_client_for(getattr(acme, role))).status_code == status


def test_nobody_on_the_platform_does(super_admin: User) -> None:
    assert look(admin_client_for(super_admin)).status_code == 403


def test_the_preview_asks_little(
    acme: Personas, client: AdminClient, june: None
) -> None:
    with acme.scope():
        profile = ExportProfileFactory()
        site = ExportRunFactory(site=site_named("West")).site
    options = {"kind": "payroll_csv", "profile": profile.pk, "site": site.pk}
    look(client, **options)
    assert queries(lambda: look(client, **options)) <= 8


# The list


def test_the_list_shows_how_far_a_run_is_and_leads_to_what_changed(
    acme: Personas, client: AdminClient
) -> None:
    with acme.scope():
        running = ExportRunFactory(status=ExportRun.Status.RUNNING, progress=40)
        done = ExportRunFactory(status=ExportRun.Status.DONE)
    page = client.get("/admin/exports/exportrun/").content.decode()
    assert page.count("data-in-progress") == 1
    assert '<progress max="100" value="40"' in page
    assert f"/admin/exports/exportrun/{done.pk}/changes/" in page
    assert f"/admin/exports/exportrun/{running.pk}/changes/" not in page
