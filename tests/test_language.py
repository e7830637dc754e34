"""Hebrew pages, errors and file names contain no English word."""

import re
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language

from accounts.models import User
from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from audit.services import record
from automatehq.api.docs import SchemaView
from businesses.models import PLATFORM_ID, Business
from businesses.tenancy.context import business_scope, platform_scope
from exports.models import ExportProfile
from exports.profiles import Profile
from exports.tasks import make_export
from exports.tests.factories import ExportProfileFactory, ExportRunFactory
from workcards.models import DayEntry, WorkCard
from workcards.tests.factories import (
    ApprovedDayFactory,
    ClosedMonthFactory,
    WorkCardFactory,
)
from workforce.models import Employee, Site
from workforce.tests.factories import EmployeeFactory

from .admin_clients import admin_client_for
from .test_admin_pages import pages_of

# Texts that are the same in every language: names of formats, keyboard keys, the product's name, the other language.
SAME_EVERYWHERE = {
    *(
        "CSV",
        "Excel",
        "GIF",
        "HEIC",
        "HTML",
        "JPEG",
        "PDF",
        "PNG",
        "SHA",
        "SVG",
        "TIFF",
    ),
    *("UTF", "WEBP", "Windows", "XLSX", "MB", "DRAFT", "AutomateHQ", "English"),
    *("Alt", "Ctrl", "Enter", "Esc", "PgDn", "PgUp", "Tab"),
}
# E-mail addresses, file names, time zones, ids and codes: written by users or for programs.
CODES = re.compile(
    r"\S+@\S+|\w+_\w+|\S+\.\w{2,5}\b|\w+/\w+(?:/\w+)?|\b[0-9a-f-]{36}\b|#[0-9a-f]{6}\b"
)
# Stored texts that have no translation: the note of a closed month, and an event's name of its subject.
REMEMBERED = {"CANARY", "John"}
WORD = re.compile(r"[A-Za-z]{2,}")
SPOKEN = ("title", "aria-label", "placeholder", "alt", "aria-description")


class Reader(HTMLParser):
    """A parser that collects the visible and the spoken texts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.unseen = 0
        self.names = False

    def handle_starttag(
        self, tag: str, attributes: list[tuple[str, str | None]]
    ) -> None:
        values = dict(attributes)
        if values.get("type") == "hidden":
            return
        self.texts += [values.get(name) or "" for name in SPOKEN]
        if tag == "input" and values.get("type") in ("submit", "button"):
            self.texts.append(values.get("value") or "")
        self.texts += [
            value or "" for name, value in attributes if name.startswith("data-text")
        ]
        self.unseen += tag in ("script", "style")
        if tag == "select":
            self.names = values.get("name") in ("time_zone", "encoding")

    def handle_endtag(self, tag: str) -> None:
        self.unseen -= tag in ("script", "style")
        if tag == "select":
            self.names = False

    def handle_data(self, data: str) -> None:
        if not self.unseen and not self.names:
            self.texts.append(data)


def english_in(page: str) -> set[str]:
    reader = Reader()
    reader.feed(page)
    words = set(WORD.findall(CODES.sub(" ", " ".join(reader.texts))))
    return words - SAME_EVERYWHERE


def test_the_reader_hears_what_is_shown_and_what_is_spoken() -> None:
    page = """<script>var no</script><p title="Tip">שלום <b>World</b></p><input type="submit" value="Save">
        <input value="data"><a href="/sites" aria-label="Go">a.pdf dana@example.com Asia/Jerusalem PDF</a>"""
    assert english_in(page) == {"Tip", "World", "Save", "Go"}


@pytest.fixture
def hebrew_rows(acme: Personas, rows_of_acme: dict[str, Any]) -> dict[str, Any]:
    """Return rows with Hebrew names, for an administrator who reads Hebrew."""
    with platform_scope("names that are not English"):
        for number, one in enumerate(Business.objects.all()):
            Business.objects.filter(pk=one.pk).update(
                business_name=f"גזית {number}", business_code=None, language="he"
            )
    with acme.scope():
        for model, name in (
            (User, "full_name"),
            (Employee, "full_name"),
            (Site, "site_name"),
            (WorkCard, "notes"),
            (DayEntry, "comment"),
            (ExportProfile, "name"),
        ):
            for number, row in enumerate(model.objects.all()):
                model.objects.filter(pk=row.pk).update(**{name: f"שם {number}"})
        Employee.objects.update(passport_id=None)
        Site.objects.update(site_code=None)
    return rows_of_acme


@pytest.mark.crawl
@pytest.mark.parametrize("who", ["admin", "super_admin"])
def test_no_page_of_the_admin_leaves_english_words(
    acme: Personas, super_admin: User, hebrew_rows: dict[str, Any], who: str
) -> None:
    with business_scope(PLATFORM_ID):
        User.objects.update(full_name="רונית", language="he")
    client = admin_client_for(acme.admin if who == "admin" else super_admin)

    def read(page: str) -> str:
        response = client.get(page, headers={"Accept-Language": "he"})
        return response.content.decode(errors="ignore")

    found = {
        page: sorted(words)
        for page in pages_of(hebrew_rows)
        if (words := english_in(read(page)) - REMEMBERED)
    }
    assert found == {}, "\n".join(f"{page}: {words}" for page, words in found.items())


# The user's language


def test_the_api_answers_in_the_users_language_and_codes_stay(acme: Personas) -> None:
    body = {"full_name": "", "nonsense": 1}

    def errors() -> dict[str, tuple[str, str]]:
        answer = client_of(acme.admin).post("/api/employees", body, format="json")
        problems = answer.json()["errors"]
        return {one["attr"]: (one["code"], one["detail"]) for one in problems}

    assert errors() == {
        "full_name": ("blank", "This field may not be blank."),
        "nonsense": ("unknown_field", "Unknown field."),
    }
    with acme.scope():
        User.objects.filter(pk=acme.admin.pk).update(language="he")
    assert errors() == {
        "full_name": ("blank", "השדה אינו יכול להיות ריק."),
        "nonsense": ("unknown_field", "שדה לא מוכר."),
    }


def test_the_api_speaks_the_businesss_language_where_the_user_has_none(
    acme: Personas,
) -> None:
    with acme.scope():
        Business.objects.update(language="he")
        employee = EmployeeFactory(is_active=True)
    answer = client_of(acme.admin).post(f"/api/employees/{employee.pk}/release")
    assert answer.json()["errors"] == [
        {
            "code": "employee_is_active",
            "detail": "אי אפשר לשחרר עובד פעיל. יש להשבית אותו תחילה.",
            "attr": None,
        }
    ]


@pytest.mark.parametrize(
    ("accepted", "message"),
    [
        ("he,en;q=0.5", "הדוא״ל או הסיסמה שגויים."),
        ("en", "The e-mail or password is wrong."),
        ("fr", "The e-mail or password is wrong."),
    ],
)
def test_who_has_not_signed_in_is_answered_in_the_browsers_language(
    db: None, accepted: str, message: str
) -> None:
    wrong = {"email": "nobody@example.com", "password": "wrong"}
    headers = {"Accept-Language": accepted}
    answer = Client().post(
        "/api/auth/login", wrong, "application/json", headers=headers
    )
    (error,) = answer.json()["errors"]
    assert (error["code"], error["detail"]) == ("authentication_failed", message)
    page = Client().post("/admin/login/", wrong, headers=headers).content.decode()
    assert message in page


def test_the_apis_document_is_in_english_whoever_asks(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SchemaView, "_document", None)
    headers = {"Accept-Language": "he"}
    document = Client().get("/api/schema?format=json", headers=headers)
    assert not re.search(r"[א-ת]|\\u05[de]", document.content.decode())


def test_one_answer_of_the_api_leaves_no_language_to_the_next(acme: Personas) -> None:
    with acme.scope():
        Business.objects.update(language="he")
    before = get_language()
    client_of(acme.admin).get("/api/employees")
    assert get_language() == before


def test_what_a_job_could_not_do_is_told_in_the_businesss_language(
    transactional_db: None, acme: Personas
) -> None:
    with acme.scope():
        Business.objects.update(language="he")
        profile = ExportProfileFactory(identifier="passport_id")
        employee = EmployeeFactory(full_name="יוסי", passport_id=None)
        ApprovedDayFactory(employee=employee)
        run = ExportRunFactory(
            kind="payroll_csv", filters={"profile": Profile.of(profile).as_json()}
        )
    make_export.call(run_id=str(run.pk), business_id=str(acme.id))
    with acme.scope():
        run.refresh_from_db()
    assert run.error.startswith("missing_identifier: לעובדים אלה יש מה לשלם")
    assert "דרכון: יוסי" in run.error


# The business's time zone


@pytest.mark.parametrize(
    ("zone", "seen"),
    [
        ("America/New_York", "31 May 2026, 20:30|2026-05-31 20:30"),
        ("Asia/Tokyo", "1 June 2026, 09:30|2026-06-01 09:30"),
    ],
)
def test_moments_of_every_kind_are_shown_in_the_businesss_time(
    acme: Personas, zone: str, seen: str
) -> None:
    """Half past midnight UTC on 1 June is another date in the west than in the east."""
    with acme.scope(), time_machine.travel("2026-06-01T00:30:00Z", tick=False):
        Business.objects.update(time_zone=zone)
        approved = WorkCardFactory(approved=True, approved_at=timezone.now())
        day = ApprovedDayFactory(work_card=approved, approved_at=timezone.now())
        run = ExportRunFactory()
        month = ClosedMonthFactory(month=date(2020, 1, 1))
        event = record("card_approved", entity=approved)
        User.objects.update(last_login=timezone.now())
    pages = [
        reverse("admin:workcards_approvedday_change", args=[day.pk]),
        reverse("admin:workcards_closedmonth_change", args=[month.pk]),
        reverse("admin:exports_exportrun_change", args=[run.pk]),
        reverse("admin:audit_auditevent_change", args=[event.pk]),
        reverse("admin:accounts_user_changelist"),
        reverse("admin:workcards_workcard_history", args=[approved.pk]),
    ]
    client = admin_client_for(acme.admin)
    without = [
        page for page in pages if not re.search(seen, client.get(page).content.decode())
    ]
    assert without == []
