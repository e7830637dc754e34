"""The rows that an export reads, and their format."""

import csv
import datetime as dt
import io
from decimal import Decimal

import pytest

from exports.export_options import ExportOptions
from exports.tests.month_fixtures import (
    ABSENT,
    EIGHT,
    draft_day,
    employee_at,
    post_day,
    site_named,
)
from exports.writers import write_days_csv
from workcards.month_rows import (
    DRAFT,
    DRAFT_CONFLICT,
    month_rows,
    read_spool,
    write_spool,
)
from workcards.tests.factories import MONTH

pytestmark = pytest.mark.django_db


def rows(**kwargs):
    return list(month_rows(MONTH, **kwargs))


def as_csv(**kwargs):
    file = io.BytesIO()
    write_days_csv(month_rows(MONTH, **kwargs), file, ExportOptions(MONTH, "en"))
    return file.getvalue()


def test_rows_come_by_site_name_employee_and_date(acme):
    with acme.scope():
        north, south = site_named("North"), site_named("South")
        zoe, ann = employee_at(north, "Zoe"), employee_at(south, "Ann")
        post_day(ann, 2, **EIGHT)
        post_day(zoe, 9, **EIGHT)
        post_day(zoe, 3, **EIGHT)
        found = rows()
    assert [(r.site_name, r.employee_name, r.work_date[-2:]) for r in found] == [
        ("North", "Zoe", "03"),
        ("North", "Zoe", "09"),
        ("South", "Ann", "02"),
    ]


def test_only_the_month_and_the_site_asked_for(acme):
    with acme.scope():
        north, south = site_named("North"), site_named("South")
        zoe = employee_at(north, "Zoe")
        post_day(zoe, 1, **EIGHT)
        post_day(zoe, 2, site=south, **EIGHT)
        assert len(rows()) == 2
        assert [r.site_name for r in rows(site_id=south.pk)] == ["South"]
        following = (MONTH + dt.timedelta(days=31)).replace(day=1)
        assert list(month_rows(following)) == []


def test_another_business_at_the_same_site_is_not_in_it(acme, globex):
    with acme.scope():
        site = site_named("Shared")
        post_day(employee_at(site, "John"), 1, **EIGHT)
    with globex.scope():
        post_day(employee_at(site, "Jane"), 1, **EIGHT)
        draft_day(employee_at(site, "Jill"), 2)
        assert [r.employee_name for r in rows()] == ["Jane"]
        assert [r.employee_name for r in rows(include_unapproved=True)] == [
            "Jane",
            "Jill",
        ]
    with acme.scope():
        assert [r.employee_name for r in rows(include_unapproved=True)] == ["John"]


def test_drafts_fill_only_the_dates_that_the_ledger_lacks(acme):
    with acme.scope():
        zoe = employee_at(site_named("North"), "Zoe")
        post_day(zoe, 1, **EIGHT)
        draft_day(zoe, 1)
        draft_day(zoe, 2)
        assert [(r.work_date[-2:], r.draft) for r in rows()] == [("01", "")]
        assert [(r.work_date[-2:], r.draft) for r in rows(include_unapproved=True)] == [
            ("01", ""),
            ("02", DRAFT),
        ]


def test_of_two_drafts_for_a_date_the_newer_card_counts_and_is_marked(acme):
    early, late = (dt.datetime(2026, 6, day, tzinfo=dt.UTC) for day in (10, 20))
    with acme.scope():
        zoe = employee_at(site_named("North"), "Zoe")
        draft_day(zoe, 2, created_at=late, total_hours=Decimal("7.50"))
        draft_day(zoe, 2, created_at=early)
        (row,) = rows(include_unapproved=True)
    assert (row.draft, row.hours) == (DRAFT_CONFLICT, "7.50")


def test_the_former_passport_stands_in_for_one_that_was_released(acme):
    with acme.scope():
        zoe = employee_at(
            site_named("North"), "Zoe", passport_id=None, former_passport_id="X123456"
        )
        post_day(zoe, 1, **EIGHT)
        (row,) = rows()
    assert row.passport_id == "X123456"


def test_the_csv_has_the_columns_and_a_byte_order_mark(acme):
    with acme.scope():
        zoe = employee_at(
            site_named("אתר צפון"),
            "זואי",
            passport_id="00123456",
            external_employee_id="007",
        )
        post_day(zoe, 1, **EIGHT)
        post_day(zoe, 2, **ABSENT)
        draft_day(zoe, 3)
        content = as_csv(include_unapproved=True)
    assert content.startswith(b"\xef\xbb\xbf")
    header, *lines = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    assert header == [
        "Month",
        "Site",
        "Employee",
        "External ID",
        "Passport",
        "Date",
        "From",
        "To",
        "Break",
        "Total Hours",
        "Status",
    ]
    person = ["2026-06", "אתר צפון", "זואי", "007", "00123456"]
    assert lines == [
        [*person, "2026-06-01", "08:00", "16:30", "30", "8.00", ""],
        [*person, "2026-06-02", "", "", "", "", "SICK"],
        [*person, "2026-06-03", "08:00", "16:30", "30", "8.00", "DRAFT"],
    ]


def test_the_same_data_gives_the_same_bytes(acme):
    with acme.scope():
        zoe = employee_at(site_named("North"), "Zoe")
        for day in (5, 1, 3):
            post_day(zoe, day, **EIGHT)
        assert as_csv() == as_csv()


def test_a_name_that_is_a_formula_reaches_the_file_as_text(acme):
    with acme.scope():
        post_day(employee_at(site_named("=1+1"), '=HYPERLINK("x")'), 1, **EIGHT)
        (_, line) = csv.reader(io.StringIO(as_csv().decode("utf-8-sig")))
    assert line[1:3] == ["'=1+1", '\'=HYPERLINK("x")']


def test_a_spool_gives_back_what_was_written(acme):
    with acme.scope():
        zoe = employee_at(site_named("North"), "Zoe")
        post_day(zoe, 1, **EIGHT)
        post_day(zoe, 2, **ABSENT)
        found = rows()
    spool = io.BytesIO()
    assert write_spool(iter(found), spool) == 2
    assert list(read_spool(spool)) == found


def test_reading_costs_one_query_whatever_the_size(acme, django_assert_num_queries):
    with acme.scope():
        site = site_named("North")
        for number in range(12):
            post_day(employee_at(site, f"Worker {number}"), 1, **EIGHT)
        with django_assert_num_queries(1):
            assert len(rows(include_unapproved=True)) == 12
