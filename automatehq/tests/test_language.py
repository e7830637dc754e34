"""Hebrew from end to end: no page, refusal or file name leaves an English word where people read."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from accounts.models import User
from accounts.tests.personas import Personas
from businesses.models import Business
from businesses.tenancy.context import platform_scope
from exports.models import ExportProfile
from workcards.models import DayEntry, WorkCard
from workforce.models import Employee, Site

from .admin_clients import browser_of
from .test_admin_pages import pages_of

# What is the same in every language: names of formats, keys of the keyboard, our own name, the other language's.
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
    *("UTF", "WEBP", "Windows", "XLSX", "MB", "DRAFT", "AutomateHQ"),
    *("Alt", "Ctrl", "Enter", "Esc", "PgDn", "PgUp", "Tab"),
}
# E-mail addresses, names of files, time zones, ids and codes: written by people or for programs.
CODES = re.compile(r"\S+@\S+|\w+_\w+|\S+\.\w{2,5}\b|\w+/\w+(?:/\w+)?|\b[0-9a-f-]{36}\b")
# What cannot be renamed: the note of a closed month, and the name that an event keeps of its subject.
REMEMBERED = {"CANARY", "John"}
WORD = re.compile(r"[A-Za-z]{2,}")
SPOKEN = ("title", "aria-label", "placeholder", "alt", "aria-description")


class Reader(HTMLParser):
    """Collects what a person sees or hears of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.unseen = 0
        self.zones = False

    def handle_starttag(
        self, tag: str, attributes: list[tuple[str, str | None]]
    ) -> None:
        values = dict(attributes)
        if values.get("type") == "hidden":
            return
        self.said += [values.get(name) or "" for name in SPOKEN]
        if tag == "input" and values.get("type") in ("submit", "button"):
            self.said.append(values.get("value") or "")
        self.said += [
            value or "" for name, value in attributes if name.startswith("data-text")
        ]
        self.unseen += tag in ("script", "style")
        if tag == "select":
            self.zones = values.get("name") == "time_zone"

    def handle_endtag(self, tag: str) -> None:
        self.unseen -= tag in ("script", "style")
        if tag == "select":
            self.zones = False

    def handle_data(self, data: str) -> None:
        if not self.unseen and not self.zones:
            self.said.append(data)


def english_in(page: str) -> set[str]:
    reader = Reader()
    reader.feed(page)
    words = set(WORD.findall(CODES.sub(" ", " ".join(reader.said))))
    return words - SAME_EVERYWHERE


def test_the_reader_hears_what_is_shown_and_what_is_spoken() -> None:
    page = """<script>var no</script><p title="Tip">שלום <b>World</b></p><input type="submit" value="Save">
        <input value="data"><a href="/sites" aria-label="Go">a.pdf dana@example.com Asia/Jerusalem PDF</a>"""
    assert english_in(page) == {"Tip", "World", "Save", "Go"}


@pytest.fixture
def hebrew_rows(acme: Personas, rows_of_acme: dict[str, Any]) -> dict[str, Any]:
    """The rows of a business that calls everything by Hebrew names, for an administrator who reads Hebrew."""
    with platform_scope("names that are not English"):
        Business.objects.filter(pk=acme.id).update(
            business_name="גזית", business_code=None, language="he"
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


def test_no_page_of_the_admin_leaves_english_words(
    acme: Personas, hebrew_rows: dict[str, Any]
) -> None:
    client = browser_of(acme.admin)

    def read(page: str) -> str:
        response = client.get(page, headers={"Accept-Language": "he"})
        return response.content.decode(errors="ignore")

    found = {
        page: sorted(words)
        for page in pages_of(hebrew_rows)
        if (words := english_in(read(page)) - REMEMBERED)
    }
    assert found == {}, "\n".join(f"{page}: {words}" for page, words in found.items())
