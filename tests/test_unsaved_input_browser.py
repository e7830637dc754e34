"""A session that ends while a user types a card.

The card's page or the error page keeps the input.
"""

from collections.abc import Callable
from typing import Any

from django.urls import reverse
from playwright.sync_api import expect

from accounts.tests.factories import PASSWORD
from accounts.tests.personas import Personas
from workcards.models import WorkCard
from workcards.tests.factories import WorkCardFactory

from .admin_clients import admin_client_for
from .browsers import Complaints, chromium, needs_browser
from .review_fixtures import name, url_of
from .test_accessibility import enter, look

pytestmark = needs_browser


def test_days_are_back_on_the_card_after_signing_in(
    live_server: Any, acme: Personas
) -> None:
    with acme.scope():
        card = WorkCardFactory()
    complaints, client = Complaints(), admin_client_for(acme.reviewer)
    path = reverse("admin:workcards_workcard_change", args=[card.pk])
    with chromium() as browser:
        page = enter(browser, live_server.url, client, complaints)
        page.goto(path)
        page.fill("[name=days-1-total_hours]", "7.25")
        page.context.clear_cookies(name="sessionid")
        page.keyboard.press("Control+s")
        expect(page.get_by_role("row", name="2 June 7.25")).to_be_visible()
        expect(page.get_by_text("input is restored on the card")).to_be_visible()
        assert look(page) == []
        page.get_by_role("link", name="Sign in").click()
        page.fill("[name=email]", str(acme.reviewer.email))
        page.fill("[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator("[name=days-1-total_hours]")).to_have_value("7.25")
        expect(page.locator("[data-saved]")).to_have_text("Not saved yet")
    complaints.check()


def test_what_the_tab_has_not_kept_stays_on_the_page(
    acme: Personas, card: WorkCard, open_review_page: Callable[..., Any]
) -> None:
    page = open_review_page(acme.reviewer, url_of(card))
    page.fill(name(2, "total_hours"), "7.25")
    page.evaluate("Storage.prototype.setItem = () => {}")
    page.context.clear_cookies(name="sessionid")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Sign in opens in a new tab")).to_be_visible()
    with page.context.expect_page() as another:
        page.get_by_role("link", name="Sign in").click()
    expect(another.value.locator("[name=password]")).to_be_visible()
    expect(page.get_by_role("row", name="2 June 7.25")).to_be_visible()
