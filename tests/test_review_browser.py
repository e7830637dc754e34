"""The review of a card in a real browser: typing, conflicts, approval.

All by keyboard, and without loss of input.
"""

from collections.abc import Callable
from datetime import time
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.tests.personas import Personas
from workcards.hours import InvalidDay, day_figures
from workcards.models import ApprovedDay, WorkCard
from workcards.services import approve_card, set_day_entries
from workcards.tests.factories import MONTH, DayEntryFactory, WorkCardFactory
from workcards.transitions import DayStatus
from workforce.models import Employee
from workforce.tests.factories import EmployeeFactory, SiteFactory

from .browsers import needs_browser
from .review_fixtures import FOCUS, faults, found, name, type_keys, url_of
from .test_accessibility import AXE, DESK, ask

pytestmark = needs_browser


def test_the_page_counts_as_the_server_does(
    acme: Personas, card: WorkCard, open_review_page: Callable[..., Any]
) -> None:
    """The page and the server compute the same result for the same days."""
    times = ["", "00:00", "07:00", "07:20", "16:35", "22:00"]
    pauses = [None, 0, 20, 240, 241, -1]
    totals = [None, 0, 333, 667, 933, 934, 958, 2400, 2401, -1]
    cases = [
        {"from": start, "to": end, "pause": pause, "total": total, "status": status}
        for start in times
        for end in times
        for pause in pauses
        for total in totals
        for status in ("", "SICK")
    ]
    page = open_review_page(acme.reviewer, url_of(card))
    counted = page.evaluate(
        """async cases => {
            const { dayFigures } = await import(document.querySelector('script[src*="review/review_page"]').src.replace(/review_page[^/]*$/, "hours.js"));
            return cases.map(dayFigures);
        }""",
        cases,
    )
    differ = [
        (case, server_figures, page_figures)
        for case, page_figures in zip(cases, counted, strict=True)
        if (server_figures := compute_on_server(case)) != page_figures
    ]
    assert differ[:5] == []


def compute_on_server(case: dict[str, Any]) -> dict[str, Any] | None:
    def read(text: str) -> time | None:
        return time.fromisoformat(text) if text else None

    total = case["total"]
    try:
        figures = day_figures(
            from_time=read(case["from"]),
            to_time=read(case["to"]),
            break_minutes=case["pause"],
            total_hours=None if total is None else Decimal(total) / 100,
            day_status=case["status"],
        )
    except InvalidDay as error:
        problem: dict[str, Any] = {"wrong": error.code, "field": error.field}
        if "computed_hours" in error.extras:
            problem["hours"] = int(Decimal(error.extras["computed_hours"]) * 100)
        if "suggested_break_minutes" in error.extras:
            problem["pause"] = error.extras["suggested_break_minutes"]
        return problem
    if figures is None:
        return None
    hours = figures.total_hours
    return {
        "hours": None if hours is None else int(hours * 100),
        "status": figures.day_status or "",
    }


def test_from_the_list_to_the_next_card_by_keyboard_alone(
    acme: Personas,
    john: Employee,
    card: WorkCard,
    open_review_page: Callable[..., Any],
) -> None:
    with acme.scope():
        paying = WorkCardFactory(employee=john, site=SiteFactory(site_name="Tower"))
        DayEntryFactory(work_card=paying, work_date=MONTH)
        approve_card(card_id=paying.pk, version=1, actor=acme.admin)
        jane = EmployeeFactory(full_name="Jane Example", site=john.site)
        following = WorkCardFactory(employee=jane, site=john.site)
    listed = reverse("admin:workcards_workcard_changelist")
    page = open_review_page(
        acme.reviewer, f"{listed}?review_status__exact=NEEDS_REVIEW"
    )
    page.locator("#result_list tbody th a", has_text="card.png").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{url_of(card)}?*")
    page.wait_for_function(f"({FOCUS}) === 'days-0-from_time'")

    type_keys(page, "7", "Tab", "1530", "Tab", "30", "Enter")
    assert page.evaluate(FOCUS) == "days-1-from_time"
    assert page.input_value(name(1, "from_time")) == "07:00"
    assert page.input_value(name(1, "to_time")) == "15:30"
    assert page.get_attribute(name(1, "total_hours"), "placeholder") == "8.00"
    # Copy the last worked day, twice; then copy one field from above.
    type_keys(page, "=", "=")
    assert page.evaluate(FOCUS) == "days-3-from_time"
    assert page.inner_text("[data-total=hours]") == "24.00"
    type_keys(page, "Control+d", "Tab", "7", "Tab")
    type_keys(page, "ArrowLeft", "12", "Enter")
    assert page.input_value(name(4, "to_time")) == "12:00"
    # An invalid field is marked, and its text stays.
    assert page.evaluate(FOCUS) == "days-4-to_time"
    type_keys(page, "25", "Tab")
    assert page.get_attribute(name(5, "to_time"), "aria-invalid") == "true"
    assert page.input_value(name(5, "to_time")) == "25"
    type_keys(page, "Shift+Tab", "Delete", "Tab")
    assert page.get_attribute(name(5, "to_time"), "aria-invalid") is None
    assert page.inner_text("[data-saved]") == "Not saved yet"

    page.keyboard.press("F1")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")

    # The ledger pays 1 June at another site; both days stay.
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".ledger-conflict")
    assert "choice_" in page.evaluate(FOCUS)
    type_keys(page, "ArrowDown", "ArrowDown", "Control+Enter")
    page.wait_for_url(f"**{url_of(following)}?*")
    assert "John Example: card approved" in page.inner_text("#toasts")
    posted = found(
        acme,
        lambda: sorted(
            (row.work_date.day, str(row.hours))
            for row in ApprovedDay.objects.filter(work_card=card)
        ),
    )
    assert posted == [(1, "8.00"), (2, "8.00"), (3, "8.00"), (4, "5.00")]


def test_leaving_with_unsaved_edits_shows_a_warning(
    acme: Personas, card: WorkCard, open_review_page: Callable[..., Any]
) -> None:
    page = open_review_page(acme.reviewer, url_of(card))
    dialogs: list[str] = []

    def stay(dialog: Any) -> None:
        dialogs.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.fill(name(1, "comment"), "x")
    page.click(".brand", no_wait_after=True)
    page.wait_for_function("true")
    page.wait_for_timeout(300)
    assert dialogs == ["beforeunload"]
    assert page.url.endswith(url_of(card))
    # Restoring the saved value leaves no question.
    page.fill(name(1, "comment"), "")
    page.click(".brand")
    page.wait_for_url("**/admin/")
    assert dialogs == ["beforeunload"]


def test_days_that_are_ticked_are_filled_together(
    acme: Personas, card: WorkCard, open_review_page: Callable[..., Any]
) -> None:
    page = open_review_page(acme.reviewer, url_of(card))
    for day in (2, 3, 9):
        page.check(f"[data-day='{day}'] [data-field=pick]")
    page.fill("[data-bulk-field=from_time]", "7")
    page.fill("[data-bulk-field=to_time]", "16")
    page.click("[data-bulk-action=fill]")
    assert page.inner_text("[data-total=hours]") == "27.00"
    assert page.input_value(name(9, "to_time")) == "16:00"
    page.select_option("[data-bulk-field=day_status]", "SICK")
    page.click("[data-bulk-action=fill]")
    assert page.inner_text("[data-total=SICK]") == "3"
    assert page.inner_text("[data-total=hours]") == "0.00"
    page.click("[data-bulk-action=empty]")
    assert page.inner_text("[data-total=days]") == "0"
    assert page.input_value(name(9, "to_time")) == ""


def test_a_total_that_does_not_fit_offers_what_would(
    acme: Personas, card: WorkCard, open_review_page: Callable[..., Any]
) -> None:
    page = open_review_page(acme.reviewer, url_of(card))
    type_keys(page, "730", "Tab", "16", "Tab", "Tab", "8,25", "Tab")
    assert "The times give 8.50 hours, but the total is 8.25." in page.inner_text(
        ".days"
    )
    page.click("text=Break 15")
    assert page.input_value(name(1, "break_minutes")) == "15"
    # A moment after the mouse button is released.
    page.wait_for_selector(f"{name(1, 'total_hours')}:not([aria-invalid])")


def test_arrows_are_mirrored_in_hebrew(
    acme: Personas, card: WorkCard, open_review_page: Callable[..., Any]
) -> None:
    with acme.scope():
        User.objects.filter(pk=acme.reviewer.pk).update(language="he")
    page = open_review_page(acme.reviewer, url_of(card))
    assert page.get_attribute("html", "dir") == "rtl"
    page.focus(name(1, "from_time"))
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(FOCUS) == "days-0-to_time"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(FOCUS) == "days-0-from_time"
    # Inside a figure the arrow keys move the caret, and leave the field only at its edge.
    type_keys(page, "12", "ArrowLeft")
    assert page.evaluate(FOCUS) == "days-0-from_time"
    type_keys(page, "ArrowLeft", "ArrowLeft")
    assert page.evaluate(FOCUS) == "days-0-to_time"


@pytest.mark.parametrize("language", ["en", "he"])
def test_nothing_is_wrong_with_a_card_in_trouble(
    acme: Personas,
    john: Employee,
    card: WorkCard,
    open_review_page: Callable[..., Any],
    language: str,
) -> None:
    """A card with problems has no findings in any look.

    It has a conflict, an invalid line, selected days and the list of keys. Looks: light, dark, wide, narrow.
    """
    with acme.scope():
        User.objects.filter(pk=acme.reviewer.pk).update(language=language)
        paying = WorkCardFactory(employee=john, site=SiteFactory(site_name="Tower"))
        DayEntryFactory(work_card=paying, work_date=MONTH)
        approve_card(card_id=paying.pk, version=1, actor=acme.admin)
        set_day_entries(
            card_id=card.pk,
            version=1,
            entries=[{"work_date": MONTH, "total_hours": Decimal(5)}],
            actor=acme.admin,
        )
    page = open_review_page(acme.reviewer, url_of(card))
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".ledger-conflict")
    page.fill(name(2, "from_time"), "99")
    page.check("[data-day='3'] [data-field=pick]")
    wrong = faults(page)
    page.evaluate("document.getElementById('keys').showModal()")
    wrong += ask(page)
    page.keyboard.press("Escape")
    page.click("[data-ruler-toggle]")
    wrong += faults(page)
    page.keyboard.press("Escape")
    assert wrong == []


def test_another_card_of_the_month_is_in_reach_despite_long_names(
    acme: Personas,
    john: Employee,
    card: WorkCard,
    open_review_page: Callable[..., Any],
) -> None:
    long = "Association of Scaffolders and Formworkers of the Northern Harbour"
    with acme.scope():
        WorkCard.objects.filter(pk=card.pk).update(
            original_filename=f"{long}.png", uploaded_by_name=long
        )
        for other in ("Tower", long):
            WorkCardFactory(employee=john, site=SiteFactory(site_name=other))
    page = open_review_page(acme.reviewer, url_of(card))
    page.evaluate(AXE)
    wrong = []
    for width in (DESK["width"], 1024, 390):
        page.set_viewport_size({"width": width, "height": 900})
        wrong += [f"{width} {one}" for one in ask(page)]
        clipped = page.evaluate(
            """() => { const row = document.querySelector(".card-facts.facts").getBoundingClientRect();
            return Math.max(...[...document.querySelectorAll(".others a")].map(link => link.getBoundingClientRect())
                .map(link => Math.max(row.left - link.left, link.right - row.right))) }"""
        )
        wrong += [f"{width}: {clipped} px cut off"] if clipped > 0 else []
        over = page.locator(".facts > div").evaluate_all(
            "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.textContent.trim())"
        )
        wrong += [f"{width}: over what is beside it: {one}" for one in over]
    assert wrong == []


def test_names_that_are_too_long_are_cut_at_their_own_end(
    acme: Personas, john: Employee, card: WorkCard, open_review_page: Callable[..., Any]
) -> None:
    """Long names are cut at their logical end, also in Hebrew.

    They do not overlap their neighbours.
    """
    long = "Association of Scaffolders and Formworkers of the Northern Harbour"
    with acme.scope():
        User.objects.filter(pk=acme.reviewer.pk).update(language="he")
        Employee.objects.filter(pk=john.pk).update(full_name=long)
        WorkCard.objects.filter(pk=card.pk).update(
            original_filename=f"{long}.png", uploaded_by_name=long
        )
    page = open_review_page(acme.reviewer, url_of(card))
    wrong = []
    for width in (DESK["width"], 1024, 390):
        page.set_viewport_size({"width": width, "height": 900})
        wrong += page.evaluate(
            """() => { const bar = document.querySelector(".card-toolbar .who").getBoundingClientRect();
            return [...document.querySelectorAll(".card-toolbar .who bdi")].filter(one => one.offsetParent && one.textContent.length > 40).flatMap(name => {
                const words = document.createRange(), box = name.getBoundingClientRect(), said = [];
                words.setStart(name.firstChild, 0); words.setEnd(name.firstChild, 3);
                const begin = words.getBoundingClientRect();
                if (begin.left < box.left - 1 || begin.right > box.right + 1) said.push(`${innerWidth}: its beginning is cut`);
                if (box.left < bar.left - 1 || box.right > bar.right + 1) said.push(`${innerWidth}: outside of the bar`);
                return said; }) }"""
        )
    assert wrong == []


def test_every_absence_is_read_in_whole(
    acme: Personas, card: WorkCard, open_review_page: Callable[..., Any]
) -> None:
    with acme.scope():
        for day, kind in enumerate(DayStatus):
            DayEntryFactory(work_card=card, day=day, absent=True, day_status=kind)
    page = open_review_page(acme.reviewer, url_of(card))
    page.locator("[data-field=pick]").first.check()
    cut = []
    for width in (DESK["width"], 1024, 390):
        page.set_viewport_size({"width": width, "height": 900})
        cut += page.evaluate(
            """() => [...document.querySelectorAll("select.cell")].flatMap(select => {
                const style = getComputedStyle(select), pen = new OffscreenCanvas(1, 1).getContext("2d");
                pen.font = style.font;
                const room = select.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
                const shown = select.matches("[data-bulk-field]") ? [...select.options] : [select.selectedOptions[0]];
                return shown.filter(one => pen.measureText(one.text).width > room).map(one => `${innerWidth}: ${one.text}`); })"""
        )
    assert cut == []


def test_of_two_other_cards_of_a_day_both_figures_are_seen(
    acme: Personas, john: Employee, card: WorkCard, open_review_page: Callable[..., Any]
) -> None:
    long = "Association of Scaffolders and Formworkers"
    with acme.scope():
        for number in range(2):
            site = SiteFactory(site_name=f"{long} {number}")
            other = WorkCardFactory(employee=john, site=site)
            DayEntryFactory(
                work_card=other,
                day=0,
                from_time=None,
                to_time=None,
                break_minutes=0,
                total_hours="10.25",
            )
            # The name of an absence may be cut at its end, but does not overlap.
            DayEntryFactory(work_card=other, day=1 + number)
            DayEntryFactory(work_card=other, day=2 - number, absent=True)
    page = open_review_page(acme.reviewer, url_of(card))
    wrong = []
    for width in (DESK["width"], 1280, 1024):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.locator(".other-cards .remark").count() == 6
        wrong += page.locator(".other-cards:has(.remark)").evaluate_all(
            """all => all.flatMap(cell => { const said = [], { left, right } = cell.getBoundingClientRect(); let end = left;
            for (const part of cell.querySelectorAll("b, a")) {
                const box = part.getBoundingClientRect(), day = cell.parentElement.dataset.day, name = `${innerWidth}, ${day}: ${part.textContent}`;
                if (!part.checkVisibility()) continue;
                if (box.left < end || box.right > right) said.push(`${name} runs out of its room`);
                if (/^[0-9.]+$/.test(part.textContent) && part.scrollWidth > part.clientWidth) said.push(`${name} is cut`);
                end = box.right; }
            return said; })"""
        )
    assert wrong == []


def test_28_days_are_seen_at_once(
    acme: Personas, card: WorkCard, open_review_page: Callable[..., Any]
) -> None:
    page = open_review_page(acme.reviewer, url_of(card))
    seen = page.evaluate(
        """() => { const end = document.querySelector(".day-scroll").getBoundingClientRect().bottom;
        return [...document.querySelectorAll("tr.day")].filter(row => row.getBoundingClientRect().bottom <= end).length }"""
    )
    assert seen >= 28
