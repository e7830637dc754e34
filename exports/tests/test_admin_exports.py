"""Tests of exports in the admin: request, progress, download."""

import re
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse

from accounts.tests.personas import Personas
from exports.models import ExportRun
from exports.services import request_run
from exports.tests.factories import ExportProfileFactory, ExportRunFactory
from tests.admin_clients import AdminClient, admin_client_for
from workcards.tests.factories import MONTH

from .month_fixtures import EIGHT, employee_at, post_day, site_named

ADD = "/admin/exports/exportrun/add/"
ASKED = {"kind": "days_csv", "processing_month": "2026-06"}


@pytest.fixture
def client(acme: Personas) -> AdminClient:
    return admin_client_for(acme.reviewer)


def url_of(run: ExportRun, page: str = "change") -> str:
    return reverse(f"admin:exports_exportrun_{page}", args=[run.pk])


def the_run(acme: Personas) -> ExportRun:
    with acme.scope():
        found: ExportRun = ExportRun.objects.get()
        return found


def test_a_month_is_asked_for_watched_and_downloaded(
    transactional_db: None, acme: Personas, globex: Personas, client: AdminClient
) -> None:
    with acme.scope():
        site = site_named("North")
        post_day(employee_at(site, "Zoe"), 1, **EIGHT)
    response = client.send(ADD, {**ASKED, "site": site.pk})
    run = the_run(acme)
    assert response["Location"] == url_of(run)
    assert client.get(url_of(run))["Refresh"] == "3"
    assert client.get(url_of(run, "file")).status_code == 409
    call_command("db_worker", batch=True, interval=0, startup_delay=False, verbosity=0)
    page = client.get(url_of(run))
    assert "Refresh" not in page
    assert url_of(run, "file") in page.content.decode()
    file = client.get(url_of(run, "file"))
    assert b"Zoe" in file.content
    assert file["Content-Disposition"].startswith("attachment")
    assert file["Cache-Control"] == "private, no-cache"
    again = client.get(url_of(run, "file"), headers={"If-None-Match": file["ETag"]})
    assert again.status_code == 304
    assert admin_client_for(globex.admin).get(url_of(run, "file")).status_code == 404


def test_a_run_of_all_sites_says_so(acme: Personas, client: AdminClient) -> None:
    with acme.scope():
        ExportRunFactory(site=None)
        ExportRunFactory(site=site_named("North"))
    page = client.get(reverse("admin:exports_exportrun_changelist")).content.decode()
    places = re.findall(r'field-where">(.*?)</td>', page)
    assert sorted(places) == ["<bdi>North</bdi>", "All sites"]


def test_the_same_request_meanwhile_leads_to_the_same_run(
    acme: Personas, client: AdminClient
) -> None:
    first, second = client.send(ADD, ASKED), client.send(ADD, ASKED)
    assert first["Location"] == second["Location"] == url_of(the_run(acme))
    assert the_run(acme).filters == {"include_unapproved": False}


def test_the_form_shows_that_the_business_has_too_many_exports(
    acme: Personas, client: AdminClient, settings: Any
) -> None:
    settings.EXPORTS_PER_BUSINESS = 1
    client.send(ADD, ASKED)
    response = client.send(ADD, {**ASKED, "kind": "summary_xlsx"})
    assert (response.status_code, response["Retry-After"]) == (429, "60")
    assert "The limit of 1 queued or running exports" in response.content.decode()
    assert the_run(acme).kind == "days_csv"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"processing_month": "June"}, "processing_month"),
        ({"processing_month": ""}, "processing_month"),
        ({"kind": "pdf"}, "kind"),
        ({"site": "x"}, "site"),
    ],
)
def test_what_is_wrong_stands_at_its_field(
    acme: Personas, client: AdminClient, wrong: dict[str, str], field: str
) -> None:
    response = client.send(ADD, {**ASKED, **wrong})
    assert response.context["adminform"].form.errors.keys() == {field}
    with acme.scope():
        assert not ExportRun.objects.exists()


def test_a_failed_run_says_why(acme: Personas, client: AdminClient) -> None:
    with acme.scope():
        run = ExportRunFactory(
            status="FAILED", error="The worker stopped unexpectedly 3 times."
        )
    page: Any = client.get(url_of(run))
    assert "The worker stopped unexpectedly 3 times." in page.content.decode()
    assert url_of(run, "file") not in page.content.decode()
    listed = client.get(reverse("admin:exports_exportrun_changelist"))
    assert "The worker stopped unexpectedly 3 times." in listed.content.decode()
    # The link leads to the form, prefilled with the same options.
    again = re.search(r'href="([^"]+)">Try again<', listed.content.decode())
    assert again
    form = client.get(again[1].replace("&amp;", "&")).context["adminform"].form
    assert form["kind"].value() == run.kind
    assert form["processing_month"].value() == f"{run.processing_month:%Y-%m}"


def test_a_failed_payroll_file_is_tried_again_with_its_profile(
    acme: Personas, client: AdminClient
) -> None:
    with acme.scope():
        profile = ExportProfileFactory()
        run = request_run(
            actor=acme.reviewer,
            kind="payroll_csv",
            processing_month=MONTH,
            profile=profile,
        )
        ExportRun.objects.filter(pk=run.pk).update(status="FAILED", error="no")

    def chosen() -> Any:
        listed = client.get(reverse("admin:exports_exportrun_changelist"))
        again = re.search(r'href="([^"]+)">Try again<', listed.content.decode())
        assert again
        page = client.get(again[1].replace("&amp;", "&"))
        assert page.status_code == 200
        return page.content.decode()

    assert f'<option value="{profile.pk}" selected>' in chosen()
    with acme.scope():
        profile.delete()
    assert str(profile.pk) not in re.findall(r'<option value="([^"]+)"', chosen())


def test_a_file_lost_from_storage_is_told(acme: Personas, client: AdminClient) -> None:
    with acme.scope():
        run = ExportRunFactory(status="DONE", file="gone.csv", sha256="0" * 64)
    response = client.get(url_of(run, "file"))
    assert response.status_code == 404
    assert "no longer in storage" in response.content.decode()


def test_the_form_begins_with_the_month_that_is_due(client: AdminClient) -> None:
    form = client.get(ADD).context["adminform"].form
    assert form.initial["processing_month"].day == 1
    assert form.initial["kind"] == "days_csv"
