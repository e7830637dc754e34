"""Tests of the payroll program's file: its content by profile, and its errors."""

from datetime import time
from decimal import Decimal
from typing import Any

import pytest

from accounts.tests.personas import Personas
from automatehq.api.errors import Invalid
from automatehq.text import clean_line
from exports.payroll import MAX_NAMED
from exports.preview import build_preview
from exports.profiles import Profile
from workcards.tests.factories import MONTH

from .export_files import csv_lines, made
from .factories import ExportProfileFactory
from .month_fixtures import (
    ABSENT,
    EIGHT,
    draft_day,
    employee_at,
    post_day,
    site_named,
)

pytestmark = pytest.mark.django_db
HEADER = ["Month", "Organization", "Employee ID", "Employee", "Component", "Quantity"]


def file_for(profile: Any, **kwargs: Any) -> bytes:
    return made("payroll_csv", profile=profile, **kwargs)


def test_a_row_an_employee_and_component_over_all_sites(acme: Personas) -> None:
    with acme.scope():
        north, south = site_named("North"), site_named("South")
        zoe = employee_at(north, "Zoe", external_employee_id="007")
        ann = employee_at(south, "Ann", external_employee_id="2")
        post_day(zoe, 1, **EIGHT)
        post_day(zoe, 1, site=south, **EIGHT | {"hours": Decimal("1.50")})
        post_day(zoe, 2, **ABSENT)
        post_day(zoe, 3, **ABSENT)
        post_day(ann, 1, **EIGHT | {"hours": Decimal("0.00")})
        post_day(ann, 2, **ABSENT | {"day_status": "HOLIDAY"})
        profile = ExportProfileFactory(
            organization_number="0042",
            components={"hours": "0100", "SICK": "S", "HOLIDAY": None},
        )
        lines = csv_lines(file_for(profile))
    zoes = ["2026-06", "0042", "007", "Zoe"]
    # Ann has no hours, and only an absence that the profile leaves out.
    assert lines == [HEADER, [*zoes, "0100", "9.50"], [*zoes, "S", "2"]]


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ({}, "176.33"),
        ({"decimal_separator": ",", "delimiter": ";"}, "176,33"),
        ({"hours_format": "hh:mm"}, "176:20"),
    ],
)
def test_hours_are_written_as_the_profile_says(
    acme: Personas, values: dict[str, str], written: str
) -> None:
    with acme.scope():
        profile = Profile.of(ExportProfileFactory(**values))
    assert profile.hours(Decimal("176.33")) == written


@pytest.mark.parametrize(
    ("hours", "written"),
    [("0.01", "00:01"), ("7.99", "07:59"), ("8.00", "08:00"), ("7.999", "08:00")],
)
def test_minutes_are_rounded_to_the_nearest(
    acme: Personas, hours: str, written: str
) -> None:
    with acme.scope():
        profile = Profile.of(ExportProfileFactory(hours_format="hh:mm"))
    assert profile.hours(Decimal(hours)) == written


MINUTES, ROUNDED = "sum_of_minutes", "sum_of_rounded_days"


@pytest.mark.parametrize(
    ("number", "to_time", "hours", "values", "written"),
    [
        (22, time(14, 20), "7.33", {"hours_format": "hh:mm"}, "161:20"),
        (26, time(14, 25), "7.42", {"hours_format": "hh:mm"}, "192:50"),
        (22, time(14, 20), "7.33", {}, "161.33"),
        (22, time(14, 20), "7.33", {"hours_format": "hh:mm", "totals": MINUTES}, "161:20"),
        (22, time(14, 20), "7.33", {"totals": MINUTES, "decimal_separator": ",", "delimiter": ";"}, "161,33"),
        (22, time(14, 20), "7.33", {"totals": ROUNDED}, "161.26"),
        (22, time(14, 20), "7.33", {"hours_format": "hh:mm", "totals": ROUNDED}, "161:16"),
        (26, time(14, 25), "7.42", {"totals": MINUTES}, "192.83"),
        (26, time(14, 25), "7.42", {"totals": ROUNDED}, "192.92"),
        # Typed totals, each to the nearest minute: 26 × 440.
        (26, None, "7.34", {"hours_format": "hh:mm"}, "190:40"),
        (26, None, "7.34", {"hours_format": "hh:mm", "totals": ROUNDED}, "190:50"),
    ],
)  # fmt: skip
def test_hours_are_added_as_the_profile_says(
    acme: Personas,
    number: int,
    to_time: time | None,
    hours: str,
    values: dict[str, str],
    written: str,
) -> None:
    figures = {
        "from_time": to_time and time(7),
        "to_time": to_time,
        "break_minutes": 0,
        "hours": Decimal(hours),
    }
    with acme.scope():
        zoe = employee_at(site_named("North"), "Zoe", external_employee_id="7")
        for day in range(1, number + 1):
            post_day(zoe, day, **figures)
        draft_day(zoe, 28, from_time=time(7), to_time=time(14, 20), break_minutes=0)
        profile = ExportProfileFactory(**values)
        content = file_for(profile)
        preview = build_preview(
            kind="payroll_csv", processing_month=MONTH, profile=profile
        )
    delimiter = values.get("delimiter", ",")
    _, line = csv_lines(content, delimiter=delimiter)
    assert line[5] == written
    assert preview.lines[0][5] == written
    assert Profile.of(profile).hours(preview.hours) == written


def test_a_day_that_nobody_has_approved_is_written_by_the_same_rule(
    acme: Personas,
) -> None:
    shift = {"from_time": time(7), "to_time": time(14, 20), "break_minutes": 0}
    with acme.scope():
        zoe = employee_at(site_named("North"), "Zoe", external_employee_id="7")
        draft_day(zoe, 3, total_hours=Decimal("7.33"), **shift)
        found = [
            csv_lines(
                file_for(
                    ExportProfileFactory(hours_format="hh:mm", totals=totals),
                    include_unapproved=True,
                )
            )[1][5:]
            for totals in (MINUTES, ROUNDED)
        ]
    assert found == [["07:20", "DRAFT 2026-06-03"]] * 2


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "windows-1255"])
def test_names_with_anything_in_them_are_read_back_whole(
    acme: Personas, delimiter: str, encoding: str
) -> None:
    name = clean_line(f'לוי, "דנה"{delimiter}x')  # a tab is stored as a space
    with acme.scope():
        zoe = employee_at(site_named("North"), name, external_employee_id="7")
        post_day(zoe, 1, **EIGHT)
        profile = ExportProfileFactory(delimiter=delimiter, encoding=encoding)
        content = file_for(profile)
    assert content.startswith(b"\xef\xbb\xbf") is (encoding == "utf-8-sig")
    _, line = csv_lines(content, encoding=encoding, delimiter=delimiter)
    assert line[3] == name


def test_what_a_spreadsheet_would_run_is_written_as_text(acme: Personas) -> None:
    with acme.scope():
        zoe = employee_at(site_named("North"), "\uff1dcmd()", external_employee_id="-7")
        post_day(zoe, 1, **EIGHT)
        profile = ExportProfileFactory(
            organization_number="+1", components={"hours": "@H"}
        )
        _, line = csv_lines(file_for(profile))
    assert line[1:5] == ["'+1", "'-7", "'\uff1dcmd()", "'@H"]


def test_the_former_passport_identifies_whoever_was_released(acme: Personas) -> None:
    with acme.scope():
        zoe = employee_at(
            site_named("North"), "Zoe", passport_id=None, former_passport_id="00X123"
        )
        post_day(zoe, 1, **EIGHT)
        profile = ExportProfileFactory(identifier="passport_id")
        _, line = csv_lines(file_for(profile))
    assert line[2] == "00X123"


def payroll_error(profile: Any, **kwargs: Any) -> Invalid:
    with pytest.raises(Invalid) as caught:
        file_for(profile, **kwargs)
    return caught.value


def test_everybody_without_the_identifier_is_named(acme: Personas) -> None:
    with acme.scope():
        north = site_named("North")
        for name in ("Zoe", "Ann"):
            nameless = employee_at(north, name, external_employee_id=None)
            post_day(nameless, 1, **EIGHT)
        post_day(employee_at(north, "Bob", external_employee_id="1"), 1, **EIGHT)
        sick = employee_at(north, "Sick", external_employee_id=None)
        post_day(sick, 1, **ABSENT)
        idle = employee_at(north, "Idle", external_employee_id=None)
        post_day(idle, 1, **EIGHT | {"hours": Decimal("0.00")})
        error = payroll_error(ExportProfileFactory())
    assert error.code == "missing_identifier"
    detail = error.problems[0].detail
    for name in ("Ann", "Sick", "Zoe"):
        assert name in detail
    assert "Bob" not in detail
    assert "Idle" not in detail


def test_of_very_many_some_are_named_and_the_others_counted(acme: Personas) -> None:
    with acme.scope():
        north = site_named("North")
        for number in range(MAX_NAMED + 2):
            nameless = employee_at(
                north, f"Worker {number:03}", external_employee_id=None
            )
            post_day(nameless, 1, **EIGHT)
        detail = payroll_error(ExportProfileFactory()).problems[0].detail
    assert detail.count("Worker") == MAX_NAMED
    assert "and 2 more" in detail


def test_a_name_that_the_encoding_lacks_is_named_and_never_a_question_mark(
    acme: Personas,
) -> None:
    with acme.scope():
        north = site_named("North")
        post_day(employee_at(north, "Łukasz", external_employee_id="7"), 1, **EIGHT)
        post_day(employee_at(north, "Bob", external_employee_id="8"), 1, **EIGHT)
        error = payroll_error(ExportProfileFactory(encoding="windows-1255"))
        assert file_for(ExportProfileFactory())
    assert error.code == "not_encodable"
    assert "Łukasz" in error.problems[0].detail
    assert "Bob" not in error.problems[0].detail


def test_drafts_stand_in_rows_of_their_own_and_in_no_sum(acme: Personas) -> None:
    with acme.scope():
        zoe = employee_at(site_named("North"), "Zoe", external_employee_id="7")
        post_day(zoe, 1, **EIGHT)
        draft_day(zoe, 2)
        draft_day(zoe, 3)
        draft_day(zoe, 3, total_hours=Decimal("8.50"), break_minutes=0)
        profile = ExportProfileFactory()
        approved = csv_lines(file_for(profile))
        header, *lines = csv_lines(file_for(profile, include_unapproved=True))
    assert [line[4:] for line in approved[1:]] == [["100", "8.00"]]
    assert header == [*HEADER, "Status"]
    assert [line[4:] for line in lines] == [
        ["100", "8.00", ""],
        ["100", "8.00", "DRAFT 2026-06-02"],
        ["100", "8.50", "DRAFT CONFLICT 2026-06-03"],
    ]


def test_another_business_at_the_same_site_is_not_in_it(
    acme: Personas, globex: Personas
) -> None:
    with acme.scope():
        site = site_named("Shared")
        post_day(employee_at(site, "John", external_employee_id="1"), 1, **EIGHT)
    with globex.scope():
        post_day(employee_at(site, "Jane", external_employee_id="1"), 1, **EIGHT)
        _, line = csv_lines(file_for(ExportProfileFactory()))
    assert line[3] == "Jane"
