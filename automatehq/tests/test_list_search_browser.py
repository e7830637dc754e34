"""The list of employees in a real browser: it follows what is typed, and so does the address."""

import re
from typing import Any

from playwright.sync_api import expect

from accounts.tests.personas import Personas
from workforce.tests.factories import EmployeeFactory

from .admin_clients import browser_of
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
    complaints, client = Complaints(), browser_of(acme.admin)
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
        expect(page.locator("[data-list-says]")).to_have_text("2 employees")
        field.fill("nobody")
        expect(page.locator("[data-list-says]")).to_have_text("Nothing is found")
        page.go_back()
        expect(rows).to_have_count(3)
        expect(field).to_have_value("")
        page.go_forward()
        expect(field).to_have_value("nobody")
    complaints.check()
