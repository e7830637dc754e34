"""Long lists: a page of hundreds of thousands of rows is as fast as a page of ten."""

import pytest
from django.contrib.admin.templatetags.admin_list import result_headers
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from accounts.tests.personas import Personas
from businesses.tenancy.bounded_paginator import BoundedPaginator
from businesses.tenancy.context import platform_scope
from workcards.models import ApprovedDay, WorkCard
from workcards.tests.factories import ApprovedDayFactory, WorkCardFactory
from workforce.models import Employee
from workforce.tests.factories import EmployeeFactory

from .admin_clients import admin_client_for

pytestmark = pytest.mark.server

EMPLOYEES = "admin:workforce_employee_changelist"


def plan_without_sorting(sql: str) -> str:
    """Return the plan of `sql` with sorting disabled.

    With few rows the planner would prefer to read and sort all.
    """
    with platform_scope("explain"), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_incremental_sort = off")
        cursor.execute(f"EXPLAIN {sql}")
        return "\n".join(line for (line,) in cursor.fetchall())


def test_a_list_counts_no_further_than_it_has_pages_for(
    acme: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoundedPaginator, "MAX_COUNT", 2)
    browser = admin_client_for(acme.admin)
    with acme.scope():
        EmployeeFactory.create_batch(2)
    whole = browser.get(reverse(EMPLOYEES)).content.decode()
    whole = " ".join(whole.split())
    assert "2 employees" in whole
    with acme.scope():
        EmployeeFactory()
    with CaptureQueriesContext(connection) as captured:
        cut = browser.get(reverse(EMPLOYEES)).content.decode()
    cut = " ".join(cut.split())
    assert "2+ employees" in cut
    (counting,) = [
        query["sql"]
        for query in captured.captured_queries
        if "COUNT(*)" in query["sql"] and "LIMIT 3" in query["sql"]
    ]
    assert "ORDER BY" not in counting


def test_beyond_its_last_page_a_long_list_has_nothing(
    acme: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoundedPaginator, "MAX_COUNT", 2)
    with acme.scope():
        EmployeeFactory.create_batch(5)
        paginator = BoundedPaginator(Employee.objects.order_by("pk"), 2)
        assert (paginator.count, paginator.num_pages, paginator.is_truncated) == (
            2,
            1,
            True,
        )


@pytest.mark.parametrize(
    ("model", "index"),
    [(WorkCard, "work_cards_newest_idx"), (ApprovedDay, "approved_days_pkey")],
    ids=["cards", "ledger"],
)
def test_a_super_admins_list_across_businesses_is_read_in_the_order_of_an_index(
    acme: Personas, super_admin: User, model: type, index: str
) -> None:
    """Before, reading and sorting took 3 seconds for all cards of 200 businesses.

    The ledger took 14 seconds.
    """
    with acme.scope():
        WorkCardFactory()
        ApprovedDayFactory()
    browser = admin_client_for(super_admin)
    name = f"admin:workcards_{model.__name__.lower()}_changelist"
    with CaptureQueriesContext(connection) as captured:
        page = browser.get(reverse(name))
    assert len(page.context["cl"].result_list) > 0
    table = model._meta.db_table  # type: ignore[attr-defined]
    (sql,) = [
        query["sql"]
        for query in captured.captured_queries
        if query["sql"].startswith(f'SELECT "{table}"."id"')
    ]
    assert index in plan_without_sorting(sql)


@pytest.mark.parametrize("model", [WorkCard, ApprovedDay], ids=["cards", "ledger"])
def test_a_super_admin_sorts_the_rows_of_one_business_and_not_those_of_all(
    acme: Personas, super_admin: User, model: type
) -> None:
    """Before, the ledger of 49 businesses took 3 seconds to sort by employee."""
    path = reverse(f"admin:workcards_{model.__name__.lower()}_changelist")
    one = {"business": str(acme.id)}
    for browser, filters, is_sorted in (
        (admin_client_for(super_admin), {}, False),
        (admin_client_for(super_admin), one, True),
        (admin_client_for(acme.admin), {}, True),
    ):
        plain = browser.get(path, filters)
        # Sort by a column in the address that the list does not offer: the employee.
        column = plain.context["cl"].list_display.index("employee")
        sorted_page = browser.get(path, {**filters, "o": str(column)})
        orders = [
            str(page.context["cl"].queryset.query.order_by)
            for page in (plain, sorted_page)
        ]
        assert (
            any(header["sortable"] for header in result_headers(plain.context["cl"]))
            is is_sorted
        )
        assert (orders[0] != orders[1]) is is_sorted
