"""Tests of the export: its content and permissions, and that a re-import changes nothing."""

import csv
import datetime
import io
from typing import Any

import openpyxl
import pytest
import time_machine
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from businesses.tenancy.context import platform_scope
from tests.api_helpers import problem, queries
from workforce.employee_import.employee_export import KINDS, write_csv, write_xlsx
from workforce.employee_import.file_parsing import read_table
from workforce.employee_import.row_values import person_rows
from workforce.models import Employee, Site
from workforce.tests.factories import EmployeeFactory, SiteFactory

from .import_files import EXPORT, preview

pytestmark = pytest.mark.django_db


def export(client: APIClient, kind: str = "csv", **filters: Any) -> Any:
    return client.get(EXPORT, {"type": kind, **filters})


def lines(answer: Any) -> list[list[str]]:
    assert answer.status_code == 200, answer.content
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def speaks(business: Personas, language: str) -> None:
    with platform_scope("sample"):
        business.business.language = language
        business.business.save()


@pytest.mark.parametrize("language", ["en", "he"])
def test_the_headers_are_in_the_language_of_the_business(
    acme: Personas, client: APIClient, john: Employee, language: str
) -> None:
    speaks(acme, language)
    header, person = lines(export(client))
    if language == "en":
        assert header == [
            "Full name",
            "Passport",
            "External ID",
            "Site",
            "Site code",
            "Phone",
            "Started on",
            "Left on",
            "Active",
        ]
    else:
        assert header[:3] == ["שם מלא", "דרכון", "מספר עובד"]
    assert person == [
        "John Example",
        "AB123456",
        "0012",
        "Harbour",
        "H-1",
        "",
        "2026-01-15",
        "",
        "yes" if language == "en" else "כן",
    ]


def test_a_workbook_has_text_dates_and_a_direction_and_no_formula(
    acme: Personas, client: APIClient, john: Employee
) -> None:
    speaks(acme, "he")
    with acme.scope():
        EmployeeFactory(full_name='=HYPERLINK("x")', external_employee_id="0007")
    answer = export(client, "xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    assert sheet.sheet_view.rightToLeft
    _, first, second = sheet.iter_rows()
    assert (first[0].value, first[0].data_type) == ('=HYPERLINK("x")', "s")
    assert (first[2].value, first[2].data_type) == ("0007", "s")
    assert second[6].value == datetime.datetime.fromisoformat("2026-01-15")
    assert answer["Content-Type"] == KINDS["xlsx"].content_type
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_same_employees_give_the_same_bytes(
    acme: Personas, john: Employee, kind: str
) -> None:
    with time_machine.travel("2026-03-05T21:59:00Z", tick=False):
        first = export(client_of(acme.viewer), kind)
    with time_machine.travel("2026-03-05T22:01:00Z", tick=False):
        second = export(client_of(acme.viewer), kind)
    assert first.content == second.content
    # The date in the name is the date at the business.
    assert f"employees-2026-03-05.{kind}" in first["Content-Disposition"]
    assert f"employees-2026-03-06.{kind}" in second["Content-Disposition"]


def test_the_filters_of_the_list_hold(
    acme: Personas, client: APIClient, john: Employee
) -> None:
    with acme.scope():
        EmployeeFactory(full_name="Gone Example", site=john.site, is_active=False)
        EmployeeFactory(full_name="Elsewhere Example")

    def names(**filters: Any) -> list[str]:
        return [line[0] for line in lines(export(client, **filters))[1:]]

    assert names(site_id=str(john.site_id)) == ["Gone Example", "John Example"]
    assert names(site_id=str(john.site_id), is_active="true") == ["John Example"]
    assert names(search="else") == ["Elsewhere Example"]
    assert names(ordering="-full_name")[0] == "John Example"
    assert names(passport_id="ab-123456") == ["John Example"]


@pytest.mark.parametrize(
    ("query", "code", "attr"),
    [
        ({}, "required", "type"),
        ({"type": "pdf"}, "invalid_choice", "type"),
        ({"type": "csv", "page": "2"}, "unknown_parameter", "page"),
        ({"type": "csv", "nonsense": "1"}, "unknown_parameter", "nonsense"),
        ({"type": "csv", "is_active": "maybe"}, "invalid", "is_active"),
    ],
)
def test_what_is_asked_wrongly_is_named(
    client: APIClient, query: dict[str, str], code: str, attr: str
) -> None:
    assert problem(client.get(EXPORT, query)) == (400, code, attr)


def test_other_businesses_employees_are_in_no_export(
    acme: Personas, globex: Personas, john: Employee
) -> None:
    thief = client_of(globex.admin)
    for filters in (
        {},
        {"business_id": str(acme.id)},
        {"site_id": str(john.site_id)},
        {"passport_id": "AB123456"},
    ):
        assert len(lines(export(thief, **filters))) == 1


def test_a_super_admin_says_whose_employees(
    acme: Personas, globex: Personas, super_admin: User, john: Employee
) -> None:
    with globex.scope():
        EmployeeFactory(full_name="Other Example")
    client = client_of(super_admin)
    assert problem(export(client)) == (400, "required", "business_id")
    assert problem(export(client, business_id="x")) == (400, "invalid", "business_id")
    assert [line[0] for line in lines(export(client, business_id=str(acme.id)))] == [
        "Full name",
        "John Example",
    ]
    unknown_id = "0197f3a0-5f20-7c8d-a6b3-1d9e8f7a6c54"
    assert len(lines(export(client, business_id=unknown_id))) == 1


def test_more_employees_cost_no_more_queries(
    acme: Personas, client: APIClient, site: Site
) -> None:
    def cost() -> int:
        return queries(lambda: export(client))

    with acme.scope():
        EmployeeFactory(site=site)
    few = cost()
    with acme.scope():
        EmployeeFactory.create_batch(10, site=SiteFactory())
    assert cost() == few


# Export followed by import

HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "'=1+1",
    "''=1+1",
    "'Abd al-Rahman",
    'Say "hello", twice; or|not',
    "ישראל בן־גוריון",
    'צה"ל',
    "007",
    "NULL",
    "\u200fשם",
    "1.0",
    "2026-03-05",
    "_x0041_",
    "🙂",
]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("language", ["en", "he"])
def test_what_is_exported_is_imported_unchanged(
    acme: Personas, client: APIClient, language: str, kind: str
) -> None:
    speaks(acme, language)
    with acme.scope():
        for number, text in enumerate(HOSTILE):
            EmployeeFactory(
                full_name=text,
                external_employee_id=text,
                passport_id=f"{number:07}" if number % 2 else None,
                site=SiteFactory(site_name=text, site_code=f"{number:03}"),
                phone_number="+972501234567" if number % 3 else "from 1999, ext. 7",
                started_on=datetime.date(1999, 12, 31) if number % 5 else None,
                left_on=datetime.date(2026, 3, 5) if number % 7 else None,
                is_active=bool(number % 4),
            )
        # The same number except for zeros: two employees.
        EmployeeFactory(site=None, passport_id="12345", external_employee_id="7")
        EmployeeFactory(site=None, passport_id="012345", external_employee_id="07")
    shown = preview(client, export(client, kind).content).json()
    count = len(HOSTILE) + 2
    assert shown["summary"] == {
        "create": 0,
        "update": 0,
        "unchanged": count,
        "error": 0,
    }
    assert [row["warnings"] for row in shown["rows"]] == [[]] * count


visible_text = st.text(
    st.characters(exclude_categories=("C", "Z")) | st.sampled_from(" '=+-@\"\t\n,;"),
    min_size=1,
    max_size=30,
).map(str.strip)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    names=st.lists(visible_text.filter(bool), min_size=1, max_size=8),
    language=st.sampled_from(["en", "he"]),
)
@example(names=HOSTILE, language="he")
def test_every_text_comes_back_from_csv_as_it_went(
    names: list[str], language: str
) -> None:
    people = [
        Employee(full_name=name, external_employee_id=name, passport_id="AB12345")
        for name in names
    ]
    back = [*person_rows(read_table(write_csv(people, language)))]
    assert [row.values["full_name"] for row in back] == names
    assert [row.external.text for row in back] == names


@settings(max_examples=6, deadline=None)
@given(names=st.lists(visible_text.filter(bool), min_size=1, max_size=40))
def test_every_text_comes_back_from_a_workbook_as_it_went(names: list[str]) -> None:
    people = [
        Employee(full_name=name, external_employee_id=name, passport_id="AB12345")
        for name in names
    ]
    back = [*person_rows(read_table(write_xlsx(people, "en")))]
    assert [row.values["full_name"] for row in back] == names
