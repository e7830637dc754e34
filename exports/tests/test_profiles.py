"""Tests of the API of export profiles, and of runs with a profile."""

import json
import uuid
from typing import Any

import pytest
from django.core.files.storage import default_storage

from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from audit.models import AuditEvent
from audit.tests.audit_helpers import run_worker
from businesses.tests.lock_assertions import opened
from exports.models import ExportProfile, ExportRun
from tests.api_helpers import problem
from workcards.month_rows import DayRow
from workcards.tests.test_concurrency_cards import at_once

from .factories import ExportProfileFactory
from .month_fixtures import EIGHT, employee_at, post_day, site_named

URL, RUNS = "/api/export_profiles", "/api/export_runs"
NEW: dict[str, Any] = {"name": "Payroll office", "components": {"hours": "0100"}}
PAYROLL = {"kind": "payroll_csv", "processing_month": "2026-06"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def client(acme: Personas) -> Any:
    return client_of(acme.reviewer)


def events(acme: Personas) -> list[str]:
    with acme.scope():
        found = AuditEvent.objects.order_by("id")
        return [str(event.event_type) for event in found]


def test_a_profile_is_made_read_edited_and_deleted(acme: Personas, client: Any) -> None:
    made = client.post(URL, {**NEW, "organization_number": "0042", "delimiter": "\t"})
    assert made.status_code == 201
    profile = made.json()
    url = f"{URL}/{profile['id']}"
    assert profile["components"] == {
        "hours": "0100",
        "VACATION": None,
        "SICK": None,
        "INTERNATIONAL_VISA": None,
        "HOLIDAY": None,
    }
    assert (profile["identifier"], profile["encoding"], profile["delimiter"]) == (
        "external_employee_id",
        "utf-8-sig",
        "\t",
    )
    assert profile["totals"] == "sum_of_minutes"
    assert client.get(url).json() == profile
    assert client.put(url, profile).json()["components"] == profile["components"]
    patched = client.patch(url, {"components": {"SICK": "S"}}).json()
    assert patched["components"]["hours"] == "0100"
    assert patched["components"]["SICK"] == "S"
    added = client.patch(url, {"totals": "sum_of_rounded_days"}).json()
    assert (added["totals"], added["components"]) == (
        "sum_of_rounded_days",
        patched["components"],
    )
    replaced = client.put(url, {**NEW, "components": {"SICK": "S"}}).json()
    assert replaced["components"]["hours"] is None
    assert client.get(URL).json()["count"] == 1
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == 404
    assert events(acme) == [
        "export_profile_created",
        "export_profile_updated",
        "export_profile_updated",
        "export_profile_updated",
        "export_profile_deleted",
    ]


@pytest.mark.parametrize(
    ("wrong", "code", "attr"),
    [
        ({"name": ""}, "blank", "name"),
        ({"name": "x" * 101}, "max_length", "name"),
        ({"name": "a\ue000b"}, "not_printable", "name"),
        ({"identifier": "phone_number"}, "invalid_choice", "identifier"),
        ({"organization_number": "1" * 21}, "max_length", "organization_number"),
        ({"organization_number": "1\ue000"}, "not_printable", "organization_number"),
        ({"components": {}}, "required", "components"),
        ({"components": {"hours": ""}}, "required", "components"),
        ({"components": None}, "null", "components"),
        ({"components": "100"}, "invalid", "components"),
        ({"components": {"hours": 100}}, "invalid", "components.hours"),
        ({"components": {"hours": "x" * 21}}, "max_length", "components.hours"),
        ({"components": {"SICK": "a\ue000"}}, "not_printable", "components.SICK"),
        ({"components": {"OVERTIME": "1"}}, "unknown_field", "components.OVERTIME"),
        ({"hours_format": "minutes"}, "invalid_choice", "hours_format"),
        ({"totals": "decimal"}, "invalid_choice", "totals"),
        ({"decimal_separator": ";"}, "invalid_choice", "decimal_separator"),
        ({"decimal_separator": ","}, "separators_collide", "decimal_separator"),
        ({"delimiter": "\n"}, "invalid_choice", "delimiter"),
        ({"encoding": "utf-16"}, "invalid_choice", "encoding"),
        (
            {"encoding": "windows-1255", "components": {"SICK": "Ł"}},
            "not_encodable",
            "components.SICK",
        ),
        (
            {"encoding": "windows-1255", "organization_number": "Ł"},
            "not_encodable",
            "organization_number",
        ),
        ({"colour": "red"}, "unknown_field", "colour"),
    ],
)
def test_what_is_wrong_is_named(
    acme: Personas, client: Any, wrong: dict[str, Any], code: str, attr: str
) -> None:
    assert problem(client.post(URL, {**NEW, **wrong})) == (400, code, attr)
    assert events(acme) == []


def test_invisible_characters_are_dropped(client: Any) -> None:
    sent = {
        "name": "a\tb\u202e",
        "organization_number": "1\n2",
        "components": {"SICK": "a\x7fb"},
    }
    made = client.post(URL, {**NEW, **sent})
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["name"], body["organization_number"]) == ("a b", "1 2")
    assert body["components"]["SICK"] == "ab"


def test_an_edit_is_held_against_what_stays(acme: Personas, client: Any) -> None:
    with acme.scope():
        url = f"{URL}/{ExportProfileFactory(delimiter=',').pk}"
    rejected = client.patch(url, {"decimal_separator": ","})
    assert problem(rejected) == (400, "separators_collide", "decimal_separator")
    both = {"decimal_separator": ",", "delimiter": ";"}
    assert client.patch(url, both).status_code == 200
    codes = dict.fromkeys(("hours", "VACATION", "SICK", "INTERNATIONAL_VISA"))
    assert client.patch(url, {"components": codes}).status_code == 200
    rejected = client.patch(url, {"components": {"HOLIDAY": None}})
    assert problem(rejected) == (400, "required", "components")


def test_a_name_is_used_once_in_a_business_and_again_in_another(
    acme: Personas, globex: Personas, client: Any
) -> None:
    assert client.post(URL, NEW).status_code == 201
    again = client.post(URL, {**NEW, "name": " Payroll  office "})
    assert problem(again) == (400, "already_in_use", "name")
    assert client_of(globex.admin).post(URL, NEW).status_code == 201


@pytest.mark.parametrize("locks", [(), ("manager",), ("row_security",)], ids=str)
def test_another_businesss_profile_can_not_be_exported_by(
    acme: Personas, globex: Personas, locks: Any
) -> None:
    with acme.scope():
        foreign = ExportProfileFactory(name="CANARY").pk
    thief = client_of(globex.admin)
    with opened(*locks):
        answers = [
            thief.post(RUNS, {**PAYROLL, "profile_id": str(profile_id)})
            for profile_id in (foreign, uuid.uuid4())
        ]
    assert answers[0].content == answers[1].content
    assert problem(answers[0]) == (400, "does_not_exist", "profile_id")
    with globex.scope():
        assert not ExportRun.objects.exists()


def test_a_profile_is_for_payroll_files_which_need_one(
    acme: Personas, client: Any
) -> None:
    with acme.scope():
        profile_id = str(ExportProfileFactory().pk)
    assert problem(client.post(RUNS, PAYROLL)) == (400, "required", "profile_id")
    for kind in ("days_csv", "matrix_xlsx", "summary_xlsx"):
        body = {**PAYROLL, "kind": kind, "profile_id": profile_id}
        rejected = client.post(RUNS, body)
        assert problem(rejected) == (400, "not_applicable", "profile_id")
        assert client.post(RUNS, {**body, "profile_id": None}).status_code == 202


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("days_csv", "days-2026-06-North-Side-DRAFT.csv"),
        ("matrix_xlsx", "matrix-2026-06-North-Side-DRAFT.xlsx"),
        ("summary_xlsx", "summary-2026-06-North-Side-DRAFT.xlsx"),
        ("payroll_csv", "payroll-2026-06-שכר-1-North-Side-DRAFT.csv"),
    ],
)
def test_the_name_of_a_file_says_what_is_in_it(
    acme: Personas, client: Any, kind: str, name: str
) -> None:
    with acme.scope():
        site = site_named("North / Side")
        profile = ExportProfileFactory(name="שכר ../1")
    body = {**PAYROLL, "kind": kind, "site_id": str(site.pk)}
    if kind == "payroll_csv":
        body["profile_id"] = str(profile.pk)
    run = client.post(RUNS, {**body, "include_unapproved": True}).json()
    assert run["generated_file_name"] == name


def test_a_run_keeps_the_profile_whatever_becomes_of_it(
    acme: Personas, client: Any, transactional_db: None
) -> None:
    with acme.scope():
        zoe = employee_at(site_named("North"), "Zoe", external_employee_id="7")
        post_day(zoe, 1, **EIGHT)
    profile = client.post(URL, NEW).json()
    body = {**PAYROLL, "profile_id": profile["id"]}
    first = client.post(RUNS, body).json()
    assert client.post(RUNS, body).json()["id"] == first["id"]
    client.patch(f"{URL}/{profile['id']}", {"components": {"hours": "9"}})
    second = client.post(RUNS, body).json()
    assert second["id"] != first["id"]
    client.delete(f"{URL}/{profile['id']}")
    run_worker()
    codes = {}
    for requested in (first, second):
        run = client.get(f"{RUNS}/{requested['id']}").json()
        assert (run["status"], run["row_count"]) == ("DONE", 1)
        codes[run["id"]] = run["filters"]["profile"]["components"]["hours"]
        content = client.get(run["file_url"]).content.decode("utf-8-sig")
        assert content.splitlines()[1].split(",")[4] == codes[run["id"]]
    assert list(codes.values()) == ["0100", "9"]
    assert run["filters"]["profile"].keys() == ExportProfileFields


ExportProfileFields = {
    field.name for field in ExportProfile._meta.fields
} - {"business", "created_at", "updated_at"}  # fmt: skip


def test_a_run_that_lacks_identifiers_fails_and_names_them(
    acme: Personas, client: Any, transactional_db: None
) -> None:
    with acme.scope():
        north = site_named("North")
        post_day(employee_at(north, "Zoe", external_employee_id=None), 1, **EIGHT)
    profile = client.post(URL, NEW).json()
    run = client.post(RUNS, {**PAYROLL, "profile_id": profile["id"]}).json()
    run_worker()
    run = client.get(f"{RUNS}/{run['id']}").json()
    assert (run["status"], run["file_url"], run["sha256"]) == ("FAILED", None, "")
    assert run["error"].startswith("missing_identifier: ")
    assert "Zoe" in run["error"]
    assert problem(client.get(f"{RUNS}/{run['id']}/file"))[:2] == (409, "not_done")
    assert not default_storage.exists(f"businesses/{acme.id}/exports/{run['id']}-1")


@pytest.mark.parametrize("kind", ExportRun.Kind.values)
def test_every_kind_keeps_what_it_read_so_that_changes_can_be_told(
    acme: Personas, client: Any, transactional_db: None, kind: str
) -> None:
    with acme.scope():
        zoe = employee_at(site_named("North"), "Zoe", external_employee_id="7")
        employee_at(site_named("South"), "Idle")
        post_day(zoe, 1, **EIGHT)
        profile = ExportProfileFactory()
    with_profile = {"profile_id": str(profile.pk)} if kind == "payroll_csv" else {}
    run = client.post(RUNS, {**PAYROLL, **with_profile, "kind": kind}).json()
    run_worker()
    run = client.get(f"{RUNS}/{run['id']}").json()
    assert (run["status"], run["progress"], run["row_count"]) == ("DONE", 100, 1)
    file = client.get(run["file_url"])
    assert file["Content-Type"] == (
        "text/csv"
        if kind.endswith("csv")
        else "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    )
    with acme.scope():
        snapshot = ExportRun.objects.get().snapshot
    with default_storage.open(snapshot) as stored:
        rows = [DayRow(*json.loads(line)) for line in stored]
    assert [row.hours for row in rows if row.work_date] == ["8.00"]
    changes = f"{RUNS}/{run['id']}/changes"
    assert not any(client.get(changes).json()["counts"].values())
    with acme.scope():
        post_day(zoe, 2, **EIGHT)
    (added,) = client.get(changes).json()["added"]
    assert added["date"] == "2026-06-02"


@pytest.mark.parametrize("attempt", range(3))
def test_two_who_edit_different_codes_at_once_lose_none(
    acme: Personas, client: Any, transactional_db: None, attempt: int
) -> None:
    profile = client.post(URL, NEW).json()
    people = {"SICK": client, "HOLIDAY": client_of(acme.admin)}
    at_once(
        *(
            lambda part=part, person=person: person.patch(
                f"{URL}/{profile['id']}", {"components": {part: "9"}}
            )
            for part, person in people.items()
        )
    )
    codes = client.get(f"{URL}/{profile['id']}").json()["components"]
    assert codes == {
        "hours": "0100",
        "VACATION": None,
        "SICK": "9",
        "INTERNATIONAL_VISA": None,
        "HOLIDAY": "9",
    }
