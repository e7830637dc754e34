"""The search through all lists in a real browser, by keyboard.

It leads from any page to the results, and from there to a row's page.
"""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from accounts.models import User
from accounts.tests.personas import Personas

from .admin_clients import admin_client_for
from .browsers import Complaints, chromium, needs_browser
from .test_accessibility import DESK, PHONE, enter, look
from .test_search_page import FIND, furnish

pytestmark = needs_browser

LIST = "/admin/workforce/employee/"


def test_a_key_leads_to_the_field_and_the_field_to_what_is_found(
    live_server: Any, acme: Personas
) -> None:
    furnish(acme, "Zimri")
    complaints, client = Complaints(), admin_client_for(acme.admin)
    with chromium() as browser:
        page = enter(browser, live_server.url, client, complaints)
        page.goto(LIST)
        # In a text field the key types a letter, and with Ctrl it is the browser's; on a check box it is the shortcut.
        page.get_by_role("searchbox", name="Search employees").press("/")
        expect(page.locator("#searchbar")).to_have_value("/")
        page.locator("#searchbar").press("Control+/")
        expect(page.locator("#searchbar")).to_be_focused()
        page.goto(LIST)
        page.locator("input.action-select").first.focus()
        page.keyboard.press("/")
        field = page.get_by_role("searchbox", name="Search everything")
        expect(field).to_be_focused()
        expect(field).to_have_value("")
        page.keyboard.type("zimri cohen")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{FIND}?q=zimri*")
        assert page.locator("h2").all_inner_texts() == ["Employees 1", "Work cards 1"]
        expect(page.get_by_text("2 results")).to_have_attribute("role", "status")
        page.get_by_role("link", name="Zimri Cohen Zimri Harbour").press("Enter")
        page.wait_for_url(f"**{LIST}*/change/")
        # The field's text is selected, so that typing replaces it.
        page.go_back()
        page.keyboard.press("/")
        expect(field).to_be_focused()
        expect(field).to_have_value("zimri cohen")
        page.keyboard.type("unknown")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").get_by_role("heading")).to_have_text(
            "No results"
        )
        expect(field).to_be_focused()
    complaints.check()


def test_where_there_is_no_room_for_a_field_the_key_and_an_icon_lead_to_the_page(
    live_server: Any, acme: Personas
) -> None:
    complaints, client = Complaints(), admin_client_for(acme.viewer)
    with chromium() as browser:
        page = enter(browser, live_server.url, client, complaints)
        for width in (1024, PHONE["width"]):
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(LIST)
            page.keyboard.press("/")
            page.wait_for_url(f"**{FIND}")
            field = page.get_by_role("searchbox", name="Search everything")
            expect(field).to_be_focused()
            page.goto(LIST)
            page.get_by_role("link", name="Search everything").click()
            page.wait_for_url(re.compile(f"{FIND}$"))
    complaints.check()


@pytest.mark.parametrize(
    ("language", "colours", "size"),
    [("en", "light", DESK), ("he", "dark", PHONE)],
    ids=["desk", "phone"],
)
def test_nothing_is_wrong_with_what_is_found(
    live_server: Any,
    acme: Personas,
    language: str,
    colours: str,
    size: dict[str, int],
) -> None:
    furnish(acme, "Zimri")
    with acme.scope():
        User.objects.filter(pk=acme.admin.pk).update(language=language)
    complaints, client = Complaints(), admin_client_for(acme.admin)
    with chromium() as browser:
        page = enter(browser, live_server.url, client, complaints)
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=colours)
        for q in ("zimri", "unknown", "x" * 101):
            page.goto(f"{FIND}?q={q}")
            assert look(page) == [], q
    complaints.check()
