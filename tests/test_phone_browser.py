"""Tables on a narrow screen: every value is visible without horizontal scrolling."""

from typing import Any

import pytest

from accounts.models import User
from accounts.tests.personas import Personas
from businesses.models import Business
from reports.tests.test_dashboard import attempt
from tests.admin_clients import admin_client_for
from workcards.tests.factories import DayEntryFactory, WorkCardFactory

from .browsers import Complaints, chromium, needs_browser
from .test_accessibility import PHONE, enter, look_at

pytestmark = needs_browser

LONG = "Association of Scaffolders and Formworkers of the Northern Harbour"
# Elements that scroll horizontally, and visible elements beyond the edge of their table.
_PUSHED = """() => {
    for (const one of document.querySelectorAll("main details")) one.open = true;
    return [...document.querySelectorAll("main *")].filter(one => one.scrollWidth > one.clientWidth + 1
        && ["auto", "scroll", "hidden"].includes(getComputedStyle(one).overflowX) && one.querySelector("table"))
        .map(one => `${one.getAttribute("aria-label")}: ${one.scrollWidth - one.clientWidth} px`);
}"""
# Each cell with its label, since a phone shows no table head.
_READ = """table => [...document.querySelectorAll(`${table} tbody :is(td, th)`)].filter(one => one.checkVisibility()).map(
    one => getComputedStyle(one, "::before").content.replace(/none|normal|"/g, "") + one.innerText.trim())"""


@pytest.fixture
def much(acme: Personas) -> None:
    """Create cards, a cross-business attempt and a long name of the business."""
    with acme.scope():
        for _ in range(3):
            DayEntryFactory(work_card=WorkCardFactory())
    attempt(acme, "cross_business_attempt")
    with acme.scope():
        Business.objects.filter(pk=acme.business.pk).update(
            business_name=LONG, business_code="northern-harbour"
        )


def test_rows_are_cards_on_a_phone(
    live_server: Any, acme: Personas, super_admin: User, much: None
) -> None:
    complaints = Complaints()
    clients = [admin_client_for(acme.admin), admin_client_for(super_admin)]
    wrong, read = [], []
    with chromium() as browser:
        for client, table in zip(
            clients, (".table-stacked", ".businesses"), strict=True
        ):
            page = enter(browser, live_server.url, client, complaints)
            page.set_viewport_size(PHONE)
            wrong += look_at(page, "/admin/?month=2026-06")
            read.append(page.evaluate(_READ, table))
            wrong += page.evaluate(_PUSHED)
    assert wrong == []
    complaints.check()
    # The full label of the column stands before each figure.
    sites, businesses = read
    assert "Open cards 1" in sites
    assert LONG in businesses
    assert "Code northern-harbour" in businesses


def test_all_columns_of_the_businesses_are_seen_on_a_tablet(
    live_server: Any, super_admin: User, much: None
) -> None:
    complaints, client = Complaints(), admin_client_for(super_admin)
    with chromium() as browser:
        page = enter(browser, live_server.url, client, complaints)
        page.set_viewport_size({"width": 1024, "height": 768})
        assert look_at(page, "/admin/") == []
        assert page.evaluate(_PUSHED) == []
    complaints.check()
