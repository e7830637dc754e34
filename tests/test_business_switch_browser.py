"""The menu of businesses in the header, with mouse and keyboard."""

from typing import Any

import pytest
from playwright.sync_api import expect

from accounts.models import User
from accounts.roles import Role
from accounts.tests.factories import UserFactory
from accounts.tests.personas import Personas

from .browsers import Complaints, chromium, needs_browser, open_window, sign_in

pytestmark = needs_browser


@pytest.fixture
def dana(acme: Personas, globex: Personas) -> User:
    """Return the user in Acme of a person who also works for Globex."""
    with acme.scope():
        dana: User = UserFactory(email="dana@example.com", role=Role.REVIEWER)
    with globex.scope():
        UserFactory(
            email="dana@example.com", role=Role.VIEWER, account_id=dana.account_id
        )
    return dana


def test_the_business_is_switched_by_keyboard(live_server: Any, dana: User) -> None:
    complaints = Complaints()
    with chromium() as browser:
        window = open_window(browser, live_server.url, complaints)
        page = sign_in(window, dana)
        menu = page.locator("[data-business-menu]")
        expect(menu.locator("summary")).to_contain_text("Acme")
        assert "Globex" not in page.content()
        menu.locator("summary").focus()
        page.keyboard.press("Enter")
        choices = menu.locator("button[name=business_id]")
        expect(choices).to_have_count(2)
        expect(choices.first).to_be_focused()
        page.keyboard.press("ArrowDown")
        expect(choices.nth(1)).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("[data-business-menu] summary")).to_contain_text("Globex")
        page.goto("/admin/")
        assert "Acme" not in page.content()
    complaints.check()


def test_a_form_of_the_business_before_saves_nothing(
    live_server: Any, acme: Personas, globex: Personas, dana: User
) -> None:
    complaints = Complaints()
    with acme.scope():
        User.objects.filter(pk=dana.pk).update(role=Role.ADMIN)
    with globex.scope():
        User.objects.filter(email="dana@example.com").update(role=Role.ADMIN)
    with chromium() as browser:
        window = open_window(browser, live_server.url, complaints)
        page = sign_in(window, dana)
        page.goto("/admin/workforce/employee/add/")
        page.fill("[name=full_name]", "Jane Example")
        other = window.new_page()
        other.goto("/admin/businesses/switch/")
        other.get_by_role("button", name="Globex").click()
        expect(other.locator("[data-business-menu] summary")).to_contain_text("Globex")
        page.click("[name=_save]")
        expect(page.locator("h1")).to_contain_text("another business")
        expect(page.locator("body")).to_contain_text("Jane Example")
    complaints.check()
