"""A super-admin who acts for businesses, in a real browser.

The bar, two tabs with different businesses, and an expired hour.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from accounts.tests.personas import Personas
from audit.models import AuditEvent
from businesses.tenancy.context import business_scope
from workcards.models import DayEntry, WorkCard
from workcards.tests.factories import WorkCardFactory, picture
from workforce.models import Employee
from workforce.tests.factories import EmployeeFactory, SiteFactory

from .browsers import (
    Complaints,
    aside,
    chromium,
    needs_browser,
    open_window,
    sign_in,
)
from .test_accessibility import AXE, DESK, PHONE, ask

pytestmark = needs_browser

BAR = "Acting for a business"


@pytest.fixture
def card(acme: Personas) -> WorkCard:
    with acme.scope():
        john = EmployeeFactory(
            full_name="John Example", site=SiteFactory(site_name="Harbour")
        )
        return WorkCardFactory(employee=john, site=john.site, uploaded=True)


@pytest.fixture
def tab(
    live_server: Any, super_admin: User, card: WorkCard
) -> Iterator[Callable[[], Any]]:
    """Yield a function that opens tabs in which the super-admin is signed in."""
    complaints = Complaints()
    with chromium() as browser:
        window = open_window(browser, live_server.url, complaints, viewport=DESK)
        sign_in(window, super_admin)
        yield window.new_page
    complaints.check()


def act_for(page: Any, name: str, reason: str = "Ticket 4711") -> None:
    """Stop acting for the current business, and act for another, with a reason."""
    page.goto("/admin/")
    if page.get_by_role("region", name=BAR).is_visible():
        page.get_by_role("button", name="Stop acting").click()
    page.get_by_role("link", name=f"Act as {name}").click()
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name="Act for this business").click()
    expect(page.get_by_role("region", name=BAR)).to_contain_text(name)


def url_of(card: WorkCard) -> str:
    return reverse("admin:workcards_workcard_change", args=[card.pk])


def written(business: Personas) -> dict[str, Any]:
    """Return the data of a business that a form in these tests could change."""
    data: dict[str, Any] = {}

    def read() -> None:
        with business.scope():
            data["names"] = sorted(Employee.objects.values_list("full_name", flat=True))
            data["cards"] = sorted(
                WorkCard.objects.values_list("review_status", "version")
            )
            data["days"] = list(
                DayEntry.objects.values_list("work_date__day", "total_hours")
            )
            data["events"] = [
                one
                for one in AuditEvent.objects.values_list("event_type", flat=True)
                if not one.startswith("acting_")
            ]

    aside(read)
    return data


def test_the_bar_says_for_whom_why_and_for_how_long(
    acme: Personas, tab: Callable[[], Any]
) -> None:
    page = tab()
    page.goto("/admin/")
    bar = page.get_by_role("region", name=BAR)
    expect(bar).to_have_count(0)
    act_for(page, "Acme", reason="Payroll is stuck")
    expect(bar).to_contain_text("Payroll is stuck")
    # The bar's colour differs from all other elements, in light and in dark.
    for colours in ("light", "dark"):
        page.emulate_media(color_scheme=colours)
        ground, beneath = (
            page.locator(one).first.evaluate(
                "one => getComputedStyle(one).backgroundColor"
            )
            for one in (".act-as-bar", ".main")
        )
        assert ground != beneath
        assert ground != "rgba(0, 0, 0, 0)"
        page.evaluate(AXE)
        assert ask(page) == []
    left = bar.locator("[data-act-as-seconds]")
    expect(left).to_be_visible()
    minutes, seconds = left.inner_text().split()[0].split(":")
    assert 3400 < int(minutes) * 60 + int(seconds) <= 3600
    was = left.inner_text()
    expect(left).not_to_have_text(was)
    page.goto(reverse("admin:workforce_employee_changelist"))
    expect(bar).to_be_visible()
    page.get_by_role("button", name="Stop acting").click()
    expect(page.get_by_role("link", name="Act as Acme")).to_be_visible()
    expect(bar).to_have_count(0)


# The parts of the card’s toolbar and of its scan that lie under another element.
_COVERED = """() => [...document.querySelectorAll(".card-toolbar :is(a, button, summary), .scan-tools button")]
    .filter(one => one.checkVisibility({visibilityProperty: true}))
    .filter(one => { const {x, y, width, height} = one.getBoundingClientRect();
        const there = document.elementFromPoint(x + width / 2, y + height / 2);
        return !one.contains(there); })
    .map(one => `${innerWidth}: ${one.textContent.trim() || one.ariaLabel}`)"""


def test_nothing_lies_over_the_buttons_of_a_card(
    acme: Personas, card: WorkCard, tab: Callable[[], Any]
) -> None:
    page = tab()
    act_for(page, "Acme")
    covered = []
    for size in (DESK, {"width": 1024, "height": 768}, PHONE):
        page.set_viewport_size(size)
        page.goto(url_of(card))
        page.wait_for_selector(".scan.is-placed")
        covered += page.evaluate(_COVERED)
    # On a phone the scan stays visible while the days scroll below it.
    page.locator("tr.day").last.scroll_into_view_if_needed()
    scan = page.locator(".card-image").bounding_box()
    head = page.locator(".top").bounding_box()
    assert covered == []
    assert scan["y"] >= head["y"] + head["height"] - 1


def test_what_was_drawn_for_one_business_is_not_saved_in_another(
    acme: Personas,
    globex: Personas,
    card: WorkCard,
    tab: Callable[[], Any],
    tmp_path: Path,
) -> None:
    """None of three open forms of Acme is saved after another tab switches to Globex."""
    form, days, upload, other = tab(), tab(), tab(), tab()
    act_for(other, "Acme")
    form.goto(reverse("admin:workforce_employee_add"))
    form.get_by_label("Full name").fill("Joan Typed")
    days.goto(url_of(card))
    days.fill("[name=days-0-total_hours]", "7.25")
    upload.goto(reverse("admin:workcards_workcard_upload"))
    upload.select_option("[name=site]", label="Harbour")
    before = written(acme), written(globex)
    act_for(other, "Globex")

    form.get_by_role("button", name="Save", exact=True).click()
    days.keyboard.press("Control+s")
    for page, typed in ((form, "Joan Typed"), (days, "7.25")):
        expect(page.get_by_role("heading", level=1)).to_have_text(
            "This form belongs to another business"
        )
        expect(page.get_by_text("Nothing was saved.")).to_be_visible()
        # The input is preserved, and the page shows which business is active.
        expect(page.get_by_role("cell", name=typed, exact=True)).to_be_visible()
        expect(page.get_by_role("region", name=BAR)).to_contain_text("Globex")
        page.evaluate(AXE)
        assert ask(page) == []
    scan = tmp_path / "scan.png"
    scan.write_bytes(picture())
    upload.set_input_files("[name=files]", scan)
    expect(upload.get_by_role("alert")).to_contain_text(
        "You switched to another business in another tab. The remaining files were not sent"
    )
    assert (written(acme), written(globex)) == before


def end_the_hour(super_admin: User) -> None:
    def end() -> None:
        with business_scope(super_admin.business_id):
            over = timezone.now() - timedelta(seconds=1)
            User.objects.filter(pk=super_admin.pk).update(acting_expires_at=over)

    aside(end)


def renew(page: Any, reason: str) -> None:
    """Renew acting in the tab that opened for it."""
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name="Act for this business").click()
    expect(page.get_by_role("region", name=BAR)).to_contain_text(reason)


@pytest.mark.parametrize("leaves", ["days", "employee"])
def test_what_was_typed_when_the_hour_was_over_is_saved_after_renewing(
    acme: Personas,
    card: WorkCard,
    super_admin: User,
    tab: Callable[[], Any],
    leaves: str,
) -> None:
    page = tab()
    act_for(page, "Acme")
    if leaves == "days":
        page.goto(url_of(card))
        page.fill("[name=days-0-total_hours]", "7.25")
    else:
        page.goto(reverse("admin:workforce_employee_add"))
        page.get_by_label("Full name").fill("Joan Typed")
    before = written(acme)

    end_the_hour(super_admin)
    if leaves == "days":
        page.keyboard.press("Control+s")
    else:
        page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("your input is kept")).to_be_visible()
    typed = "7.25" if leaves == "days" else "Joan Typed"
    expect(page.get_by_role("cell", name=typed, exact=True)).to_be_visible()
    page.evaluate(AXE)
    assert ask(page) == []
    assert written(acme) == before

    # The user requests another hour, with a reason, in a new tab.
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Renew").click()
    renewing = opened.value
    expect(renewing.get_by_label("Business")).to_have_value(str(acme.id))
    renew(renewing, "Ticket 4711, still")
    page.get_by_role("button", name="Send the form again").click()
    expect(page.get_by_role("region", name=BAR)).to_contain_text("still")
    now = written(acme)
    if leaves == "days":
        assert [(day, str(hours)) for day, hours in now["days"]] == [(1, "7.25")]
    else:
        assert "Joan Typed" in now["names"]


def test_files_wait_until_the_hour_is_renewed(
    acme: Personas,
    card: WorkCard,
    super_admin: User,
    tab: Callable[[], Any],
    tmp_path: Path,
) -> None:
    page, other = tab(), tab()
    act_for(page, "Acme")
    page.goto(reverse("admin:workcards_workcard_upload"))
    page.select_option("[name=site]", label="Harbour")
    end_the_hour(super_admin)
    scan = tmp_path / "scan.png"
    scan.write_bytes(picture(7))
    page.set_input_files("[name=files]", scan)
    expect(page.get_by_role("alert")).to_contain_text(
        "Acting for this business has expired. Renew it in another tab"
    )
    assert len(written(acme)["cards"]) == 1

    other.goto("/admin/")
    other.get_by_role("button", name="Renew").click()
    renew(other, "Ticket 4711, still")
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.locator("tr.uploaded [data-name]")).to_have_text("scan.png")
    assert len(written(acme)["cards"]) == 2
