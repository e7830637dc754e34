"""Every page of the admin in a real browser, without axe-core findings.

Light and dark, desktop and phone, English and Hebrew, as an administrator and as a super-admin on the platform, with
each dialog and menu open. The pages are those that the admin resolves, so that a new page is tested too. The tests also
check that the focus is visible and that no page is wider than the window.
"""

from collections.abc import Callable
from importlib import resources
from typing import Any

import pytest
from django.contrib import admin
from django.urls import reverse

from accounts.models import User
from accounts.tests.personas import Personas
from businesses.tenancy.context import business_scope

from .admin_clients import AdminClient, admin_client_for
from .browsers import Complaints, chromium, needs_browser, open_window
from .test_admin_pages import pages_of

pytestmark = needs_browser

AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
# Rules whose result may change with the colours and the width of the window.
OF_LOOKS = [
    "color-contrast",
    "link-in-text-block",
    "target-size",
    "scrollable-region-focusable",
]
# WCAG up to 2.2 AA, and axe's best practices.
RULES = {"rules": {"target-size": {"enabled": True}}}

_ASK = """options => axe.run(document, options).then(found => found.violations.map(
    one => `${one.id}: ${one.nodes.map(node => node.target.join(" ") + " " + node.html.slice(0, 120)).slice(0, 3).join(" | ")}`))"""
_TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"
# Focus each focusable element as the keyboard would, and return those without a visible focus.
_UNSEEN = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
    .filter(one => one.checkVisibility({visibilityProperty: true}) && !one.disabled && one.type !== "hidden"
        && !one.matches(".select2-hidden-accessible"))
    .filter(one => {
        one.focus();
        const style = getComputedStyle(one);
        return document.activeElement === one && (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2);
    }).map(one => one.outerHTML.slice(0, 120))"""

# Elements that open on a page, except the common frame and the filters of lists, which are alike everywhere.
OPENS = "dialog, main details:not(#changelist-filter *)"
_COUNT = "query => document.querySelectorAll(query).length"
_OPEN = """([query, number]) => {
    const one = document.querySelectorAll(query)[number];
    one.tagName === "DIALOG" ? one.showModal() : one.open = true;
    return one.outerHTML.slice(0, 80);
}"""
_CLOSE = """([query, number]) => {
    const one = document.querySelectorAll(query)[number];
    one.tagName === "DIALOG" ? one.close() : one.open = false;
}"""
# Letter spacing instead of other fonts: it changes the width of every text on any machine.
FONT_WIDTHS = ("-0.15em", "0", "0.1em", "0.2em", "0.4em")
_SPACE_LETTERS = """spacing => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`* { letter-spacing: ${spacing} !important; }`);
    document.adoptedStyleSheets = [sheet];
}"""
_BOX_SIZES = """() => [...document.querySelectorAll("input[type=checkbox], input[type=radio]")]
    .filter(one => one.checkVisibility())
    .map(one => [one.getBoundingClientRect().width, one.getBoundingClientRect().height])"""
# A target that an open menu half covers is not a small target.
PART = {"rules": {"target-size": {"enabled": False}}}


def enter(browser: Any, url: str, client: AdminClient, complaints: Complaints) -> Any:
    """Return a page of a new browser context in which `client` is signed in."""
    window = open_window(
        browser, url, complaints, viewport=DESK, reduced_motion="reduce"
    )
    cookie = client.cookies["sessionid"].value
    window.add_cookies([{"name": "sessionid", "value": cookie, "url": url}])
    return window.new_page()


def look_at(page: Any, path: str) -> list[str]:
    """Return the problems of a page in the current window size and colour scheme."""
    page.goto(path)
    return [f"{path} {one}" for one in look(page)]


def look(page: Any, **options: Any) -> list[str]:
    """Return the problems of the open page."""
    page.evaluate(AXE)
    wrong = ask(page, **options)
    if (excess := page.evaluate(_TOO_WIDE)) > 0:
        wrong.append(f"{excess} px too wide")
    page.keyboard.press("Tab")
    wrong += [f"focus unseen: {one}" for one in page.evaluate(_UNSEEN)]
    return wrong


def look_into(page: Any) -> list[str]:
    """Open each dialog and menu of the page in turn, and return the problems."""
    wrong = []
    for number in range(page.evaluate(_COUNT, OPENS)):
        opened = page.evaluate(_OPEN, [OPENS, number])
        wrong += [f"with {opened}: {one}" for one in ask(page, **PART)]
        page.evaluate(_CLOSE, [OPENS, number])
    return wrong


def ask(page: Any, **options: Any) -> list[str]:
    """Return axe's violations on the open page."""
    run_options = {**RULES, **options, "resultTypes": ["violations"]}
    return page.evaluate(_ASK, run_options)  # type: ignore[no-any-return]


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


@pytest.fixture
def speaking(acme: Personas, super_admin: User) -> Callable[[str, str], AdminClient]:
    """Return a function that signs a user in, in a language."""

    def sign_in(person: str, language: str) -> AdminClient:
        user = super_admin if person != "admin" else acme.admin
        with business_scope(user.business_id):
            User.objects.filter(pk=user.pk).update(language=language)
        acting_for = acme.business if person == "acting" else None
        return admin_client_for(user, acting_for=acting_for)

    return sign_in


# Each test takes a part of the pages, so that the workers share the crawl.
PARTS = 3


@pytest.mark.crawl
@pytest.mark.parametrize("part", range(1, PARTS + 1))
@pytest.mark.parametrize(
    ("person", "language", "colours", "size"),
    [
        pytest.param("admin", "en", "light", DESK, id="administrator at a desk"),
        pytest.param("admin", "he", "dark", PHONE, id="administrator with a phone"),
        pytest.param("platform", "en", "dark", DESK, id="super-admin"),
    ],
)
def test_nothing_is_wrong_with_any_page(
    live_server: Any,
    rows_of_acme: dict[str, Any],
    complaints: Complaints,
    speaking: Callable[[str, str], AdminClient],
    person: str,
    language: str,
    colours: str,
    size: dict[str, int],
    part: int,
) -> None:
    client = speaking(person, language)
    # On the platform rows look as they do for a read-only user, so their lists are enough.
    rows = rows_of_acme if person == "admin" else {}
    paths = [path for path in kinds_of_pages(rows) if is_there(client, path)]
    assert len(paths) > 15
    with chromium() as browser:
        page = enter(browser, live_server.url, client, complaints)
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=colours)
        wrong = []
        for path in paths[part - 1 :: PARTS]:
            wrong += look_at(page, path)
            wrong += [f"{path} {one}" for one in look_into(page)]
    assert wrong == []
    complaints.check()


def kinds_of_pages(rows: dict[str, Any]) -> list[str]:
    """Return `pages_of`, with a single page of each kind that looks alike everywhere.

    A kind is a page that every model has in the same form.
    """
    seen: set[Any] = set()
    distinct = []
    actions = {
        action.name: (action.template, action.form)
        for model_admin in admin.site._registry.values()
        for action in model_admin.object_actions
    }
    for path in pages_of(rows):
        name = path.rstrip("/").rpartition("/")[2]
        kind = name if name in ("history", "delete") else actions.get(name, path)
        if kind not in seen:
            distinct.append(path)
        seen.add(kind)
    return distinct


def is_there(client: AdminClient, path: str) -> bool:
    """Return True if the user may open the page.

    Forbidden pages look alike, so a single one of them counts as well.
    """
    return client.get(path).status_code == 200 or path == "/admin/nowhere/"


@pytest.mark.parametrize("language", ["en", "he"])
def test_nothing_is_wrong_in_any_look(
    live_server: Any,
    rows_of_acme: dict[str, Any],
    complaints: Complaints,
    speaking: Callable[[str, str], AdminClient],
    language: str,
) -> None:
    """A list and a form have no findings in any look while a super-admin acts."""
    client = speaking("acting", language)
    with chromium() as browser:
        page = enter(browser, live_server.url, client, complaints)
        for path in (
            reverse("admin:workcards_workcard_changelist"),
            reverse("admin:workforce_employee_add"),
        ):
            page.goto(path)
            page.evaluate(AXE)
            for colours in ("light", "dark"):
                for size in (DESK, PHONE):
                    page.emulate_media(color_scheme=colours)
                    page.set_viewport_size(size)
                    assert ask(page, runOnly=OF_LOOKS) == [], (path, colours, size)
    complaints.check()


@pytest.mark.parametrize("language", ["en", "he"])
def test_targets_are_large_enough_at_any_font_width(
    live_server: Any,
    rows_of_acme: dict[str, Any],
    complaints: Complaints,
    speaking: Callable[[str, str], AdminClient],
    language: str,
) -> None:
    """Lists on a phone keep large targets with narrow, normal and wide text.

    Check boxes measure 24 px, and axe finds no small target.
    """
    client = speaking("admin", language)
    lists = [
        path
        for model in admin.site._registry
        if is_there(client, path := list_of(model))
    ]
    assert len(lists) > 8
    boxes = 0
    with chromium() as browser:
        page = enter(browser, live_server.url, client, complaints)
        page.set_viewport_size(PHONE)
        for path in lists:
            page.goto(path)
            page.evaluate(AXE)
            for spacing in FONT_WIDTHS:
                page.evaluate(_SPACE_LETTERS, spacing)
                assert ask(page, runOnly=["target-size"]) == [], (path, spacing)
                sizes = page.evaluate(_BOX_SIZES)
                assert all(min(size) >= 24 for size in sizes), (path, spacing, sizes)
                boxes += len(sizes)
    assert boxes > 0
    complaints.check()


def list_of(model: Any) -> str:
    opts = model._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")


def test_nothing_is_wrong_while_acting_and_with_what_is_open(
    live_server: Any,
    rows_of_acme: dict[str, Any],
    complaints: Complaints,
    speaking: Callable[[str, str], AdminClient],
) -> None:
    """Open menus, the drawer, autocomplete and an invalid form have no findings.

    An empty list is tested too.
    """
    client = speaking("acting", "en")
    with chromium() as browser:
        page = enter(browser, live_server.url, client, complaints)
        page.set_viewport_size(PHONE)
        assert look_at(page, reverse("admin:index")) == []
        page.click("[data-sidebar-toggle]")
        assert ask(page) == []
        assert page.get_attribute("[data-sidebar-toggle]", "aria-expanded") == "true"
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.matches('[data-sidebar-toggle]')")
        assert page.get_attribute("[data-sidebar-toggle]", "aria-expanded") == "false"

        page.set_viewport_size(DESK)
        page.goto(reverse("admin:workforce_employee_changelist"))
        page.evaluate(AXE)
        for menu in page.locator("details.menu summary").all():
            menu.click()
            # A target that the menu half covers is not a small target.
            assert ask(page, rules={"target-size": {"enabled": False}}) == []
        assert page.locator("details.menu[open]").count() == 1
        page.keyboard.press("Escape")
        assert page.locator("details.menu[open]").count() == 0
        page.goto(reverse("admin:workforce_employee_changelist") + "?q=nobody")
        page.evaluate(AXE)
        assert ask(page) == []

        page.goto(reverse("admin:workforce_employee_add"))
        page.click("[name=_save]")
        page.evaluate(AXE)
        assert page.is_visible(".errorlist")
        assert ask(page) == []

        page.goto(reverse("admin:workcards_workcard_upload"))
        page.evaluate(AXE)
        page.click(".select2-selection")
        page.wait_for_selector(".select2-results__option[role=option]")
        assert ask(page) == []
    complaints.check()


def test_the_side_bar_is_reached_without_a_script(
    live_server: Any, acme: Personas, complaints: Complaints
) -> None:
    client = admin_client_for(acme.admin)
    with chromium() as browser:
        window = open_window(
            browser,
            live_server.url,
            complaints,
            viewport=PHONE,
            java_script_enabled=False,
        )
        cookie = client.cookies["sessionid"].value
        window.add_cookies(
            [{"name": "sessionid", "value": cookie, "url": live_server.url}]
        )
        page = window.new_page()
        page.goto("/admin/")
        page.click(".nav a >> text=Employees")
        page.wait_for_url("**/workforce/employee/")
        assert page.is_hidden("[data-sidebar-toggle]")


def test_the_bar_of_who_acts_counts_down_and_says_when_little_is_left(
    live_server: Any,
    complaints: Complaints,
    speaking: Callable[[str, str], AdminClient],
) -> None:
    client = speaking("acting", "en")
    with chromium() as browser:
        page = enter(browser, live_server.url, client, complaints)
        page.clock.install()
        page.goto(reverse("admin:index"))
        left, status = "[data-act-as-seconds]", "[data-act-as-status]"
        assert page.inner_text(left).startswith(("60:00", "59:"))
        page.clock.run_for("54:00")
        assert page.text_content(status) == ""
        page.clock.run_for("01:30")
        assert page.inner_text(left).startswith("4:")
        assert "five minutes" in page.text_content(status)
        page.clock.run_for("05:00")
        assert page.inner_text(left).startswith("0:00")
        assert "has expired" in page.text_content(status)
    complaints.check()
