"""Tests of export profiles in the admin, and of a payroll file requested with one."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.tests.personas import Personas
from audit.models import AuditEvent
from audit.tests.audit_helpers import run_worker
from exports.models import ExportProfile, ExportRun
from exports.tests.factories import ExportProfileFactory
from tests.admin_clients import AdminClient, admin_client_for

from .month_fixtures import EIGHT, employee_at, post_day, site_named

ADD = "/admin/exports/exportprofile/add/"
TYPED = {
    "name": "Payroll office",
    "identifier": "external_employee_id",
    "organization_number": "0042",
    "code_hours": "0100",
    "code_sick": "S",
    "hours_format": "decimal",
    "totals": "sum_of_rounded_days",
    "decimal_separator": ".",
    "delimiter": "\t",
    "encoding": "utf-8-sig",
}


@pytest.fixture
def client(acme: Personas) -> AdminClient:
    return admin_client_for(acme.reviewer)


def url_of(profile: ExportProfile, page: str = "change") -> str:
    return reverse(f"admin:exports_exportprofile_{page}", args=[profile.pk])


def test_a_profile_is_made_edited_and_deleted(
    acme: Personas, client: AdminClient
) -> None:
    assert client.send(ADD, TYPED).status_code == 302
    with acme.scope():
        profile = ExportProfile.objects.get()
    assert (profile.organization_number, profile.delimiter) == ("0042", "\t")
    assert profile.components["hours"] == "0100"
    assert profile.components["HOLIDAY"] is None
    assert profile.totals == "sum_of_rounded_days"
    form = client.get(url_of(profile)).context["adminform"].form
    assert form["code_sick"].value() == "S"
    assert form["delimiter"].value() == "\t"
    assert "round the total once" in form["totals"].help_text
    new = client.get(ADD).context["adminform"].form
    assert new["totals"].value() == "sum_of_minutes"
    edited = {**TYPED, "code_sick": "", "code_holiday": "H"}
    assert client.send(url_of(profile), edited).status_code == 302
    with acme.scope():
        profile = ExportProfile.objects.get()
        assert profile.components == {
            "hours": "0100",
            "VACATION": None,
            "SICK": None,
            "INTERNATIONAL_VISA": None,
            "HOLIDAY": "H",
        }
    assert client.send(url_of(profile, "delete"), {"post": "yes"}).status_code == 302
    with acme.scope():
        assert not ExportProfile.objects.exists()
        assert AuditEvent.objects.of_entity("exportprofile", profile.pk).count() == 3


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"code_hours": "", "code_sick": ""}, "code_hours"),
        ({"code_vacation": "x" * 21}, "code_vacation"),
        ({"decimal_separator": ",", "delimiter": ","}, "decimal_separator"),
        ({"encoding": "windows-1255", "code_sick": "Ł"}, "code_sick"),
        ({"identifier": "email"}, "identifier"),
    ],
)
def test_what_is_wrong_stands_at_its_field(
    acme: Personas, client: AdminClient, wrong: dict[str, str], field: str
) -> None:
    response = client.send(ADD, {**TYPED, **wrong})
    assert response.context["adminform"].form.errors.keys() == {field}
    with acme.scope():
        assert not ExportProfile.objects.exists()


def test_a_name_that_is_used_already_is_told(
    acme: Personas, client: AdminClient
) -> None:
    client.send(ADD, TYPED)
    response = client.send(ADD, TYPED)
    assert response.context["adminform"].form.errors.keys() == {"name"}


def test_a_viewer_reads_the_codes(acme: Personas) -> None:
    with acme.scope():
        profile = ExportProfileFactory(components={"SICK": "S-22"})
    page: Any = admin_client_for(acme.viewer).get(url_of(profile))
    assert "Sick: S-22" in page.content.decode()


def test_a_payroll_file_is_asked_for_and_downloaded(
    transactional_db: None, acme: Personas, globex: Personas, client: AdminClient
) -> None:
    with globex.scope():
        theirs = ExportProfileFactory(name="CANARY")
    with acme.scope():
        zoe = employee_at(site_named("North"), "Zoe", external_employee_id="7")
        post_day(zoe, 1, **EIGHT)
        profile = ExportProfileFactory(name="Office")
    add = reverse("admin:exports_exportrun_add")
    assert "CANARY" not in client.get(add).content.decode()
    options = {"kind": "payroll_csv", "processing_month": "2026-06"}
    for wrong in ({}, {"profile": theirs.pk}):
        response = client.send(add, {**options, **wrong})
        assert response.context["adminform"].form.errors.keys() == {"profile"}
    assert client.send(add, {**options, "profile": profile.pk}).status_code == 302
    client.send(url_of(profile, "delete"), {"post": "yes"})
    run_worker()
    with acme.scope():
        run = ExportRun.objects.get()
    page = client.get(reverse("admin:exports_exportrun_change", args=[run.pk]))
    assert "Office" in page.content.decode()
    file = client.get(reverse("admin:exports_exportrun_file", args=[run.pk]))
    assert b"Zoe" in file.content
    assert "payroll-2026-06-Office.csv" in file["Content-Disposition"]
