"""The list of employees in a real browser: results and address follow the text."""

import re
from typing import Any

from playwright.sync_api import expect

from accounts.tests.personas import Personas
from workforce.tests.factories import EmployeeFactory

from .admin_clients import admin_client_for
from .browsers import Complaints, chromium, needs_browser
from .test_accessibility import enter

pytestmark = needs_browser

LIST = "/admin/workforce/employee/"


def test_the_list_follows_what_is_typed_and_back_brings_it_back(
    live_server: Any, acme: Personas
) -> None:
    with acme.scope():
        for name in ("Zoe North", "Zoe South", "Ann East"):
            EmployeeFactory(full_name=name)
    complaints, client = Complaints(), admin_client_for(acme.admin)
    with chromium() as browser:
        page = enter(browser, live_server.url, client, complaints)
        page.goto(LIST)
        rows = page.locator("#result_list tbody tr")
        expect(rows).to_have_count(3)
        field = page.get_by_role("searchbox", name="Search employees")
        field.press_sequentially("zoe")
        expect(rows).to_have_count(2)
        expect(page).to_have_url(re.compile("q=zoe$"))
        expect(field).to_be_focused()
        expect(page.locator("[data-list-status]")).to_have_text("2 employees")
        field.fill("nobody")
        expect(page.locator("[data-list-status]")).to_have_text("No results")
        page.go_back()
        expect(rows).to_have_count(3)
        expect(field).to_have_value("")
        page.go_forward()
        expect(field).to_have_value("nobody")
    complaints.check()


def test_on_a_phone_the_head_still_sorts_and_chooses_all(
    live_server: Any, acme: Personas
) -> None:
    with acme.scope():
        for number, name in enumerate(("Ann East", "Ben West")):
            EmployeeFactory(full_name=name, passport_id=f"P{9 - number}00000")
    complaints, client = Complaints(), admin_client_for(acme.admin)
    with chromium() as browser:
        page = enter(browser, live_server.url, client, complaints)
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(LIST)
        names = page.locator("#result_list tbody th")
        expect(names).to_have_text(["Ann East", "Ben West"])
        page.locator("#result_list thead").get_by_role("link", name="Passport").click()
        expect(names).to_have_text(["Ben West", "Ann East"])
        page.locator("#action-toggle").check()
        expect(page.locator(".action-select:checked")).to_have_count(2)
    complaints.check()
