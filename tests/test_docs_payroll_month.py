"""Comparison of docs/payroll-month.md with the code.

The pages and calls of each step exist, for the roles that the step names.
"""

import re
from datetime import date
from typing import Any

import pytest

from accounts.tests.personas import Personas
from exports.tests.factories import ExportRunFactory
from tests.markdown_docs import quoted, section, tables
from tests.test_docs_api import ROUTES, path_of
from workcards.tests.factories import (
    ClosedMonthFactory,
    DayEntryFactory,
    WorkCardFactory,
)
from workforce.tests.factories import EmployeeFactory

from .admin_clients import admin_client_for

STEPS = tables(section("docs/payroll-month.md", "A payroll month"))[0]
ROLES = {"administrator": "admin"}
NAMES = re.compile(r"\*+([^*]+)\*+")


def test_each_step_has_its_part_of_the_text() -> None:
    for number, (step, *_) in enumerate(STEPS, start=1):
        title, anchor = re.fullmatch(r"\[(.+)\]\(#(.+)\)", step).groups()  # type: ignore[union-attr]
        assert title.startswith(f"{number}. ")
        assert section("docs/payroll-month.md", title).strip(), anchor


def test_every_call_of_the_api_is_a_route() -> None:
    documented = {call for *_, calls in STEPS for call in quoted(calls)}
    there = {
        f"{method} /api{path_of(route)}" for route in ROUTES for method in route.methods
    }
    assert documented
    assert documented <= there


@pytest.fixture
def rows(acme: Personas) -> dict[str, Any]:
    """Return rows by the part of the address before their id.

    Some are alternatives that a step may have instead.
    """
    with acme.scope():
        leaver = EmployeeFactory(is_active=False)
        card = WorkCardFactory(employee=EmployeeFactory())
        DayEntryFactory(work_card=card)
        return {
            "workcard": card,
            "unassigned": WorkCardFactory(unassigned=True),
            "employee": EmployeeFactory(),
            "leaver": leaver,
            "closedmonth": ClosedMonthFactory(month=date(2020, 1, 1)),
            "exportrun": ExportRunFactory(status="DONE"),
        }


def addresses(path: str, rows: dict[str, Any]) -> list[str]:
    """Return the addresses of a path in the document, one for each kind of row."""
    if "{id}" not in path:
        return [path]
    model = path.split("/")[3]
    also = {"workcard": ["unassigned"], "employee": ["leaver"]}.get(model, [])
    return [path.replace("{id}", str(rows[name].pk)) for name in [model, *also]]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("who", "pages"), [(who, pages) for _, who, pages, _ in STEPS], ids=str
)
def test_whoever_does_a_step_finds_its_page_and_its_buttons(
    acme: Personas, rows: dict[str, Any], who: str, pages: str
) -> None:
    client = admin_client_for(acme.user(ROLES.get(who, who)))
    found = ""
    for path in quoted(pages):
        for address in addresses(path, rows):
            response = client.get(address)
            assert response.status_code == 200, address
            found += response.content.decode()
    texts = {" ".join(text.split()) for text in re.findall(r">([^<>]+)<", found)}
    texts |= set(re.findall(r'value="([^"]+)"', found))
    names = NAMES.findall(pages)
    missing = [
        name for name in names if not any(text.startswith(name) for text in texts)
    ]
    assert names
    assert not missing
