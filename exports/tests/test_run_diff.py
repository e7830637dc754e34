"""Tests of the diff between a run and the current data: exactly the changes that affect pay."""

import csv
import io
import json
import random
import uuid
from datetime import time
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.storage import default_storage

from accounts.models import User
from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from businesses.tests.lock_assertions import opened
from exports import run_diff_views
from exports.models import ExportRun
from tests.api_helpers import problem, queries
from workcards import services
from workcards.models import ApprovedDay
from workcards.month_rows import DayRow, month_rows
from workcards.tests.factories import MONTH, WorkCardFactory
from workcards.tests.review_helpers import (
    answers,
    approve,
    card_with,
    conflicts_of,
    day,
    reopen,
)
from workforce.models import Employee, Site
from workforce.tests.factories import EmployeeFactory

from .export_runs import done_run, keep_snapshot
from .factories import ExportProfileFactory, ExportRunFactory
from .month_fixtures import (
    ABSENT,
    EIGHT,
    NO_TIMES,
    employee_at,
    post_day,
    site_named,
)
from .test_exports_api import ask, work

pytestmark = pytest.mark.django_db

NOTHING: dict[str, list[Any]] = {"added": [], "removed": [], "changed": []}


@pytest.fixture
def zoe(acme: Personas) -> Employee:
    with acme.scope():
        return employee_at(
            site_named("North"), "Zoe", passport_id="P12345", external_employee_id="007"
        )


def url_of(run: ExportRun) -> str:
    return f"/api/export_runs/{run.pk}/changes"


def answer(acme: Personas, run: ExportRun) -> dict[str, Any]:
    response = client_of(acme.viewer).get(url_of(run))
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()
    return found


def changes_of(acme: Personas, run: ExportRun) -> dict[str, list[Any]]:
    """Return kind → [(employee, day of the month, site, old, new, difference)]."""
    body = answer(acme, run)

    def figures(side: dict[str, Any] | None) -> str | None:
        return side and (side["hours"] or side["day_status"])

    return {
        kind: [
            (
                change["employee"]["name"],
                int(change["date"][-2:]),
                change["site"]["name"],
                figures(change["old"]),
                figures(change["new"]),
                change["difference"],
            )
            for change in body[kind]
        ]
        for kind in NOTHING
    }


def file_of(acme: Personas, run: ExportRun) -> list[list[str]]:
    response = client_of(acme.viewer).get(url_of(run), {"type": "csv"})
    assert response.status_code == 200
    assert response.content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))


# Changes


def test_a_correction_by_reopening_editing_and_approving_is_a_change(
    acme: Personas, zoe: Employee
) -> None:
    with acme.scope():
        card = card_with(acme, zoe, {3: "8.5", 4: "8", 5: "SICK", 6: "7"})
        approve(acme, card)
        run = done_run()
        reopen(acme, card)
        card.refresh_from_db()
        services.set_day_entries(
            card_id=card.pk,
            version=card.version,
            actor=acme.reviewer,
            entries=[
                {"work_date": day(3), "total_hours": Decimal(7)},
                {"work_date": day(4), "day_status": "VACATION"},
                {"work_date": day(5), "total_hours": Decimal(4)},
                {"work_date": day(7), "total_hours": Decimal(2)},
            ],
        )
        approve(acme, card)
    assert changes_of(acme, run) == {
        "added": [("Zoe", 7, "North", None, "2.00", "2.00")],
        "removed": [("Zoe", 6, "North", "7.00", None, "-7.00")],
        "changed": [
            ("Zoe", 3, "North", "8.50", "7.00", "-1.50"),
            ("Zoe", 4, "North", "8.00", "VACATION", "-8.00"),
            ("Zoe", 5, "North", "SICK", "4.00", "4.00"),
        ],
    }
    body = answer(acme, run)
    assert body["counts"] == {"added": 1, "removed": 1, "changed": 3}
    assert body["difference"] == "-10.50"
    assert body["is_complete"] is True
    assert body["run_id"] == str(run.pk)
    assert body["processing_month"] == "2026-06"
    (first, *_) = body["changed"]
    assert first["employee"] == {"id": str(zoe.pk), "name": "Zoe"}
    assert first["site"] == {"id": str(zoe.site_id), "name": "North"}
    assert first["new"] == {
        "hours": "7.00",
        "minutes": 420,
        "day_status": None,
        "state": "approved",
        "work_card_id": str(card.pk),
    }


def test_nothing_changed_is_nothing_told(acme: Personas, zoe: Employee) -> None:
    with acme.scope():
        approve(acme, card_with(acme, zoe, {3: "8.5", 5: "SICK"}))
        run = done_run()
    assert changes_of(acme, run) == NOTHING
    assert answer(acme, run)["difference"] == "0.00"
    assert len(file_of(acme, run)) == 1


def test_a_month_that_was_empty_and_still_is_has_no_changes(acme: Personas) -> None:
    with acme.scope():
        run = done_run()
    assert changes_of(acme, run) == NOTHING


def test_a_late_card_is_added(acme: Personas, zoe: Employee) -> None:
    with acme.scope():
        approve(acme, card_with(acme, zoe, {3: "8"}))
        run = done_run()
        approve(acme, card_with(acme, zoe, {20: "8", 21: "SICK"}))
    assert changes_of(acme, run) == NOTHING | {
        "added": [
            ("Zoe", 20, "North", None, "8.00", "8.00"),
            ("Zoe", 21, "North", None, "SICK", "0.00"),
        ]
    }


def test_a_card_that_is_open_again_has_its_days_removed(
    acme: Personas, zoe: Employee
) -> None:
    with acme.scope():
        card = card_with(acme, zoe, {3: "8"})
        approve(acme, card)
        run = done_run()
        reopen(acme, card)
    assert changes_of(acme, run) == NOTHING | {
        "removed": [("Zoe", 3, "North", "8.00", None, "-8.00")]
    }


def test_a_day_replaced_at_another_site_is_removed_here_and_added_there(
    acme: Personas, zoe: Employee
) -> None:
    with acme.scope():
        south = site_named("South")
        approve(acme, card_with(acme, zoe, {3: "8", 4: "8"}))
        everywhere, north, of_south = (
            done_run(),
            done_run(site=zoe.site),
            done_run(site=south),
        )
        other = card_with(acme, zoe, {3: "6"}, site=south)
        approve(acme, other, *answers(conflicts_of(acme, other), "replace"))
    removed = [("Zoe", 3, "North", "8.00", None, "-8.00")]
    added = [("Zoe", 3, "South", None, "6.00", "6.00")]
    assert changes_of(acme, everywhere) == NOTHING | {
        "removed": removed,
        "added": added,
    }
    assert changes_of(acme, north) == NOTHING | {"removed": removed}
    assert changes_of(acme, of_south) == NOTHING | {"added": added}


def test_the_same_figures_from_another_card_are_no_change(
    acme: Personas, zoe: Employee
) -> None:
    with acme.scope():
        first, second = (card_with(acme, zoe, {3: "8"}) for _ in range(2))
        approve(acme, first)
        approve(acme, second)
        run = done_run()
        reopen(acme, first)
        row = ApprovedDay.objects.get()
        assert row.work_card_id == second.pk
    assert changes_of(acme, run) == NOTHING


def test_a_new_name_home_or_passport_is_no_change(
    acme: Personas, zoe: Employee
) -> None:
    with acme.scope():
        approve(acme, card_with(acme, zoe, {3: "8"}))
        run = done_run()
        Employee.objects.filter(pk=zoe.pk).update(
            full_name="Aaa", passport_id="NEW999", site=site_named("South")
        )
        Site.objects.filter(pk=zoe.site_id).update(site_name="Zzz")
    assert changes_of(acme, run) == NOTHING


def test_another_months_days_are_no_changes(acme: Personas, zoe: Employee) -> None:
    with acme.scope():
        run = done_run()
        july = MONTH.replace(month=7)
        card = WorkCardFactory(employee=zoe, site=zoe.site, processing_month=july)
        services.set_day_entries(
            card_id=card.pk,
            version=card.version,
            actor=acme.admin,
            entries=[{"work_date": july, "total_hours": Decimal(8)}],
        )
        approve(acme, card)
    assert changes_of(acme, run) == NOTHING


def test_changes_come_by_site_employee_and_date(acme: Personas, zoe: Employee) -> None:
    with acme.scope():
        run = done_run()
        ann = employee_at(zoe.site, "Ann")
        bob = employee_at(site_named("East"), "Bob")
        for person, number in ((zoe, 9), (zoe, 2), (ann, 5), (bob, 7)):
            post_day(person, number, **EIGHT)
    assert [row[:3] for row in changes_of(acme, run)["added"]] == [
        ("Bob", 7, "East"),
        ("Ann", 5, "North"),
        ("Zoe", 2, "North"),
        ("Zoe", 9, "North"),
    ]


# Drafts


def test_a_draft_is_compared_with_what_a_draft_would_be_now(
    acme: Personas, zoe: Employee
) -> None:
    with acme.scope():
        card = card_with(acme, zoe, {3: "8", 4: "8"})
        draft = done_run(include_unapproved=True)
        plain = done_run()
    assert changes_of(acme, draft) == changes_of(acme, plain) == NOTHING
    with acme.scope():
        approve(acme, card)
        late = card_with(acme, zoe, {5: "6"})
    assert changes_of(acme, draft) == NOTHING | {
        "added": [("Zoe", 5, "North", None, "6.00", "6.00")]
    }
    assert answer(acme, draft)["added"][0]["new"]["state"] == "needs_review"
    assert file_of(acme, draft)[1][-3:] == ["", "DRAFT", "added"]
    assert [row[1] for row in changes_of(acme, plain)["added"]] == [3, 4]
    with acme.scope():
        card_with(acme, zoe, {5: "4"})
        assert late.pk
    (change,) = answer(acme, draft)["added"]
    assert (change["new"]["state"], change["new"]["hours"]) == ("conflict", "4.00")


def test_of_a_draft_run_a_row_without_a_date_is_no_day(
    acme: Personas, zoe: Employee
) -> None:
    """The snapshot of a matrix also contains the expected employees."""
    with acme.scope():
        post_day(zoe, 3, **EIGHT)
        run = done_run()
        (row,) = month_rows(MONTH)
        expected = row._replace(work_date="", hours=None, site_id="", work_card_id="")
        lines = [json.dumps(one).encode() for one in (row, expected)]
        keep_snapshot(run, b"\n".join(lines))
    assert changes_of(acme, run) == NOTHING


# Random changes


@pytest.mark.parametrize("seed", range(5))
def test_the_changes_are_those_of_a_plain_comparison(acme: Personas, seed: int) -> None:
    chance = random.Random(seed)
    with acme.scope():
        sites = [site_named("North"), site_named("South")]
        people = [employee_at(sites[0], f"Worker {n}") for n in range(4)]
        for person in people:
            for number in chance.sample(range(1, 29), 6):
                post_day(person, number, site=chance.choice(sites), **EIGHT)
        run = done_run()
        before = ledger()
        for row in chance.sample(list(ApprovedDay.objects.all()), 8):
            if chance.random() < 0.5:
                row.delete()
            else:
                ApprovedDay.objects.filter(pk=row.pk).update(
                    hours=chance.choice(["8.00", "7.25"]), **NO_TIMES
                )
        free = [
            (person, number)
            for person in people
            for number in range(1, 29)
            if (str(person.pk), f"{day(number)}") not in {key[:2] for key in ledger()}
        ]
        for person, number in chance.sample(free, 4):
            post_day(person, number, **EIGHT)
        after = ledger()
    body = answer(acme, run)
    found = {
        kind: {
            (c["employee"]["id"], c["date"], c["site"]["id"]): c["difference"]
            for c in body[kind]
        }
        for kind in NOTHING
    }
    assert found == {
        "added": {k: f"{v:.2f}" for k, v in after.items() if k not in before},
        "removed": {k: f"{-v:.2f}" for k, v in before.items() if k not in after},
        "changed": {
            k: f"{after[k] - v:.2f}"
            for k, v in before.items()
            if k in after and after[k] != v
        },
    }
    assert sum(body["counts"].values()) == len(file_of(acme, run)) - 1


def ledger() -> dict[tuple[str, str, str], Any]:
    return {
        (str(row.employee_id), f"{row.work_date}", str(row.site_id)): row.hours
        for row in ApprovedDay.objects.all()
    }


# The file of corrections


def test_the_file_has_the_columns_and_the_identifiers_of_now(
    acme: Personas, zoe: Employee
) -> None:
    with acme.scope():
        gone = employee_at(
            zoe.site,
            "Gone",
            passport_id=None,
            former_passport_id="X99999",
            external_employee_id=None,
        )
        post_day(gone, 2, **EIGHT)
        post_day(zoe, 3, **EIGHT)
        run = done_run(site=zoe.site, generated_file_name="days-2026-06-North.csv")
        ApprovedDay.objects.filter(employee=gone).delete()
        ApprovedDay.objects.filter(employee=zoe).update(hours="6.50", **NO_TIMES)
        post_day(zoe, 4, **ABSENT)
        Employee.objects.filter(pk=zoe.pk).update(passport_id="00123456")
    assert ["|".join(line) for line in file_of(acme, run)] == [
        "Site|Employee|External ID|Passport|Date|Old Hours|New Hours|Difference"
        "|Old Status|New Status|Change",
        "North|Gone||X99999|2026-06-02|8.00||-8.00|||removed",
        "North|Zoe|007|00123456|2026-06-03|8.00|6.50|-1.50|||changed",
        "North|Zoe|007|00123456|2026-06-04|||0.00||SICK|added",
    ]
    response = client_of(acme.viewer).get(url_of(run), {"type": "csv"})
    assert response["Content-Type"] == "text/csv"
    assert response["Content-Disposition"] == (
        'attachment; filename="changes-days-2026-06-North.csv"'
    )
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_a_name_that_is_a_formula_reaches_the_file_as_text(
    acme: Personas, start: str
) -> None:
    with acme.scope():
        run = done_run(generated_file_name='=x"\r\nX-Evil: 1.csv')
        site = site_named(f"{start}1+1")
        person = employee_at(
            site, f'{start}HYPERLINK("x")', external_employee_id=f"{start}9"
        )
        post_day(person, 1, **EIGHT)
    (_header, line) = file_of(acme, run)
    assert line[:3] == [f"'{start}1+1", f'\'{start}HYPERLINK("x")', f"'{start}9"]
    response = client_of(acme.viewer).get(url_of(run), {"type": "csv"})
    assert "X-Evil" not in response.headers
    assert response["Content-Disposition"].startswith("attachment")


def test_hebrew_names_come_through(acme: Personas) -> None:
    with acme.scope():
        run = done_run(generated_file_name="days-2026-06-אתר.csv")
        post_day(employee_at(site_named("אתר צפון"), "זואי"), 1, **EIGHT)
    assert file_of(acme, run)[1][:2] == ["אתר צפון", "זואי"]
    response = client_of(acme.viewer).get(url_of(run), {"type": "csv"})
    assert "filename*=utf-8''changes-days-2026-06-" in response["Content-Disposition"]


def test_a_list_has_a_bound_and_the_file_has_all(
    acme: Personas, zoe: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_diff_views, "LISTED", 3)
    with acme.scope():
        run = done_run()
        for number in range(1, 6):
            post_day(zoe, number, **EIGHT)
    body = answer(acme, run)
    assert [change["date"][-2:] for change in body["added"]] == ["01", "02", "03"]
    assert (body["is_complete"], body["counts"]["added"]) == (False, 5)
    assert body["difference"] == "40.00"
    assert len(file_of(acme, run)) == 6


# Runs that cannot be compared


def test_a_snapshot_without_minutes_is_compared_by_its_times_and_hours(
    acme: Personas, zoe: Employee
) -> None:
    """Snapshots of earlier versions have fourteen values a day."""
    shift = {"from_time": time(7), "to_time": time(14, 20), "break_minutes": 0}
    with acme.scope():
        by_times = post_day(zoe, 1, hours=Decimal("7.33"), **shift)
        typed = post_day(zoe, 2, hours=Decimal("7.34"))
        post_day(zoe, 3, **ABSENT)
        run = done_run()
        with default_storage.open(run.snapshot) as stored:
            lines = [json.dumps(json.loads(line)[:14]) for line in stored]
        keep_snapshot(run, "\n".join(lines).encode())
    assert changes_of(acme, run) == NOTHING
    with acme.scope():
        # 440 minutes in both cases.
        ApprovedDay.objects.filter(pk=typed.pk).update(hours=Decimal("7.33"))
    assert changes_of(acme, run) == NOTHING
    with acme.scope():
        ApprovedDay.objects.filter(pk=by_times.pk).update(
            to_time=time(14, 21), hours=Decimal("7.35")
        )
    (change,) = answer(acme, run)["changed"]
    assert (change["old"]["minutes"], change["new"]["minutes"]) == (440, 441)
    assert (change["difference"], change["difference_minutes"]) == ("0.02", 1)
    assert answer(acme, run)["difference_minutes"] == 1


def row_with(**values: str) -> bytes:
    row = DayRow(
        *("North", "Zoe", str(uuid.UUID(int=1)), "2026-06-01", None, None, None, None),
        *(0, "8.00", None, "", str(uuid.UUID(int=2)), str(uuid.UUID(int=3)), 480),
    )
    return json.dumps(row._replace(**values)).encode()


@pytest.mark.parametrize("status", ["QUEUED", "RUNNING", "FAILED"])
def test_a_run_that_is_not_done_has_nothing_to_compare(
    acme: Personas, status: str
) -> None:
    with acme.scope():
        run = ExportRunFactory(status=status)
    response = client_of(acme.admin).get(url_of(run))
    assert problem(response) == (409, "not_done", None)
    assert response.json()["run_status"] == status


def test_a_snapshot_that_is_lost_from_storage_is_told(
    acme: Personas, zoe: Employee
) -> None:
    with acme.scope():
        run = done_run()
        default_storage.delete(run.snapshot)
    for query in ({}, {"type": "csv"}):
        response = client_of(acme.admin).get(url_of(run), query)
        assert problem(response) == (404, "file_missing", None)


@pytest.mark.parametrize(
    "content",
    [
        b"not json",
        b"\xff\xfe",
        b"{}",
        b'["North"]',
        b"[" + b'"x",' * 13 + b'"x"]',
        b"[" + b"null," * 13 + b"null]",
        b"[1, 2, 3]",
        # The current format with one invalid word.
        row_with(day_status="HANGOVER"),
        row_with(draft="PERHAPS"),
        row_with(hours="eight"),
        row_with(minutes="eight"),
        row_with(work_date="1 June"),
        row_with(site_id="North"),
    ],
)
def test_a_snapshot_of_another_format_is_told(acme: Personas, content: bytes) -> None:
    with acme.scope():
        run = done_run()
        keep_snapshot(run, content)
    response = client_of(acme.admin).get(url_of(run))
    assert problem(response) == (404, "no_snapshot", None)


def test_a_run_from_before_snapshots_were_kept_is_told(acme: Personas) -> None:
    with acme.scope():
        run = ExportRunFactory(status="DONE", snapshot="")
    response = client_of(acme.admin).get(url_of(run))
    assert problem(response) == (404, "no_snapshot", None)


@pytest.mark.parametrize("kind", ["xlsx", "CSV", "json\x00"])
def test_another_type_is_refused(acme: Personas, kind: str) -> None:
    with acme.scope():
        run = done_run()
    response = client_of(acme.admin).get(url_of(run), {"type": kind})
    assert problem(response) == (400, "invalid_choice", "type")


# Isolation and permissions


def test_another_businesss_days_at_the_same_site_are_not_among_them(
    acme: Personas, globex: Personas, super_admin: User, zoe: Employee
) -> None:
    with acme.scope():
        run = done_run()
        post_day(zoe, 1, **EIGHT)
    with globex.scope():
        theirs = EmployeeFactory(site=zoe.site)
        post_day(theirs, 2, **EIGHT)
    for locks in ((), ("manager",), ("row_security",)):
        with opened(*locks):
            body = answer(acme, run)
        ids = {change["employee"]["id"] for change in body["added"]}
        assert ids == {str(zoe.pk)}, f"leaked with {locks} open"
    for client in (
        client_of(super_admin),
        client_of(super_admin, acting_for=acme.business),
    ):
        body = client.get(url_of(run)).json()
        assert {change["employee"]["id"] for change in body["added"]} == {str(zoe.pk)}


def test_another_businesss_run_is_one_that_never_existed(
    acme: Personas, globex: Personas
) -> None:
    with acme.scope():
        run = done_run()
    thief = client_of(globex.admin)
    for query in ({}, {"type": "csv"}):
        foreign = thief.get(url_of(run), query)
        missing = thief.get(f"/api/export_runs/{uuid.uuid4()}/changes", query)
        assert foreign.status_code == missing.status_code == 404
        assert foreign.content == missing.content


@pytest.mark.parametrize(
    ("role", "status"),
    [("ADMIN", 200), ("REVIEWER", 200), ("UPLOADER", 403), ("VIEWER", 200)],
)
def test_roles(acme: Personas, role: str, status: int) -> None:
    with acme.scope():
        run = done_run()
    assert client_of(acme.user(role)).get(url_of(run)).status_code == status


# Query counts, and the way from the request to the diff


def test_it_costs_the_same_for_one_change_and_for_many(
    acme: Personas, zoe: Employee
) -> None:
    """The queries are: user, run, current figures, and the names of employees and sites."""
    client = client_of(acme.viewer)
    with acme.scope():
        run = done_run()
        post_day(zoe, 1, **EIGHT)
    few = queries(lambda: client.get(url_of(run)))
    with acme.scope():
        for number in range(12):
            post_day(employee_at(zoe.site, f"Worker {number}"), 1, **EIGHT)
    assert queries(lambda: client.get(url_of(run))) == few == 5


@pytest.mark.parametrize("kind", ExportRun.Kind.values)
def test_a_run_of_any_kind_made_by_the_worker_is_compared(
    acme: Personas, zoe: Employee, transactional_db: None, kind: str
) -> None:
    with acme.scope():
        approve(acme, card_with(acme, zoe, {3: "8", 4: "SICK"}))
        employee_at(site_named("South"), "Expected")
        profile = ExportProfileFactory()
    client = client_of(acme.reviewer)
    body = {"profile_id": str(profile.pk)} if kind == "payroll_csv" else {}
    run_id = ask(client, kind=kind, **body).json()["id"]
    work()
    with acme.scope():
        run = ExportRun.objects.get(pk=run_id)
    assert changes_of(acme, run) == NOTHING
    with acme.scope():
        approve(acme, card_with(acme, zoe, {9: "5"}))
    assert changes_of(acme, run)["added"] == [("Zoe", 9, "North", None, "5.00", "5.00")]
    stem = run.generated_file_name.rpartition(".")[0]
    file = client.get(url_of(run), {"type": "csv"})
    assert f'"changes-{stem}.csv"' in file["Content-Disposition"]
