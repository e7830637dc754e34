"""What is shown of a form that could not be saved: all that was typed, and nothing of the form's own machinery."""

import re
from typing import Any

from django.urls import reverse
from playwright.sync_api import expect

from accounts.tests.factories import PASSWORD
from accounts.tests.personas import Personas
from workcards.tests.factories import WorkCardFactory

from .admin_clients import browser_of
from .browsers import Complaints, chromium, needs_browser
from .test_accessibility import enter, look

pytestmark = needs_browser

DAYS = {
    "version": "3",
    "days-TOTAL_FORMS": "30",
    "days-INITIAL_FORMS": "30",
    "days-0-work_date": "2026-06-01",
    "days-1-work_date": "2026-06-02",
    "days-1-from_time": "7",
    "days-1-to_time": "25:99",
    "days-1-break_minutes": "30",
    "days-1-comment": "<b>late</b>",
    "days-2-work_date": "2026-06-03",
    "days-2-day_status": "VACATION",
    "days-3-work_date": "2026-02-31",
    "days-3-total_hours": "8",
    "choice_0197f3a0-51c8-7b1f-b0a4-6a2d43c5e9f2": "keep",
}


def shown(page: Any) -> list[str]:
    """The lines of what was typed, without their marks."""
    body = page.content.decode().partition("What you had typed")[2]
    lines = re.findall(r"<tr>(.*?)</tr>", body)
    return [re.sub(r"<[^>]+>", " ", line).strip() for line in lines]


def test_days_of_a_card_are_a_line_each(acme: Personas) -> None:
    with acme.scope():
        card = WorkCardFactory()
    client = browser_of(acme.reviewer)
    client.cookies.clear()
    page = client.send(reverse("admin:workcards_workcard_change", args=[card.pk]), DAYS)
    assert page.status_code == 401
    assert [re.sub(r"\s+", " ", line) for line in shown(page)] == [
        "2 June 7–25:99 , break 30, &lt;b&gt;late&lt;/b&gt;",
        "3 June Vacation",
        "2026-02-31 8",
    ]
    assert "back on the card" in page.content.decode()


def test_days_are_back_on_the_card_after_signing_in(
    live_server: Any, acme: Personas
) -> None:
    with acme.scope():
        card = WorkCardFactory()
    complaints, client = Complaints(), browser_of(acme.reviewer)
    path = reverse("admin:workcards_workcard_change", args=[card.pk])
    with chromium() as browser:
        page = enter(browser, live_server.url, client, complaints)
        page.goto(path)
        page.fill("[name=days-1-total_hours]", "7.25")
        page.context.clear_cookies(name="sessionid")
        page.keyboard.press("Control+s")
        expect(page.get_by_role("row", name="2 June 7.25")).to_be_visible()
        assert look(page) == []
        page.get_by_role("link", name="Sign in").click()
        page.fill("[name=email]", str(acme.reviewer.email))
        page.fill("[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator("[name=days-1-total_hours]")).to_have_value("7.25")
        expect(page.locator("[data-saved]")).to_have_text("Not saved yet")
    complaints.check()


def test_fields_of_a_form_are_a_line_each(acme: Personas) -> None:
    client = browser_of(acme.admin)
    client.cookies.clear()
    typed = {"full_name": "Joan Typed", "passport_id": "", "_save": "1"}
    page = client.send(reverse("admin:workforce_employee_add"), typed)
    assert shown(page)[0].split() == ["Full", "name", "Joan", "Typed"]
    assert len(shown(page)) == 1
    assert "signing in opens in another tab" in page.content.decode()
