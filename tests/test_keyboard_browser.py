"""A month by keyboard alone, from the sign-in page to the payroll file.

The focus must be visible at every step.
"""

import csv
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from accounts.tests.factories import PASSWORD
from accounts.tests.personas import Personas
from exports.tests.month_fixtures import EIGHT, employee_at, post_day, site_named
from workcards.tests.factories import picture

from .browsers import Complaints, aside, chromium, needs_browser, open_window
from .keyboard import Hands, put_the_mouse_away
from .test_accessibility import DESK
from .test_admin_browser import do_what_is_queued

pytestmark = needs_browser


def test_the_month_from_the_door_to_the_payroll_file(
    live_server: Any, acme: Personas, tmp_path: Path
) -> None:
    with acme.scope():
        harbour = site_named("Harbour")
        john = employee_at(harbour, "John Example")
        employee_at(harbour, "Jane Example")
        post_day(john, 1, site=site_named("Tower"), **EIGHT)
    scans = [tmp_path / f"{name}.png" for name in ("first", "second", "third")]
    for shade, scan in enumerate(scans):
        scan.write_bytes(picture(shade))
    complaints = Complaints()

    with chromium() as browser:
        window = open_window(browser, live_server.url, complaints, viewport=DESK)
        put_the_mouse_away(window)
        page = window.new_page()
        # The browser's file dialog is the only part that a test cannot type into.
        page.on("filechooser", lambda chooser: chooser.set_files(scans))
        hands = Hands(page)
        page.goto("/admin/")

        # Sign in.
        hands.is_on(page.get_by_label("E-mail"))
        hands.type(str(acme.reviewer.email))
        hands.go(page.get_by_label("Password"))
        hands.type(PASSWORD)
        hands.press("Enter")
        page.wait_for_url(f"{live_server.url}/admin/")

        # Upload three scans.
        hands.skip()
        hands.follow(page.get_by_role("link", name="Upload work cards"), "**/upload/")
        hands.skip()
        hands.go(page.get_by_label("Site"))
        hands.type("Harb")
        month = page.get_by_label("Month")
        hands.go(month)
        hands.type("June2026")
        expect(month).to_have_value("2026-06")
        hands.go(page.get_by_label("Choose files"))
        hands.press("Enter")
        expect(page.locator("tr.uploaded")).to_have_count(3)
        hands.follow(
            page.get_by_role("link", name="Continue: assign the cards"),
            "**/workcard/?*",
        )

        # Assign the cards. The third stays unassigned.
        for place, name in (("first", "John"), ("second", "Jane")):
            hands.skip()
            hands.follow(page.get_by_role("link", name=place), "**/change/*")
            hands.is_on(page.get_by_label("From").first)
            hands.go(page.locator("summary", has_text="Assign"), back=True)
            hands.press("Enter")
            hands.is_on(page.locator("main").get_by_role("searchbox"))
            hands.type(name.lower())
            hands.go(page.get_by_role("button", name=f"Assign to {name} Example"))
            hands.press("Enter")
            expect(page.get_by_role("heading", level=1)).to_have_text(f"{name} Example")
            if name == "John":
                hands.go(page.get_by_role("link", name="Work cards").first, back=True)
                hands.press("Enter")
                page.wait_for_url("**/workcard/*")

        # Type, save and approve Jane's days.
        hands.is_on(page.get_by_label("From").first)
        hands.type("730")
        hands.press("Tab")
        hands.type("16")
        hands.press("Tab")
        hands.type("30")
        hands.press("Enter")
        hands.type("==")
        hands.look()
        expect(page.locator("[data-total=hours]")).to_have_text("24.00")
        hands.press("Control+s")
        expect(page.locator("[data-saved]")).to_have_text(re.compile("^Saved"))
        hands.look()
        hands.press("Control+Enter")

        # John's days: the first is already paid, at another site.
        expect(page.get_by_role("heading", level=1)).to_have_text("John Example")
        hands.is_on(page.get_by_label("From").first)
        hands.type("8")
        hands.press("Tab")
        hands.type("14")
        hands.press("Control+Enter")
        choices = page.get_by_role("radio")
        expect(choices).to_have_count(3)
        hands.is_on(choices.first)
        hands.press("ArrowDown", "ArrowDown")
        expect(choices.nth(2)).to_be_checked()
        hands.look()
        hands.press("Control+Enter")
        expect(page.locator(".card-toolbar")).to_contain_text("Approved by")

        # Open the month, and close it although one card is unassigned.
        hands.go(page.get_by_role("link", name="Month", exact=True).first)
        hands.press("Enter")
        page.wait_for_url("**/month/")
        hands.skip()
        hands.go(page.get_by_label("Month", exact=True))
        hands.type("June2026")
        hands.go(page.get_by_role("button", name="Show"))
        hands.press("Enter")
        page.wait_for_url("**/month/?*month=2026-06*")
        table = page.get_by_role("region", name="Hours by employee and day")
        hands.go(table.locator("td a").first)
        hands.press("ArrowDown")
        hands.is_on(table.get_by_label("John Example, 1 Mon, 14", exact=True))
        hands.go(page.get_by_role("link", name="Close the month"), back=True)
        hands.press("Enter")
        dialog = page.get_by_role("dialog")
        note = dialog.get_by_role("textbox")
        hands.is_on(note)
        hands.type("The third card is nobody’s.")
        hands.go(dialog.get_by_role("checkbox"), back=True)
        hands.press("Space")
        hands.go(dialog.get_by_role("button", name="Close the month"))
        hands.press("Enter")
        expect(page.get_by_role("heading", name="This month is closed")).to_be_visible()

        # Export the file.
        hands.skip()
        hands.go(page.get_by_role("link", name="Export", exact=True))
        hands.press("Enter")
        page.wait_for_url("**/exportrun/add/*")
        kind = page.get_by_label("Kind")
        hands.is_on(kind)
        hands.type("Days")
        expect(kind).to_have_value("days_csv")
        hands.go(page.get_by_role("button", name="Create export"))
        hands.press("Enter")
        page.wait_for_url(re.compile(r"/exportrun/[-0-9a-f]+/change/"))
        aside(lambda: do_what_is_queued(acme))
        # The page reloads automatically.
        file = page.get_by_role("link", name="Download")
        expect(file).to_be_visible()
        hands.skip()
        hands.go(file)
        with page.expect_download() as download:
            hands.press("Enter")
        lines = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    paid = [
        (row["Employee"], row["Date"], row["Site"], row["Total Hours"])
        for row in csv.DictReader(lines)
    ]
    of_jane = [
        ("Jane Example", f"2026-06-0{day}", "Harbour", "8.00") for day in (1, 2, 3)
    ]
    of_john = [
        ("John Example", "2026-06-01", "Harbour", "6.00"),
        ("John Example", "2026-06-01", "Tower", "8.00"),
    ]
    assert paid == of_jane + of_john
    complaints.check()
