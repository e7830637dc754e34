"""Filling, clearing and copying days of a card, and undoing it."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from accounts.tests.personas import Personas
from workcards.models import DayEntry, WorkCard
from workcards.tests.factories import DayEntryFactory
from workcards.transitions import DayStatus

from .browsers import needs_browser
from .review_fixtures import FOCUS, faults, found, name, type_keys, url_of

pytestmark = needs_browser

FIELDS = ("from_time", "to_time", "break_minutes", "total_hours", "day_status")


def day_of(page: Any, day: int) -> list[str]:
    return [page.input_value(name(day, field)) for field in FIELDS]


def choose(page: Any, *days: int) -> None:
    for day in days:
        page.check(f"[data-day='{day}'] [data-field=pick]")


def sums(page: Any) -> tuple[str, str]:
    return page.inner_text("[data-total=hours]"), page.inner_text("[data-total=days]")


def toast_text(page: Any) -> str:
    text: str = page.locator("#toasts").inner_text()
    return text.replace("\n", " ").strip()


@pytest.fixture
def page(acme: Personas, card: WorkCard, open_review_page: Callable[..., Any]) -> Any:
    """Open a card with four days.

    Day 1 has a break, day 2 a total alone, day 3 is sick leave, day 4 has a comment.
    """
    with acme.scope():
        DayEntryFactory(work_card=card, day=0)
        DayEntryFactory(
            work_card=card,
            day=1,
            from_time=None,
            to_time=None,
            break_minutes=0,
            total_hours="5.00",
        )
        DayEntryFactory(work_card=card, day=2, absent=True, day_status=DayStatus.SICK)
    return open_review_page(acme.reviewer, url_of(card))


def test_blank_fields_of_the_bar_leave_the_days_as_they_are(page: Any) -> None:
    before = day_of(page, 1)
    assert before == ["08:00", "16:30", "30", "", ""]
    choose(page, 1, 2, 3, 4)
    page.fill("[data-bulk-field=from_time]", "7")
    page.click("[data-bulk-action=fill]")
    assert day_of(page, 1) == ["07:00", "16:30", "30", "", ""]
    assert day_of(page, 2) == ["07:00", "", "", "5.00", ""]
    # An absence takes no hours, and clearing blank fields leaves it.
    assert day_of(page, 3) == ["", "", "", "", "SICK"]
    assert (
        toast_text(page) == "Days filled: 3. Not filled because of an absence: 1. Undo"
    )
    page.fill("[data-bulk-field=from_time]", "")
    page.click("[data-bulk-action=fill]")
    assert toast_text(page) == "Enter a time, a break or an absence first."
    assert day_of(page, 1) == ["07:00", "16:30", "30", "", ""]
    page.click("[data-bulk-action=empty]")
    assert toast_text(page) == "Days cleared: 4. Undo"
    assert [day_of(page, day) for day in (1, 2, 3, 4)] == [[""] * 5] * 4


def test_each_fill_is_undone_with_totals_and_marks(page: Any) -> None:
    start = [day_of(page, day) for day in (1, 2, 3, 4)]
    figures = sums(page)
    choose(page, 1, 2, 3, 4)
    page.fill("[data-bulk-field=from_time]", "7")
    page.fill("[data-bulk-field=to_time]", "9")
    page.click("[data-bulk-action=fill]")
    # The remaining break and total do not fit: they are marked, until the change is undone.
    assert page.get_attribute(name(2, "total_hours"), "aria-invalid") == "true"
    filled = [day_of(page, day) for day in (1, 2, 3, 4)]
    page.click("[data-bulk-action=empty]")
    page.select_option("[data-bulk-field=day_status]", "VACATION")
    page.click("[data-bulk-action=fill]")
    assert page.inner_text("[data-total=VACATION]") == "4"
    assert sums(page) == ("0.00", "0")
    page.click("#toasts button")
    assert [day_of(page, day) for day in (1, 2, 3, 4)] == [[""] * 5] * 4
    assert toast_text(page) == "Undone."
    page.keyboard.press("Control+z")
    assert [day_of(page, day) for day in (1, 2, 3, 4)] == filled
    page.keyboard.press("Control+z")
    assert [day_of(page, day) for day in (1, 2, 3, 4)] == start
    assert sums(page) == figures
    assert page.get_attribute(name(2, "total_hours"), "aria-invalid") is None
    assert page.input_value(name(2, "total_hours")) == "5.00"
    # All values are saved, and nothing is left to undo.
    assert page.inner_text("[data-saved]").startswith("Saved")
    page.keyboard.press("Control+z")
    assert [day_of(page, day) for day in (1, 2, 3, 4)] == start


@pytest.mark.parametrize("way", ["key", "button"])
def test_the_last_day_is_copied_with_its_break_and_undone(page: Any, way: str) -> None:
    page.focus(name(4, "from_time"))
    if way == "key":
        page.keyboard.press("=")
        # Day 2 has a total alone; the day above is the last worked day.
        assert day_of(page, 4) == ["", "", "", "5.00", ""]
        page.keyboard.press("Control+z")
    page.fill(name(2, "total_hours"), "")
    page.focus(name(4, "to_time"))
    if way == "key":
        page.keyboard.press("=")
    else:
        page.click("[data-fill-action=same]")
    assert day_of(page, 4) == ["08:00", "16:30", "30", "", ""]
    assert toast_text(page) == "Last worked day copied. Undo"
    if way == "key":
        page.keyboard.press("Control+z")
    else:
        page.click("#toasts button")
        assert page.evaluate(FOCUS) == "days-3-from_time"
    assert day_of(page, 4) == [""] * 5
    # The next step is the field that was typed into before.
    page.keyboard.press("Control+z")
    assert page.input_value(name(2, "total_hours")) == "5.00"


def test_copying_down_is_undone(page: Any) -> None:
    page.focus(name(2, "break_minutes"))
    page.keyboard.press("Control+d")
    assert page.input_value(name(2, "break_minutes")) == "30"
    assert toast_text(page) == "Copied from the field above. Undo"
    page.keyboard.press("Control+z")
    assert page.input_value(name(2, "break_minutes")) == ""
    page.focus(name(4, "day_status"))
    page.keyboard.press("Control+d")
    assert day_of(page, 4) == ["", "", "", "", "SICK"]
    page.keyboard.press("Control+z")
    assert day_of(page, 4) == [""] * 5


def test_typing_in_a_field_is_undone_by_the_browser_and_then_by_the_stack(
    page: Any,
) -> None:
    page.focus(name(4, "from_time"))
    page.keyboard.press("=")
    type_keys(page, "Shift+Tab")
    page.focus(name(5, "comment"))
    page.keyboard.type("abc")
    page.keyboard.press("Control+z")
    # The browser's own undo: the letters go, the copied day stays.
    assert page.input_value(name(5, "comment")) == ""
    assert page.input_value(name(4, "total_hours")) == "5.00"
    page.keyboard.press("Control+z")
    assert page.input_value(name(4, "total_hours")) == ""
    # A field that lost the focus is a step of the stack.
    page.focus(name(5, "comment"))
    page.keyboard.type("abc")
    type_keys(page, "Enter", "Control+z")
    assert page.input_value(name(5, "comment")) == ""


def test_what_was_typed_over_a_filled_cell_stays_when_the_fill_is_undone(
    page: Any,
) -> None:
    choose(page, 4, 5)
    page.fill("[data-bulk-field=from_time]", "7")
    page.fill("[data-bulk-field=to_time]", "16")
    page.click("[data-bulk-action=fill]")
    page.fill(name(5, "to_time"), "1730")
    page.click("#toasts button")
    assert day_of(page, 4) == [""] * 5
    assert day_of(page, 5) == ["", "17:30", "", "", ""]


def test_nothing_is_undone_after_saving(
    acme: Personas, card: WorkCard, page: Any
) -> None:
    choose(page, 4)
    page.fill("[data-bulk-field=from_time]", "7")
    page.fill("[data-bulk-field=to_time]", "16")
    page.click("[data-bulk-action=fill]")
    page.keyboard.press("Control+s")
    page.wait_for_selector("#toasts .toast:has-text('Days saved.')")
    page.keyboard.press("Control+z")
    assert day_of(page, 4)[:2] == ["07:00", "16:00"]
    stored = found(
        acme,
        lambda: DayEntry.objects.filter(work_card=card, work_date__day=4).count(),
    )
    assert stored == 1


@pytest.mark.parametrize("language", ["en", "he"])
def test_the_toast_with_its_button_is_accessible(
    acme: Personas, page: Any, language: str
) -> None:
    found(
        acme,
        lambda: User.objects.filter(pk=acme.reviewer.pk).update(language=language),
    )
    page.reload()
    choose(page, 4)
    page.select_option("[data-bulk-field=day_status]", "SICK")
    page.click("[data-bulk-action=fill]")
    page.hover("#toasts .toast")
    assert faults(page) == []
