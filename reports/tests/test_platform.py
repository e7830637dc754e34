"""Tests of the platform dashboard: figures, search, sorting, number of queries."""

import datetime as dt
from typing import Any

import pytest
import time_machine

from accounts.models import User
from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from audit.models import AuditEvent
from businesses.models import Business
from businesses.tenancy.context import platform_scope
from businesses.tests.factories import BusinessFactory
from reports.admin.platform import format_age
from tests.admin_clients import admin_client_for
from tests.api_helpers import queries
from workcards.month_math import add_months
from workcards.tests.factories import WorkCardFactory
from workforce.tests.factories import EmployeeFactory

from .test_dashboard import attempt, populate
from .test_home import MOST_BYTES, Links

pytestmark = pytest.mark.django_db

CONSOLE = "/admin/"
LATER = dt.datetime(2026, 8, 1, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _august() -> Any:
    with time_machine.travel(LATER, tick=False):
        yield


def platform_view(user: User, **query: str) -> Any:
    response = admin_client_for(user).get(CONSOLE, query)
    assert response.status_code == 200
    return response


def names(page: Any) -> list[str]:
    return [business.name for business, _ago in page.context["rows"]]


def test_each_business_stands_with_the_figures_of_the_dashboard(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    for number, business in enumerate((acme, globex)):
        with business.scope():
            populate(number)
    attempt(acme, "cross_business_attempt")
    context = platform_view(super_admin).context
    body = client_of(super_admin).get("/api/dashboard").json()
    assert context["totals"] == body["totals"]
    for (row, _ago), one in zip(context["rows"], body["businesses"], strict=True):
        figures = [name for name in one if name not in ("id", "last_activity_at")]
        assert [getattr(row, name) for name in figures] == [one[n] for n in figures]


def test_growth_is_counted_by_month(acme: Personas, super_admin: User) -> None:
    with acme.scope():
        EmployeeFactory(started_on=dt.date(2026, 3, 31))
        EmployeeFactory(left_on=dt.date(2026, 5, 30), is_active=False)
        EmployeeFactory(is_active=False)
        for back in (1, 1, 3, 20):
            WorkCardFactory(
                unassigned=True, processing_month=add_months(dt.date(2026, 8, 1), -back)
            )
    context = platform_view(super_admin).context
    cards = {point.month: point.value for point in context["cards"].points}
    assert len(cards) == 12
    assert [*cards.values()] == [0] * 8 + [1, 0, 2, 0]
    people = [point.value for point in context["employees"].points]
    assert people == [1] * 6 + [2, 2, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", ["Acme", "Globex", "Mizhav"]),
        ("-name", ["Mizhav", "Globex", "Acme"]),
        ("-cards", ["Globex", "Acme", "Mizhav"]),
        ("cards", ["Acme", "Mizhav", "Globex"]),
        ("-last_activity_at", ["Acme", "Globex", "Mizhav"]),
        ("password", ["Acme", "Globex", "Mizhav"]),
    ],
)
def test_the_table_is_sorted_by_any_column(
    acme: Personas,
    globex: Personas,
    super_admin: User,
    sort: str,
    expected: list[str],
) -> None:
    with globex.scope():
        WorkCardFactory(unassigned=True)
    with acme.scope():
        AuditEvent.objects.create(event_type="sample")
    page = platform_view(super_admin, sort=sort)
    assert names(page) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": " GLO "}, ["Globex"]),
        ({"q": "acme"}, ["Acme"]),
        ({"q": "unknown"}, []),
        ({"show": "active"}, ["Acme", "Mizhav"]),
        ({"show": "active", "q": "glob"}, []),
        ({"show": "?"}, ["Acme", "Globex", "Mizhav"]),
        ({"q": "\x00"}, ["Acme", "Globex", "Mizhav"]),
    ],
)
def test_businesses_are_found_by_name_or_code(
    acme: Personas,
    globex: Personas,
    super_admin: User,
    query: dict[str, str],
    expected: list[str],
) -> None:
    with platform_scope("sample"):
        Business.objects.filter(pk=globex.id).update(is_active=False)
    page = platform_view(super_admin, **query)
    assert names(page) == expected
    # The figures above the table include all businesses.
    assert page.context["totals"]["businesses"] == 3


def test_one_can_act_for_each_active_business(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    with platform_scope("sample"):
        Business.objects.filter(pk=globex.id).update(is_active=False)
    links = Links(platform_view(super_admin)).found
    assert f"/admin/act_as/?business={acme.id}" in links
    assert f"/admin/act_as/?business={globex.id}" not in links
    form = admin_client_for(super_admin).get(f"/admin/act_as/?business={acme.id}")
    assert f'value="{acme.id}" selected' in form.content.decode()


def test_attempts_are_told_with_who_and_of_whom(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    assert "No cross-business attempts." in platform_view(super_admin).content.decode()
    with platform_scope("sample"):
        for number in range(7):
            AuditEvent.append_for_platform(
                business_id=acme.id,
                event_type="cross_business_conflict",
                entity_type="employee",
                actor_label=f"Clerk {number} <b>",
                metadata={"from_business_id": str(globex.id)},
            )
    page = platform_view(super_admin)
    body = page.context["attempts"]
    assert [one["event"].actor_label for one in body] == [
        f"Clerk {number} <b>" for number in (6, 5, 4, 3, 2)
    ]
    assert {(one["from"], one["event"].reached) for one in body} == {("Globex", "Acme")}
    assert "Clerk 6 &lt;b&gt;" in page.content.decode()


def test_who_acts_or_belongs_to_a_business_sees_no_console(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    for client in (
        admin_client_for(acme.admin),
        admin_client_for(super_admin, acting_for=acme.business),
    ):
        page = client.get(CONSOLE)
        assert "totals" not in page.context
        assert "Globex" not in page.content.decode()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (5, "just now"),
        (150, "2 minutes ago"),
        (3 * 3600 + 900, "3 hours ago"),
        (6 * 86400, "6 days ago"),
        (30 * 86400, "2 Jul 2026"),
    ],
)
def test_the_last_activity_is_told_roughly(seconds: int, text: str) -> None:
    assert (
        format_age(LATER - dt.timedelta(seconds=seconds)).replace("\xa0", " ") == text
    )
    assert format_age(None) == ""


def test_200_businesses_cost_what_one_does_and_come_by_pages(
    acme: Personas, super_admin: User
) -> None:
    client = admin_client_for(super_admin)
    client.get(CONSOLE)
    few = queries(lambda: client.get(CONSOLE))
    with platform_scope("sample data"):
        for number in range(200):
            BusinessFactory(business_name=f"Business of some length {number:03}")
    assert queries(lambda: client.get(CONSOLE)) == few <= 8
    page = platform_view(super_admin)
    assert len(page.content) < MOST_BYTES
    assert len(names(page)) == 50
    last = platform_view(super_admin, page="5", sort="name")
    assert len(names(last)) == 2
    assert names(platform_view(super_admin, page="99", sort="name")) == names(last)
    assert "sort=name&amp;page=4" in last.content.decode()
