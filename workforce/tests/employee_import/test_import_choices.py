"""Tests of previews: how the file was read, the choice of sheet and encoding, and misplaced cells."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.tests.personas import Personas
from tests.admin_clients import admin_client_for
from tests.api_helpers import problem
from workforce.employee_import.file_warnings import is_doubtful
from workforce.models import Employee

from .import_files import PREVIEW, apply, as_csv, codes, preview
from .xlsx_packages import HEAD, sheet, text, workbook

pytestmark = pytest.mark.django_db

HEADER = ("Passport", "Full name", "External ID")
IMPORT = reverse("admin:workforce_employee_import")
TWO_SHEETS = workbook(
    sheet(HEAD + '<row r="2">' + text("A2", "AB123456") + text("B2", "First") + "</row>"),
    sheet(HEAD + '<row r="2">' + text("A2", "CD123456") + text("B2", "Second") + "</row>"),
)  # fmt: skip


def look(client: APIClient, data: bytes, **choices: str) -> Any:
    body = {"file": SimpleUploadedFile("file", data), **choices}
    return client.post(PREVIEW, body, format="multipart")


def warnings(row: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["code"], one["attr"]) for one in row["warnings"]]


def test_the_preview_says_what_was_read(client: APIClient) -> None:
    data = as_csv(
        ("Our people",),
        ("מספר עובד", "Shoe size", "Full name"),
        ("7", "44", "Dana Example"),
        delimiter=";",
    )
    assert preview(client, data).json()["read"] == {
        "format": "csv",
        "sheet": None,
        "sheets": [],
        "encoding": "utf-8",
        "is_encoding_guessed": False,
        "delimiter": ";",
        "header_row": 2,
        "row_count": 1,
        "columns": [
            {"header": "מספר עובד", "field": "external_employee_id"},
            {"header": "Full name", "field": "full_name"},
        ],
        "ignored_columns": ["Shoe size"],
        "warnings": [],
    }


def test_a_sheet_is_chosen_and_applied_as_it_was_chosen(
    acme: Personas, client: APIClient
) -> None:
    found = preview(client, TWO_SHEETS).json()
    assert found["read"]["sheet"] == "Sheet1"
    assert [one["code"] for one in found["read"]["warnings"]] == ["other_sheet"]
    chosen = look(client, TWO_SHEETS, sheet="Sheet2").json()
    assert chosen["read"]["sheet"] == "Sheet2"
    assert chosen["hash"] != found["hash"]
    assert problem(apply(client, TWO_SHEETS, chosen["hash"]))[:2] == (
        409,
        "preview_stale",
    )
    done = apply(client, TWO_SHEETS, chosen["hash"], sheet="Sheet2")
    assert done.status_code == 200
    with acme.scope():
        assert Employee.objects.get().full_name == "Second"


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("José Muñoz", "windows-1252"),
        ("דנה כהן", "windows-1255"),
        ("דנה כהן", "iso-8859-8"),
        ("דנה כהן", "cp862"),
        ("Ștefan Țîrlea", "utf-16"),
        ("Łukasz Gżegżółka", "windows-1250"),
        ("Дана Иванова", "windows-1251"),
        ("Ayşe Yılmaz", "windows-1254"),
    ],
)
def test_every_encoding_can_be_chosen(
    client: APIClient, name: str, encoding: str
) -> None:
    data = as_csv(
        HEADER,
        ("AB123456", name, ""),
        encoding=encoding.replace("windows-", "cp"),
    )
    answer = look(client, data, encoding=encoding).json()
    assert answer["read"]["encoding"] == encoding
    assert answer["read"]["is_encoding_guessed"] is False
    (row,) = answer["rows"]
    assert {"field": "full_name", "old": None, "new": name} in row["changes"]


@pytest.mark.parametrize(
    ("header", "name", "codec", "guess"),
    [
        (HEADER, "José Muñoz", "cp1252", "windows-1252"),
        (HEADER, "Élodie Ångström", "cp1252", "windows-1252"),
        (HEADER, "דנה כהן", "cp1255", "windows-1255"),
        (("דרכון", "שם מלא"), "דנה כהן", "cp1255", "windows-1255"),
        (("דרכון", "שם מלא"), "José", "cp862", "cp862"),
        (HEADER, "Dana", "ascii", "utf-8"),
    ],
)
def test_the_encoding_is_guessed(
    client: APIClient, header: Any, name: str, codec: str, guess: str
) -> None:
    if codec == "cp862":
        name = "דנה כהן"
    data = as_csv(header, ("AB123456", name), encoding=codec)
    found = preview(client, data).json()["read"]
    assert (found["encoding"], found["is_encoding_guessed"]) == (
        guess,
        codec != "ascii",
    )


@pytest.mark.parametrize(
    ("choices", "data", "code", "attr"),
    [
        ({"encoding": "utf-8"}, b"Passport,Name\nAB123456,Jos\xe9\n", "invalid", "encoding"),
        ({"encoding": "latin-7"}, b"Passport,Name\nAB123456,A\n", "invalid_choice", "encoding"),
        ({"encoding": "utf-8"}, TWO_SHEETS, "invalid", "encoding"),
        ({"sheet": "People"}, b"Passport,Name\nAB123456,A\n", "invalid", "sheet"),
        ({"sheet": "People"}, TWO_SHEETS, "does_not_exist", "sheet"),
        ({"sheet": "\0"}, TWO_SHEETS, "null_characters_not_allowed", "sheet"),
    ],
)  # fmt: skip
def test_a_choice_that_does_not_fit_is_named(
    client: APIClient, choices: dict[str, str], data: bytes, code: str, attr: str
) -> None:
    assert problem(look(client, data, **choices)) == (400, code, attr)


@pytest.mark.parametrize(
    "text",
    ["Josי Muסoz", "JosÃ© MuÃ±oz", "×“× ×”", "ãðä ëäï", "Jos? Mu?oz", "????", "ֹLODIE", "a\x93b", "Jos\ufffd"],
)  # fmt: skip
def test_doubtful_text_is_found(text: str) -> None:
    assert is_doubtful(text)


@pytest.mark.parametrize(
    "text",
    ["José Muñoz", "דנה כהן", "שָׁלוֹם", 'צה"ל', "Ștefan Țîrlea", "O’Neil", "דנה (Dana)", "Dana-דנה", "Zoë", "Anne-Sophie Crépée", "Why?"],
)  # fmt: skip
def test_names_of_people_are_not_doubtful(text: str) -> None:
    assert not is_doubtful(text)


def test_doubtful_text_is_warned_of_in_its_row(client: APIClient) -> None:
    data = as_csv(HEADER, ("AB123456", "Josי Muסoz", ""), ("CD123456", "Dana", ""))
    first, second = preview(client, data).json()["rows"]
    assert first["action"] == "create"
    assert warnings(first) == [("doubtful_text", "full_name")]
    assert warnings(second) == []


def test_headers_that_are_repeated_are_skipped_and_said(client: APIClient) -> None:
    data = as_csv(HEADER, ("AB123456", "Dana", ""), HEADER, ("CD123456", "Ion", ""))
    answer = preview(client, data).json()
    assert answer["summary"] == {"create": 2, "update": 0, "unchanged": 1, "error": 0}
    repeated = answer["rows"][1]
    assert (repeated["action"], repeated["employee_id"]) == ("unchanged", None)
    assert warnings(repeated) == [("repeated_header", None)]


def test_rows_under_other_headers_are_errors(client: APIClient) -> None:
    data = as_csv(
        HEADER,
        ("AB123456", "Dana", ""),
        ("External ID", "Passport", "Full name"),
        ("12", "CD123456", "Ion"),
        HEADER,
        ("EF123456", "Ana", ""),
    )
    rows = preview(client, data).json()["rows"]
    assert [codes(row) for row in rows] == [
        [],
        ["other_header"],
        ["other_header"],
        [],
        [],
    ]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (("AB123456", "Dana", "", "more"), "extra_cells"),
        (("AB123456", "Dana", "3-Dec"), "changed_by_spreadsheet"),
        (("AB123456", "Dana", "03/12/2026"), "changed_by_spreadsheet"),
        (("AB123456", "Dana", "TRUE"), "changed_by_spreadsheet"),
        (("AB123456", "Dec-26", "7"), "changed_by_spreadsheet"),
        (("AB123456", "Dana", "1.00E+05"), "not_a_whole_number"),
    ],
)
def test_a_value_that_csv_spoilt_is_an_error(
    client: APIClient, row: tuple[str, ...], code: str
) -> None:
    (found,) = preview(client, as_csv(HEADER, row)).json()["rows"]
    assert codes(found) == [code]


def test_a_number_that_excel_must_not_change_is_read(
    acme: Personas, client: APIClient
) -> None:
    data = b'Passport,Name,External ID\nAB123456,Dana,="0012"\n'
    (row,) = preview(client, data).json()["rows"]
    new = {"field": "external_employee_id", "old": None, "new": "0012"}
    assert new in row["changes"]


def test_cells_of_a_column_without_a_header_are_errors(client: APIClient) -> None:
    data = as_csv(
        ("Passport", "", "Full name"),
        ("AB123456", "x", "Dana"),
        ("CD123456", "", "Ion"),
    )
    first, second = preview(client, data).json()["rows"]
    assert (codes(first), codes(second)) == (["extra_cells"], [])


@pytest.mark.parametrize(
    ("header", "row", "name"),
    [
        (("Passport", "Name", "Surname"), ("AB123456", "Dana", "Cohen"), "Dana Cohen"),
        (("Passport", "שם", "שם משפחה"), ("AB123456", "דנה", "כהן"), "דנה כהן"),
        (("Passport", "Last name", "Given name"), ("AB123456", "Cohen", "Dana"), "Dana Cohen"),
        (
            ("Passport", "First name", "Middle name", "Last name"),
            ("AB123456", "Dana", "R.", "Cohen"),
            "Dana R. Cohen",
        ),
        (
            ("Passport", "First name", "Full name", "Last name"),
            ("AB123456", "D.", "Dana Cohen", "C."),
            "Dana Cohen",
        ),
    ],
)  # fmt: skip
def test_names_in_parts_are_joined(
    client: APIClient, header: Any, row: Any, name: str
) -> None:
    (found,) = preview(client, as_csv(header, row)).json()["rows"]
    assert {"field": "full_name", "old": None, "new": name} in found["changes"]


def test_a_part_of_a_name_never_replaces_a_name(
    client: APIClient, john: Employee
) -> None:
    header = ("Passport", "First name", "Last name")
    data = as_csv(header, ("AB123456", "Johnny", ""), ("CD123456", "Dana", ""))
    known, new = preview(client, data).json()["rows"]
    assert known["action"] == "unchanged"
    assert new["action"] == "create"
    assert warnings(known) == warnings(new) == [("part_of_name", "last_name")]
    lone = as_csv(("Passport", "First name"), ("AB123456", "Johnny"))
    answer = preview(client, lone).json()
    assert answer["summary"]["unchanged"] == 1
    assert answer["ignored_columns"] == ["First name"]


def test_a_head_without_names_is_refused_once_if_all_are_new(
    client: APIClient, john: Employee
) -> None:
    rows = [(f"X{n:06}", "") for n in range(50)]
    new = as_csv(("Passport", "Phone"), *rows)
    assert problem(preview(client, new)) == (400, "missing_column", "file")
    known = as_csv(("Passport", "Phone"), *rows[:2], ("AB123456", ""))
    assert preview(client, known).json()["summary"]["error"] == 2
    answer = preview(client, as_csv(("Full name", "Wage"), ("Dana", "1")))
    assert problem(answer) == (400, "missing_column", "file")
    assert "“Wage”" in answer.json()["errors"][0]["detail"]


# The admin's page


def ticket_of(page: Any) -> str:
    match = re.search(r'name="ticket" value="([^"]+)"', page.content.decode())
    assert match
    return match[1]


def test_the_page_lets_choose_sheet_and_encoding(acme: Personas) -> None:
    client = admin_client_for(acme.reviewer)
    page = client.send(IMPORT, {"file": SimpleUploadedFile("x", TWO_SHEETS)})
    text = page.content.decode()
    assert "Sheet2</option>" in text
    assert "The sheet “Sheet2” has employees too." in text
    again = client.send(
        IMPORT, {"ticket": ticket_of(page), "read_again": "1", "sheet": "Sheet2"}
    )
    assert "Second" in again.content.decode()
    done = client.send(IMPORT, {"ticket": ticket_of(again)})
    assert done.status_code == 302
    with acme.scope():
        assert Employee.objects.get().full_name == "Second"

    data = as_csv(HEADER, ("EF123456", "Дана", "9"), encoding="cp1251")
    page = client.send(IMPORT, {"file": SimpleUploadedFile("x", data)})
    assert "was guessed" in page.content.decode()
    body = {"ticket": ticket_of(page), "read_again": "1"}
    again = client.send(IMPORT, {**body, "encoding": "windows-1251"})
    assert "Дана" in again.content.decode()
    rejected = client.send(IMPORT, {**body, "encoding": "utf-8"})
    assert rejected.status_code == 400
    assert "Choose another one" in rejected.content.decode()
    client.send(IMPORT, {"ticket": ticket_of(again)})
    with acme.scope():
        assert Employee.objects.filter(full_name="Дана").exists()


def test_the_encoding_can_be_chosen_with_the_file(acme: Personas) -> None:
    client = admin_client_for(acme.reviewer)
    data = as_csv(("דרכון", "שם מלא"), ("EF123456", "Дана"), encoding="utf-16-le")
    page = client.send(
        IMPORT, {"file": SimpleUploadedFile("x", data), "encoding": "utf-16-le"}
    )
    assert "Дана" in page.content.decode()
