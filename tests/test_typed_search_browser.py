"""Lists that follow the typed text, on a slow network.

Results belong to the text of their request.
"""

import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from accounts.models import User
from accounts.tests.personas import Personas
from workcards.models import WorkCard
from workcards.tests.factories import WorkCardFactory
from workforce.tests.factories import EmployeeFactory

from .browsers import needs_browser
from .review_fixtures import found, url_of
from .test_accessibility import AXE, PART, ask

pytestmark = needs_browser

LIST = "/admin/workforce/employee/"


class SlowNetwork:
    """A network that holds back responses until they are released.

    It holds those whose address contains a text.
    """

    def __init__(self, page: Any) -> None:
        self.page = page
        self.held: dict[str, list[Any]] = {}

    def hold(self, text: str) -> None:
        routes = self.held[text] = []
        self.page.route(f"**/*{text}*", lambda route: routes.append(route))

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + 30
        while not self.held[text]:
            assert time.monotonic() < deadline, f"{text} was not asked for"
            self.page.wait_for_timeout(20)

    def release(self, text: str) -> None:
        self.wait_for(text)
        for route in self.held.pop(text):
            route.continue_()
        self.page.unroute(f"**/*{text}*")


@pytest.fixture
def lost(acme: Personas) -> WorkCard:
    """Return an unassigned card; two employees have similar numbers."""
    with acme.scope():
        EmployeeFactory(full_name="Ann Found", external_employee_id="1016")
        EmployeeFactory(full_name="Ben Meant", external_employee_id="1003")
        return WorkCardFactory(unassigned=True, uploaded=True)


@pytest.fixture
def page(acme: Personas, lost: WorkCard, open_review_page: Callable[..., Any]) -> Any:
    page = open_review_page(acme.admin, url_of(lost))
    page.click("[data-assign] summary")
    return page


def owner(acme: Personas, card: WorkCard) -> str | None:
    fresh = found(
        acme, lambda: WorkCard.objects.select_related("employee").get(pk=card.pk)
    )
    return fresh.employee.full_name if fresh.employee else None


def test_correcting_a_number_and_pressing_enter_assigns_no_employee_of_the_old_number(
    acme: Personas, lost: WorkCard, page: Any
) -> None:
    network = SlowNetwork(page)
    choices, status = (
        page.locator("[name=employee]"),
        page.locator("[data-suggestions-status]"),
    )
    box, place = page.locator("#id_q"), page.locator("[data-suggestions]")
    box.press_sequentially("1016")
    expect(choices).to_have_accessible_name("Assign to Ann Found")
    expect(status).to_have_text("Employees found: 1")
    network.hold("q=1003")
    for _ in range(2):
        box.press("Backspace")
    # At once, before any response.
    assert choices.count() == 0
    assert status.text_content() == "Searching…"
    assert place.get_attribute("aria-busy") == "true"
    box.press_sequentially("03")
    box.press("Enter")
    network.wait_for("q=1003")
    assert choices.count() == 0
    page.evaluate(AXE)
    assert ask(page, **PART) == []
    box.press("Enter")
    network.release("q=1003")
    expect(choices).to_have_accessible_name("Assign to Ben Meant")
    assert place.get_attribute("aria-busy") == "false"
    assert owner(acme, lost) is None
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".card-toolbar h1")).to_have_text("Ben Meant")
    assert owner(acme, lost) == "Ben Meant"


def test_a_late_answer_to_an_older_text_is_dropped(page: Any) -> None:
    network = SlowNetwork(page)
    box, choices = page.locator("#id_q"), page.locator("[name=employee]")
    network.hold("q=1016")
    box.fill("1016")
    network.wait_for("q=1016")
    box.fill("1003")
    expect(choices).to_have_accessible_name("Assign to Ben Meant")
    network.release("q=1016")
    page.wait_for_timeout(300)
    expect(choices).to_have_accessible_name("Assign to Ben Meant")
    # The same while the newer text is still incomplete.
    network.hold("q=1016")
    box.fill("1016")
    network.wait_for("q=1016")
    box.fill("1")
    network.release("q=1016")
    page.wait_for_timeout(300)
    assert choices.count() == 0
    assert page.locator("[data-suggestions-status]").text_content() == ""


def test_a_choice_whose_text_has_changed_unnoticed_searches_again(
    acme: Personas, lost: WorkCard, page: Any
) -> None:
    choices = page.locator("[name=employee]")
    page.fill("#id_q", "1016")
    expect(choices).to_have_count(1)
    page.evaluate("document.querySelector('#id_q').value = '1003'")
    choices.click()
    expect(choices).to_have_accessible_name("Assign to Ben Meant")
    assert owner(acme, lost) is None


def test_a_failed_search_shows_a_message_and_keeps_the_page(page: Any) -> None:
    page.route("**/*q=1003*", lambda route: route.abort())
    page.fill("#id_q", "1003")
    status = page.locator("[data-suggestions-status]")
    expect(status).to_have_text("The search failed. Press Enter to search again.")
    page.unroute("**/*q=1003*")
    page.press("#id_q", "Enter")
    expect(page.locator("[name=employee]")).to_have_count(1)
    page.fill("#id_q", "no such name")
    expect(status).to_have_text("No matching employee.")


def test_rows_of_the_list_vanish_with_the_text_they_were_found_for(
    acme: Personas, lost: WorkCard, open_review_page: Callable[..., Any]
) -> None:
    page = open_review_page(acme.admin, LIST)
    network = SlowNetwork(page)
    rows, field = page.locator("#result_list tbody tr"), page.locator("#searchbar")
    expect(rows).to_have_count(2)
    network.hold("q=1016")
    network.hold("q=1003")
    field.fill("1016")
    assert rows.count() == 0
    assert page.text_content("[data-list-status]") == "Searching…"
    assert page.get_attribute("#changelist-form", "aria-busy") == "true"
    network.wait_for("q=1016")
    field.fill("1003")
    network.release("q=1003")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Ben Meant")
    assert page.get_attribute("#changelist-form", "aria-busy") == "false"
    network.release("q=1016")
    page.wait_for_timeout(300)
    expect(rows).to_contain_text("Ben Meant")
    # Enter right after the last letter leads to a page of the list.
    field.fill("Ann F")
    field.press("Enter")
    expect(rows).to_contain_text("Ann Found")


def test_choices_of_a_field_vanish_with_the_text_they_were_found_for(
    acme: Personas, lost: WorkCard, open_review_page: Callable[..., Any]
) -> None:
    page = open_review_page(
        acme.admin, f"{url_of(lost).removesuffix('change/')}assign/"
    )
    network = SlowNetwork(page)
    options = page.locator(".select2-results__option:not(.loading-results)")
    page.click(".select2-selection")
    expect(options).to_have_count(2)
    box = page.locator(".select2-search__field")
    box.press_sequentially("1016")
    expect(options).to_have_text(["Ann Found"])
    network.hold("term=1003")
    box.fill("1003")
    # The choice for the old text is gone, so Enter selects nothing.
    assert options.count() == 0
    assert page.get_attribute(".select2-results__options", "aria-busy") == "true"
    assert page.locator("[role=status]", has_text="Searching").count() == 1
    box.press("Enter")
    network.release("term=1003")
    expect(options).to_have_text(["Ben Meant"])
    assert page.get_attribute(".select2-results__options", "aria-busy") == "false"
    assert page.locator("[role=status]", has_text="Searching").count() == 0
    # A late response arrives while the next request waits for the last letter.
    network.hold("term=1016")
    box.fill("1016")
    network.wait_for("term=1016")
    network.hold("term=1003")
    box.fill("1003")
    network.release("term=1016")
    page.wait_for_timeout(150)
    assert options.count() == 0
    network.release("term=1003")
    expect(options).to_have_text(["Ben Meant"])
    box.press("Enter")
    expect(page.locator(".select2-selection__rendered")).to_contain_text("Ben Meant")


@pytest.mark.parametrize("language", ["en", "he"])
def test_without_scripts_a_choice_of_another_text_is_rejected(
    acme: Personas, lost: WorkCard, open_review_page: Callable[..., Any], language: str
) -> None:
    with acme.scope():
        User.objects.filter(pk=acme.admin.pk).update(language=language)
    scripted = open_review_page(acme.admin)
    window = scripted.context.browser.new_context(
        base_url=scripted.url.split("/admin")[0],
        java_script_enabled=False,
        storage_state=scripted.context.storage_state(),
    )
    page = window.new_page()
    page.goto(f"{url_of(lost)}?q=1016")
    choice = page.locator("[name=employee]")
    page.fill("#id_q", "1003")
    choice.click()
    assert page.locator("main .errorlist").count() == 1
    assert owner(acme, lost) is None
    page.goto(f"{url_of(lost)}?q=1016")
    page.fill("#id_q", "1003")
    page.press("#id_q", "Enter")
    page.wait_for_url("**?q=1003")
    assert "Ben Meant" in str(choice.get_attribute("aria-label"))
    choice.click()
    page.wait_for_url(f"**{url_of(lost)}")
    assert owner(acme, lost) == "Ben Meant"
    window.close()
