"""Every search ignores case, accents, vowel points and width."""

import re
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from automatehq.folded_lookup import folded_pattern
from automatehq.text import clean_line, fold
from tests.admin_clients import admin_client_for
from workcards.tests.factories import WorkCardFactory
from workforce.models import Employee
from workforce.tests.factories import EmployeeFactory, SiteFactory

pytestmark = pytest.mark.server

FOUND = [
    ("José Muñoz", "Munoz"),
    ("Jose Munoz", "muñoz"),
    ("JOSÉ MUÑOZ", "jose"),
    ("Straße", "strasse"),
    ("o\ufb03ce ¼", "office 1\u20444"),
    ("Łódź", "lodz"),
    ("İstanbul", "ISTANBUL"),
    ("Ｂａｕ", "bau"),
    ("שִׁפְרָה", "שפרה"),
    ("שפרה", "שִׁפְרָה"),
    ("O’Neil", "o'neil"),
    ("تَل", "تل"),
    ("กิน", "กิน"),
    ("Dana", "da\u200fna"),
    ("100% (a.b) [c] ^$ \\ |", "100% (a.b) [c] ^$ \\ |"),
]


def contains(text: str, query: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s ~ %s", [text, folded_pattern(query)])
        return bool(cursor.fetchone()[0])


@pytest.mark.parametrize(("stored", "query"), FOUND)
def test_text_is_found(db: None, stored: str, query: str) -> None:
    assert contains(clean_line(stored), query)


@pytest.mark.parametrize(
    ("stored", "query"), [("กัน", "กิน"), ("Munoz", "Muñozo"), ("ab", "a.b"), ("a", "")]
)
def test_other_text_is_not_found(db: None, stored: str, query: str) -> None:
    assert contains(stored, query) == (query == "")


SINGLE = [chr(code) for code in range(0x20, 0x250) if len(fold(chr(code))) == 1]


@given(st.text(st.sampled_from(SINGLE), max_size=12))
def test_latin_text_is_found_by_its_folded_form(text: str) -> None:
    stored = clean_line(text)
    # Python reads these character classes like PostgreSQL.
    assert re.search(folded_pattern(stored), stored)
    assert re.search(folded_pattern(fold(stored)), stored)


@pytest.fixture
def munoz(acme: Personas) -> Employee:
    with acme.scope():
        site = SiteFactory(site_name="Estación Norte", address="Rua Peñón 1")
        employee: Employee = EmployeeFactory(full_name="José Muñoz", site=site)
        WorkCardFactory(employee=employee, site=site, notes="café")
    return employee


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/employees", "Munoz jose"),
        ("/api/sites", "estacion"),
        ("/api/sites", "penon"),
        ("/api/work_cards", "munoz"),
        ("/api/work_cards", "CAFE"),
        ("/api/users", "acme reviewér"),
    ],
)
def test_lists_of_the_api_find_it(
    acme: Personas, munoz: Employee, path: str, query: str
) -> None:
    answer = client_of(acme.admin).get(path, {"search": query})
    assert answer.json()["count"] == 1
    answer = client_of(acme.admin).get(path, {"search": f"{query}x"})
    assert answer.json()["count"] == 0


def test_businesses_are_found(acme: Personas, super_admin: User) -> None:
    answer = client_of(super_admin).get("/api/businesses", {"search": "ÁCME"})
    assert [row["business_name"] for row in answer.json()["results"]] == ["Acme"]


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("workforce/employee/", {"q": "Munoz"}),
        ("workforce/site/", {"q": "estacion"}),
        ("workcards/workcard/", {"q": "munoz"}),
        ("find/", {"q": "munoz"}),
        (
            "autocomplete/",
            {
                "term": "munoz",
                "app_label": "workforce",
                "model_name": "sitesettings",
                "field_name": "responsible_employee",
            },
        ),
    ],
)
def test_pages_of_the_admin_find_it(
    acme: Personas, munoz: Employee, page: str, query: dict[str, Any]
) -> None:
    client = admin_client_for(acme.admin)
    shown = "José" if "site/" not in page else "Estación"
    found = client.get(f"/admin/{page}", query)
    assert found.status_code == 200
    content = found.json() if page == "autocomplete/" else found.content.decode()
    assert shown in str(content)


def test_the_page_of_missing_cards_finds_it(acme: Personas, munoz: Employee) -> None:
    for name, is_found in (("munoz", True), ("munozx", False)):
        query = {"month": "2026-03", "name": name}
        page = admin_client_for(acme.admin).get("/admin/missing_cards/", query)
        assert page.status_code == 200
        assert ("José Muñoz" in page.content.decode()) == is_found
