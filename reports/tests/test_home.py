"""Tests of the home page: figures, links, isolation, number of queries."""

import datetime as dt
import re
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from accounts.models import User
from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from audit.tests.factories import AuditEventFactory
from businesses.models import Business
from businesses.tenancy.context import platform_scope
from exports.models import ExportRun
from exports.tests.factories import ExportRunFactory
from exports.tests.month_fixtures import (
    ABSENT,
    EIGHT,
    draft_day,
    post_day,
    site_named,
)
from reports.dashboard_views import DashboardSerializer
from tests.admin_clients import AdminClient, admin_client_for
from tests.api_helpers import queries
from workcards.models import WorkCard
from workcards.tests.factories import (
    MONTH,
    ClosedMonthFactory,
    DayEntryFactory,
    WorkCardFactory,
)
from workcards.transitions import ReviewStatus
from workforce.models import Employee, Site
from workforce.tests.factories import EmployeeFactory, SiteFactory

from .test_dashboard import populate

pytestmark = pytest.mark.django_db

HOME, JUNE = "/admin/", {"month": "2026-06"}
LATER = dt.datetime(2026, 8, 1, 12, tzinfo=dt.UTC)
MOST_BYTES = 200_000
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
PEOPLE = ["admin", "reviewer", "uploader", "viewer", "acting"]


@pytest.fixture(autouse=True)
def _the_month_is_over() -> Any:
    with time_machine.travel(LATER, tick=False):
        yield


def enter(person: str, business: Personas, super_admin: User) -> AdminClient:
    if person == "platform":
        return admin_client_for(super_admin)
    if person == "acting":
        return admin_client_for(super_admin, acting_for=business.business)
    return admin_client_for(business.user(person))


def home(client: AdminClient, **query: str) -> Any:
    response = client.get(HOME, JUNE | query)
    assert response.status_code == 200
    return response


class Links(HTMLParser):
    """The URLs of the links in `<main>`."""

    def __init__(self, page: Any) -> None:
        super().__init__()
        self.found: list[str] = []
        self.is_inside = False
        self.feed(page.content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.is_inside |= tag == "main"
        href = dict(attrs).get("href") or ""
        if self.is_inside and tag == "a" and not href.startswith("#"):
            self.found.append(href)

    def handle_endtag(self, tag: str) -> None:
        self.is_inside &= tag != "main"


def todos(page: Any) -> list[str]:
    return [todo.label for todo in page.context["todos"]]


def work_for_everyone() -> None:
    """Create a finished, open June with all tasks.

    It has cards in all statuses, a day in conflict with the ledger and an employee without cards.
    """
    employee = EmployeeFactory(full_name="John Example", site=SiteFactory())
    EmployeeFactory(full_name="Jane Example")
    post_day(employee, 3, **EIGHT)
    draft_day(employee, 3, total_hours=Decimal("9.00"))
    WorkCardFactory(unassigned=True, site=employee.site)
    WorkCardFactory(rejected=True, employee=employee, site=employee.site)
    AuditEventFactory(
        event_type="card_rejected", entity_type="workcard", employee_id=employee.pk
    )


# Figures


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_home_shows_the_figures_of_the_dashboard(
    acme: Personas, globex: Personas, seed: int
) -> None:
    for business, chance in ((acme, seed), (globex, seed + 10)):
        with business.scope():
            populate(chance)
    page = home(admin_client_for(acme.viewer))
    body = client_of(acme.viewer).get("/api/dashboard", JUNE).json()
    assert DashboardSerializer(page.context["dashboard"]).data == body
    tiles = [tile.figure for tile in page.context["tiles"]]
    assert tiles[:4] == [body["cards"][status] for status in ReviewStatus.values]
    assert f"{tiles[4]} {tiles[5]:.2f}" == f"{body['missing']} {body['hours']}"
    sites = [site for site, _url in page.context["sites"]]
    assert sum(site.expected for site in sites) == body["employees_expected"]
    assert sum(site.complete for site in sites) == page.context["complete"]
    assert sum(site.waiting for site in sites) == page.context["waiting"]
    assert page.context["waiting"] == (
        body["cards"]["NEEDS_ASSIGNMENT"] + body["cards"]["NEEDS_REVIEW"]
    )


def test_figures_are_written_out_for_who_sees_no_chart(acme: Personas) -> None:
    with acme.scope():
        for employee in (EmployeeFactory(), EmployeeFactory()):
            site = SiteFactory()
            for day in range(1, 31):
                post_day(employee, day, site=site, hours=Decimal("20.25"))
    text = re.sub(
        r"\s+(?=<)|(?<=>)\s+", "", home(admin_client_for(acme.viewer)).content.decode()
    )
    assert 'June 2026</a></th><td class="num">1,215.00</td>' in text
    with acme.scope():
        User.objects.filter(pk=acme.viewer.pk).update(language="he")
    assert "1,215.00" in home(admin_client_for(acme.viewer)).content.decode()


def test_sites_that_miss_most_come_first_and_ten_at_most(acme: Personas) -> None:
    with acme.scope():
        for number in range(12):
            site = site_named(f"Site {number:02}")
            for _ in range(number % 5):
                EmployeeFactory(site=site)
            WorkCardFactory(unassigned=True, site=site)
    context = home(admin_client_for(acme.viewer)).context
    missing = [site.missing for site, _url in context["sites"]]
    assert missing == [4, 4, 3, 3, 2, 2, 1, 1, 1, 0]
    assert context["site_count"] == 12


def test_the_side_bar_counts_the_cards_of_all_months_on_home_too(
    acme: Personas,
) -> None:
    with acme.scope():
        for month in (MONTH, MONTH.replace(month=2)):
            WorkCardFactory(processing_month=month)
        WorkCardFactory(unassigned=True)
    client = admin_client_for(acme.admin)
    counts = [
        re.findall(r'class="count[^"]*"[^>]*>\s*(?:<[^>]+>\s*)*(\d+)', page)
        for page in (
            home(client).content.decode(),
            client.get("/admin/password_change/").content.decode(),
        )
    ]
    assert counts[0] == counts[1]
    assert counts[0][:2] == ["2", "1"]


# Permissions


@pytest.mark.parametrize("person", [*PEOPLE, "platform"])
def test_every_link_leads_to_a_page_that_the_person_may_see(
    acme: Personas, super_admin: User, person: str
) -> None:
    with acme.scope():
        work_for_everyone()
        ExportRunFactory(status=ExportRun.Status.DONE)
    client = enter(person, acme, super_admin)
    links = set(Links(client.get(HOME, JUNE)).found)
    assert len(links) > 10
    assert {link: client.get(link_from(link)).status_code for link in links} == (
        dict.fromkeys(links, 200)
    )


def link_from(link: str) -> str:
    return HOME + link if link.startswith("?") else link


REVIEWER_DOES = [
    "Review 1 card",
    "Assign 1 card",
    "Resolve 1 conflict",
    "Chase 1 employee",
    "Close June 2026",
    "Export June 2026",
]


@pytest.mark.parametrize(
    ("person", "does"),
    [
        ("admin", REVIEWER_DOES),
        ("acting", REVIEWER_DOES),
        ("reviewer", REVIEWER_DOES),
        ("uploader", ["Assign 1 card", "Chase 1 employee"]),
        ("viewer", ["Chase 1 employee"]),
    ],
)
def test_everyone_is_told_what_they_can_do_next(
    acme: Personas, super_admin: User, person: str, does: list[str]
) -> None:
    with acme.scope():
        work_for_everyone()
    page = home(enter(person, acme, super_admin))
    assert todos(page) == does


def test_who_may_not_see_exports_or_the_trail_sees_no_link_there(
    acme: Personas,
) -> None:
    with acme.scope():
        work_for_everyone()
        ExportRunFactory(status=ExportRun.Status.DONE)
    text = home(admin_client_for(acme.uploader)).content.decode()
    assert "/exports/" not in text
    assert "/audit/" not in text
    seen = todos(home(admin_client_for(acme.viewer)))
    assert seen[-1] == "See changes in June 2026"


def test_a_closed_month_is_not_to_be_closed(acme: Personas) -> None:
    with acme.scope():
        work_for_everyone()
        ClosedMonthFactory(month=MONTH)
    page = home(admin_client_for(acme.admin))
    assert page.context["business_status"].is_closed
    assert "Close June 2026" not in todos(page)
    assert "Export June 2026" in todos(page)


def test_while_a_month_runs_the_one_before_is_to_be_closed(acme: Personas) -> None:
    with acme.scope():
        work_for_everyone()
        WorkCardFactory(processing_month=MONTH.replace(month=8))
    page = home(admin_client_for(acme.admin), month="2026-08")
    assert page.context["business_status"].due == MONTH.replace(month=7)
    assert "Close July 2026" not in todos(page)
    with acme.scope():
        WorkCardFactory(processing_month=MONTH.replace(month=7))
    page = home(admin_client_for(acme.admin), month="2026-08")
    assert "Close July 2026" in todos(page)


def test_a_month_without_work_says_so(acme: Personas) -> None:
    with acme.scope():
        WorkCardFactory(rejected=True, employee=EmployeeFactory(left_on=MONTH))
        Employee.objects.update(started_on=None, left_on=dt.date(2026, 5, 1))
        ClosedMonthFactory(month=MONTH)
    text = home(admin_client_for(acme.viewer)).content.decode()
    assert "Nothing to do for this month." in text


# Days in conflict


def settle(page: Any) -> list[tuple[str, str, str]]:
    return [
        (todo.label, todo.note, todo.url)
        for todo in page.context["todos"]
        if todo.kind == "conflict"
    ]


def test_days_that_are_paid_otherwise_are_to_be_settled(acme: Personas) -> None:
    """The count includes all cards under review. The link leads to the newest of them."""
    with acme.scope():
        site, elsewhere = SiteFactory(), SiteFactory()
        employee = EmployeeFactory(site=site)
        for day in (1, 2, 3):
            post_day(employee, day, **EIGHT)
        first = draft_day(employee, 1, total_hours=Decimal("7.50"))
        DayEntryFactory(work_card=first, work_date=MONTH.replace(day=2), absent=True)
        second = WorkCardFactory(employee=employee, site=elsewhere)
        DayEntryFactory(work_card=second, work_date=MONTH.replace(day=3))
    assert settle(home(admin_client_for(acme.reviewer))) == [
        (
            "Resolve 3 conflicts",
            "2 cards differ from days already paid",
            f"/admin/workcards/workcard/{second.pk}/change/",
        )
    ]


def test_what_is_paid_so_or_not_at_all_is_no_conflict(acme: Personas) -> None:
    with acme.scope():
        employee = EmployeeFactory(site=SiteFactory())
        other = EmployeeFactory(site=employee.site)
        post_day(employee, 1, **EIGHT)
        post_day(employee, 2, **ABSENT)
        post_day(other, 3, **EIGHT)
        draft_day(employee, 1)
        draft_day(
            employee, 2, absent=True, total_hours=None, day_status=ABSENT["day_status"]
        )
        draft_day(employee, 3, total_hours=Decimal("1.00"))
        aside = WorkCardFactory(rejected=True, employee=employee, site=employee.site)
        DayEntryFactory(work_card=aside, work_date=MONTH, total_hours=Decimal("1.00"))
    assert settle(home(admin_client_for(acme.reviewer))) == []


def test_conflicts_are_those_of_the_month_that_is_shown(acme: Personas) -> None:
    with acme.scope():
        work_for_everyone()
        WorkCardFactory(processing_month=MONTH.replace(month=5))
    client = admin_client_for(acme.admin)
    assert len(settle(home(client))) == 1
    assert settle(home(client, month="2026-05")) == []


def test_in_a_closed_month_nothing_can_be_settled(acme: Personas) -> None:
    with acme.scope():
        work_for_everyone()
        ClosedMonthFactory(month=MONTH)
    page = home(admin_client_for(acme.admin))
    assert page.context["business_status"].conflicts["days"] == 1
    assert settle(page) == []


@pytest.mark.parametrize(
    ("person", "does"),
    [
        (
            "admin",
            ["Reopen June 2026", *["View 1 card"] * 2, "Export June 2026"],
        ),
        ("reviewer", [*["View 1 card"] * 2, "Export June 2026"]),
        ("uploader", []),
    ],
)
def test_in_a_closed_month_only_what_can_be_done_is_offered(
    acme: Personas, person: str, does: list[str]
) -> None:
    with acme.scope():
        work_for_everyone()
        WorkCardFactory(approved=True, employee=EmployeeFactory())
        ClosedMonthFactory(month=MONTH)
    client = admin_client_for(acme.user(person))
    page = home(client)
    assert todos(page) == does
    assert "Review cards" not in page.content.decode()
    assert "Open month" in page.content.decode()
    for todo in page.context["todos"]:
        if todo.label.startswith("Look"):
            assert client.get(todo.url).context["cl"].result_count == 1
        if todo.label.startswith("Reopen"):
            assert 'id="reopen"' in client.get(todo.url).content.decode()


# Isolation


def test_nothing_of_another_business_is_on_the_page(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    with acme.scope():
        work_for_everyone()
    with globex.scope():
        other = EmployeeFactory(
            full_name="Secret Person", site=site_named("Secret Site")
        )
        for day in range(1, 9):
            post_day(other, day, **EIGHT)
            draft_day(other, day, total_hours=Decimal("1.00"))
        ClosedMonthFactory(month=MONTH)
        ExportRunFactory(status=ExportRun.Status.DONE)
    alone: Any = None
    for person in PEOPLE:
        page = home(enter(person, acme, super_admin))
        text = page.content.decode()
        assert "Secret" not in text
        assert "Globex" not in text
        alone = page.context
    assert alone["business_status"].due_cards == 4
    assert alone["business_status"].due_exported_at is None
    assert not alone["business_status"].is_closed
    assert alone["business_status"].conflicts["days"] == 1


def test_names_are_text_and_nothing_more(acme: Personas, super_admin: User) -> None:
    with acme.scope():
        site = SiteFactory(site_name=HOSTILE)
        EmployeeFactory(site=site, full_name=HOSTILE)
        WorkCardFactory(site=site)
        Business.objects.update(business_name=HOSTILE)
    for person in ("admin", "platform"):
        text = enter(person, acme, super_admin).get(HOME, JUNE).content.decode()
        assert HOSTILE not in text
        assert "<img src=x" not in text
        assert "&lt;script&gt;alert(1)" in text


# Months


@pytest.mark.parametrize(
    "month", ["x", "2026-13", "1899-12", "9999-12", "1900-06", "2199-12", "<b>"]
)
def test_what_is_no_month_is_refused_beside_its_field(
    acme: Personas, month: str
) -> None:
    with acme.scope():
        WorkCardFactory()
    response = admin_client_for(acme.viewer).get(HOME, {"month": month})
    assert response.status_code == 400
    assert "Invalid month." in response.content.decode()
    assert response.context["month"] == dt.date(2026, 7, 1)


def test_the_first_and_the_last_month_have_arrows_too(acme: Personas) -> None:
    with acme.scope():
        WorkCardFactory()
    for month in ("1901-01", "2199-11", "", "2026-06-17"):
        home(admin_client_for(acme.viewer), month=month)


def test_the_month_is_that_of_the_businesss_calendar(acme: Personas) -> None:
    """In Tokyo it is 23:30 on 1 August, still within the cut-off day."""
    with acme.scope():
        WorkCardFactory(processing_month=MONTH.replace(month=8))
        Business.objects.update(time_zone="Asia/Tokyo", month_cutoff_day=1)
    client = admin_client_for(acme.viewer)
    with time_machine.travel("2026-08-01T14:30:00Z", tick=False):
        assert client.get(HOME).context["month"] == MONTH.replace(month=7)
    with time_machine.travel("2026-08-01T15:30:00Z", tick=False):
        page = client.get(HOME)
    assert page.context["month"] == MONTH.replace(month=8)
    assert "today is 2 August" in page.content.decode()


# A business without cards


def test_the_sites_of_other_businesses_are_no_first_step(
    acme: Personas, globex: Personas
) -> None:
    def is_done() -> bool:
        step = admin_client_for(acme.admin).get(HOME).context["steps"][0]
        return bool(step.is_done)

    with globex.scope():
        theirs = SiteFactory(steward=globex.business)
        EmployeeFactory(site=theirs)
    assert not is_done()
    with acme.scope():
        own = SiteFactory(steward=acme.business, is_active=False)
    assert not is_done()
    with platform_scope("opens a site"):
        Site.objects.filter(pk=own.pk).update(is_active=True)
    assert is_done()
    with platform_scope("gives a site away"):
        Site.objects.filter(pk=own.pk).update(steward=globex.business)
    assert not is_done()
    with acme.scope():
        EmployeeFactory(site=theirs)
    assert is_done()


def test_a_new_business_is_shown_the_way_to_its_first_month(acme: Personas) -> None:
    page = admin_client_for(acme.admin).get(HOME)
    steps = page.context["steps"]
    assert [step.is_done for step in steps] == [False, False, True, False]
    with acme.scope():
        EmployeeFactory(site=SiteFactory())
    page = admin_client_for(acme.admin).get(HOME)
    assert [step.is_done for step in page.context["steps"]] == [True, True, True, False]
    steps = admin_client_for(acme.viewer).get(HOME).context["steps"]
    assert [bool(step.url) for step in steps] == [True, False, False, False]
    with acme.scope():
        WorkCardFactory()
    assert "steps" not in admin_client_for(acme.admin).get(HOME).context


# Cost


@pytest.mark.parametrize("person", PEOPLE)
def test_home_costs_the_same_whatever_the_size_and_eight_queries_at_most(
    acme: Personas, super_admin: User, person: str
) -> None:
    client = enter(person, acme, super_admin)
    for seed in (1, 2):
        with acme.scope():
            populate(seed)
        home(client)
        with acme.scope():
            work_for_everyone()
        # A user without permission for the audit trail has no recent events: two queries fewer.
        assert queries(lambda: home(client)) == (6 if person == "uploader" else 8)
    page = home(client)
    assert len(page.content) < MOST_BYTES
    with acme.scope():
        assert WorkCard.objects.count() > 20


def test_all_lists_are_a_step_away(acme: Personas) -> None:
    with acme.scope():
        WorkCardFactory()
    links = Links(home(admin_client_for(acme.viewer))).found
    for page in ("workcards_approvedday_changelist", "month", "missing_cards"):
        assert reverse(f"admin:{page}") in links
