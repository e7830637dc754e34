"""A month of two businesses at shared sites, by API alone.

It lasts from the first scan to the second closing.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import PASSWORD
from audit.tests.audit_helpers import run_worker
from tests.api_session import Front
from tests.export_parsers import (
    ExportFigures,
    from_days_csv,
    from_matrix,
    from_matrix_xlsx,
    from_payroll_csv,
    from_summary_xlsx,
    people,
)
from workcards.tests.scan_samples import pages, scan

pytestmark = pytest.mark.django_db(transaction=True)

MONTH = "2026-03"
HEBREW_NAME = "נועה לדוגמה"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PDF_PAGES = 2


class PayrollBusiness:
    """A business and its users, each with a separate front end."""

    def __init__(self, platform: Front, name: str) -> None:
        code = name.lower()
        self.id = platform.create(
            "businesses",
            business_name=name,
            business_code=code,
            admin={
                "email": f"admin@{code}.example.com",
                "full_name": f"{name} Admin",
                "password": PASSWORD,
            },
        )["id"]
        address = platform.address
        self.admin = Front.signed_in(address, f"admin@{code}.example.com", PASSWORD)
        self.reviewer, self.uploader, self.viewer = (
            self._colleague(code, role) for role in ("REVIEWER", "UPLOADER", "VIEWER")
        )

    def _colleague(self, code: str, role: str) -> Front:
        email = f"{role.lower()}@{code}.example.com"
        self.admin.create(
            "users",
            email=email,
            full_name=f"{code} {role}",
            role=role,
            password=PASSWORD,
        )
        return Front.signed_in(self.admin.address, email, PASSWORD)

    def upload(
        self, *files: tuple[str, bytes], site: str, status: int = 201, **fields: str
    ) -> Any:
        return self.uploader.send(
            "work_cards/upload",
            "files",
            files,
            status,
            site_id=site,
            month=MONTH,
            **fields,
        )

    def assign(self, card: dict[str, Any], typed: str) -> dict[str, Any]:
        """Assign a card to the first employee suggested for the typed text."""
        first = self.uploader.get(f"work_cards/{card['id']}/suggestions", q=typed)[0]
        body = {"employee_id": first["employee"]["id"], "version": card["version"]}
        given: dict[str, Any] = self.uploader.post(
            f"work_cards/{card['id']}/assign", body
        )["card"]
        return given

    def type_days(self, card: dict[str, Any], *entries: dict[str, Any]) -> int:
        """Type the days from the paper, and return the card's new version."""
        body = {"version": card["version"], "entries": list(entries)}
        response = self.reviewer.put(f"work_cards/{card['id']}/day-entries", body)
        version: int = response["version"]
        return version

    def export(self, kind: str, **more: Any) -> dict[str, Any]:
        """Return a finished export run."""
        body = {"kind": kind, "processing_month": MONTH, **more}
        run = self.reviewer.post("export_runs", body, status=202)
        run_worker()
        run = self.viewer.get(f"export_runs/{run['id']}")
        assert (run["status"], run["error"]) == ("DONE", "")
        finished: dict[str, Any] = run
        return finished


def worked(day: int, start: str, end: str, pause: int = 0) -> dict[str, Any]:
    date = f"{MONTH}-{day:02}"
    return {
        "work_date": date,
        "from_time": start,
        "to_time": end,
        "break_minutes": pause,
    }


def total(day: int, hours: str) -> dict[str, Any]:
    return {"work_date": f"{MONTH}-{day:02}", "total_hours": hours}


def absent(day: int, status: str) -> dict[str, Any]:
    return {"work_date": f"{MONTH}-{day:02}", "day_status": status}


def approve(
    business: PayrollBusiness, card: dict[str, Any], version: int, **answers: Any
) -> Any:
    return business.reviewer.post(
        f"work_cards/{card['id']}/approve", {"version": version, **answers}
    )


def conflict_of(
    business: PayrollBusiness, card: dict[str, Any], version: int
) -> dict[str, Any]:
    """Return the only conflict of an approval."""
    response = business.reviewer.post(
        f"work_cards/{card['id']}/approve", {"version": version}, status=409
    )
    assert response["errors"][0]["code"] == "day_conflicts"
    (conflict,) = response["conflicts"]
    found: dict[str, Any] = conflict
    return found


def answer(conflict: dict[str, Any], choice: str) -> list[dict[str, Any]]:
    return [
        {
            "date": conflict["date"],
            "approved_day_id": conflict["approved_day_id"],
            "choice": choice,
        }
    ]


PEOPLE = """Full name,Passport,External ID,Site,Started on
Ana Example,AB123450,0007,Harbour,2026-01-01
Boris Example,CD678901,0008,Harbour,
{hebrew},,0009,Mill,
"""
PROFILE = {
    "name": "Wages",
    "identifier": "external_employee_id",
    "organization_number": "0042",
    "components": {
        "hours": "100",
        "VACATION": "200",
        "SICK": "201",
        "INTERNATIONAL_VISA": None,
        "HOLIDAY": "203",
    },
    "hours_format": "decimal",
    "decimal_separator": ".",
    "delimiter": ",",
    "encoding": "utf-8-sig",
}
HARBOUR_AND_MILL = ExportFigures(
    hours={
        "0007": Decimal("41.25"),
        "0008": Decimal("26.50"),
        "0009": Decimal("8.00"),
    },
    worked={"0007": 5, "0008": 3, "0009": 1},
    absences={"0007": 1, "0009": 1},
)
CORRECTED = replace(
    HARBOUR_AND_MILL, hours={**HARBOUR_AND_MILL.hours, "0008": Decimal("25.00")}
)
OTHERS = ExportFigures(
    hours={"0007": Decimal("30.00")}, worked={"0007": 5}, absences={}
)


def test_a_month_of_two_businesses(live_server: Any, super_admin: User) -> None:
    platform = Front.signed_in(live_server.url, str(super_admin.email), PASSWORD)
    harbour = platform.create("sites", site_name="Harbour")["id"]
    mill = platform.create("sites", site_name="Mill")["id"]
    north, south = (
        PayrollBusiness(platform, name) for name in ("Northern", "Southern")
    )

    # Two months side by side; the steps of the businesses alternate.
    ana = take_people_on(north)
    dina = south.admin.create(
        "employees",
        full_name="Dina Sample",
        external_employee_id="0007",
        site_id=harbour,
    )
    cards = scans_come_in(north, harbour, mill)
    theirs = south.upload(("dina.jpg", scan()), site=harbour, employee_id=dina["id"])
    (dinas,) = theirs["uploaded"]
    days_are_typed_and_approved(north, cards)
    version = south.type_days(dinas, *(total(day, "6") for day in range(2, 7)))
    approve(south, dinas, version)
    every_file_and_page_says(north, HARBOUR_AND_MILL)
    every_file_and_page_says(south, OTHERS)

    first_run = north.export("days_csv")
    first_file = north.viewer.download(first_run["file_url"])
    the_month_is_closed(north, cards, harbour)
    late = south.upload(("late.png", scan("image/png")), site=mill)
    assert len(late["uploaded"]) == 1, "the other business's month is its own"
    a_mistake_is_put_right(north, cards["boris"], first_run)
    every_file_and_page_says(north, CORRECTED)
    assert north.viewer.download(first_run["file_url"]) == first_file
    employee_changes_agencies(north, south, ana, first_file)
    every_file_and_page_says(south, OTHERS)


def take_people_on(business: PayrollBusiness) -> dict[str, Any]:
    """Import the employees from a file, with a preview first."""
    file = ("people.csv", PEOPLE.format(hebrew=HEBREW_NAME).encode("utf-8-sig"))
    preview = business.reviewer.send("employees/import/preview", "file", [file], 200)
    assert preview["summary"] == {
        "create": 3,
        "update": 0,
        "unchanged": 0,
        "error": 0,
    }
    assert business.reviewer.rows("employees") == []
    business.reviewer.send(
        "employees/import/apply", "file", [file], 200, hash=preview["hash"]
    )
    ana, boris, noa = business.viewer.rows("employees", ordering="external_employee_id")
    assert noa["full_name"] == HEBREW_NAME
    assert (boris["site"]["name"], noa["site"]["name"]) == ("Harbour", "Mill")
    found: dict[str, Any] = ana
    return found


def scans_come_in(north: PayrollBusiness, harbour: str, mill: str) -> dict[str, Any]:
    """Upload photos, a PDF of two pages and a phone's picture.

    Also an invalid file and a duplicate.
    """
    photo, document = ("ana.jpg", scan()), ("boris.pdf", pages(PDF_PAGES, "PDF"))
    response = north.upload(photo, document, ("note.png", SVG), site=harbour)
    anas, boris, boris_again = response["uploaded"]
    assert [failure["filename"] for failure in response["failed"]] == ["note.png"]
    (duplicate,) = north.upload(photo, site=harbour, status=200)["duplicates"]
    assert duplicate["existing"][0]["work_card_id"] == anas["id"]
    phone = ("ana-mill.heic", scan("image/heic", width=320))
    (anas_mill,) = north.upload(phone, site=mill)["uploaded"]
    assert len(north.uploader.rows("work_cards/unassigned")) == 4

    noa = north.uploader.rows("employees", search=HEBREW_NAME)[0]
    manual_card = north.uploader.create(
        "work_cards",
        employee_id=noa["id"],
        site_id=mill,
        processing_month=MONTH,
    )
    # The typed text has an O for the 0, an S for the 5, and two swapped digits.
    return {
        "ana": north.assign(anas, "ab-1234 SO"),
        "boris": north.assign(boris, "CD 679801"),
        "boris again": north.assign(boris_again, "boris"),
        "ana at mill": north.assign(anas_mill, "0007"),
        "noa": manual_card,
    }


def days_are_typed_and_approved(north: PayrollBusiness, cards: dict[str, Any]) -> None:
    ana, boris, again, mill, noa = cards.values()
    wrong = worked(2, "08:00", "16:30") | {"total_hours": "8"}
    response = north.reviewer.put(
        f"work_cards/{ana['id']}/day-entries",
        {"version": ana["version"], "entries": [wrong]},
        status=400,
    )
    assert response["errors"][0]["code"] == "total_mismatch"
    assert response["mismatches"][0]["suggested_break_minutes"] == 30
    shifts = [worked(day, "08:00", "16:30", 30) for day in range(2, 6)]
    anas = north.type_days(ana, *shifts, absent(8, "VACATION"))
    approve(north, ana, anas)
    night = worked(1, "22:00", "06:00")
    boris_version = north.type_days(boris, night, total(2, "7.5"))
    approve(north, boris, boris_version)

    # The other page of the same PDF has other hours on the 2nd, and those are correct.
    version = north.type_days(again, total(2, "8.5"), total(16, "10"))
    conflict = conflict_of(north, again, version)
    assert (conflict["new"]["hours"], conflict["ledger"]["hours"]) == ("8.50", "7.50")
    approve(north, again, version, resolutions=answer(conflict, "replace"))

    # On the 2nd Ana also worked at the mill; both days are paid.
    version = north.type_days(mill, total(2, "3"), total(9, "6.25"))
    conflict = conflict_of(north, mill, version)
    assert conflict["same_site"] is False
    approve(north, mill, version, resolutions=answer(conflict, "add"))

    version = north.type_days(noa, absent(30, "SICK"), worked(31, "20:00", "04:00"))
    done = north.reviewer.post(
        "work_cards/bulk-approve",
        {
            "cards": [
                {"id": noa["id"], "version": version},
                {"id": ana["id"], "version": anas},
            ]
        },
    )
    assert done["approved"] == [noa["id"]]
    assert [failure["id"] for failure in done["failed"]] == [ana["id"]]
    assert north.viewer.rows("work_cards/pending") == []


def every_file_and_page_says(
    business: PayrollBusiness, expected: ExportFigures
) -> None:
    """Assert that files, pages and the typed figures agree.

    These are CSV, XLSX, matrix, months and dashboard.
    """
    profiles = business.viewer.rows("export_profiles")
    profile = (
        profiles[0] if profiles else business.admin.create("export_profiles", **PROFILE)
    )
    viewer = business.viewer
    files = {
        kind: viewer.download(business.export(kind, **more)["file_url"])
        for kind, more in (
            ("days_csv", {}),
            ("matrix_xlsx", {}),
            ("summary_xlsx", {}),
            ("payroll_csv", {"profile_id": profile["id"]}),
        )
    }
    ids, codes = people(viewer), profile["components"]
    assert from_days_csv(files["days_csv"]) == expected
    assert from_matrix_xlsx(files["matrix_xlsx"], ids) == expected
    assert from_summary_xlsx(files["summary_xlsx"]) == expected
    assert from_payroll_csv(files["payroll_csv"], codes, expected.worked) == expected
    assert from_matrix(viewer, MONTH, ids) == expected
    total = sum(expected.hours.values())
    dashboard = viewer.get("dashboard", month=MONTH)
    assert Decimal(dashboard["hours"]) == total
    assert dashboard["days"] == sum(expected.worked.values())
    (month,) = (row for row in viewer.rows("months") if row["month"] == MONTH)
    assert Decimal(month["hours"]) == total


def the_month_is_closed(
    north: PayrollBusiness, cards: dict[str, Any], harbour: str
) -> None:
    closed = north.reviewer.post(f"months/{MONTH}/close")
    assert closed["is_closed"] is True
    late = ("late.jpg", scan(width=640))
    response = north.upload(late, site=harbour, status=409)
    assert response["errors"][0]["code"] == "month_closed"
    ana = north.viewer.get(f"work_cards/{cards['ana']['id']}")
    assert ana["month_is_closed"] is True
    reopening = {"reason": "A mistake", "version": ana["version"]}
    for verb, body in (("reopen", reopening), ("assign", {"employee_id": None})):
        path = f"work_cards/{ana['id']}/{verb}"
        assert north.reviewer.conflict_code("POST", path, body) == "month_closed"
    north.reviewer.post(f"months/{MONTH}/reopen", {"reason": "May I?"}, status=403)


def a_mistake_is_put_right(
    north: PayrollBusiness, card: dict[str, Any], first_run: dict[str, Any]
) -> None:
    """Correct the night to six and a half hours.

    The month and the card are reopened, and the next file differs only in these hours.
    """
    changes = f"export_runs/{first_run['id']}/changes"
    nothing = {"added": 0, "removed": 0, "changed": 0}
    assert north.viewer.get(changes)["counts"] == nothing
    reason = {"reason": "The night shift of the 1st is wrong"}
    north.admin.post(f"months/{MONTH}/reopen", reason)
    opened = north.reviewer.post(f"work_cards/{card['id']}/reopen", reason)["card"]
    version = north.type_days(opened, worked(1, "22:00", "04:30"))
    approve(north, card, version)

    response = north.viewer.get(changes)
    (change,) = response["changed"]
    assert (response["added"], response["removed"]) == ([], [])
    assert change["date"] == f"{MONTH}-01"
    assert change["employee"]["name"] == "Boris Example"
    assert (change["old"]["hours"], change["new"]["hours"]) == ("8.00", "6.50")
    assert change["difference"] == "-1.50"
    correction = north.viewer.download(changes, type="csv").decode("utf-8-sig")
    assert "0008" in correction
    assert "-1.50" in correction
    again = north.export("days_csv")
    assert again["sha256"] != first_run["sha256"]
    assert north.viewer.get(f"export_runs/{again['id']}/changes")["counts"] == nothing
    assert north.reviewer.post(f"months/{MONTH}/close")["is_closed"] is True


def employee_changes_agencies(
    north: PayrollBusiness,
    south: PayrollBusiness,
    ana: dict[str, Any],
    first_file: bytes,
) -> None:
    """Release Ana, and hire her at the other business.

    Her past pay stays with the first business.
    """
    hired = {"full_name": "Ana Example", "passport_id": ana["passport_id"]}
    response = south.admin.post("employees", hired, status=400)
    assert response["errors"][0]["code"] == "already_in_use"
    assert "Northern" not in str(response)
    for verb in ("deactivate", "release"):
        north.admin.post(f"employees/{ana['id']}/{verb}")
    new = south.admin.create("employees", **hired)
    assert new["id"] != ana["id"]
    still = north.viewer.download(north.export("days_csv")["file_url"])
    assert ana["passport_id"].encode() in still
    assert still.count(b"Ana Example") == first_file.count(b"Ana Example")
    for path in (f"employees/{ana['id']}", f"work_cards?employee_id={ana['id']}"):
        answer = south.admin.ask("GET", path, status=404 if "?" not in path else 200)
        assert "AB123450" not in answer.text
