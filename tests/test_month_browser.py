"""The page of a month in a real browser.

Matrix by keyboard, rows that load on demand, and closing.
"""

import re
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import expect

from accounts.models import User
from accounts.tests.personas import Personas
from exports.tests.month_fixtures import (
    ABSENT,
    EIGHT,
    draft_day,
    employee_at,
    post_day,
    site_named,
)
from workcards.matrix import EMPLOYEES_A_PAGE
from workcards.tests.factories import WorkCardFactory

from .admin_clients import admin_client_for
from .browsers import Complaints, chromium, needs_browser
from .test_accessibility import AXE, PHONE, ask, enter, look_at

pytestmark = needs_browser

JUNE = "/admin/month/?month=2026-06"
# So many employees that not all rows are near the window at once.
PEOPLE = 6 * EMPLOYEES_A_PAGE
_STOPS = "document.querySelectorAll('.matrix td a[tabindex=\"0\"]').length"
_PLACE = "document.activeElement.getBoundingClientRect().x"
_IS_SEEN = """() => {
    const {left, right, top} = document.activeElement.getBoundingClientRect();
    return document.elementFromPoint((left + right) / 2, top + 5) === document.activeElement;
}"""
# The text of each cell with hours, and the pixels that remain of its width.
_ROOMS = """() => [...document.querySelectorAll(".matrix tbody td:not(.sum) a")].map(one => {
    const range = document.createRange();
    range.selectNodeContents(one);
    return [one.textContent, one.closest("td").clientWidth - range.getBoundingClientRect().width];
})"""
_HERE = "document.activeElement.getAttribute('aria-label')"


@pytest.fixture
def month(acme: Personas) -> Any:
    """Create June, with work of every employee on the 5th.

    The first employee is sick on the 6th.
    """
    with acme.scope():
        site = site_named("North")
        for number in range(PEOPLE):
            worker = employee_at(site, f"Worker {number:03}")
            row = post_day(worker, 5, **EIGHT)
            if number == 0:
                first = row
                post_day(worker, 6, **ABSENT)
    return first


def test_the_matrix_is_moved_in_by_arrows_and_rows_come_as_they_are_needed(
    live_server: Any, acme: Personas, month: Any
) -> None:
    complaints, client = Complaints(), admin_client_for(acme.admin)
    with chromium() as browser:
        page = enter(browser, live_server.url, client, complaints)
        assert look_at(page, JUNE) == []
        table = page.locator("[data-matrix]")
        # After the focus has been in every cell, exactly one cell is a tab stop.
        assert page.evaluate(_STOPS) == 1
        page.locator(".matrix td a").first.focus()
        assert page.evaluate(_HERE) == "Worker 000, 5 Fri, 8"
        page.keyboard.press("ArrowRight")
        assert page.evaluate(_HERE) == "Worker 000, 6 Sat, Sick"
        page.keyboard.press("Home")
        # Past the end of the first page, when the next page may not be loaded yet.
        for number in range(1, EMPLOYEES_A_PAGE + 2):
            page.keyboard.press("ArrowDown")
            below = table.get_by_label(f"Worker {number:03}, 5 Fri, 8", exact=True)
            expect(below).to_be_focused()
        assert page.evaluate(_STOPS) == 1

        # The end of the list, at once; distant rows are not rendered.
        page.evaluate("document.activeElement.blur()")
        page.evaluate("document.querySelector('.matrix').scrollTop = 1e6")
        last = table.get_by_role("link", name=f"Worker {PEOPLE - 1:03}", exact=True)
        expect(last).to_be_visible()
        expect(table.get_by_role("link", name="Worker 000", exact=True)).to_have_count(
            0
        )
        assert table.locator("tbody tr:not(.spacer)").count() < PEOPLE
        page.evaluate("document.querySelector('.matrix').scrollTop = 0")
        expect(table.get_by_role("link", name="Worker 000", exact=True)).to_be_visible()
        assert ask(page) == []

        page.locator(".matrix td a").first.focus()
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(str(month.work_card_id)))
    complaints.check()


@pytest.mark.parametrize("width", [1024, 1280, 1366, 1440])
def test_figures_of_five_signs_stay_in_their_cells(
    live_server: Any, acme: Personas, width: int
) -> None:
    with acme.scope():
        dan = employee_at(site_named("North"), "Dan")
        post_day(dan, 1, hours=Decimal("12.75"))
        draft_day(dan, 2, total_hours=Decimal("12.75"))
    complaints, client = Complaints(), admin_client_for(acme.admin)
    with chromium() as browser:
        page = enter(browser, live_server.url, client, complaints)
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(JUNE)
        rooms = page.evaluate(_ROOMS)
    complaints.check()
    assert [figures for figures, _ in rooms] == ["12.75", "12.75"]
    assert [(figures, room) for figures, room in rooms if room < 0] == []


def test_on_paper_stand_all_employees(
    live_server: Any, acme: Personas, month: Any
) -> None:
    complaints, client = Complaints(), admin_client_for(acme.admin)
    with chromium() as browser:
        page = enter(browser, live_server.url, client, complaints)
        page.add_init_script("window.print = () => (document.body.id = 'printed')")
        page.goto(JUNE)
        rows, note = page.locator("[data-matrix] tbody tr:not(.spacer)"), ".partial"
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        assert rows.count() < PEOPLE
        expect(page.locator(note)).to_be_visible()
        page.emulate_media(media="screen")
        page.evaluate("dispatchEvent(new Event('afterprint'))")

        page.get_by_role("button", name="Print").click()
        page.wait_for_selector("#printed")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        expect(rows).to_have_count(PEOPLE)
        expect(page.locator(note)).to_be_hidden()
        expect(page.locator(".spacer")).to_have_count(0)
    complaints.check()


def test_rows_that_fail_to_load_are_reported_and_loaded_later(
    live_server: Any, acme: Personas, month: Any
) -> None:
    client = admin_client_for(acme.admin)
    with chromium() as browser:
        # The browser's own message about a failed request is not an error of the page.
        page = enter(browser, live_server.url, client, Complaints())
        page.goto(JUNE)
        page.route("**/month/*rows=*", lambda route: route.abort())
        page.evaluate("document.querySelector('.matrix').scrollTop = 1e6")
        toast = page.locator("#toasts .toast")
        expect(toast).to_be_visible()
        page.evaluate(AXE)
        assert ask(page) == []
        page.unroute_all()
        # Scrolling near again retries the request.
        page.evaluate("document.querySelector('.matrix').scrollTop = 0")
        page.wait_for_timeout(500)
        page.evaluate("document.querySelector('.matrix').scrollTop = 1e6")
        expect(
            page.get_by_role("link", name=f"Worker {PEOPLE - 1:03}", exact=True)
        ).to_be_visible()


def test_in_hebrew_the_matrix_is_mirrored_and_so_are_its_keys(
    live_server: Any, acme: Personas, month: Any
) -> None:
    with acme.scope():
        User.objects.filter(pk=acme.admin.pk).update(language="he")
    complaints, client = Complaints(), admin_client_for(acme.admin)
    with chromium() as browser:
        page = enter(browser, live_server.url, client, complaints)
        assert look_at(page, JUNE) == []
        page.locator(".matrix td a").first.focus()
        fifth = page.evaluate(_PLACE)
        page.keyboard.press("ArrowLeft")
        # The 6th lies to the left of the 5th, the names to the right of both.
        sixth = page.evaluate(_PLACE)
        names = page.locator(".matrix tbody .name").first.bounding_box()
        assert sixth < fifth < names["x"]
        page.keyboard.press("ArrowLeft")
        assert page.evaluate(_PLACE) == sixth
        page.keyboard.press("ArrowRight")
        assert page.evaluate(_PLACE) == fifth
        page.keyboard.press("End")
        assert page.evaluate(_PLACE) == sixth

        # On a phone, where days scroll under the sticky columns: the focused cell is visible.
        page.set_viewport_size(PHONE)
        for key in ("Home", "End"):
            page.keyboard.press(key)
            assert page.evaluate(_IS_SEEN)
    complaints.check()


def test_the_month_is_closed_in_a_dialog_on_its_page(
    live_server: Any, acme: Personas, month: Any
) -> None:
    with acme.scope():
        WorkCardFactory()
    complaints, client = Complaints(), admin_client_for(acme.admin)
    with chromium() as browser:
        page = enter(browser, live_server.url, client, complaints)
        assert look_at(page, JUNE) == []
        page.get_by_role("link", name="Close the month").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        assert ask(page) == []
        for box in dialog.get_by_role("checkbox").all():
            box.check()
        dialog.get_by_role("textbox").fill("Paid.")
        dialog.get_by_role("button", name="Close the month").click()
        expect(page.get_by_role("heading", name="This month is closed")).to_be_visible()
        expect(page.get_by_text("Paid.")).to_be_visible()

        # Home offers pending work as an action.
        page.goto("/admin/?month=2026-06")
        page.get_by_role("link", name="Reopen June 2026").click()
        dialog = page.get_by_role("dialog", name="Reopen June 2026")
        expect(dialog).to_be_visible()
        # The address opens the dialog once, and not again with each reload.
        page.reload()
        expect(page.get_by_role("link", name="Reopen")).to_be_visible()
        expect(dialog).to_be_hidden()
        page.get_by_role("link", name="Reopen").click()
        page.get_by_label("Reason").fill("One came late.")
        page.get_by_role("dialog").get_by_role("button", name="Reopen").click()
        expect(page.get_by_text("2026-06 was reopened.")).to_be_visible()
    complaints.check()
