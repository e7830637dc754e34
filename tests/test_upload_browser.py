"""Uploads in a real browser: dropped files, duplicates, errors and retries.

No file is lost.
"""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.tests.personas import Personas
from businesses.tenancy.context import business_scope
from workcards.models import WorkCard
from workcards.tests.factories import ClosedMonthFactory, picture
from workforce.models import Site
from workforce.tests.factories import SiteFactory

from .admin_clients import admin_client_for
from .browsers import Complaints, aside, chromium, needs_browser
from .test_accessibility import AXE, DESK, PHONE, ask, enter

pytestmark = needs_browser

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
_DROP = """(files) => {
    const dropped = new DataTransfer();
    for (const [name, type, data] of files) {
        const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
        dropped.items.add(new File([bytes], name, {type}));
    }
    document.querySelector("[data-dropzone]").dispatchEvent(
        new DragEvent("drop", {dataTransfer: dropped, bubbles: true, cancelable: true}));
}"""


@pytest.fixture
def harbour(acme: Personas) -> Site:
    with acme.scope():
        return SiteFactory(site_name="Harbour")


def dropped(page: Any, *files: tuple[str, str, bytes]) -> None:
    """Drop files from a folder, with the mouse."""
    coded = [
        [name, kind, base64.b64encode(data).decode()] for name, kind, data in files
    ]
    page.evaluate(_DROP, coded)


@contextmanager
def upload_page(
    live_server: Any, user: User, *, site: str = "Harbour"
) -> Iterator[Any]:
    """Yield the upload page of `user` with this site chosen.

    Fail if the browser reported errors.
    """
    complaints = Complaints()
    client = admin_client_for(user)
    with chromium() as browser:
        page = enter(browser, live_server.url, client, complaints)
        page.goto(reverse("admin:workcards_workcard_upload"))
        if site:
            page.select_option("[name=site]", label=site)
        yield page
    complaints.check()


def settled(page: Any, count: int) -> None:
    page.wait_for_function(
        "count => document.querySelectorAll('tr:is(.uploaded, .duplicate, .failed)').length === count",
        arg=count,
    )


def test_files_chosen_before_the_script_has_come_go_in_as_well(
    live_server: Any, acme: Personas, harbour: Site, tmp_path: Path
) -> None:
    scan = tmp_path / "early.png"
    scan.write_bytes(picture())
    held: list[Any] = []
    with upload_page(live_server, acme.reviewer, site="") as page:
        page.route("**/js/upload.js", lambda route: held.append(route))
        page.goto(reverse("admin:workcards_workcard_upload"), wait_until="commit")
        page.select_option("[name=site]", label="Harbour")
        page.set_input_files("[name=files]", scan)
        assert held
        for route in held:
            route.continue_()
        settled(page, 1)
        assert page.inner_text("tr.uploaded [data-name]") == "early.png"


def test_files_are_dropped_and_each_shows_its_result(
    live_server: Any, acme: Personas, harbour: Site, tmp_path: Path
) -> None:
    with upload_page(live_server, acme.reviewer) as page:
        first = tmp_path / "first.png"
        first.write_bytes(picture())
        page.set_input_files("[name=files]", first)
        settled(page, 1)
        dropped(
            page,
            ("again.png", "image/png", picture()),
            ("second.png", "image/png", picture(7)),
            ("drawing.svg", "image/svg+xml", SVG),
            ("list.docx", "application/msword", b"no scan"),
        )
        settled(page, 5)
        results = {
            row.locator("bdi").inner_text(): row.get_attribute("class")
            for row in page.locator("[data-rows] tr").all()
        }
        assert results == {
            "first.png": "uploaded",
            "again.png": "duplicate",
            "second.png": "uploaded",
            "drawing.svg": "failed",
            "list.docx": "failed",
        }
        again = page.locator("tr.duplicate")
        existing = again.locator("[data-open]").get_attribute("href")
        assert existing == page.locator("tr.uploaded [data-open]").first.get_attribute(
            "href"
        )
        page.wait_for_selector(
            "[data-status]:has-text('New cards: 2.')", state="attached"
        )
        page.evaluate(AXE)
        assert ask(page) == []
        again.locator("[data-upload-anyway]").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector("tr.uploaded bdi:has-text('again.png')")
        assert page.inner_text("[data-count=cards]") == "3"
        page.click("[data-continue=assign]")
        page.wait_for_url("**/workcard/?review_status__exact=NEEDS_ASSIGNMENT")
        assert page.locator("#result_list tbody tr").count() == 3


def test_files_wait_for_corrections_and_leaving_shows_a_warning(
    live_server: Any, acme: Personas, harbour: Site
) -> None:
    with acme.scope():
        ClosedMonthFactory()
    with upload_page(live_server, acme.reviewer, site="") as page:
        page.fill("[name=month]", "2026-06")
        dropped(page, ("one.png", "image/png", picture()))
        page.wait_for_selector(".field-site .errorlist")
        page.select_option("[name=site]", label="Harbour")
        page.click("[data-send] input")
        # The month is closed, which only the server knows.
        page.wait_for_selector(".field-month .errorlist")
        assert page.evaluate("document.activeElement.name") == "month"
        assert page.is_hidden(".field-site .errorlist")
        page.evaluate(AXE)
        assert ask(page) == []

        dialogs = []
        page.on(
            "dialog", lambda dialog: (dialogs.append(dialog.type), dialog.dismiss())
        )
        page.evaluate("location.href = '/admin/'")
        page.wait_for_timeout(300)
        assert dialogs == ["beforeunload"]
        page.fill("[name=month]", "2026-07")
        page.click("[data-send] input")
        settled(page, 1)
        assert page.is_hidden("[data-send]")
        page.goto("/admin/")
        assert dialogs == ["beforeunload"]


def test_what_the_server_asks_to_wait_for_goes_on_and_what_breaks_is_held(
    live_server: Any, acme: Personas, harbour: Site
) -> None:
    with upload_page(live_server, acme.reviewer) as page:
        answers = [
            lambda route: route.fulfill(status=429, headers={"Retry-After": "1"}),
            lambda route: route.abort(),
        ]

        def answer(route: Any) -> None:
            if route.request.method == "POST" and answers:
                answers.pop(0)(route)
            else:
                route.continue_()

        page.route("**/upload/", answer)
        files = [
            (f"{number}.png", "image/png", picture(number)) for number in range(1, 4)
        ]
        dropped(page, *files)
        page.wait_for_selector("[data-notice]:has-text('busy')")
        # After the Retry-After time of one second; then the connection breaks.
        page.wait_for_selector("[data-notice]:has-text('connection')")
        assert page.locator("tr.waiting").count() == 3
        page.click("tr.waiting >> nth=0 >> [data-remove]")
        page.click("[data-send] input")
        settled(page, 2)
        assert page.is_hidden("[data-notice]")

    def check() -> None:
        with acme.scope():
            assert WorkCard.objects.count() == 2

    aside(check)


@pytest.mark.parametrize(
    ("language", "colours", "size"),
    [("he", "light", PHONE), ("en", "dark", DESK)],
    ids=["Hebrew on a phone", "dark at a desk"],
)
def test_nothing_is_wrong_with_results_in_any_look(
    live_server: Any,
    acme: Personas,
    harbour: Site,
    language: str,
    colours: str,
    size: dict[str, int],
) -> None:
    with business_scope(acme.id):
        User.objects.filter(pk=acme.reviewer.pk).update(language=language)
    with upload_page(live_server, acme.reviewer) as page:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=colours)
        scan = picture()
        dropped(page, ("a.png", "image/png", scan))
        settled(page, 1)
        dropped(page, ("b.png", "image/png", scan), ("c.svg", "image/svg+xml", SVG))
        settled(page, 3)
        page.evaluate(AXE)
        assert ask(page) == []
        width = "document.documentElement.scrollWidth - innerWidth"
        assert page.evaluate(width) <= 0
