"""Tests of workbooks: kinds of cells, sheets, and unusual output of spreadsheet programs."""

import io
import time
import zipfile
from typing import Any

import openpyxl
import pytest

from automatehq.api.errors import Invalid
from workforce.employee_import.file_parsing import (
    Choices,
    ParsedTable,
    TableCell,
    TableRow,
    read_table,
)
from workforce.employee_import.row_values import person_rows

from .import_files import as_xlsx
from .xlsx_packages import (
    CUSTOM_DATE,
    DATE,
    ELAPSED,
    HEAD,
    PACKAGE,
    TIME,
    ZEROS,
    packed,
    rels,
    sheet,
    text,
    workbook,
)

STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
STRICT_RELATED = "http://purl.oclc.org/ooxml/officeDocument/relationships"
PERSON = '<row r="2">' + text("A2", "AB123456") + text("B2", "Dana Example") + "</row>"


def person(data: bytes, **choices: str) -> TableRow:
    (row,) = read_table(data, Choices(**choices)).rows
    return row


def cell_of(xml: str, **parts: Any) -> TableCell:
    """Return the cell under “External ID” of an employee's row."""
    row = PERSON.replace("</row>", f"{xml}</row>")
    return person(workbook(sheet(HEAD + row), **parts)).cell("external_employee_id")


def parse_error(data: bytes, **choices: str) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read_table(data, Choices(**choices))
    return caught.value


# Cells


@pytest.mark.parametrize(
    ("xml", "kind", "content"),
    [
        ("<c><v>12</v></c>", "number", "12"),
        ("<c><v>1.2E1</v></c>", "number", "12"),
        ("<c><v>12.5</v></c>", "number", "12.5"),
        ("<c><v>1e300</v></c>", "error", "1e+300"),
        ("<c><v>1234567890123456789</v></c>", "error", "1.23456789012346e+18"),
        (f'<c s="{DATE}"><v>46359</v></c>', "date", "2026-12-03"),
        (f'<c s="{CUSTOM_DATE}"><v>46359.5</v></c>', "date", "2026-12-03"),
        (f'<c s="{DATE}"><v>-1</v></c>', "error", "-1"),
        (f'<c s="{TIME}"><v>0.3125</v></c>', "time", "07:30"),
        (f'<c s="{ELAPSED}"><v>1.5</v></c>', "time", "12:00"),
        (f'<c s="{ZEROS}"><v>12</v></c>', "number", "00012"),
        ('<c t="d"><v>2026-12-03T00:00:00</v></c>', "date", "2026-12-03"),
        ('<c t="b"><v>1</v></c>', "boolean", "TRUE"),
        ('<c t="e"><v>#N/A</v></c>', "error", "#N/A"),
        ('<c t="str"><f>A1</f><v>X-1</v></c>', "text", "X-1"),
        ("<c><f>1+1</f></c>", "formula", ""),
        ("<c><f>1+1</f><v/></c>", "formula", ""),
        ("<c><f>1+1</f><v>2</v></c>", "number", "2"),
        ('<c t="str"><f>A9</f><v></v></c>', "text", ""),
        (
            '<c t="inlineStr"><is><r><t>X</t></r><r><t>-1</t></r></is></c>',
            "text",
            "X-1",
        ),
        (
            '<c t="inlineStr"><is><t>X-1</t><rPh><t>not read</t></rPh></is></c>',
            "text",
            "X-1",
        ),
        ('<c s="99"><v>7</v></c>', "number", "7"),
    ],
)
def test_a_cell_is_of_its_kind(xml: str, kind: str, content: str) -> None:
    cell = cell_of(xml)
    assert (cell.kind, cell.text) == (kind, content)


def test_a_workbook_may_count_its_days_from_1904() -> None:
    cell = cell_of(f'<c s="{DATE}"><v>44897</v></c>', properties=' date1904="1"')
    assert (cell.kind, cell.text) == ("date", "2026-12-03")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("yyyy-mm-dd", "date"),
        ("[$-409]d-mmm;@", "date"),
        ("[$-F800]dddd, mmmm dd, yyyy", "date"),
        ("mmm-yy", "date"),
        ("h:mm AM/PM", "time"),
        ("mm:ss.0", "time"),
        ("[mm]:ss", "time"),
        ('0.00 "days"', "number"),
        ("0.00E+00", "number"),
        ("#,##0_);[Red](#,##0)", "number"),
        ("General", "number"),
        ("@", "number"),
    ],
)
def test_a_custom_format_says_whether_a_number_is_a_date(code: str, kind: str) -> None:
    styles = (
        f'<numFmts><numFmt numFmtId="170" formatCode="{code.replace(chr(34), "&quot;")}"/>'
        '</numFmts><cellXfs><xf numFmtId="170"/></cellXfs>'
    )
    assert cell_of('<c s="0"><v>46359</v></c>', styles=styles).kind == kind


@pytest.mark.parametrize("kind", ["date", "time", "boolean"])
@pytest.mark.parametrize(
    "header", ["Passport", "External ID", "Full name", "Phone", "Site", "First name"]
)
def test_a_date_a_time_or_a_truth_value_is_no_text(header: str, kind: str) -> None:
    cells = {
        "date": f'<c s="{DATE}"><v>46359</v></c>',
        "time": f'<c s="{TIME}"><v>0.5</v></c>',
        "boolean": '<c t="b"><v>0</v></c>',
    }
    head = '<row r="1">' + text("A1", header)
    for reference, other in (("B1", "Passport"), ("C1", "Name"), ("D1", "Last name")):
        if other != header and (
            other != "Name" or header not in ("Full name", "First name")
        ):
            head += text(reference, other)
    data = workbook(sheet(f"{head}</row>" + f'<row r="2">{cells[kind]}</row>'))
    (row,) = person_rows(read_table(data))
    (error,) = [one for one in row.errors if one.code != "no_key"]
    assert error.code == "changed_by_spreadsheet"


def test_a_cell_is_limited_as_spreadsheets_limit_it() -> None:
    cell = cell_of(f'<c t="inlineStr"><is><t>{"x" * 32_768}</t></is></c>')
    assert cell.kind == "error"
    assert (
        cell_of(f'<c t="inlineStr"><is><t>{"x" * 32_767}</t></is></c>').kind == "text"
    )


# Shared texts


def test_only_the_shared_texts_that_cells_name_are_kept() -> None:
    strings = (
        "<si><t>X-1</t></si>"
        + "<si/>" * 100_000
        + "<si><r><t>X</t></r><r><t>-2</t></r><rPh><t>no</t></rPh></si>"
    )
    assert cell_of('<c t="s"><v>0</v></c>', strings=strings).text == "X-1"
    assert cell_of('<c t="s"><v>100001</v></c>', strings=strings).text == "X-2"
    assert cell_of('<c t="s"><v>5</v></c>', strings=strings).text == ""
    beyond = PERSON.replace("</row>", '<c t="s"><v>100002</v></c></row>')
    data = workbook(sheet(HEAD + beyond), strings=strings)
    assert parse_error(data).code == "damaged_file"


def test_rows_of_blank_shared_texts_are_blank() -> None:
    blank = "".join(
        f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(3, 12_000)
    )
    data = workbook(
        sheet(HEAD + PERSON + blank), strings="<si><t> </t></si><si><t>x</t></si>"
    )
    assert person(data).number == 2


# The package


def test_strict_namespaces_and_prefixes_are_read() -> None:
    rows = (HEAD + PERSON).replace("<", "<x:").replace("<x:/", "</x:")
    prefixed = f'<x:worksheet xmlns:x="{STRICT}"><x:sheetData>{rows}</x:sheetData></x:worksheet>'
    data = workbook(prefixed, main=STRICT, related=STRICT_RELATED)
    assert person(data).cell("full_name").text == "Dana Example"


def test_cells_and_rows_without_references_follow_each_other() -> None:
    cells = '<c t="inlineStr"><is><t>{}</t></is></c>'
    rows = "".join(
        "<row>" + "".join(map(cells.format, row)) + "</row>"
        for row in (("Passport", "Full name"), ("AB123456", "Dana Example"))
    )
    row = person(workbook(sheet(rows)))
    assert (row.number, row.cell("full_name").text) == (2, "Dana Example")


@pytest.mark.parametrize(
    "target",
    [
        "/xl/worksheets/sheet1.xml",
        "./worksheets/../worksheets/sheet1.xml",
        "WORKSHEETS/Sheet1.XML",
        "worksheets\\sheet1.xml",
    ],
)
def test_a_part_is_found_however_it_is_referred_to(target: str) -> None:
    more: dict[str, bytes | str] = {
        "xl/_rels/workbook.xml.rels": rels([("rId1", "worksheet", target)])
    }
    assert person(workbook(sheet(HEAD + PERSON), more=more)).number == 2


def test_a_workbook_may_be_anywhere_in_its_package() -> None:
    parts = zipfile.ZipFile(io.BytesIO(workbook(sheet(HEAD + PERSON))))
    moved: dict[str, bytes | str] = {
        "_rels/.rels": rels([("rId1", "officeDocument", "/book.xml")]),
        "book.xml": parts.read("xl/workbook.xml"),
        "_rels/book.xml.rels": rels([("rId1", "worksheet", "a%20sheet.xml")]),
        "a sheet.xml": parts.read("xl/worksheets/sheet1.xml"),
    }
    assert person(packed(moved)).number == 2


def test_styles_colours_and_names_are_no_business_of_a_list() -> None:
    more: dict[str, bytes | str] = {
        "docProps/core.xml": b"<not xml",
        "xl/theme/theme1.xml": b"",
        "xl/worksheets/_rels/sheet1.xml.rels": f'<Relationships xmlns="{PACKAGE}">',
    }
    styles = "<fills><fill/></fills><colors><x/></colors><cellXfs><xf/></cellXfs>"
    assert person(workbook(sheet(HEAD + PERSON), styles=styles, more=more)).number == 2


# Rows


@pytest.mark.parametrize(
    "blank",
    [
        '<row r="{}" customFormat="false" ht="12.8" hidden="false" customHeight="false" outlineLevel="0" collapsed="false"></row>',
        '<row r="{0}" spans="1:3" s="1" customFormat="1"><c r="A{0}" s="1"/><c r="B{0}" s="1"/></row>',
        '<x:row r="{}" xmlns:x="y"/>',
    ],
    ids=["LibreOffice", "Excel", "prefixed"],
)
def test_a_million_formatted_rows_without_a_value_cost_seconds(blank: str) -> None:
    rows = "".join(blank.format(n) for n in range(3, 1_048_576))
    last = '<row r="1048576">' + text("A1048576", "CD123456") + "</row>"
    data = workbook(sheet(HEAD + PERSON + rows + last))
    began = time.monotonic()
    numbers = [row.number for row in read_table(data).rows]
    assert numbers == [2, 1_048_576]
    assert time.monotonic() - began < 25  # also on a busy machine


def test_text_that_looks_like_blank_rows_is_text() -> None:
    looks = '<row r="7"></row><row r="8"></row><row r="9"></row>'
    cell = f'<c t="inlineStr"><is><t><![CDATA[{looks}]]></t></is></c>'
    assert cell_of(cell).text == looks
    row = PERSON.replace('r="2"', "")
    comment = f"<!-- {looks} --><row/><row/>"
    assert person(workbook(sheet(HEAD + comment + row))).number == 4


def test_merged_cells_below_the_first_are_errors() -> None:
    rows = HEAD + PERSON + '<row r="3">' + text("A3", "CD123456") + "</row>"
    data = workbook(
        sheet(
            rows,
            '<mergeCells><mergeCell ref="B2:B3"/><mergeCell ref="A1:C1"/></mergeCells>',
        )
    )
    first, second = person_rows(read_table(data))
    assert not first.errors
    assert [(one.code, one.attr) for one in second.errors] == [
        ("merged_cells", "full_name")
    ]


def test_cells_without_a_header_are_errors_of_their_rows() -> None:
    row = PERSON.replace("</row>", text("F2", "050-1234567") + "</row>")
    formatted = (
        '<row r="3"><c r="A3" s="1"/>' + text("B3", "X") + '<c r="H3" s="1"/></row>'
    )
    first, second = person_rows(read_table(workbook(sheet(HEAD + row + formatted))))
    assert [one.code for one in first.errors] == ["extra_cells"]
    assert second.errors == []


def test_hidden_rows_are_read_and_said() -> None:
    hidden = '<row r="3" hidden="1">' + text("A3", "CD123456") + "</row>"
    table = read_table(workbook(sheet(HEAD + PERSON + hidden)))
    assert len(table.rows) == 2
    assert [note.code for note in table.notes] == ["hidden_rows"]


# Sheets


def test_other_sheets_with_employees_are_said_and_can_be_chosen() -> None:
    other = HEAD + PERSON.replace("Dana", "Other")
    data = workbook(
        sheet(
            HEAD.replace("Passport", "Colour")
            .replace("External ID", "Size")
            .replace("Full name", "Shape")
        ),
        sheet(HEAD + PERSON),
        sheet(other),
        sheet(other),
        states=("visible", "visible", "visible", "veryHidden"),
    )
    table = read_table(data)
    assert (table.sheet, table.sheets) == ("Sheet2", ["Sheet1", "Sheet2", "Sheet3"])
    assert [note.code for note in table.notes] == ["other_sheet", "hidden_sheet"]
    assert "Sheet3" in table.notes[0].detail
    for name in ("Sheet3", "sheet3 ", "Sheet4"):
        assert person(data, sheet=name).cell("full_name").text == "Other Example"
    assert parse_error(data, sheet="Sheet1").code == "missing_column"
    missing = parse_error(data, sheet="Nope")
    assert (missing.code, missing.attr) == ("does_not_exist", "sheet")
    assert "Sheet2" in str(missing.detail)


def test_a_workbook_of_hidden_sheets_alone_has_no_rows() -> None:
    data = workbook(sheet(HEAD + PERSON), states=("hidden",))
    assert parse_error(data).code == "no_rows"
    assert person(data, sheet="Sheet1").number == 2


# Rejected files


def types(data: bytes) -> tuple[str, str]:
    error = parse_error(data)
    return error.code, str(error.detail)


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}, ".ods"),
        ({"xl/workbook.bin": b"x", "[Content_Types].xml": "<Types/>"}, ".xlsb"),
        ({"Index/Document.iwa": b"x"}, ".numbers"),
        ({"word/document.xml": "<document/>"}, ".docx"),
        ({"people.csv": "Passport"}, "archive"),
    ],
)
def test_what_is_not_supported_is_named(
    parts: dict[str, bytes | str], name: str
) -> None:
    code, detail = types(packed(parts))
    assert code == "unsupported_type"
    assert name in detail
    assert "xlsx" in detail


@pytest.mark.parametrize(
    ("data", "code", "name"),
    [
        (b"\xd0\xcf\x11\xe0" + bytes(600) + "Workbook\0".encode("utf-16-le"), "unsupported_type", ".xls"),
        (b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage\0".encode("utf-16-le"), "file_encrypted", "password"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "unsupported_type", "XML spreadsheet"),
        (b"\n<table><tr><td>Passport</td></tr></table>", "unsupported_type", "HTML"),
        (b"%PDF-1.7\n", "unsupported_type", "PDF"),
        (b'[{"passport": "AB123456"}]', "unsupported_type", "JSON"),
        (b"\x1f\x8b\x08\x00", "unsupported_type", "archive"),
    ],
)  # fmt: skip
def test_what_is_no_workbook_is_named(data: bytes, code: str, name: str) -> None:
    found, detail = types(data)
    assert (found, name in detail) == (code, True)


def test_a_file_is_damaged_only_if_it_is() -> None:
    good = workbook(sheet(HEAD + PERSON))
    assert parse_error(good[: len(good) // 2]).code == "damaged_file"
    for broken in ("<worksheet><sheetData><row>", "", "<worksheet><sheetData/>"):
        assert parse_error(workbook(broken)).code == "damaged_file"


def test_every_workbook_of_a_library_is_read_as_the_library_reads_it() -> None:
    rows: list[tuple[Any, ...]] = [
        ("Passport", "Full name", "Phone", "Started on"),
        *[(f"AB{n:06}", f"Person {n}", f"05{n:08}", None) for n in range(300)],
    ]
    data = as_xlsx(*rows)
    book = openpyxl.load_workbook(io.BytesIO(data))
    expected = [
        [str(cell or "") for cell in row]
        for row in book.worksheets[0].iter_rows(min_row=2, max_col=3, values_only=True)
    ]
    table: ParsedTable = read_table(data)
    names = ("passport_id", "full_name", "phone_number")
    assert [[row.cell(name).text for name in names] for row in table.rows] == expected
