"""Tests of the page of a month: matrix, missing cards and closing."""

import datetime as dt
import re
import uuid
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.tests.personas import Personas
from exports.tests.factories import ExportRunFactory
from exports.tests.month_fixtures import (
    ABSENT,
    EIGHT,
    draft_day,
    employee_at,
    post_day,
    site_named,
)
from tests.admin_clients import admin_client_for
from tests.api_helpers import queries
from workcards.matrix import EMPLOYEES_A_PAGE
from workcards.tests.factories import MONTH
from workforce.tests.factories import SiteFactory

pytestmark = pytest.mark.django_db

URL = "/admin/month/"
JUNE = {"month": "2026-06"}


def page_of(user: User, **query: str) -> str:
    response = admin_client_for(user).get(URL, {**JUNE, **query})
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def card_url(card_id: Any) -> str:
    return reverse("admin:workcards_workcard_change", args=[card_id])


@pytest.mark.parametrize("person", ["admin", "reviewer", "uploader", "viewer"])
def test_everybody_sees_the_month_and_finds_the_cards(
    acme: Personas, person: str
) -> None:
    with acme.scope():
        zoe = employee_at(site_named("North"), "Zoe")
        worked, absent = post_day(zoe, 5, **EIGHT), post_day(zoe, 6, **ABSENT)
    page = page_of(acme.user(person))
    for cell in (
        f'<a href="{card_url(worked.work_card_id)}">8</a>',
        f'<a class="m-absence" href="{card_url(absent.work_card_id)}" aria-label="Sick">S</a>',
    ):
        assert cell in page
    assert "Sick: 1" in page
    assert "8.00 hours approved" in page
    assert page.count('scope="col" class="saturday"') == 4


def test_namesakes_are_told_apart_by_their_passports(acme: Personas) -> None:
    with acme.scope():
        site = site_named("North")
        for passport in ("AA1111111", "AA2222222", None):
            post_day(employee_at(site, "Dan Levi", passport_id=passport), 1, **EIGHT)
        post_day(employee_at(site, "Zoe", passport_id="AA3333333"), 1, **EIGHT)
    shown = re.findall(
        r'class="name"><a [^>]*>([^<]+)(?: <small[^>]*>(\w+)</small>)?</a>',
        page_of(acme.viewer),
    )
    assert sorted(shown) == [
        ("Dan Levi", ""),
        ("Dan Levi", "AA1111111"),
        ("Dan Levi", "AA2222222"),
        ("Zoe", ""),
    ]


def test_namesakes_on_two_pages_are_told_apart_too(acme: Personas) -> None:
    with acme.scope():
        site = site_named("North")
        for number in range(EMPLOYEES_A_PAGE - 1):
            post_day(employee_at(site, f"Ann {number:02}"), 1, **EIGHT)
        for passport in ("AA1111111", "AA2222222"):
            post_day(employee_at(site, "Dan Levi", passport_id=passport), 1, **EIGHT)
    pages = page_of(acme.viewer), page_of(acme.viewer, page="2")
    shown = [re.findall(r"<small[^>]*>(AA\d+)</small>", page) for page in pages]
    assert sorted(shown) == [["AA1111111"], ["AA2222222"]]


def test_what_nobody_has_approved_says_so_and_can_be_left_out(
    acme: Personas,
) -> None:
    with acme.scope():
        zoe = employee_at(site_named("North"), "Zoe")
        draft_day(zoe, 5)
        for _ in range(2):
            newest = draft_day(zoe, 6)
    page = page_of(acme.viewer)
    assert 'aria-label="8, under review"' in page
    assert 'aria-label="8, in conflict"' in page
    assert card_url(newest.pk) in page
    assert "0.00 hours approved" in page
    approved = page_of(acme.viewer, approved_only="on")
    assert "under review" not in approved
    assert "Zoe" in approved


def test_people_are_found_by_a_part_of_their_name_and_totals_are_theirs(
    acme: Personas,
) -> None:
    with acme.scope():
        site = site_named("North")
        post_day(employee_at(site, "Zoe North"), 5, **EIGHT)
        post_day(employee_at(site, "Ann South"), 5, **EIGHT)
    page = page_of(acme.viewer, name=" zoe ")
    assert "1 employee · 8.00 hours approved" in page
    rows = page_of(acme.viewer, name=" zoe ", rows="1")
    assert "Zoe North" in rows
    assert "Ann South" not in rows
    assert "No results" in page_of(acme.viewer, name="unknown")


def test_one_site_can_be_asked_for(acme: Personas) -> None:
    with acme.scope():
        north, south = site_named("North"), site_named("South")
        employee_at(north, "Zoe")
        employee_at(south, "Ann")
    page = page_of(acme.viewer, site=str(north.pk))
    assert "Zoe" in page
    assert "Ann" not in page


def test_many_employees_come_page_by_page_and_totals_are_of_all(
    acme: Personas,
) -> None:
    with acme.scope():
        site = site_named("North")
        for number in range(EMPLOYEES_A_PAGE + 1):
            post_day(employee_at(site, f"Worker {number:03}"), 5, **EIGHT)
    first = page_of(acme.viewer)
    assert "Worker 024" in first
    assert "Worker 025" not in first
    assert "?month=2026-06&amp;page=2" in first
    second = page_of(acme.viewer, page="2")
    assert "Worker 025" in second
    assert "Worker 024" not in second
    for page in (first, second):
        assert "208.00 hours approved" in page
    assert "Worker 025" in page_of(acme.viewer, page="99")
    rows = page_of(acme.viewer, rows="2")
    assert rows.count("<tr") == 1
    assert '<tr aria-rowindex="27"' in rows
    assert "<html" not in rows


def test_a_month_can_be_closed_and_opened_again_from_its_page(acme: Personas) -> None:
    with acme.scope():
        post_day(employee_at(site_named("North"), "Zoe"), 5, **EIGHT)
    client = admin_client_for(acme.admin)
    page = client.get(URL, JUNE).content.decode()
    assert 'id="close-month"' in page
    assert "Before closing" in page
    add = reverse("admin:workcards_closedmonth_add")
    closed = client.send(
        add, {**JUNE, "force": "on", "note": "Payday"}, follow=True
    ).content.decode()
    assert "This month is closed" in closed
    assert "Payday" in closed
    assert 'id="reopen"' in closed
    assert 'id="reopen"' not in page_of(acme.reviewer)
    assert 'id="close-month"' not in page_of(acme.viewer)


def test_who_is_missing_stands_below_with_a_way_to_upload(acme: Personas) -> None:
    with acme.scope():
        zoe = employee_at(site_named("North"), "Zoe", started_on=MONTH)
    page = page_of(acme.uploader)
    assert "1 of 1 employees: 1 with no card, 0 with some cards" in page
    assert f"?employee={zoe.pk}&amp;month=2026-06" in page
    assert "Upload a card for" not in page_of(acme.viewer)


def test_the_name_that_is_looked_for_narrows_the_missing_too(acme: Personas) -> None:
    with acme.scope():
        site = site_named("North")
        for name in ("Zoe", "Zora", "Adam"):
            employee_at(site, name, started_on=MONTH)
    page = page_of(acme.uploader, name="zo")
    assert "2 of 2 employees: 2 with no card, 0 with some cards" in page
    assert "<bdi>Adam</bdi>" not in page
    assert "name=zo&amp;month=2026-06" in page  # in the link to the list of all
    # The closing of a month depends on all cards, not only on the filtered ones.
    assert "with missing cards" not in page
    assert "3 employees with missing cards" in page_of(acme.uploader)


def test_the_last_file_of_the_whole_month_leads_to_what_has_changed(
    acme: Personas,
) -> None:
    with acme.scope():
        for status, site in (("DONE", None), ("FAILED", None), ("DONE", SiteFactory())):
            run = ExportRunFactory(
                status=status,
                site=site,
                processing_month=MONTH,
                generated_file_name=f"{status}.csv",
            )
            if status == "DONE" and site is None:
                whole = run
    changes = reverse("admin:exports_exportrun_changes", args=[whole.pk])
    assert f'href="{changes}" data-changes' in page_of(acme.admin)
    # A user without permission for exports gets no link.
    assert changes not in page_of(acme.uploader)


def test_names_are_text(acme: Personas) -> None:
    with acme.scope():
        employee_at(site_named("<i>North</i>"), "<script>alert(1)</script>")
    page = page_of(acme.viewer)
    assert "<script>alert" not in page
    assert "<i>North" not in page


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ({"month": "June"}, "Invalid month."),
        ({"month": "2026-06\0"}, "Invalid month."),
        ({**JUNE, "site": "x"}, "That choice is not one of"),
        ({**JUNE, "site": str(uuid.UUID(int=7))}, "That choice is not one of"),
    ],
    ids=["month", "NUL", "no id", "no site"],
)
def test_what_is_asked_wrongly_is_said_in_the_form(
    acme: Personas, query: dict[str, str], complaint: str
) -> None:
    response = admin_client_for(acme.viewer).get(URL, query)
    assert response.status_code == 400
    assert complaint in response.content.decode()


def test_the_month_that_cards_are_for_now_is_shown_at_once(acme: Personas) -> None:
    page = admin_client_for(acme.viewer).get(URL)
    assert page.status_code == 200
    assert isinstance(page.context["matrix"].month, dt.date)


def test_it_is_drawn_from_right_to_left_in_hebrew(acme: Personas) -> None:
    with acme.scope():
        User.objects.filter(pk=acme.viewer.pk).update(language="he")
        post_day(employee_at(site_named("צפון"), "זואי"), 5, **EIGHT)
    page = page_of(acme.viewer)
    assert 'dir="rtl"' in page
    assert re.search('<a dir="auto" [^>]+>זואי</a>', page)


def test_another_business_at_the_same_site_is_nowhere_on_the_page(
    acme: Personas, globex: Personas
) -> None:
    with acme.scope():
        site, hidden = site_named("Shared"), site_named("Acme's alone")
        john = employee_at(site, "John")
        row, draft = post_day(john, 5, **EIGHT), draft_day(john, 6)
        employee_at(hidden, "Jack")
    with globex.scope():
        own = post_day(employee_at(site, "Jane"), 7, **EIGHT)
    page = page_of(globex.admin)
    assert card_url(own.work_card_id) in page
    for secret in (john.pk, row.work_card_id, draft.pk, "John", "Jack", hidden.pk):
        assert str(secret) not in page, "leaked"
    answers = [
        admin_client_for(globex.admin).get(URL, {**JUNE, "site": str(pk)})
        for pk in (hidden.pk, uuid.uuid4())
    ]
    assert {answer.status_code for answer in answers} == {400}


def test_on_the_platform_a_business_is_chosen_first(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    with acme.scope():
        site = site_named("Shared")
        employee_at(site, "John", started_on=MONTH)
    with globex.scope():
        employee_at(site, "Jane", started_on=MONTH)
    client = admin_client_for(super_admin)
    page = client.get(URL)
    assert page.status_code == 200
    assert "matrix" not in page.context
    assert client.get(URL, JUNE).status_code == 400
    chosen = client.get(URL, {**JUNE, "business": str(acme.id)}).content.decode()
    assert "John" in chosen
    assert "Jane" not in chosen


def test_it_costs_the_same_for_few_and_for_many_and_at_most_8_queries(
    acme: Personas,
) -> None:
    client = admin_client_for(acme.viewer)

    def cost() -> int:
        return queries(lambda: client.get(URL))

    with acme.scope():
        site = site_named("North")
        post_day(employee_at(site, "Zoe"), 5, **EIGHT)
    client.get(URL)
    few = cost()
    with acme.scope():
        for number in range(10):
            post_day(employee_at(site, f"Worker {number}"), 5, **EIGHT)
            employee_at(site_named(f"Site {number}"), f"Wanderer {number}")
    assert cost() == few <= 8


def test_nothing_is_posted_there_and_nobody_unknown_gets_in(acme: Personas) -> None:
    client = admin_client_for(acme.admin)
    assert client.send(URL).status_code == 405
    client.logout()
    assert client.get(URL, JUNE).status_code == 302
