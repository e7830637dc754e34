"""Concurrent changes of a card and broken connections, in a real browser.

No input is lost.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from accounts.tests.personas import Personas
from workcards.models import WorkCard
from workcards.services import set_day_entries
from workcards.tests.factories import MONTH

from .browsers import needs_browser
from .review_fixtures import FOCUS, faults, name, type_keys, url_of, value_of

pytestmark = needs_browser


@pytest.fixture
def overtaken(
    acme: Personas, card: WorkCard, open_review_page: Callable[..., Any]
) -> Callable[..., Any]:
    """Return a function that opens a reviewer's page after another user has saved.

    Both users changed the 1st; only the other user changed the 2nd.
    """

    def meet() -> Any:
        first = open_review_page(acme.reviewer, url_of(card))
        second = open_review_page(acme.admin, url_of(card))
        first.fill(name(1, "total_hours"), "8")
        first.fill(name(2, "from_time"), "7")
        first.fill(name(2, "to_time"), "16")
        first.keyboard.press("Control+s")
        first.wait_for_selector("#toasts :text('Days saved.')")
        second.fill(name(1, "total_hours"), "7.5")
        second.fill(name(3, "comment"), "night")
        second.keyboard.press("Control+s")
        second.wait_for_selector("text=Acme Reviewer")
        second.wait_for_selector("[data-conflict-version]")
        second.wait_for_function(f"({FOCUS}) === 'take_2026-06-01'")
        return second

    return meet


def test_of_two_reviewers_the_second_chooses_day_by_day_by_keyboard(
    acme: Personas, card: WorkCard, overtaken: Callable[..., Any]
) -> None:
    page = overtaken()
    assert "Changed by Acme Reviewer" in page.inner_text("[role=alert]")
    # The other user's changes are shown; the typed values are shown too, and not saved.
    assert value_of(page, 2) == ["07:00", "16:00", "", ""]
    assert value_of(page, 1) == ["", "", "7.50", ""]
    assert value_of(page, 3) == ["", "", "", "night"]
    assert page.inner_text("[data-saved]") == "Not saved yet"
    lines = page.locator("[data-conflict-version]").all_inner_texts()
    assert [line.split() for line in lines[:2]] == [
        ["Their", "version", "8.00", "Use", "their", "version"],
        ["Your", "version", "7.50", "Keep", "your", "version"],
    ]
    # Without a choice no request is sent, and the question has the focus.
    page.keyboard.press("Control+s")
    assert "choose a version, then save" in page.inner_text("#toasts")
    assert page.evaluate(FOCUS) == "take_2026-06-01"
    type_keys(page, " ")
    assert value_of(page, 1) == ["", "", "8.00", ""]
    assert page.inner_text("[data-total=hours]") == "17.00"
    type_keys(page, "ArrowDown")
    assert value_of(page, 1) == ["", "", "7.50", ""]
    page.keyboard.press("Control+s")
    page.wait_for_selector("#toasts :text('Days saved.')")
    assert page.locator("[data-conflict-version]").count() == 0
    assert value_of(page, 1) == ["", "", "7.50", ""]
    assert value_of(page, 2) == ["07:00", "16:00", "", ""]
    assert value_of(page, 3) == ["", "", "0.00", "night"]


def test_what_is_typed_after_a_choice_is_mine_again(
    overtaken: Callable[..., Any],
) -> None:
    page = overtaken()
    page.click("[data-resolve-all=theirs]")
    assert value_of(page, 1) == ["", "", "8.00", ""]
    page.click("[data-resolve-all=mine]")
    assert value_of(page, 1) == ["", "", "7.50", ""]
    assert value_of(page, 2) == ["", "", "", ""]
    page.click("[data-resolve-all=theirs]")
    page.fill(name(1, "total_hours"), "6")
    page.press(name(1, "total_hours"), "Tab")
    assert page.is_checked("[name='take_2026-06-01'][value=mine]")
    yours = page.locator(
        "[data-conflict-version=mine] [data-shown-field=total_hours]"
    ).first
    assert yours.inner_text() == "6.00"
    page.keyboard.press("Control+s")
    page.wait_for_selector("#toasts :text('Days saved.')")
    assert value_of(page, 1) == ["", "", "6.00", ""]
    assert value_of(page, 2) == ["07:00", "16:00", "", ""]


@pytest.mark.parametrize("language", ["en", "he"])
def test_nothing_is_wrong_with_a_page_that_shows_both(
    acme: Personas, overtaken: Callable[..., Any], language: str
) -> None:
    with acme.scope():
        User.objects.filter(pk=acme.admin.pk).update(language=language)
    page = overtaken()
    assert page.get_attribute("html", "lang") == language
    assert faults(page) == []


def test_what_was_sent_when_the_connection_broke_is_back_on_the_page(
    acme: Personas, card: WorkCard, open_review_page: Callable[..., Any]
) -> None:
    page = open_review_page(acme.reviewer, url_of(card))
    page.fill(name(1, "from_time"), "7")
    page.fill(name(1, "to_time"), "16")
    page.fill(name(2, "comment"), "night")
    page.route(
        f"**{url_of(card)}",
        lambda route: (
            route.abort() if route.request.method == "POST" else route.fallback()
        ),
    )
    with page.expect_event("requestfailed"):
        page.keyboard.press("Control+s")
    page.unroute_all()
    page.goto(url_of(card))
    page.wait_for_selector("#toasts :text('was not saved')")
    assert value_of(page, 1) == ["07:00", "16:00", "", ""]
    assert value_of(page, 2) == ["", "", "", "night"]
    assert page.inner_text("[data-total=hours]") == "9.00"
    assert page.inner_text("[data-saved]") == "Not saved yet"
    page.keyboard.press("Control+s")
    page.wait_for_selector("#toasts :text('Days saved.')")
    # After the save the page does not restore the earlier input again.
    page.fill(name(2, "comment"), "")
    with page.expect_navigation():
        page.keyboard.press("Control+s")
    page.reload()
    page.wait_for_function(f"({FOCUS}) === 'days-0-from_time'")
    assert page.input_value(name(2, "comment")) == ""


def test_what_comes_back_overwrites_nobody(
    acme: Personas, card: WorkCard, open_review_page: Callable[..., Any]
) -> None:
    page = open_review_page(acme.reviewer, url_of(card))
    other = open_review_page(acme.admin, url_of(card))
    page.fill(name(1, "total_hours"), "7")
    page.route("**/change/", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        page.keyboard.press("Control+s")
    page.unroute_all()
    other.fill(name(1, "total_hours"), "8")
    other.keyboard.press("Control+s")
    other.wait_for_selector("#toasts :text('Days saved.')")
    page.goto(url_of(card))
    page.wait_for_selector("#toasts :text('was not saved')")
    page.keyboard.press("Control+s")
    page.wait_for_selector("[data-conflict-version]")
    assert value_of(page, 1) == ["", "", "7.00", ""]


@pytest.mark.parametrize("language", ["en", "he"])
def test_what_happened_last_is_told_on_the_card_itself(
    acme: Personas, card: WorkCard, open_review_page: Callable[..., Any], language: str
) -> None:
    with acme.scope():
        User.objects.filter(pk=acme.reviewer.pk).update(language=language)
        for hours in range(1, 11):
            set_day_entries(
                card_id=card.pk,
                version=hours,
                entries=[
                    {
                        "work_date": MONTH.replace(day=day),
                        "total_hours": Decimal(hours),
                        "comment": "<i>late</i>",
                    }
                    for day in range(1, 8)
                ],
                actor=acme.admin,
            )
    # Only its button opens the dialog: a fragment in the address would open it empty.
    page = open_review_page(acme.reviewer, f"{url_of(card)}#history")
    assert page.locator("#history").is_hidden()
    page.focus("[data-dialog=history]")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-history-content] .events")
    rows = page.locator("[data-history-content] tbody tr")
    # The last eight events of ten, and five days of seven in each.
    assert rows.count() == 8
    assert "Acme Administrator" in rows.first.inner_text()
    assert "9.00, <i>late</i>" in rows.first.inner_text()
    assert "10.00, <i>late</i>" in rows.first.inner_text()
    assert rows.first.locator(".change").count() == 5
    assert "+2" in rows.first.inner_text()
    assert faults(page) == []
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.dialog") == "history"
    page.keyboard.press("Enter")
    page.click("#history .dialog-foot a")
    page.wait_for_url("**/history/")
