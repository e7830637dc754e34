"""A card reviewed in a real browser: typed, settled and approved by keyboard, and nothing lost on the way."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import time
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.tests.personas import Personas
from workcards.hours import DayRefused, day_figures
from workcards.models import ApprovedDay, WorkCard
from workcards.services import approve_card, set_day_entries
from workcards.tests.factories import MONTH, DayEntryFactory, WorkCardFactory
from workforce.models import Employee
from workforce.tests.factories import EmployeeFactory, SiteFactory

from .admin_clients import browser_of
from .browsers import Complaints, aside, chromium, needs_browser
from .test_accessibility import AXE, DESK, ask, enter

pytestmark = needs_browser

FOCUS = "document.activeElement.name || document.activeElement.dataset.f || document.activeElement.tagName"


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    heard = Complaints()
    yield heard
    heard.check()


@pytest.fixture
def john(acme: Personas) -> Employee:
    with acme.scope():
        return EmployeeFactory(
            full_name="John Example", site=SiteFactory(site_name="Harbour")
        )


@pytest.fixture
def card(acme: Personas, john: Employee) -> WorkCard:
    with acme.scope():
        return WorkCardFactory(employee=john, site=john.site, uploaded=True)


@pytest.fixture
def sit_down(live_server: Any, complaints: Complaints) -> Iterator[Callable[..., Any]]:
    """Gives a page in a window of its own, in which this person is signed in.

    The browser starts with the first: until then the database can be written to as anywhere.
    """
    with ExitStack() as stack:
        browsers: list[Any] = []

        def open_page(user: User, path: str = "/admin/") -> Any:
            clients: list[Any] = []
            aside(lambda: clients.append(browser_of(user)))
            if not browsers:
                browsers.append(stack.enter_context(chromium()))
            page = enter(browsers[0], live_server.url, clients[0], complaints)
            page.goto(path)
            return page

        yield open_page


def url_of(card: WorkCard) -> str:
    return reverse("admin:workcards_workcard_change", args=[card.pk])


def name(day: int, field: str) -> str:
    return f"[name=days-{day - 1}-{field}]"


def type_keys(page: Any, *keys: str) -> None:
    """Each a key, or text that is typed."""
    for key in keys:
        is_key = key[:1].isupper() or "+" in key
        page.keyboard.press(key) if is_key else page.keyboard.type(key)


def found(acme: Personas, ask_database: Callable[[], Any]) -> Any:
    answers: list[Any] = []

    def ask_there() -> None:
        with acme.scope():
            answers.append(ask_database())

    aside(ask_there)
    return answers[0]


def test_the_page_counts_as_the_server_does(
    acme: Personas, card: WorkCard, sit_down: Callable[..., Any]
) -> None:
    """The same days, put to both."""
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
    page = sit_down(acme.reviewer, url_of(card))
    counted = page.evaluate(
        """async cases => {
            const { dayFigures } = await import(document.querySelector('script[src*="review/card"]').src.replace(/card[^/]*$/, "hours.js"));
            return cases.map(dayFigures);
        }""",
        cases,
    )
    differ = [
        (case, ours, theirs)
        for case, theirs in zip(cases, counted, strict=True)
        if (ours := as_the_server_says(case)) != theirs
    ]
    assert differ[:5] == []


def as_the_server_says(case: dict[str, Any]) -> dict[str, Any] | None:
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
    except DayRefused as refused:
        told: dict[str, Any] = {"wrong": refused.code, "field": refused.field}
        if "computed_hours" in refused.extras:
            told["hours"] = int(Decimal(refused.extras["computed_hours"]) * 100)
        if "suggested_break_minutes" in refused.extras:
            told["pause"] = refused.extras["suggested_break_minutes"]
        return told
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
    sit_down: Callable[..., Any],
) -> None:
    with acme.scope():
        paying = WorkCardFactory(employee=john, site=SiteFactory(site_name="Tower"))
        DayEntryFactory(work_card=paying, work_date=MONTH)
        approve_card(card_id=paying.pk, version=1, actor=acme.admin)
        jane = EmployeeFactory(full_name="Jane Example", site=john.site)
        following = WorkCardFactory(employee=jane, site=john.site)
    listed = reverse("admin:workcards_workcard_changelist")
    page = sit_down(acme.reviewer, f"{listed}?review_status__exact=NEEDS_REVIEW")
    page.locator("#result_list tbody th a", has_text="card.png").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{url_of(card)}?*")
    page.wait_for_function(f"({FOCUS}) === 'days-0-from_time'")

    type_keys(page, "7", "Tab", "1530", "Tab", "30", "Enter")
    assert page.evaluate(FOCUS) == "days-1-from_time"
    assert page.input_value(name(1, "from_time")) == "07:00"
    assert page.input_value(name(1, "to_time")) == "15:30"
    assert page.get_attribute(name(1, "total_hours"), "placeholder") == "8.00"
    # As the last day worked, twice; then one field from above.
    type_keys(page, "=", "=")
    assert page.evaluate(FOCUS) == "days-3-from_time"
    assert page.inner_text("[data-sum=hours]") == "24.00"
    type_keys(page, "Control+d", "Tab", "7", "Tab")
    type_keys(page, "ArrowLeft", "12", "Enter")
    assert page.input_value(name(4, "to_time")) == "12:00"
    # A wrong one is marked, and kept.
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

    # The ledger pays 1 June at another site: both stay.
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".solve")
    assert "choice_" in page.evaluate(FOCUS)
    type_keys(page, "ArrowDown", "ArrowDown", "Control+Enter")
    page.wait_for_url(f"**{url_of(following)}")
    assert "John Example: the card is approved" in page.inner_text("#toasts")
    posted = found(
        acme,
        lambda: sorted(
            (row.work_date.day, str(row.hours))
            for row in ApprovedDay.objects.filter(work_card=card)
        ),
    )
    assert posted == [(1, "8.00"), (2, "8.00"), (3, "8.00"), (4, "5.00")]


@pytest.fixture
def overtaken(
    acme: Personas, card: WorkCard, sit_down: Callable[..., Any]
) -> Callable[..., Any]:
    """Gives the page of a reviewer whom another has overtaken. The 1st both have changed, the 2nd only the other."""

    def meet() -> Any:
        first = sit_down(acme.reviewer, url_of(card))
        second = sit_down(acme.admin, url_of(card))
        first.fill(name(1, "total_hours"), "8")
        first.fill(name(2, "from_time"), "7")
        first.fill(name(2, "to_time"), "16")
        first.keyboard.press("Control+s")
        first.wait_for_selector("#toasts :text('The days are saved.')")
        second.fill(name(1, "total_hours"), "7.5")
        second.fill(name(3, "comment"), "night")
        second.keyboard.press("Control+s")
        second.wait_for_selector("text=Acme Reviewer")
        second.wait_for_selector("[data-met-line]")
        second.wait_for_function(f"({FOCUS}) === 'take_2026-06-01'")
        return second

    return meet


def value_of(page: Any, day: int) -> list[str]:
    names = ("from_time", "to_time", "total_hours", "comment")
    return [page.input_value(name(day, one)) for one in names]


def test_of_two_reviewers_the_second_chooses_day_by_day_by_keyboard(
    acme: Personas, card: WorkCard, overtaken: Callable[..., Any]
) -> None:
    page = overtaken()
    assert "Acme Reviewer changed it" in page.inner_text("[role=alert]")
    # What only the other has changed is there already; what I typed is too, and not saved.
    assert value_of(page, 2) == ["07:00", "16:00", "", ""]
    assert value_of(page, 1) == ["", "", "7.50", ""]
    assert value_of(page, 3) == ["", "", "", "night"]
    assert page.inner_text("[data-saved]") == "Not saved yet"
    lines = page.locator("[data-met-line]").all_inner_texts()
    assert [line.split() for line in lines[:2]] == [
        ["Theirs", "8.00", "Take", "theirs"],
        ["Yours", "7.50", "Keep", "yours"],
    ]
    # Without a choice nothing is sent, and the question has the focus.
    page.keyboard.press("Control+s")
    assert "choose. Then save" in page.inner_text("#toasts")
    assert page.evaluate(FOCUS) == "take_2026-06-01"
    type_keys(page, " ")
    assert value_of(page, 1) == ["", "", "8.00", ""]
    assert page.inner_text("[data-sum=hours]") == "17.00"
    type_keys(page, "ArrowDown")
    assert value_of(page, 1) == ["", "", "7.50", ""]
    page.keyboard.press("Control+s")
    page.wait_for_selector("#toasts :text('The days are saved.')")
    assert page.locator("[data-met-line]").count() == 0
    assert value_of(page, 1) == ["", "", "7.50", ""]
    assert value_of(page, 2) == ["07:00", "16:00", "", ""]
    assert value_of(page, 3) == ["", "", "0.00", "night"]


def test_what_is_typed_after_a_choice_is_mine_again(
    overtaken: Callable[..., Any],
) -> None:
    page = overtaken()
    page.click("[data-met-all=theirs]")
    assert value_of(page, 1) == ["", "", "8.00", ""]
    page.click("[data-met-all=mine]")
    assert value_of(page, 1) == ["", "", "7.50", ""]
    assert value_of(page, 2) == ["", "", "", ""]
    page.click("[data-met-all=theirs]")
    page.fill(name(1, "total_hours"), "6")
    page.press(name(1, "total_hours"), "Tab")
    assert page.is_checked("[name='take_2026-06-01'][value=mine]")
    yours = page.locator("[data-met-line=mine] [data-shows=total_hours]").first
    assert yours.inner_text() == "6.00"
    page.keyboard.press("Control+s")
    page.wait_for_selector("#toasts :text('The days are saved.')")
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


def faults(page: Any) -> list[str]:
    """What axe finds on the page as it is, in both colours and three widths; and what is too wide."""
    page.evaluate(AXE)
    wrong = []
    for colours in ("light", "dark"):
        page.emulate_media(color_scheme=colours)
        for width in (DESK["width"], 1024, 390):
            page.set_viewport_size({"width": width, "height": 900})
            wrong += [f"{colours} {width} {one}" for one in ask(page)]
            excess = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            wrong += [f"{width}: {excess} px too wide"] if excess > 0 else []
    page.set_viewport_size(DESK)
    return wrong


def test_what_was_sent_when_the_connection_broke_is_back_on_the_page(
    acme: Personas, card: WorkCard, sit_down: Callable[..., Any]
) -> None:
    page = sit_down(acme.reviewer, url_of(card))
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
    assert page.inner_text("[data-sum=hours]") == "9.00"
    assert page.inner_text("[data-saved]") == "Not saved yet"
    page.keyboard.press("Control+s")
    page.wait_for_selector("#toasts :text('The days are saved.')")
    # Once it is answered it is not put back again.
    page.fill(name(2, "comment"), "")
    with page.expect_navigation():
        page.keyboard.press("Control+s")
    page.reload()
    page.wait_for_function(f"({FOCUS}) === 'days-0-from_time'")
    assert page.input_value(name(2, "comment")) == ""


def test_what_comes_back_overwrites_nobody(
    acme: Personas, card: WorkCard, sit_down: Callable[..., Any]
) -> None:
    page = sit_down(acme.reviewer, url_of(card))
    other = sit_down(acme.admin, url_of(card))
    page.fill(name(1, "total_hours"), "7")
    page.route("**/change/", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        page.keyboard.press("Control+s")
    page.unroute_all()
    other.fill(name(1, "total_hours"), "8")
    other.keyboard.press("Control+s")
    other.wait_for_selector("#toasts :text('The days are saved.')")
    page.goto(url_of(card))
    page.wait_for_selector("#toasts :text('was not saved')")
    page.keyboard.press("Control+s")
    page.wait_for_selector("[data-met-line]")
    assert value_of(page, 1) == ["", "", "7.00", ""]


def test_leaving_with_something_unsaved_asks(
    acme: Personas, card: WorkCard, sit_down: Callable[..., Any]
) -> None:
    page = sit_down(acme.reviewer, url_of(card))
    asked: list[str] = []

    def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.fill(name(1, "comment"), "x")
    page.click(".brand", no_wait_after=True)
    page.wait_for_function("true")
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    assert page.url.endswith(url_of(card))
    # What is as it was before is left without a question.
    page.fill(name(1, "comment"), "")
    page.click(".brand")
    page.wait_for_url("**/admin/")
    assert asked == ["beforeunload"]


def test_days_that_are_ticked_are_filled_together(
    acme: Personas, card: WorkCard, sit_down: Callable[..., Any]
) -> None:
    page = sit_down(acme.reviewer, url_of(card))
    for day in (2, 3, 9):
        page.check(f"[data-day='{day}'] [data-f=pick]")
    page.fill("[data-bulk-f=from_time]", "7")
    page.fill("[data-bulk-f=to_time]", "16")
    page.click("[data-bulk-do=fill]")
    assert page.inner_text("[data-sum=hours]") == "27.00"
    assert page.input_value(name(9, "to_time")) == "16:00"
    page.select_option("[data-bulk-f=day_status]", "SICK")
    page.click("[data-bulk-do=fill]")
    assert page.inner_text("[data-sum=SICK]") == "3"
    assert page.inner_text("[data-sum=hours]") == "0.00"
    page.click("[data-bulk-do=empty]")
    assert page.inner_text("[data-sum=days]") == "0"
    assert page.input_value(name(9, "to_time")) == ""


def test_a_total_that_does_not_fit_offers_what_would(
    acme: Personas, card: WorkCard, sit_down: Callable[..., Any]
) -> None:
    page = sit_down(acme.reviewer, url_of(card))
    type_keys(page, "730", "Tab", "16", "Tab", "Tab", "8,25", "Tab")
    assert "The times give 8.50 hours, the total says 8.25." in page.inner_text(".days")
    page.click("text=Break 15")
    assert page.input_value(name(1, "break_minutes")) == "15"
    assert page.get_attribute(name(1, "total_hours"), "aria-invalid") is None


def test_the_scan_is_enlarged_turned_and_leafed_through_by_keyboard(
    acme: Personas, card: WorkCard, sit_down: Callable[..., Any]
) -> None:
    with acme.scope():
        WorkCardFactory(site=card.site, file=card.file, source_page_number=2)
    page = sit_down(acme.reviewer, url_of(card))
    page.wait_for_selector(".scan.is-placed")

    def box() -> tuple[float, float]:
        seen = page.locator(".scan").bounding_box()
        return round(seen["width"]), round(seen["height"])

    fit = box()
    page.keyboard.press("Alt+=")
    assert box()[0] > fit[0] * 1.2
    page.keyboard.press("Alt+0")
    assert box() == fit
    page.keyboard.press("Alt+t")
    assert (box()[0] > box()[1]) != (fit[0] > fit[1])
    page.keyboard.press("Alt+n")
    assert "2" in page.inner_text("[data-scan-page][aria-current]")


# Where the middle of the ruler lies on the paper as it is seen, in hundredths from its left and top.
RULER = """() => { const ruler = document.querySelector("[data-ruler]"), box = ruler.getBoundingClientRect(),
    paper = document.querySelector("[data-scan-face]").getBoundingClientRect();
    return ruler.hidden || !box.width ? null : [((box.left + box.right) / 2 - paper.left) / paper.width,
        ((box.top + box.bottom) / 2 - paper.top) / paper.height].map(part => Math.round(part * 100)) }"""


def click_paper(page: Any, across: float, down: float) -> None:
    paper = page.locator(".scan").bounding_box()
    page.mouse.click(
        paper["x"] + paper["width"] * across, paper["y"] + paper["height"] * down
    )


def test_the_ruler_lies_on_the_day_with_the_focus(
    acme: Personas, card: WorkCard, sit_down: Callable[..., Any]
) -> None:
    with acme.scope():
        sibling = WorkCardFactory(site=card.site, uploaded=True)
        elsewhere = WorkCardFactory(site=SiteFactory(site_name="Tower"), uploaded=True)
    page = sit_down(acme.reviewer, url_of(card))
    page.wait_for_selector(".scan.is-placed")
    assert page.evaluate(RULER) is None
    page.focus(name(3, "comment"))
    page.click("[data-ruler-switch]")
    assert "number of day 1 " in page.inner_text("[data-ruler-hint]")
    click_paper(page, 0.2, 0.2)
    assert "number of day 30 " in page.inner_text("[data-ruler-hint]")
    click_paper(page, 0.2, 0.78)
    assert "follows the days" in page.inner_text("#toasts")
    assert page.locator("[data-ruler-hint]").is_hidden()
    assert page.get_attribute("[data-ruler-switch]", "aria-pressed") == "true"
    # The focus is back where it was, on the 3rd: two lines below the first.
    assert page.evaluate(FOCUS) == "days-2-comment"
    assert page.evaluate(RULER) == [50, 24]
    page.focus(name(1, "from_time"))
    assert page.evaluate(RULER) == [50, 20]
    page.focus(name(30, "from_time"))
    assert page.evaluate(RULER) == [50, 78]
    # It is enlarged and turned with the scan, and scrolled to.
    for _ in range(6):
        page.keyboard.press("Alt+=")
    assert page.evaluate(RULER) == [50, 78]
    inside = """() => { const ruler = document.querySelector("[data-ruler]").getBoundingClientRect(),
        view = document.querySelector("[data-scan-view]").getBoundingClientRect();
        return ruler.top >= view.top - 1 && ruler.bottom <= view.bottom + 1 }"""
    assert page.evaluate(inside)
    page.focus(name(1, "from_time"))
    assert page.evaluate(inside)
    page.keyboard.press("Alt+0")
    page.keyboard.press("Alt+t")
    assert page.evaluate(RULER) == [80, 50]
    # It is kept for the site, and for that alone.
    page.goto(url_of(sibling))
    page.wait_for_selector(".scan.is-placed")
    assert page.evaluate(RULER) == [50, 20]
    page.goto(url_of(elsewhere))
    page.wait_for_selector(".scan.is-placed")
    assert page.evaluate(RULER) is None
    page.goto(url_of(card))
    page.wait_for_selector(".scan.is-placed")
    page.keyboard.press("Alt+r")
    assert page.evaluate(RULER) is None
    page.reload()
    page.wait_for_selector(".scan.is-placed")
    assert page.evaluate(RULER) is None


def test_the_ruler_is_set_by_keyboard(
    acme: Personas, card: WorkCard, sit_down: Callable[..., Any]
) -> None:
    page = sit_down(acme.reviewer, url_of(card))
    page.wait_for_selector(".scan.is-placed")
    page.keyboard.press("Alt+r")
    assert page.evaluate("document.activeElement.matches('[data-scan-view]')")
    page.keyboard.press("Escape")
    assert page.locator("[data-ruler-hint]").is_hidden()
    assert page.evaluate(FOCUS) == "days-0-from_time"
    page.keyboard.press("Alt+r")
    # From a quarter down: five hundredths up, and the last line half the paper below, ten further.
    type_keys(page, "Shift+ArrowUp", "Shift+ArrowUp", *["ArrowUp"] * 5, "Enter")
    type_keys(page, *["Shift+ArrowDown"] * 5, "Enter")
    assert page.evaluate(RULER) == [50, 20]
    page.focus(name(30, "from_time"))
    assert page.evaluate(RULER) == [50, 80]


def test_a_paper_that_lies_askew_has_a_ruler_that_does(
    acme: Personas, card: WorkCard, sit_down: Callable[..., Any]
) -> None:
    page = sit_down(acme.reviewer, url_of(card))
    page.wait_for_selector(".scan.is-placed")
    page.click("[data-ruler-switch]")
    click_paper(page, 0.26, 0.2)
    click_paper(page, 0.2, 0.78)
    tilt = page.evaluate(
        "parseFloat(document.querySelector('[data-ruler]').style.rotate)"
    )
    assert 2 < tilt < 9
    # Of a line that falls to the right, what lies left of the middle was clicked on.
    assert page.evaluate(RULER)[1] > 20


def test_arrows_are_mirrored_in_hebrew(
    acme: Personas, card: WorkCard, sit_down: Callable[..., Any]
) -> None:
    with acme.scope():
        User.objects.filter(pk=acme.reviewer.pk).update(language="he")
    page = sit_down(acme.reviewer, url_of(card))
    assert page.get_attribute("html", "dir") == "rtl"
    page.focus(name(1, "from_time"))
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(FOCUS) == "days-0-to_time"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(FOCUS) == "days-0-from_time"
    # Inside a figure they go as it is written, and leave it at its edge only.
    type_keys(page, "12", "ArrowLeft")
    assert page.evaluate(FOCUS) == "days-0-from_time"
    type_keys(page, "ArrowLeft", "ArrowLeft")
    assert page.evaluate(FOCUS) == "days-0-to_time"


@pytest.mark.parametrize("language", ["en", "he"])
def test_nothing_is_wrong_with_a_card_in_trouble(
    acme: Personas,
    john: Employee,
    card: WorkCard,
    sit_down: Callable[..., Any],
    language: str,
) -> None:
    """With a conflict, a line that is wrong, days that are ticked and the keys shown: light, dark, wide, narrow."""
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
    page = sit_down(acme.reviewer, url_of(card))
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".solve")
    page.fill(name(2, "from_time"), "99")
    page.check("[data-day='3'] [data-f=pick]")
    wrong = faults(page)
    page.evaluate("document.getElementById('keys').showModal()")
    wrong += ask(page)
    page.keyboard.press("Escape")
    page.click("[data-ruler-switch]")
    wrong += faults(page)
    page.keyboard.press("Escape")
    assert wrong == []


def test_another_card_of_the_month_is_in_reach_whatever_the_names(
    acme: Personas,
    john: Employee,
    card: WorkCard,
    sit_down: Callable[..., Any],
) -> None:
    long = "Association of Scaffolders and Formworkers of the Northern Harbour"
    with acme.scope():
        WorkCard.objects.filter(pk=card.pk).update(
            original_filename=f"{long}.png", uploaded_by_name=long
        )
        for other in ("Tower", long):
            WorkCardFactory(employee=john, site=SiteFactory(site_name=other))
    page = sit_down(acme.reviewer, url_of(card))
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


@pytest.mark.parametrize("language", ["en", "he"])
def test_what_happened_last_is_told_on_the_card_itself(
    acme: Personas, card: WorkCard, sit_down: Callable[..., Any], language: str
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
    page = sit_down(acme.reviewer, url_of(card))
    assert page.locator("#history").is_hidden()
    page.focus("[data-dialog=history]")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-history-found] .events")
    rows = page.locator("[data-history-found] tbody tr")
    # The last eight of ten, and of each five days of seven.
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


def test_names_that_are_too_long_are_cut_at_their_own_end(
    acme: Personas, john: Employee, card: WorkCard, sit_down: Callable[..., Any]
) -> None:
    """Also in Hebrew, where the end of a Latin name lies where its line begins; nothing runs into what stands beside it."""
    long = "Association of Scaffolders and Formworkers of the Northern Harbour"
    with acme.scope():
        User.objects.filter(pk=acme.reviewer.pk).update(language="he")
        Employee.objects.filter(pk=john.pk).update(full_name=long)
        WorkCard.objects.filter(pk=card.pk).update(
            original_filename=f"{long}.png", uploaded_by_name=long
        )
    page = sit_down(acme.reviewer, url_of(card))
    wrong = []
    for width in (DESK["width"], 1024, 390):
        page.set_viewport_size({"width": width, "height": 900})
        wrong += page.evaluate(
            """() => { const bar = document.querySelector(".card-bar .who").getBoundingClientRect();
            return [...document.querySelectorAll(".card-bar .who bdi")].filter(one => one.textContent.length > 40).flatMap(name => {
                const words = document.createRange(), box = name.getBoundingClientRect(), said = [];
                words.setStart(name.firstChild, 0); words.setEnd(name.firstChild, 3);
                const begin = words.getBoundingClientRect();
                if (begin.left < box.left - 1 || begin.right > box.right + 1) said.push(`${innerWidth}: its beginning is cut`);
                if (box.left < bar.left - 1 || box.right > bar.right + 1) said.push(`${innerWidth}: outside of the bar`);
                return said; }) }"""
        )
    assert wrong == []


def test_28_days_are_seen_at_once(
    acme: Personas, card: WorkCard, sit_down: Callable[..., Any]
) -> None:
    page = sit_down(acme.reviewer, url_of(card))
    seen = page.evaluate(
        """() => { const end = document.querySelector(".day-scroll").getBoundingClientRect().bottom;
        return [...document.querySelectorAll("tr.day")].filter(row => row.getBoundingClientRect().bottom <= end).length }"""
    )
    assert seen >= 28
