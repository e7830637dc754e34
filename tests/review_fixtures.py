"""Fixtures of the review page: John, his card, and signed-in browser pages."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.tests.personas import Personas
from workcards.models import WorkCard
from workcards.tests.factories import WorkCardFactory
from workforce.models import Employee
from workforce.tests.factories import EmployeeFactory, SiteFactory

from .admin_clients import admin_client_for
from .browsers import Complaints, aside, chromium
from .test_accessibility import AXE, DESK, ask, enter

FOCUS = "document.activeElement.name || document.activeElement.dataset.field || document.activeElement.tagName"


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
def open_review_page(
    live_server: Any, complaints: Complaints
) -> Iterator[Callable[..., Any]]:
    """Yield a function that opens a page signed in as a user.

    Each page has a separate browser context. The first call starts the browser; until then the test can write to the
    database directly.
    """
    with ExitStack() as stack:
        browsers: list[Any] = []

        def open_page(user: User, path: str = "/admin/") -> Any:
            clients: list[Any] = []
            aside(lambda: clients.append(admin_client_for(user)))
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
    """Type `keys`, each of which is a key name or a text."""
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


def value_of(page: Any, day: int) -> list[str]:
    names = ("from_time", "to_time", "total_hours", "comment")
    return [page.input_value(name(day, one)) for one in names]


def faults(page: Any) -> list[str]:
    """Return axe's findings on the page, and the elements that are too wide.

    The page is checked in both colour schemes and three widths.
    """
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
