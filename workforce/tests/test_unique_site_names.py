"""Tests that visually equal names and ids are equal in the API, the admin and the import."""

from typing import Any

import pytest
from django.db import connection

from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from tests.admin_clients import admin_client_for
from tests.api_helpers import problem
from workforce import services
from workforce.identifiers import normalise_passport
from workforce.models import Employee
from workforce.tests.factories import EmployeeFactory

pytestmark = pytest.mark.server

EMPLOYEES = "/api/employees"
ADD = "/admin/workforce/employee/add/"
RIGHT_TO_LEFT = "\u200f"


def test_an_external_id_with_a_mark_of_direction_is_in_use_through_the_api(
    acme: Personas,
) -> None:
    client = client_of(acme.admin)
    body = {
        "full_name": f"Dana{RIGHT_TO_LEFT} Levi",
        "external_employee_id": f"M-1{RIGHT_TO_LEFT}",
    }
    made = client.post(EMPLOYEES, body).json()
    assert (made["full_name"], made["external_employee_id"]) == ("Dana Levi", "M-1")
    second = {"full_name": "Noa Levi", "external_employee_id": "M-1"}
    answer = client.post(EMPLOYEES, second)
    assert problem(answer) == (400, "already_in_use", "external_employee_id")
    found = client.get(EMPLOYEES, {"external_employee_id": f"M-1{RIGHT_TO_LEFT}"})
    assert [row["id"] for row in found.json()["results"]] == [made["id"]]


def test_an_external_id_with_a_mark_of_direction_is_in_use_in_the_admin(
    acme: Personas,
) -> None:
    with acme.scope():
        EmployeeFactory(external_employee_id="M-1")
    client = admin_client_for(acme.admin)
    form = {"full_name": "Noa Levi", "external_employee_id": f"M-1{RIGHT_TO_LEFT}"}
    page = client.send(ADD, form)
    assert page.status_code == 400
    assert "already in use" in page.content.decode()
    page = client.send(ADD, {**form, "external_employee_id": f"M-2{RIGHT_TO_LEFT}"})
    assert page.status_code == 302
    with acme.scope():
        assert Employee.objects.filter(external_employee_id="M-2").exists()


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (f"ab 12345{RIGHT_TO_LEFT}", "AB12345"),
        ("ab–123\u05be45\u2011", "AB12345"),
        ("ab\u200b12345", "AB12345"),
        ("aß12345", None),
        ("ıb12345", None),
        ("ﬁ12345", None),
        ("ŉ12345", None),
        ("é12345", None),
        ("ab１２３", None),
    ],
)
def test_a_passport_is_cleaned_and_other_letters_are_refused(
    acme: Personas, typed: str, stored: str | None
) -> None:
    answer = client_of(acme.admin).post(
        EMPLOYEES, {"full_name": "Dana Levi", "passport_id": typed}
    )
    if stored is None:
        assert problem(answer) == (400, "invalid", "passport_id")
    else:
        assert answer.json()["passport_id"] == stored
    assert normalise_passport(normalise_passport(typed)) == normalise_passport(typed)


def test_rows_written_past_the_services_are_cleaned_too(acme: Personas) -> None:
    with acme.scope():
        employee = EmployeeFactory(full_name="Dana\u200b  Levi", phone_number="\u202a5")
        assert (employee.full_name, employee.phone_number) == ("Dana Levi", "5")
        Employee.objects.filter(pk=employee.pk).update(full_name="Noa\u200f")
        Employee.objects.bulk_create([Employee(full_name="Gal\u200f")])
        names = {*Employee.objects.values_list("full_name", flat=True)}
        assert names == {"Noa", "Gal"}
        assert Employee.objects.get(full_name="Gal\u200e").full_name == "Gal"


def test_an_edit_leaves_stored_text_that_it_does_not_name(acme: Personas) -> None:
    """A stored id that would clash when cleaned stays unchanged, and the row can still be edited."""
    with acme.scope():
        EmployeeFactory(external_employee_id="M-1")
        other = EmployeeFactory(external_employee_id="M-2")
        _store_uncleaned(other, external_employee_id=f"M-1{RIGHT_TO_LEFT}")
        services.update_employee(
            employee_id=other.pk, values={"full_name": "Noa\u200f"}, actor=acme.admin
        )
        other.refresh_from_db()
    assert other.full_name == "Noa"
    assert other.external_employee_id == f"M-1{RIGHT_TO_LEFT}"


def _store_uncleaned(row: Any, **columns: str) -> None:
    """Write `columns` without cleaning, like rows from before text was cleaned."""
    with connection.cursor() as cursor:
        for column, text in columns.items():
            cursor.execute(
                f"UPDATE {row._meta.db_table} SET {column} = %s WHERE id = %s",
                [text, row.pk],
            )
