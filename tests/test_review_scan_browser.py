"""The scan of a card in a real browser, and the ruler on it."""

from collections.abc import Callable
from typing import Any

from accounts.tests.personas import Personas
from workcards.models import WorkCard
from workcards.tests.factories import WorkCardFactory
from workforce.tests.factories import SiteFactory

from .browsers import needs_browser
from .review_fixtures import FOCUS, name, type_keys, url_of

pytestmark = needs_browser


def test_the_scan_is_enlarged_turned_and_leafed_through_by_keyboard(
    acme: Personas, card: WorkCard, open_review_page: Callable[..., Any]
) -> None:
    with acme.scope():
        WorkCardFactory(site=card.site, file=card.file, source_page_number=2)
    page = open_review_page(acme.reviewer, url_of(card))
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


# The position of the ruler's middle on the visible paper, in hundredths from its left and top.
RULER = """() => { const ruler = document.querySelector("[data-ruler]"), box = ruler.getBoundingClientRect(),
    paper = document.querySelector("[data-scan-overlay]").getBoundingClientRect();
    return ruler.hidden || !box.width ? null : [((box.left + box.right) / 2 - paper.left) / paper.width,
        ((box.top + box.bottom) / 2 - paper.top) / paper.height].map(part => Math.round(part * 100)) }"""


def click_paper(page: Any, across: float, down: float) -> None:
    paper = page.locator(".scan").bounding_box()
    page.mouse.click(
        paper["x"] + paper["width"] * across, paper["y"] + paper["height"] * down
    )


def test_the_ruler_lies_on_the_day_with_the_focus(
    acme: Personas, card: WorkCard, open_review_page: Callable[..., Any]
) -> None:
    with acme.scope():
        sibling = WorkCardFactory(site=card.site, uploaded=True)
        elsewhere = WorkCardFactory(site=SiteFactory(site_name="Tower"), uploaded=True)
    page = open_review_page(acme.reviewer, url_of(card))
    page.wait_for_selector(".scan.is-placed")
    assert page.evaluate(RULER) is None
    page.focus(name(3, "comment"))
    page.click("[data-ruler-toggle]")
    assert "number of day 1 " in page.inner_text("[data-ruler-hint]")
    click_paper(page, 0.2, 0.2)
    assert "number of day 30 " in page.inner_text("[data-ruler-hint]")
    click_paper(page, 0.2, 0.78)
    assert "follows the days" in page.inner_text("#toasts")
    assert page.locator("[data-ruler-hint]").is_hidden()
    assert page.get_attribute("[data-ruler-toggle]", "aria-pressed") == "true"
    # The focus returns to its previous place, on the 3rd: two lines below the first.
    assert page.evaluate(FOCUS) == "days-2-comment"
    assert page.evaluate(RULER) == [50, 24]
    page.focus(name(1, "from_time"))
    assert page.evaluate(RULER) == [50, 20]
    page.focus(name(30, "from_time"))
    assert page.evaluate(RULER) == [50, 78]
    # The ruler is enlarged and rotated with the scan, and scrolled into view.
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
    # The setting is stored for this site only.
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
    acme: Personas, card: WorkCard, open_review_page: Callable[..., Any]
) -> None:
    page = open_review_page(acme.reviewer, url_of(card))
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
    acme: Personas, card: WorkCard, open_review_page: Callable[..., Any]
) -> None:
    page = open_review_page(acme.reviewer, url_of(card))
    page.wait_for_selector(".scan.is-placed")
    page.click("[data-ruler-toggle]")
    click_paper(page, 0.26, 0.2)
    click_paper(page, 0.2, 0.78)
    tilt = page.evaluate(
        "parseFloat(document.querySelector('[data-ruler]').style.rotate)"
    )
    assert 2 < tilt < 9
    # The line falls to the right, and the click was to the left of the middle.
    assert page.evaluate(RULER)[1] > 20
