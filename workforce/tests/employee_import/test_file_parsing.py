"""Tests of parsing: common and malicious files of employees, with the error of each rejected file."""

import datetime
import io
import itertools
import time
import zipfile
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from automatehq.api.errors import Invalid
from tests.api_helpers import problem
from workforce.employee_import import file_parsing
from workforce.employee_import.file_parsing import (
    MAX_COLUMNS,
    MAX_ROWS,
    read_table,
)
from workforce.employee_import.import_columns import (
    FIELDS,
    READ_COLUMNS,
    field_of,
    plain_header,
)

from .import_files import PREVIEW, as_csv, as_xlsx, preview

ENGLISH = ("Passport", "Full name", "Site")
HEBREW = ("דרכון", "שם מלא", "אתר")
PERSON = ("AB123456", "ישראל ישראלי", 'צה"ל, צפון')


def cells_of(data: bytes) -> list[list[str]]:
    table = read_table(data)
    return [
        [row.cell(name).text for name in ("passport_id", "full_name", "site_name")]
        for row in table.rows
    ]


def error_code(data: bytes) -> str:
    with pytest.raises(Invalid) as caught:
        read_table(data)
    assert caught.value.attr == "file"
    return caught.value.code


# Accepted files


@pytest.mark.parametrize(
    ("encoding", "delimiter", "header"),
    [
        *itertools.product(
            ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1255"),
            (",", ";", "\t", "|"),
            (ENGLISH, HEBREW),
        )
    ],
)
def test_csv_is_read_in_every_encoding_and_with_every_delimiter(
    encoding: str, delimiter: str, header: tuple[str, ...]
) -> None:
    data = as_csv(header, PERSON, encoding=encoding, delimiter=delimiter)
    assert cells_of(data) == [list(PERSON)]


def test_utf_16_of_a_big_machine_has_its_mark_the_other_way_round() -> None:
    data = b"\xfe\xff" + as_csv(HEBREW, PERSON, encoding="utf-16-be")
    assert cells_of(data) == [list(PERSON)]


def test_excels_own_line_says_the_delimiter() -> None:
    assert cells_of(b"sep=;\r\n" + as_csv(ENGLISH, PERSON, delimiter=";")) == [
        list(PERSON)
    ]


def test_cells_with_line_ends_quotes_and_delimiters_are_one_cell() -> None:
    person = ["AB123456", "a\r\nb", 'say "x", y;z']
    assert cells_of(as_csv(ENGLISH, person)) == [person]


def test_rows_are_numbered_as_a_spreadsheet_does() -> None:
    rows = [("Our people",), (), ENGLISH, PERSON, (), ("CD123456", "B", "")]
    for data in (as_csv(*rows), as_xlsx(*rows)):
        assert [row.number for row in read_table(data).rows] == [4, 6]


def test_a_workbook_gives_whole_numbers_dates_and_last_results() -> None:

    table = read_table(
        as_xlsx(
            ("Passport", "Name", "Start date"),
            (123456.0, "A", datetime.datetime.fromisoformat("2026-03-05T07:30")),
            ("=1+1", "B", datetime.date(2026, 3, 5)),
        )
    )
    first, second = table.rows
    assert first.cell("passport_id") == ("123456", "number", True)
    assert first.cell("started_on") == ("2026-03-05", "date", True)
    # A formula that was never calculated has no result.
    assert second.cell("passport_id").kind == "formula"


def test_what_a_workbook_writes_for_what_xml_can_not_is_read_as_it_was() -> None:
    strange = ("_xD800__x0000_", "Two_x000D_\nlines", "_x005F_x0041_")
    read = cells_of(as_xlsx(ENGLISH, strange))
    assert read == [["_xD800__x0000_", "Two\r\nlines", "_x0041_"]]


def test_the_sheet_with_headers_that_are_known_is_read() -> None:
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx(("Notes",), ("Nothing",))))
    sheet = book.create_sheet("People")
    sheet.append(list(ENGLISH))
    sheet.append(list(PERSON))
    hidden = book.create_sheet("Old", 0)
    hidden.append(list(ENGLISH))
    hidden.append(["OLD12345", "Old", ""])
    hidden.sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    assert cells_of(out.getvalue()) == [list(PERSON)]


def test_headers_are_known_whatever_their_capitals_spaces_and_points() -> None:
    for header in (
        "FULL  NAME",
        "full_name",
        " Full-Name: ",
        "שם־מלא",
        "Ｆｕｌｌ ｎａｍｅ",
    ):
        assert field_of(header) == "full_name"
    assert field_of('ת"ז') == field_of("תז") == field_of("ת.ז.") == "passport_id"
    assert field_of("Shoe size") is None


def test_no_header_means_two_columns() -> None:
    names = [
        plain_header(name)
        for column in READ_COLUMNS
        for name in {
            plain_header(name)
            for name in (column.field, column.english, column.hebrew, *column.also)
        }
    ]
    assert len(names) == len(set(names)) == len(FIELDS)


# Rejected files


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"\xef\xbb\xbf", "no_rows"),
        (b"\n\n\n", "no_rows"),
        (b"Passport,Name\n", "no_rows"),
        (b"Name,Site\nA,B\n", "missing_column"),
        (b"Passport,Name,ID number\nA,B,C\n", "duplicate_column"),
        ("דרכון,שם,שם\nא,ב,ג\n".encode(), "duplicate_column"),
        (b"<html><body>Passport</body></html>", "unsupported_type"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "unsupported_type"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n\x00\x01\x02", "unsupported_type"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old_or_protected_workbook"),
        (b"PK\x03\x04" + bytes(100), "damaged_file"),
        (b"Passport,Name\nAB\x00123456,A\n", "unsupported_type"),
        (b"\xff\xfeP\x00a", "unsupported_type"),
        (b'Passport,Name\nAB123456,"A\n', "damaged_file"),
        (b'Passport,Name\nAB123456,"' + b"x" * 200_000 + b'"\n', "damaged_file"),
        (b"x" * (file_parsing.MAX_FILE_BYTES + 1), "file_too_large"),
        (b"Passport,Name\n" + b"A,B\n" * (MAX_ROWS + 1), "too_many_rows"),
        (b"Passport,Name\n" + b"A,B\n" * 200_000, "too_many_rows"),
        (b"Passport," + b"x," * MAX_COLUMNS + b"Name\nA\n", "too_many_columns"),
        (b"," * (5 * 1024 * 1024) + b"x", "too_many_columns"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_no_list_of_employees_is_refused_with_its_reason(
    data: bytes, code: str
) -> None:
    assert error_code(data) == code


def test_as_many_rows_as_are_allowed_are_read() -> None:
    data = b"Passport,Name\n" + b"A,B\n" * MAX_ROWS
    assert len(read_table(data).rows) == MAX_ROWS


@pytest.mark.django_db
def test_the_api_names_the_file_and_the_limit(client: APIClient) -> None:
    answer = preview(client, b"Passport,Name\n" + b"A,B\n" * (MAX_ROWS + 1))
    assert problem(answer) == (400, "too_many_rows", "file")
    assert "10,000" in answer.json()["errors"][0]["detail"]


def test_of_several_files_none_is_read(client: APIClient) -> None:
    files = [SimpleUploadedFile(f"{n}.csv", b"Passport\n") for n in range(2)]
    answer = client.post(PREVIEW, {"file": files}, format="multipart")
    assert problem(answer) == (400, "too_many_files", "file")


def repacked(data: bytes, **parts: bytes | None) -> bytes:
    """Return a workbook with replaced parts; in their names `__` stands for `.` and `_` for `/`."""
    parts: dict[str, Any] = {
        name.replace("__", ".").replace("_", "/"): content
        for name, content in parts.items()
    }
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, content in parts.items():
            if content is not None:
                new.writestr(name, content)
    return out.getvalue()


WORKBOOK = as_xlsx(ENGLISH, PERSON)
BOMB = b"""<?xml version="1.0"?><!DOCTYPE worksheet [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">
<c r="A1" t="inlineStr"><is><t>&b;&c;</t></is></c></row></sheetData></worksheet>"""


def test_parts_that_are_not_needed_are_not_unpacked() -> None:
    zeros = bytes(101 * 1024 * 1024)
    data = repacked(WORKBOOK, xl_media_image1__png=zeros, xl_theme_theme1__xml=zeros)
    assert len(data) < 300_000
    assert cells_of(data) == [list(PERSON)]


def test_a_workbook_that_costs_more_than_its_limits_is_stopped() -> None:
    endless = b"<worksheet><sheetData><row>" + b"<c><f/></c>" * 12_000_000 + b"</row>"
    bomb = repacked(WORKBOOK, xl_worksheets_sheet1__xml=endless)
    assert len(bomb) < 400_000
    began = time.monotonic()
    assert error_code(bomb) in ("file_too_complex", "too_many_columns")
    styles = b"<styleSheet>" + b"<a/>" * 60_000_000 + b"</styleSheet>"
    assert error_code(repacked(WORKBOOK, xl_styles__xml=styles)) == "file_too_complex"
    assert time.monotonic() - began < 2 * file_parsing.READING_SECONDS


def test_a_text_that_very_many_cells_name_is_refused_before_each_has_it() -> None:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:  # stores each text once
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ENGLISH)
        for row in range(1, 1000):
            sheet.write_row(row, 0, ["ש" * 5000] * 9)
    assert len(file.getvalue()) < 50_000
    assert error_code(file.getvalue()) == "file_too_complex"


def test_entities_of_xml_are_not_followed() -> None:
    for part in ("xl_worksheets_sheet1__xml", "xl_workbook__xml", "xl_styles__xml"):
        assert error_code(repacked(WORKBOOK, **{part: BOMB})) == "damaged_file"


def test_a_workbook_without_its_parts_is_damaged_or_none() -> None:
    assert error_code(repacked(WORKBOOK, xl_workbook__xml=None)) == "damaged_file"
    plain_zip = io.BytesIO()
    with zipfile.ZipFile(plain_zip, "w") as archive:
        archive.writestr("people.csv", "Passport,Name\nAB123456,A\n")
    assert error_code(plain_zip.getvalue()) == "unsupported_type"
    assert error_code(WORKBOOK[: len(WORKBOOK) // 2]) == "damaged_file"


def test_what_a_sheet_says_of_its_size_is_not_believed() -> None:
    sheet = zipfile.ZipFile(io.BytesIO(WORKBOOK)).read("xl/worksheets/sheet1.xml")
    for dimension in (b"A1:XFD1048576", b"A1"):
        lied = sheet.replace(b"A1:C2", dimension)
        assert lied != sheet
        data = repacked(WORKBOOK, xl_worksheets_sheet1__xml=lied)
        assert cells_of(data) == [list(PERSON)]


def test_a_row_further_down_than_any_is_not_looked_for() -> None:
    sheet = zipfile.ZipFile(io.BytesIO(WORKBOOK)).read("xl/worksheets/sheet1.xml")
    far = sheet.replace(b'<row r="2"', b'<row r="2000000000"')
    assert far != sheet
    started = time.monotonic()
    data = repacked(WORKBOOK, xl_worksheets_sheet1__xml=far)
    assert error_code(data) == "file_too_complex"
    assert time.monotonic() - started < 20


def test_a_workbook_with_too_many_rows_or_columns_is_refused() -> None:
    wide = as_xlsx([*ENGLISH, *["x"] * MAX_COLUMNS], PERSON)
    assert error_code(wide) == "too_many_columns"
    long = as_xlsx(("Passport", "Name"), *[("AB123456", "A")] * (MAX_ROWS + 1))
    assert error_code(long) == "too_many_rows"
