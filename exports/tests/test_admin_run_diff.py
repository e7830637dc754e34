"""Tests of the admin page of a run's diff."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.tests.personas import Personas
from exports import run_diff_admin
from exports.models import ExportRun
from exports.tests.factories import ExportRunFactory
from tests.admin_clients import admin_client_for
from tests.api_helpers import queries
from tests.test_admin_pages import Strictness

from .export_runs import done_run
from .month_fixtures import (
    ABSENT,
    EIGHT,
    draft_day,
    employee_at,
    post_day,
    site_named,
)


@pytest.fixture
def run(acme: Personas) -> ExportRun:
    """Return a run; after it a day at `<b>North</b>` was added."""
    with acme.scope():
        run = done_run()
        post_day(employee_at(site_named("<b>North</b>"), "Zoe <i>"), 1, **EIGHT)
        return run


def url_of(run: ExportRun, page: str = "changes") -> str:
    return reverse(f"admin:exports_exportrun_{page}", args=[run.pk])


def test_the_run_leads_to_its_changes_and_they_to_the_file(
    acme: Personas, run: ExportRun
) -> None:
    client = admin_client_for(acme.viewer)
    assert url_of(run) in client.get(url_of(run, "change")).content.decode()
    page = client.get(url_of(run)).content.decode()
    for text in ("&lt;b&gt;North", "Zoe &lt;i&gt;", "8.00", "1 day changed", "Added"):
        assert text in page
    assert "<b>North" not in page
    file = client.get(url_of(run), {"type": "csv"})
    assert file["Content-Disposition"].startswith('attachment; filename="changes-')
    assert b"Zoe" in file.content


def test_an_absence_is_told_by_its_name_and_a_draft_as_one(acme: Personas) -> None:
    with acme.scope():
        zoe = employee_at(site_named("North"), "Zoe")
        run = done_run(include_unapproved=True)
        post_day(zoe, 1, **ABSENT)
        draft_day(zoe, 2)
    page = admin_client_for(acme.viewer).get(url_of(run)).content.decode()
    assert "<bdi>Sick</bdi>" in page
    assert "<bdi>8.00 DRAFT</bdi>" in page


def test_nothing_changed_is_said(acme: Personas) -> None:
    with acme.scope():
        run = done_run()
    page = admin_client_for(acme.viewer).get(url_of(run)).content.decode()
    assert "No changes since this export." in page


def test_a_run_that_is_not_done_offers_no_changes_and_says_why(acme: Personas) -> None:
    with acme.scope():
        run = ExportRunFactory(status="QUEUED")
    client = admin_client_for(acme.viewer)
    assert url_of(run) not in client.get(url_of(run, "change")).content.decode()
    page = client.get(url_of(run))
    assert page.status_code == 409
    assert "while the export has the status “Queued”." in page.content.decode()
    assert client.get(url_of(run), {"type": "csv"}).status_code == 409


def test_a_long_list_is_cut_and_says_so(
    acme: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_diff_admin, "SHOWN", 2)
    with acme.scope():
        run = done_run()
        zoe = employee_at(site_named("North"), "Zoe")
        for number in range(1, 4):
            post_day(zoe, number, **ABSENT)
    page = admin_client_for(acme.viewer).get(url_of(run))
    assert len(page.context["changes"]) == 2
    assert "Showing the first 2" in page.content.decode()


@pytest.mark.parametrize(
    ("person", "status"),
    [("reviewer", 200), ("uploader", 403), ("viewer", 200), ("platform", 200)],
)
def test_who_may_see_it(
    acme: Personas, super_admin: User, run: ExportRun, person: str, status: int
) -> None:
    user = super_admin if person == "platform" else acme.user(person)
    page: Any = admin_client_for(user).get(url_of(run))
    assert page.status_code == status
    assert ("Zoe" in page.content.decode()) is (status == 200)


def test_another_businesss_run_has_no_such_page(
    globex: Personas, run: ExportRun
) -> None:
    assert admin_client_for(globex.admin).get(url_of(run)).status_code == 404


def test_the_page_is_strict_and_can_be_drawn_in_hebrew(
    acme: Personas, run: ExportRun
) -> None:
    with acme.scope():
        User.objects.filter(pk=acme.admin.pk).update(language="he")
    page = admin_client_for(acme.admin).get(url_of(run))
    assert page.status_code == 200
    assert 'dir="rtl"' in page.content.decode()
    parser = Strictness()
    parser.feed(page.content.decode())
    assert parser.faults == []


def test_the_page_costs_the_same_for_one_change_and_for_many(
    acme: Personas, run: ExportRun
) -> None:
    client = admin_client_for(acme.viewer)
    client.get(url_of(run))
    few = queries(lambda: client.get(url_of(run)))
    with acme.scope():
        for number in range(9):
            post_day(employee_at(site_named(f"S{number}"), "Ann"), 1, **EIGHT)
    assert queries(lambda: client.get(url_of(run))) == few <= 8
