"""Tests of the result of a row: a new employee, a change, no change, or an error with its reason."""

import datetime
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.tests.personas import Personas
from workforce.models import Employee, Site
from workforce.tests.factories import (
    EmployeeFactory,
    SiteFactory,
    SiteSettingsFactory,
)

from .import_files import as_csv, as_xlsx, codes, imported, preview

pytestmark = pytest.mark.django_db

KEYED = ("Passport", "External ID", "Full name")


def rows(client: APIClient, *table: Any, xlsx: bool = False) -> list[Any]:
    answer = preview(client, (as_xlsx if xlsx else as_csv)(*table))
    assert answer.status_code == 200, answer.content
    found: list[Any] = answer.json()["rows"]
    return found


def row(client: APIClient, header: Any, cells: Any, *, xlsx: bool = False) -> Any:
    (found,) = rows(client, header, cells, xlsx=xlsx)
    return found


def changed(found: Any) -> dict[str, tuple[Any, Any]]:
    return {one["field"]: (one["old"], one["new"]) for one in found["changes"]}


def warned(found: Any) -> list[str]:
    return [problem["code"] for problem in found["warnings"]]


# Matching


@pytest.mark.parametrize(
    ("passport", "external"),
    [
        ("ab-123 456", ""),
        ("", "0012"),
        (" AB123456 ", "0012"),
        ("\u200fAB123456\u200e", ""),
    ],
)
def test_somebody_is_known_by_passport_or_external_id(
    client: APIClient, john: Employee, passport: str, external: str
) -> None:
    found = row(client, KEYED, (passport, external, ""))
    assert (found["action"], found["employee_id"]) == ("unchanged", str(john.pk))
    assert found["row"] == 2


def test_a_name_is_never_enough(client: APIClient, john: Employee) -> None:
    found = row(client, KEYED, ("", "", "John Example"))
    assert codes(found) == ["no_key"]
    assert row(client, KEYED, ("XY123456", "", "John Example"))["action"] == "create"


def test_keys_of_two_people_are_an_error(
    acme: Personas, client: APIClient, john: Employee
) -> None:
    with acme.scope():
        EmployeeFactory(passport_id="CD123456", external_employee_id="13")
    found = row(client, KEYED, ("AB123456", "13", ""))
    assert (found["action"], codes(found)) == ("error", ["two_people"])
    assert found["employee_id"] is None


def test_a_key_that_was_blank_is_filled_in(
    acme: Personas, client: APIClient, john: Employee
) -> None:
    with acme.scope():
        EmployeeFactory(passport_id=None, external_employee_id="13")
        EmployeeFactory(passport_id="CD123456", external_employee_id=None)
    first, second = rows(client, KEYED, ("EF1234", "13", ""), ("CD123456", "14", ""))
    assert changed(first) == {"passport_id": (None, "EF1234")}
    assert changed(second) == {"external_employee_id": (None, "14")}


def test_another_passport_of_a_known_external_id_is_a_change_with_a_warning(
    client: APIClient, john: Employee
) -> None:
    found = row(client, KEYED, ("EF1234", "0012", ""))
    assert changed(found) == {"passport_id": ("AB123456", "EF1234")}
    assert warned(found) == ["passport_changes"]


@pytest.mark.parametrize("xlsx", [True, False])
def test_a_number_that_has_lost_its_zeros_is_the_same_with_a_warning(
    acme: Personas, client: APIClient, john: Employee, xlsx: bool
) -> None:
    with acme.scope():
        jane = EmployeeFactory(passport_id="012345678", external_employee_id=None)
    first, second = rows(
        client, KEYED, ("", 12, "John Example"), (12345678, "", ""), xlsx=xlsx
    )
    assert [first["action"], second["action"]] == ["unchanged", "unchanged"]
    assert [first["employee_id"], second["employee_id"]] == [str(john.pk), str(jane.pk)]
    assert warned(first) == warned(second) == ["leading_zeros"]


def test_text_with_other_zeros_is_somebody_else(
    client: APIClient, john: Employee
) -> None:
    found = row(client, KEYED, ("", "12", "New One"), xlsx=True)
    assert found["action"] == "create"


def test_a_number_with_zeros_that_several_have_is_an_error(
    acme: Personas, client: APIClient, john: Employee
) -> None:
    with acme.scope():
        EmployeeFactory(external_employee_id="012")
    found = row(client, KEYED, ("", 12, ""), xlsx=True)
    assert codes(found) == ["leading_zeros"]


def test_zeros_do_not_give_somebody_another_passport(
    client: APIClient, john: Employee
) -> None:
    found = row(client, KEYED, ("EF1234", 12, ""), xlsx=True)
    assert codes(found) == ["two_people"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("AB123456", "", ""), ("", "0012", "")),
        (("EF1234", "", "A"), ("ef-12 34", "", "A")),
        (("", "77", "A"), ("EF1234", "77", "B")),
    ],
)
def test_two_rows_about_the_same_person_are_both_errors(
    client: APIClient, john: Employee, first: Any, second: Any
) -> None:
    found = rows(client, KEYED, first, second, ("GH1234", "", "C"))
    assert [codes(one) for one in found] == [["same_person"], ["same_person"], []]
    assert found[0]["errors"][0]["detail"].endswith("3.")


def test_other_businesses_external_ids_mean_nobody(
    client: APIClient, globex: Personas
) -> None:
    with globex.scope():
        EmployeeFactory(external_employee_id="99", passport_id=None)
    assert row(client, KEYED, ("", "99", "New One"))["action"] == "create"


# Written values


def test_somebody_new_has_what_the_row_says(
    acme: Personas, client: APIClient, site: Site
) -> None:
    header = (*KEYED, "Site", "Phone", "Start date", "End date")
    cells = ("ef-12 34", "7", " New   One ", "harbour", "050-123-4567", "5/3/2026", "")
    done = imported(client, as_csv(header, cells)).json()
    (found,) = done["rows"]
    assert done["summary"] == {"create": 1, "update": 0, "unchanged": 0, "error": 0}
    assert changed(found) == {
        "site": (None, "Harbour"),
        "full_name": (None, "New One"),
        "passport_id": (None, "EF1234"),
        "external_employee_id": (None, "7"),
        "phone_number": (None, "+972501234567"),
        "started_on": (None, "2026-03-05"),
    }
    with acme.scope():
        new = Employee.objects.get()
    assert str(new.pk) == found["employee_id"]
    assert (new.full_name, new.passport_id, new.site_id) == (
        "New One",
        "EF1234",
        site.pk,
    )
    assert new.is_active
    assert new.started_on == datetime.date(2026, 3, 5)


def test_blank_cells_erase_nothing_and_columns_may_be_missing(
    acme: Personas, client: APIClient, john: Employee
) -> None:
    header = ("Passport", "Full name", "Site", "Start date", "External ID")
    done = imported(client, as_csv(header, ("AB123456", "Johnny", " ", "", "\u200f")))
    assert changed(done.json()["rows"][0]) == {"full_name": ("John Example", "Johnny")}
    before, site_id = john.updated_at, john.site_id
    with acme.scope():
        john.refresh_from_db()
    assert john.full_name == "Johnny"
    assert (john.external_employee_id, john.site_id) == ("0012", site_id)
    assert john.started_on == datetime.date(2026, 1, 15)
    assert john.updated_at > before


@pytest.mark.parametrize(
    "written", ["2026-03-05", "05/03/2026", "5/3/2026", "05.03.2026", "\u200e5.3.2026"]
)
def test_dates_are_read_as_people_write_them_here(
    client: APIClient, john: Employee, written: str
) -> None:
    found = row(client, ("Passport", "Started on"), ("AB123456", written))
    assert changed(found) == {"started_on": ("2026-01-15", "2026-03-05")}


def test_an_inactive_employee_stays_inactive_and_an_active_one_active(
    acme: Personas, client: APIClient, john: Employee
) -> None:
    with acme.scope():
        EmployeeFactory(passport_id="CD123456", is_active=False)
    found = rows(
        client,
        ("Passport", "Active", "Name"),
        ("AB123456", "no", ""),
        ("CD123456", "כן", ""),
        ("EF123456", "no", "New One"),
        ("GH123456", "yes", "New Two"),
    )
    assert [warned(one) for one in found] == [["activity_stays"]] * 3 + [[]]
    assert [one["action"] for one in found] == ["unchanged"] * 2 + ["create"] * 2


def test_columns_that_are_not_known_are_named(client: APIClient) -> None:
    data = as_csv(("Passport", "Name", "Shoe size", ""), ("EF1234", "A", "44", "x"))
    assert preview(client, data).json()["ignored_columns"] == ["Shoe size"]


# Errors of a row


@pytest.mark.parametrize(
    ("header", "cells", "code", "attr"),
    [
        ("Name", "", "required", "full_name"),
        ("Name", "x" * 201, "max_length", "full_name"),
        ("Phone", "12", "invalid_phone", "phone_number"),
        ("Start date", "31/02/2026", "invalid", "started_on"),
        ("Start date", "yesterday", "invalid", "started_on"),
        ("Start date", "46000", "invalid", "started_on"),
        ("Site", "Nowhere", "does_not_exist", "site_name"),
        ("Site code", "N-1", "does_not_exist", "site_code"),
    ],
)
def test_a_cell_that_can_not_be_right_is_named(
    client: APIClient, header: str, cells: str, code: str, attr: str
) -> None:
    names = ("Passport", header) if header == "Name" else ("Passport", "Name", header)
    values = ("EF1234", cells) if header == "Name" else ("EF1234", "A", cells)
    (error,) = row(client, names, values)["errors"]
    assert (error["code"], error["attr"]) == (code, attr)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("AB!", "invalid"),
        ("A1", "invalid"),
        ("...", "invalid"),
        ("A" * 16, "max_length"),
        ("3.05E+08", "not_a_whole_number"),
    ],
)
def test_a_passport_that_is_none_is_an_error(
    client: APIClient, cell: str, code: str
) -> None:
    assert code in codes(row(client, KEYED, (cell, "", "A")))


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (12345678.5, "not_a_whole_number"),
        (-12345678, "not_a_whole_number"),
        (1234567890123456789, "cell_error"),
        ("=NA()", "formula_without_result"),
    ],
)
def test_what_a_spreadsheet_has_spoilt_is_an_error(
    client: APIClient, cell: Any, code: str
) -> None:
    assert codes(row(client, KEYED, (cell, "", "A"), xlsx=True)) == [code]


def test_nobody_leaves_before_they_started(client: APIClient, john: Employee) -> None:
    found = row(client, ("Passport", "Left on"), ("AB123456", "2025-12-31"))
    assert [(one["code"], one["attr"]) for one in found["errors"]] == [
        ("before_start", "left_on")
    ]


# Sites


def test_name_and_code_are_of_one_site(
    acme: Personas, client: APIClient, site: Site
) -> None:
    with acme.scope():
        SiteFactory(site_name="Quay", site_code="Q-1")
    header = ("Passport", "Name", "Site", "Site code")
    found = rows(
        client,
        header,
        ("EF1234", "A", "Harbour", "H-1"),
        ("GH1234", "B", "Harbour", "Q-1"),
    )
    assert [codes(one) for one in found] == [[], ["two_sites"]]


@pytest.mark.parametrize("state", ["inactive", "hidden"])
def test_nobody_comes_to_a_site_that_is_shut_but_who_is_there_stays(
    acme: Personas, client: APIClient, john: Employee, site: Site, state: str
) -> None:
    with acme.scope():
        moved = EmployeeFactory(site=SiteFactory(site_name="Quay"))
        if state == "inactive":
            site.is_active = False
            site.save()
        else:
            SiteSettingsFactory(site=site, is_hidden=True)
    header = ("Passport", "Name", "Site")
    found = rows(
        client,
        header,
        ("AB123456", "Johnny", "Harbour"),
        (moved.passport_id, "", "Harbour"),
        ("EF1234", "New One", "Harbour"),
    )
    shut = [f"site_{state}"]
    assert [codes(one) for one in found] == [[], shut, shut]


def test_what_another_business_hides_is_its_own_affair(
    globex: Personas, client: APIClient, site: Site
) -> None:
    with globex.scope():
        SiteSettingsFactory(site=site, is_hidden=True)
    assert (
        codes(row(client, ("Passport", "Name", "Site"), ("EF1234", "A", "Harbour")))
        == []
    )
