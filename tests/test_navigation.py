"""The side bar: entries by role, the current entry, counts, and queries."""

from datetime import date
from typing import Any

import pytest
from django.urls import get_resolver, reverse

from accounts.models import User
from accounts.tests.personas import Personas
from businesses.tenancy.context import platform_scope
from reports.side_bar import RECORDS, WORK
from reports.side_bar import side_bar as side_bar_links
from workcards.tests.factories import ClosedMonthFactory, WorkCardFactory
from workforce.tests.factories import EmployeeFactory, SiteFactory

from .admin_clients import admin_client_for
from .api_helpers import queries

WORKING = ["Home", "Upload", "Review", "Month", "Exports"]
CLOSED = date(2026, 2, 1)
KEEPING = ["Work cards", "Employees", "Sites", "Users", "Audit", "Settings"]
# A list requests the counts; the other pages read them with their own queries.
PAGES_THAT_COUNT = ("/admin/workforce/employee/", "/admin/", "/admin/month/")


def side_bar(client: Any, path: str = "/admin/") -> list[Any]:
    """Return the links of the side bar on a page, in order."""
    groups = client.get(path).context["navigation"]
    return [link for group in groups for link in group]


def labels(client: Any, path: str = "/admin/") -> list[str]:
    return [str(link.label) for link in side_bar(client, path)]


@pytest.mark.parametrize(
    ("role", "lacks"),
    [
        ("admin", set()),
        ("reviewer", {"Users", "Settings"}),
        ("uploader", {"Review", "Exports", "Users", "Audit", "Settings"}),
        ("viewer", {"Upload", "Review", "Users", "Settings"}),
    ],
)
def test_everybody_sees_what_their_role_may(
    acme: Personas, role: str, lacks: set[str]
) -> None:
    client = admin_client_for(acme.user(role))
    assert labels(client) == [
        label for label in WORKING + KEEPING if label not in lacks
    ]
    for link in side_bar(client):
        assert client.get(link.url).status_code == 200, link.url


def test_a_super_admin_sees_the_console_and_while_acting_the_business(
    acme: Personas, super_admin: User
) -> None:
    console = ["Home", "Businesses", "Act as", "Sites", "Users", "Audit"]
    assert labels(admin_client_for(super_admin)) == console
    acting = admin_client_for(super_admin, acting_for=acme.business)
    assert labels(acting) == WORKING + KEEPING


def test_nobody_who_is_not_signed_in_is_shown_one(acme: Personas) -> None:
    page = admin_client_for(acme.admin)
    page.cookies.clear()
    assert 'id="side"' not in page.get("/admin/login/").content.decode()


def test_what_waits_and_what_there_is_stands_beside_it_for_this_business_alone(
    acme: Personas, globex: Personas
) -> None:
    with globex.scope():
        WorkCardFactory()
        SiteFactory(steward=globex.business)
    with acme.scope():
        site = SiteFactory(steward=acme.business)
        SiteFactory(steward=acme.business)
        SiteFactory(steward=acme.business, is_active=False)
        of_site = {"site": site, "employee": EmployeeFactory(site=site)}
        EmployeeFactory(site=SiteFactory(steward=acme.business), is_active=False)
        WorkCardFactory.create_batch(2, **of_site)
        WorkCardFactory(unassigned=True, site=site)
        WorkCardFactory(approved=True, **of_site)
        # No user can review these cards.
        WorkCardFactory(processing_month=CLOSED, **of_site)
        WorkCardFactory(processing_month=CLOSED, site=site, unassigned=True)
        ClosedMonthFactory(month=CLOSED)
    for path in PAGES_THAT_COUNT:
        beside = {
            str(link.label): (link.number, link.kind, str(link.count_label))
            for link in side_bar(admin_client_for(acme.admin), path)
            if link.number
        }
        assert beside == {
            "Review": (2, "review", "2 cards to review"),
            "Work cards": (1, "assign", "1 card to assign"),
            "Employees": (1, "size", "1 active employee"),
            "Sites": (1, "size", "1 site with employees"),
            "Users": (4, "size", "4 active users"),
        }


@pytest.mark.parametrize(
    ("path", "label", "current"),
    [
        ("/admin/", "Home", "page"),
        ("/admin/workcards/workcard/", "Work cards", "page"),
        (
            "/admin/workcards/workcard/?q=x&review_status__exact=NEEDS_REVIEW",
            "Review",
            "page",
        ),
        ("/admin/workcards/workcard/upload/", "Upload", "page"),
        ("/admin/workforce/employee/add/", "Employees", "true"),
        ("/admin/workforce/sitesettings/", "Sites", "true"),
        ("/admin/password_change/", None, None),
    ],
)
def test_it_says_where_one_is(
    acme: Personas, path: str, label: str | None, current: str | None
) -> None:
    here = [
        (str(link.label), link.current)
        for link in side_bar(admin_client_for(acme.admin), path)
        if link.current
    ]
    assert here == ([(label, current)] if label else [])


def test_a_card_is_under_review(acme: Personas) -> None:
    with acme.scope():
        card = WorkCardFactory()
    path = reverse("admin:workcards_workcard_change", args=[card.pk])
    here = [
        link.label
        for link in side_bar(admin_client_for(acme.admin), path)
        if link.current
    ]
    assert here == ["Review"]


def test_review_leads_to_the_cards_that_it_counts(acme: Personas) -> None:
    with acme.scope():
        WorkCardFactory.create_batch(2)
        WorkCardFactory(processing_month=CLOSED)
        ClosedMonthFactory(month=CLOSED)
    client = admin_client_for(acme.admin)
    (review,) = [link for link in side_bar(client, "/admin/") if link.label == "Review"]
    page = client.get(review.url)
    assert page.context["cl"].result_count == review.number == 2
    assert "closed month" not in page.content.decode()
    everything = client.get("/admin/workcards/workcard/").content.decode()
    assert everything.count("closed month") == 1


def test_it_costs_one_query_and_none_on_the_platform(
    acme: Personas, super_admin: User
) -> None:
    for client, cost in (
        (admin_client_for(acme.admin), 1),
        (admin_client_for(super_admin), 0),
    ):
        # Home stores its own counts for the side bar.
        request = client.get("/admin/workforce/site/").wsgi_request
        assert request.user.is_active
        with acme.scope() if cost else platform_scope("test"):
            assert queries(lambda request=request: side_bar_links(request)) == cost


def test_every_entry_leads_to_a_page_that_there_is(acme: Personas) -> None:
    names = get_resolver().namespace_dict["admin"][1].reverse_dict
    assert [entry.page for entry in (*WORK, *RECORDS) if entry.page not in names] == []
