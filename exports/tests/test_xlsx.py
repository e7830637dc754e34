"""Tests of the workbooks: their cells and layout, and that their bytes depend on the cells alone."""

import datetime as dt
import hashlib
import io
import tempfile
import zipfile
from decimal import Decimal
from typing import Any
from unittest import mock
from xml.etree import ElementTree

import openpyxl
import pytest
import time_machine

from accounts.tests.personas import Personas
from automatehq.api.errors import Invalid
from exports.export_options import ExportOptions
from exports.sheet_names import MAX_LENGTH, SheetNames
from exports.writers import WRITERS
from workcards.month_math import days_of_month
from workcards.tests.factories import MONTH

from .export_files import made, sheets, values
from .month_fixtures import (
    ABSENT,
    EIGHT,
    draft_day,
    employee_at,
    post_day,
    site_named,
)

pytestmark = pytest.mark.django_db
WORKBOOKS = ("matrix_xlsx", "summary_xlsx")


def summary(**kwargs: Any) -> list[list[Any]]:
    (rows,) = sheets(made("summary_xlsx", **kwargs)).values()
    return values(rows)


def test_the_summary_has_a_row_an_employee_over_all_sites(acme: Personas) -> None:
    with acme.scope():
        north, south = site_named("North"), site_named("South")
        zoe = employee_at(
            north, "Zoe", external_employee_id="007", passport_id="00123456"
        )
        post_day(zoe, 3, **EIGHT)
        post_day(zoe, 3, site=south, **EIGHT | {"hours": Decimal("1.25")})
        post_day(zoe, 9, **EIGHT | {"hours": Decimal("0.00")})
        post_day(zoe, 12, **ABSENT)
        post_day(employee_at(south, "Ann", external_employee_id=None), 1, **ABSENT)
        header, ann, zoes = summary()
    assert header == [
        *("Employee", "External ID", "Passport", "Sites", "Days Worked", "Hours"),
        *("Vacation", "Sick", "International Visa", "Holiday"),
        *("Cards", "First Day", "Last Day"),
    ]
    first, last = (dt.datetime(2026, 6, day) for day in (3, 12))  # noqa: DTZ001 -- as openpyxl reads dates
    assert zoes == [
        *("Zoe", "007", "00123456", "North, South", 1, 9.25),
        *(0, 1, 0, 0, 4, first, last),
    ]
    assert ann[:6] == ["Ann", None, ann[2], "South", 0, 0]


def test_hours_are_numbers_with_two_decimals_and_ids_are_text(acme: Personas) -> None:
    with acme.scope():
        zoe = employee_at(site_named("North"), "Zoe", external_employee_id="007")
        post_day(zoe, 1, **EIGHT)
        (rows,) = sheets(made("summary_xlsx")).values()
    cells = rows[1]
    assert (cells[1].data_type, cells[1].value) == ("s", "007")
    assert (cells[5].data_type, cells[5].number_format) == ("n", "0.00")
    assert cells[11].number_format == "yyyy-mm-dd"


def test_drafts_are_shown_in_the_summary_and_in_no_sum(acme: Personas) -> None:
    with acme.scope():
        zoe = employee_at(site_named("North"), "Zoe")
        post_day(zoe, 1, **EIGHT)
        draft_day(zoe, 4)
        draft_day(zoe, 5)
        draft_day(zoe, 5)
        absent = {"day_status": "SICK", "from_time": None, "to_time": None}
        draft_day(zoe, 6, **absent, total_hours=None, break_minutes=0)
        new = employee_at(site_named("South"), "New")
        draft_day(new, 4)
        header, news, zoes = summary(include_unapproved=True)
    assert header[-1] == "Draft"
    assert zoes[4:6] == [1, 8]
    assert zoes[-1] == "DRAFT 04 8.00, 06 SICK; DRAFT CONFLICT 05 8.00"
    assert news[4:] == [0, 0, 0, 0, 0, 0, 0, None, None, "DRAFT 04 8.00"]


def test_the_matrix_has_a_sheet_a_site_with_totals_both_ways(acme: Personas) -> None:
    with acme.scope():
        north, south = site_named("North"), site_named("South")
        zoe = employee_at(north, "Zoe", passport_id="00123456")
        ann = employee_at(south, "Ann")
        employee_at(south, "Idle")
        post_day(zoe, 1, **EIGHT)
        post_day(zoe, 2, **ABSENT)
        post_day(zoe, 1, site=south, **EIGHT | {"hours": Decimal("2.50")})
        post_day(ann, 1, **EIGHT)
        found = sheets(made("matrix_xlsx"))
    assert list(found) == ["North", "South"]
    of_north, of_south = map(values, found.values())
    assert of_north[0] == ["Date", "Day", "Zoe", "Total"]
    assert of_north[1] == ["Passport", None, "00123456", None]
    assert [row[0].date() for row in of_north[2:32]] == days_of_month(MONTH)
    assert of_north[2][1:] == ["Mon", 8, 8]
    assert of_north[3][1:] == ["Tue", "SICK", 0]
    assert of_north[32] == ["Total", None, 8, 8]
    assert of_north[33:] == [
        ["VACATION", None, 0, 0],
        ["SICK", None, 1, 1],
        ["INTERNATIONAL_VISA", None, 0, 0],
        ["HOLIDAY", None, 0, 0],
    ]
    assert of_south[0] == ["Date", "Day", "Ann", "Idle", "Zoe", "Total"]
    assert of_south[2][2:] == [8, None, 2.5, 10.5]
    assert of_south[32][2:] == [8, 0, 2.5, 10.5]


def test_saturdays_are_marked_in_the_whole_row(acme: Personas) -> None:
    with acme.scope():
        zoe = employee_at(site_named("North"), "Zoe")
        post_day(zoe, 6, **EIGHT)
        (rows,) = sheets(made("matrix_xlsx")).values()
    marked = {
        row[1].value for row in rows[2:32] if all(c.fill.fgColor.rgb == "FFD9D9D9" for c in row)
    }  # fmt: skip
    plain = {row[1].value for row in rows[2:32] if not row[2].fill.fill_type}
    assert (marked, len(plain)) == ({"Sat"}, 6)


def test_a_printed_matrix_has_the_whole_month_and_its_dates_on_each_page(
    acme: Personas,
) -> None:
    with acme.scope():
        north = site_named("North")
        for number in range(30):
            employee_at(north, f"Worker {number}")
        content = made("matrix_xlsx")
    (sheet,) = openpyxl.load_workbook(io.BytesIO(content))
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    # One page high, also the default of a workbook without this value; as wide as its employees need.
    assert sheet.page_setup.fitToHeight in (1, None)
    assert sheet.page_setup.fitToWidth == 0
    assert (sheet.print_title_cols, sheet.print_title_rows) == ("$A:$B", "$1:$2")


def test_drafts_are_text_in_the_matrix_and_in_no_total(acme: Personas) -> None:
    with acme.scope():
        zoe = employee_at(site_named("North"), "Zoe")
        post_day(zoe, 1, **EIGHT)
        draft_day(zoe, 2)
        draft_day(zoe, 3)
        draft_day(zoe, 3)
        (rows,) = sheets(made("matrix_xlsx", include_unapproved=True)).values()
    found = values(rows)
    assert [row[2] for row in found[2:5]] == [8, "8.00 DRAFT", "8.00 DRAFT CONFLICT"]
    assert found[32][2:] == [8, 8]


@pytest.mark.parametrize("kind", WORKBOOKS)
@pytest.mark.parametrize(("language", "from_right"), [("he", True), ("en", False)])
def test_sheets_of_a_hebrew_business_are_read_from_the_right(
    acme: Personas, kind: str, language: str, from_right: bool
) -> None:
    with acme.scope():
        post_day(employee_at(site_named("אתר צפון"), "זואי לוי"), 1, **EIGHT)
        content = made(kind, language=language)
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert bool(book.active.sheet_view.rightToLeft) is from_right
    assert "זואי לוי" in str([cell for row in book.active.values for cell in row])


@pytest.mark.parametrize("kind", WORKBOOKS)
def test_a_month_without_a_day_gives_a_workbook_that_opens(
    acme: Personas, kind: str
) -> None:
    with acme.scope():
        found = sheets(made(kind))
    assert len(found) == 1


HOSTILE = (
    "=1+1",
    '=HYPERLINK("http://x","y")',
    "{=1}",
    "http://example.com",
    "mailto:a@b.c",
    "internal:Sheet1!A1",
    "00123",
    "1e5",
    "+1",
    "@x",
    "<a>&amp;</a>",
    "\x01\x02",
    "\ufffe",
    "'",
    "😀" * 40,
    "]]>",
)


@pytest.mark.parametrize("kind", WORKBOOKS)
@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_text_stays_text_whatever_it_looks_like(
    acme: Personas, kind: str, name: str
) -> None:
    with acme.scope():
        post_day(employee_at(site_named(name), name), 1, **EIGHT)
        content = made(kind)
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        for part in parts.namelist():
            tree = ElementTree.fromstring(parts.read(part))
            tags = {element.tag.rpartition("}")[2] for element in tree.iter()}
            assert not tags & {"f", "hyperlink"}
    cells = [cell for rows in sheets(content).values() for row in rows for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    if name.isprintable():
        assert [cell.data_type for cell in cells if cell.value == name][:1] == ["s"]


@pytest.mark.parametrize("kind", WORKBOOKS)
def test_the_same_data_give_the_same_bytes_whenever_they_are_written(
    acme: Personas, kind: str
) -> None:
    with acme.scope():
        for number, name in enumerate(("Zoe", "Ann")):
            person = employee_at(site_named(f"Site {number}"), name)
            post_day(person, 1, **EIGHT)
        hashes = set()
        for moment in ("2026-07-01 08:00:01", "2026-07-01 08:07:44", "2031-01-31"):
            with time_machine.travel(moment):
                hashes.add(hashlib.sha256(made(kind)).hexdigest())
    assert len(hashes) == 1


@pytest.mark.parametrize("kind", WORKBOOKS)
def test_a_file_that_fails_half_way_leaves_nothing_behind(
    tmp_path: Any, kind: str
) -> None:
    def broken() -> Any:
        yield from ()
        raise ZeroDivisionError

    with mock.patch.object(tempfile, "tempdir", str(tmp_path)):
        file = io.BytesIO()
        with pytest.raises(ZeroDivisionError):
            WRITERS[kind].write(broken(), file, ExportOptions(MONTH, "en"))
    assert file.getvalue() == b""
    assert not list(tmp_path.iterdir())


def test_a_sheet_with_more_employees_than_columns_is_refused(
    acme: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exports.matrix_workbook.MAX_COLUMNS", 5)
    with acme.scope():
        north = site_named("North")
        for name in ("A", "B", "C"):
            post_day(employee_at(north, name), 1, **EIGHT)
        with pytest.raises(Invalid, match="North"):
            made("matrix_xlsx")


# Names of sheets


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("North", "North"),
        ("a[b]c:d*e?f/g\\h", "a b c d e f g h"),
        ("'North'", "North"),
        ("", "Site"),
        ("***", "Site"),
        ("History", "History (2)"),
        ("x" * 40, "x" * 31),
        ("x" * 30 + "😀", "x" * 30),
        ("x" * 30 + " y", "x" * 30),
        ("x" * 30 + "'y", "x" * 30),
        ("אתר", "אתר"),
    ],
    ids=ascii,
)
def test_a_site_is_called_as_a_sheet_may_be(title: str, name: str) -> None:
    assert SheetNames().take(title) == name


def test_no_two_sheets_have_one_name_whatever_the_case() -> None:
    names = SheetNames()
    taken = [names.take(name) for name in ("North", "NORTH", "north (2)", "x" * 31, "X" * 32)]  # fmt: skip
    assert taken == ["North", "NORTH (2)", "north (2) (2)", "x" * 31, "X" * 27 + " (2)"]
    assert all(len(name) <= MAX_LENGTH for name in taken)
