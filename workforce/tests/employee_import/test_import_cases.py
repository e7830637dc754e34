"""Tests of files that were once read wrongly; each is the smallest file with a kind of fault."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.tests.personas import Personas
from workforce.models import Employee
from workforce.tests.factories import EmployeeFactory

from .import_files import codes, imported, preview
from .xlsx_packages import CASES

pytestmark = pytest.mark.django_db


def case(number: str) -> bytes:
    (path,) = CASES.glob(f"{number}-*")
    return path.read_bytes()


def new(row: dict[str, Any]) -> dict[str, Any]:
    return {one["field"]: one["new"] for one in row["changes"]}


@pytest.mark.parametrize("number", ["01", "02", "08"])
def test_a_workbook_that_spreadsheet_programs_open_is_read(
    client: APIClient, number: str
) -> None:
    answer = preview(client, case(number))
    assert answer.status_code == 200, answer.content
    first, second = answer.json()["rows"]
    assert first["action"] == second["action"] == "create"
    assert new(second) == {
        "full_name": f"Test Person {number}B",
        "passport_id": f"CASE{number}0002",
        "external_employee_id": f"C{number}-2",
        "started_on": "2026-03-05",
    }


def test_an_id_that_became_a_date_is_an_error(
    acme: Personas, client: APIClient
) -> None:
    with acme.scope():
        EmployeeFactory(
            full_name="Case Sixteen Known",
            external_employee_id="3-12",
            passport_id="CASE160001",
        )
    (row,) = preview(client, case("16")).json()["rows"]
    assert (row["action"], codes(row)) == ("error", ["changed_by_spreadsheet"])
    assert row["errors"][0]["attr"] == "external_employee_id"
    assert imported(client, case("16")).status_code == 400
    with acme.scope():
        assert Employee.objects.get().external_employee_id == "3-12"


def test_first_and_last_name_are_joined_in_hebrew(client: APIClient) -> None:
    done = preview(client, case("11")).json()
    first, second = done["rows"]
    assert new(first) == {
        "full_name": "דנה כהן",
        "passport_id": "CASE110001",
        "external_employee_id": "C11-1",
        "phone_number": "+972541110001",
        "started_on": "2026-03-05",
    }
    assert new(second)["full_name"] == "Ion Popescu"
    assert done["ignored_columns"] == []


def test_first_and_last_name_and_the_headers_of_hr_programs_are_known(
    client: APIClient,
) -> None:
    done = preview(client, case("34")).json()
    (row,) = done["rows"]
    assert new(row) == {
        "full_name": "Dana Cohen",
        "external_employee_id": "B-341",
        "phone_number": "+972541340002",
        "started_on": "2026-03-05",
    }
    assert done["ignored_columns"] == ["Email"]


def test_the_encoding_of_a_western_windows_is_guessed_and_said(
    client: APIClient,
) -> None:
    done = preview(client, case("31")).json()
    (row,) = done["rows"]
    assert new(row)["full_name"] == "José Muñoz"
    assert done["read"]["encoding"] == "windows-1252"
    assert done["read"]["is_encoding_guessed"] is True


def test_a_row_with_more_cells_than_the_header_is_an_error(client: APIClient) -> None:
    (row,) = preview(client, case("32")).json()["rows"]
    assert (row["action"], codes(row)) == ("error", ["extra_cells"])
    assert "CASE320006" in row["errors"][0]["detail"]
