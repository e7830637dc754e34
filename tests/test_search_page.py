"""The search through all lists: results by permission, of one business only."""

from datetime import date
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.templatetags.admin_urls import admin_urlname
from django.urls import reverse

from accounts.models import User
from accounts.roles import Role
from accounts.tests.factories import UserFactory
from accounts.tests.personas import Personas
from automatehq.admin.search import Q_LENGTH, SHOWN
from automatehq.folded_lookup import folded_pattern
from exports.tests.factories import ExportRunFactory
from workcards.tests.factories import ClosedMonthFactory, WorkCardFactory
from workforce.tests.factories import EmployeeFactory, SiteFactory

from .admin_clients import AdminClient, admin_client_for
from .admin_rows import status_and_body
from .api_helpers import queries, statements

FIND = "/admin/find/"
KINDS = {"users", "sites", "employees", "work cards", "export runs"}


def furnish(who: Personas, word: str, *, at: str = "") -> dict[str, Any]:
    """Create a row of each kind that `word` finds, and a row of a list without search."""
    with who.scope():
        ClosedMonthFactory(month=date(2020, 1, 1), note=word)
        site = SiteFactory(site_name=at or f"{word} Harbour")
        employee = EmployeeFactory(
            full_name=f"{word} Cohen",
            site=site,
            passport_id=f"{word.upper()}77",
            external_employee_id=f"{word}-ext",
            phone_number="+972501234567",
        )
        return {
            "users": UserFactory(full_name=f"{word} Clerk"),
            "sites": site,
            "employees": employee,
            "work cards": WorkCardFactory(uploaded=True, site=site, employee=employee),
            "export runs": ExportRunFactory(generated_file_name=f"{word}.csv"),
        }


@pytest.fixture
def rows(acme: Personas) -> dict[str, Any]:
    return furnish(acme, "Zimri")


def found_by(client: AdminClient, q: str) -> dict[str, list[Any]]:
    """Return the rows that the page shows, by the name of their kind."""
    page = client.get(FIND, {"q": q})
    assert page.status_code == 200
    assert ("No results" in page.content.decode()) is (not page.context["results"])
    return {str(one.names): one.rows for one in page.context["results"]}


def test_each_kind_is_found_and_led_to(acme: Personas, rows: dict[str, Any]) -> None:
    client = admin_client_for(acme.admin)
    found = found_by(client, "zimri")
    assert {*found} == {*rows} == KINDS
    for kind, row in rows.items():
        (one,) = found[kind]
        assert one.name == str(row)
        assert client.get(one.url).context["original"] == row
    assert found_by(client, "nobody like that") == {}


@pytest.mark.parametrize("q", ["cohen zimri", "ZIMRI77", "zimri-ext", "97250123"])
def test_an_employee_is_found_by_what_the_list_searches(
    acme: Personas, rows: dict[str, Any], q: str
) -> None:
    found = found_by(admin_client_for(acme.uploader), q)
    assert [row.name for row in found["employees"]] == ["Zimri Cohen"]


def test_what_tells_rows_apart_stands_beneath_them(
    acme: Personas, rows: dict[str, Any]
) -> None:
    found = found_by(admin_client_for(acme.admin), "zimri")
    assert found["employees"][0].description == (
        "<bdi>Zimri Harbour</bdi> · <bdi>ZIMRI77</bdi> · <bdi>Zimri-ext</bdi>"
    )
    for card_description in ("Zimri Harbour", "Zimri Cohen", "Needs review"):
        assert card_description in found["work cards"][0].description
    assert found["export runs"][0].description.endswith(" · <bdi>All sites</bdi>")


def test_of_many_the_first_are_shown_and_the_list_has_all(acme: Personas) -> None:
    with acme.scope():
        for number in range(SHOWN + 2):
            EmployeeFactory(full_name=f"Zimri {number}")
    client = admin_client_for(acme.viewer)
    page = client.get(FIND, {"q": "zimri & 'friends'"})
    assert page.context["results"] == []
    page = client.get(FIND, {"q": "zimri"})
    (found,) = page.context["results"]
    assert [row.name for row in found.rows] == [f"Zimri {n}" for n in range(SHOWN)]
    assert "More than 5 results" in page.content.decode()
    assert client.get(found.url).context["cl"].result_count == SHOWN + 2


def test_the_newest_cards_come_first(acme: Personas, rows: dict[str, Any]) -> None:
    with acme.scope():
        newest = WorkCardFactory(employee=rows["employees"])
    first, second = found_by(admin_client_for(acme.viewer), "zimri")["work cards"]
    assert str(newest.pk) in first.url
    assert str(rows["work cards"].pk) in second.url


def searches(client: AdminClient, url: str) -> set[str]:
    """Return the distinct search queries of a page, without their limits."""
    sql = statements(lambda: client.get(url))
    wanted = folded_pattern("zimri")
    return {one.partition(" LIMIT ")[0] for one in sql if wanted in one}


@pytest.mark.parametrize(
    "role", [Role.ADMIN, Role.REVIEWER, Role.UPLOADER, Role.VIEWER]
)
def test_everybody_finds_what_their_lists_show_by_the_same_sql(
    acme: Personas, rows: dict[str, Any], role: Role
) -> None:
    client = admin_client_for(acme.user(role))
    kinds, sql = set(), set()
    for lister in admin.site._registry.values():
        if "business" in lister.searchable_in and lister.search_fields:  # type: ignore[attr-defined]
            url = reverse(admin_urlname(lister.opts, "changelist")) + "?q=zimri"
            sql |= searches(client, url)
            if client.get(url).status_code == 200:
                kinds.add(str(lister.opts.verbose_name_plural))
    assert {*found_by(client, "zimri")} == kinds
    searched = searches(client, f"{FIND}?q=zimri")
    assert searched <= sql
    assert len(searched) == len(kinds)
    expected = {
        Role.ADMIN: KINDS,
        Role.UPLOADER: KINDS - {"users", "export runs"},
    }.get(role, KINDS - {"users"})
    assert kinds == expected


def test_nothing_of_another_business_is_found(acme: Personas, globex: Personas) -> None:
    """The response also has no sign of another business's rows. Sites are shared."""
    furnish(globex, "Xanadu", at="Everybody's")
    client, missing = admin_client_for(acme.admin), "Xanadi"
    nothing = status_and_body(client.get(FIND, {"q": missing}), missing)
    assert nothing[0] == 200
    assert "No results" in nothing[1]
    for q in ("Xanadu", "XANADU77", "Xanadu-ext", "Xanadu.csv", "972501234567"):
        assert status_and_body(client.get(FIND, {"q": q}), q) == nothing
    assert {*found_by(admin_client_for(globex.admin), "xanadu")} == KINDS - {"sites"}


def test_on_the_platform_businesses_sites_and_users_are_found(
    super_admin: User, acme: Personas, rows: dict[str, Any]
) -> None:
    client = admin_client_for(super_admin)
    found = found_by(client, "zimri")
    assert {*found} == {"users", "sites"}
    assert "<bdi>Acme</bdi>" in found["users"][0].description
    assert [row.name for row in found_by(client, "acme")["businesses"]] == ["Acme"]
    # A super-admin who acts for a business finds the same rows as its administrator.
    acting = admin_client_for(super_admin, acting_for=acme.business)
    assert {*found_by(acting, "zimri")} == KINDS


def cost(client: AdminClient, q: str) -> int:
    return queries(lambda: client.get(FIND, {"q": q}))


def test_a_search_costs_the_same_however_many_are_found(
    acme: Personas, super_admin: User
) -> None:
    costs = []
    for count in (1, SHOWN):
        with acme.scope():
            for number in range(count):
                name = f"Zimri {count} {number}"
                site = SiteFactory(site_name=name)
                employee = EmployeeFactory(full_name=name, site=site)
                WorkCardFactory(site=site, employee=employee)
                ExportRunFactory(site=site, generated_file_name=f"{name}.csv")
                UserFactory(full_name=name)
        clients = [admin_client_for(acme.admin), admin_client_for(super_admin)]
        for client in clients:
            assert len(found_by(client, f"Zimri {count}")) >= 2
        costs.append([cost(client, f"Zimri {count}") for client in clients])
    assert costs[0] == costs[1]


# The search text


@pytest.mark.parametrize("q", ["", "   "])
def test_nothing_asked_asks_for_something(acme: Personas, q: str) -> None:
    page = admin_client_for(acme.viewer).get(FIND, {"q": q})
    assert page.status_code == 200
    assert "Enter a name" in page.content.decode()
    assert "autofocus" in page.content.decode()


@pytest.mark.parametrize("q", ["x" * (Q_LENGTH + 1), "zimri\x00"])
def test_what_can_not_be_searched_for_is_told_beside_the_field(
    acme: Personas, rows: dict[str, Any], q: str
) -> None:
    client = admin_client_for(acme.admin)
    page = client.get(FIND, {"q": q})
    assert page.status_code == 400
    assert page.context["results"] == []
    assert [*page.context["form"].errors] == ["q"]
    assert 'aria-invalid="true"' in page.content.decode()
    assert found_by(client, "x" * Q_LENGTH) == {}


def test_markup_is_only_text(acme: Personas) -> None:
    markup = "<script>alert(1)</script>"
    with acme.scope():
        EmployeeFactory(full_name=f"Zimri {markup}", external_employee_id=markup)
    page = admin_client_for(acme.viewer).get(FIND, {"q": markup}).content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "1 result" in page
    assert "<script>alert" not in page


def test_hebrew_is_found_and_told(acme: Personas) -> None:
    with acme.scope():
        EmployeeFactory(full_name="דוד לוי")
        User.objects.filter(pk=acme.viewer.pk).update(language="he")
    page = admin_client_for(acme.viewer).get(FIND, {"q": "לוי דוד"})
    assert [row.name for row in page.context["results"][0].rows] == ["דוד לוי"]
    for said in ("תוצאה אחת", "עובדים", "דוד לוי"):
        assert said in page.content.decode()


def test_the_page_is_for_those_who_are_signed_in_and_only_tells(acme: Personas) -> None:
    assert AdminClient().get(FIND, {"q": "zimri"}).status_code == 302
    client = admin_client_for(acme.admin)
    assert client.send(FIND, {"q": "zimri"}).status_code == 405
    home = client.get("/admin/").content.decode()
    assert f'action="{FIND}"' in home
