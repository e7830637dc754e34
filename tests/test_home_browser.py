"""Home and the platform dashboard in a real browser, without axe-core findings.

Light and dark, English and Hebrew, desktop and phone. The crawl through all pages sees them almost empty; this module
fills them with figures and opens all their parts.
"""

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from accounts.tests.personas import Personas
from audit.tests.factories import AuditEventFactory
from businesses.tenancy.context import business_scope
from exports.tests.month_fixtures import EIGHT, draft_day, post_day
from reports.tests.test_dashboard import attempt, populate
from workcards.tests.factories import MONTH, WorkCardFactory
from workforce.tests.factories import EmployeeFactory, SiteFactory

from .admin_clients import AdminClient, admin_client_for
from .browsers import Complaints, chromium, needs_browser, open_window
from .test_accessibility import DESK, PHONE, ask, enter, look_at

pytestmark = needs_browser

HOME = "/admin/?month=2026-06"
# Scroll to the top: a target that the top bar half covers is not a small target.
_OPEN_ALL = """() => {
    document.querySelectorAll("main details").forEach(one => { one.open = true; });
    scrollTo(0, 0);
}"""
# Texts that are cut off: a tile, a label of a chart, a button.
_CUT = """() => [...document.querySelectorAll(".tile *, .button, .months *, .scale *, h1, h2, h3, .todo-list *, .feed *")]
    .filter(one => one.checkVisibility() && getComputedStyle(one).overflow !== "visible" && one.scrollWidth > one.clientWidth + 1)
    .map(one => one.outerHTML.slice(0, 120))"""


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


def client_of(user: User, language: str, **acting: Any) -> AdminClient:
    """Return a client signed in as `user`, with this language."""
    with business_scope(user.business_id):
        User.objects.filter(pk=user.pk).update(language=language)
    return admin_client_for(user, **acting)


def fill(acme: Personas, globex: Personas) -> None:
    for number, business in enumerate((acme, globex)):
        with business.scope():
            populate(number)
            employee = EmployeeFactory(full_name="Mary Example", site=SiteFactory())
            post_day(employee, 3, **EIGHT)
            draft_day(employee, 3, total_hours=Decimal("9.00"))
            AuditEventFactory(
                event_type="card_rejected",
                entity_type="workcard",
                employee_id=employee.pk,
                actor_label=f"{'very' * 20}.long@acme.example",
                metadata={"reason": "The lines of the paper can't be read " * 3},
                cross_business=True,
            )
            WorkCardFactory(
                unassigned=True,
                processing_month=MONTH,
                site=SiteFactory(
                    site_name=f"Site {number} has a name of many, many words"
                ),
            )
    attempt(acme, "cross_business_attempt")


@pytest.mark.parametrize("language", ["en", "he"])
@pytest.mark.parametrize("person", ["admin", "acting", "platform"])
def test_nothing_is_wrong_with_the_first_page(
    live_server: Any,
    acme: Personas,
    globex: Personas,
    super_admin: User,
    complaints: Complaints,
    person: str,
    language: str,
) -> None:
    fill(acme, globex)
    user = acme.admin if person == "admin" else super_admin
    acting = {"acting_for": acme.business} if person == "acting" else {}
    client = client_of(user, language, **acting)
    with chromium() as browser:
        page = enter(browser, live_server.url, client, complaints)
        for size in (DESK, {"width": 1024, "height": 768}, PHONE):
            page.set_viewport_size(size)
            assert look_at(page, HOME) == []
            page.evaluate(_OPEN_ALL)
            for colours in ("light", "dark"):
                page.emulate_media(color_scheme=colours)
                assert ask(page) == [], (colours, size)
            assert page.evaluate(_CUT) == []
            assert (
                page.evaluate("document.documentElement.scrollWidth") <= (size["width"])
            )
    complaints.check()


def test_a_business_without_cards_is_shown_the_way(
    live_server: Any,
    acme: Personas,
    complaints: Complaints,
) -> None:
    client = client_of(acme.admin, "en")
    with chromium() as browser:
        page = enter(browser, live_server.url, client, complaints)
        for colours in ("light", "dark"):
            page.emulate_media(color_scheme=colours)
            assert look_at(page, "/admin/") == []
        page.click("text=Import your employees")
        page.wait_for_url("**/employee/import/")
    complaints.check()


def test_months_and_businesses_are_chosen_without_a_script(
    live_server: Any,
    acme: Personas,
    globex: Personas,
    super_admin: User,
    complaints: Complaints,
) -> None:
    fill(acme, globex)
    clients = client_of(acme.admin, "en"), client_of(super_admin, "en")
    with chromium() as browser:
        pages = []
        for client in clients:
            window = open_window(
                browser, live_server.url, complaints, java_script_enabled=False
            )
            cookie = client.cookies["sessionid"].value
            window.add_cookies(
                [{"name": "sessionid", "value": cookie, "url": live_server.url}]
            )
            pages.append(window.new_page())
        home, console = pages
        home.goto("/admin/")
        home.fill("[name=month]", "2026-06")
        home.click("button:has-text('Show')")
        assert home.inner_text("h1") == "June 2026"
        home.click("[aria-label='Previous month']")
        assert home.inner_text("h1") == "May 2026"

        console.goto("/admin/")
        console.click(".businesses thead >> text=Employees")
        assert console.get_attribute("[aria-sort]", "aria-sort") == "descending"
        console.fill("main [name=q]", "glob")
        console.click("button:has-text('Find')")
        assert console.locator(".businesses tbody tr").count() == 1
        assert console.get_attribute("[aria-sort]", "aria-sort") == "descending"
        console.click("[aria-label='Act as Globex']")
        assert console.locator("[name=business]").input_value() == str(globex.id)
    complaints.check()
