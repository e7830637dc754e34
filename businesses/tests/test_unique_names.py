"""Tests of the names of sites and businesses, which are unique by appearance."""

import uuid
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import User
from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from businesses.models import Business
from businesses.tenancy.context import platform_scope
from businesses.tests.factories import BusinessFactory
from businesses.unique_names import KEY_LENGTH, clashing_key, keys_of, name_key
from tests.api_helpers import problem
from workforce.models import Site
from workforce.tests.factories import EmployeeFactory, SiteFactory

SITES = "/api/sites"
BUSINESSES = "/api/businesses"
IN_USE = "already_in_use"


def set_columns(row: Any, **columns: str) -> None:
    """Write `columns` to the database without cleaning."""
    assignments = ", ".join(f"{column} = %s" for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {row._meta.db_table} SET {assignments} WHERE id = %s",
            [*columns.values(), row.pk],
        )


def rename(row: Any, name: str) -> None:
    setattr(row, row.NAME, name)
    row.save(update_fields=[row.NAME])


@pytest.mark.parametrize(
    "name",
    [
        "harbour tower",
        "Harbour\u00a0 Tówer",
        "Ｈａｒｂｏｕｒ Tower",
        "Harbour\u200f Tower",
    ],
)
def test_a_site_name_that_looks_like_another_business_s_is_in_use(
    acme: Personas, globex: Personas, name: str
) -> None:
    with acme.scope():
        site = SiteFactory(site_name="Harbour Tower")
    own = client_of(acme.admin).post(SITES, {"site_name": name})
    others = client_of(globex.admin).post(SITES, {"site_name": name})
    assert problem(own) == problem(others) == (400, IN_USE, "site_name")
    assert own.json() == others.json()
    assert str(site.pk) not in others.content.decode()
    with acme.scope():
        other = SiteFactory()
    answer = client_of(acme.admin).patch(f"{SITES}/{other.pk}", {"site_name": name})
    assert problem(answer) == (400, IN_USE, "site_name")


def test_a_site_keeps_its_own_name_in_another_case(acme: Personas) -> None:
    with acme.scope():
        site = SiteFactory(site_name="Harbour Tower")
    answer = client_of(acme.admin).patch(
        f"{SITES}/{site.pk}", {"site_name": "HARBOUR TOWER"}
    )
    assert answer.json()["site_name"] == "HARBOUR TOWER"
    with acme.scope():
        assert Site.objects.get(pk=site.pk).name_key == "harbour tower"


def test_a_business_name_that_looks_like_another_is_in_use(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    body = {
        "business_name": "GLÓBEX",
        "admin": {
            "email": "new@example.com",
            "full_name": "New Admin",
            "password": "four other random words",
        },
    }
    answer = client_of(super_admin).post(BUSINESSES, body)
    assert problem(answer) == (400, IN_USE, "business_name")
    answer = client_of(acme.admin).patch(
        f"{BUSINESSES}/{acme.id}", {"business_name": "globex"}
    )
    assert problem(answer) == (400, IN_USE, "business_name")


def test_names_that_clash_keep_their_key_until_renamed_and_nobody_takes_them(
    acme: Personas, globex: Personas
) -> None:
    with acme.scope():
        first, second = SiteFactory(site_name="Cafe"), SiteFactory()
        set_columns(second, site_name="Café", name_key=clashing_key("Café", second.pk))
        second.refresh_from_db()
        second.save()
        assert second.name_key == clashing_key("Café", second.pk)
        rename(first, "Bar")
    answer = client_of(globex.admin).post(SITES, {"site_name": "CAFE"})
    assert problem(answer) == (400, IN_USE, "site_name")
    with acme.scope():
        rename(second, "Tea")
        assert second.name_key == "tea"
    answer = client_of(globex.admin).post(SITES, {"site_name": "CAFE"})
    assert answer.status_code == 201


def test_a_business_does_not_take_a_name_that_clashes_though_it_sees_no_other(
    acme: Personas,
) -> None:
    with platform_scope("test"):
        other: Business = BusinessFactory()
        set_columns(
            other, business_name="Café", name_key=clashing_key("Café", other.pk)
        )
    answer = client_of(acme.admin).patch(
        f"{BUSINESSES}/{acme.id}", {"business_name": "cafe"}
    )
    assert problem(answer) == (400, IN_USE, "business_name")


def test_the_first_of_several_names_has_the_plain_key() -> None:
    first, second, third = uuid.UUID(int=1), uuid.UUID(int=2), uuid.UUID(int=3)
    keys = keys_of([(first, "Café"), (second, "CAFE"), (third, "Bar")])
    assert keys == {first: "cafe", second: f"cafe\n{second}", third: "bar"}


def test_a_key_fits_into_an_index_whatever_the_name() -> None:
    long = "\ufdfa" * 200  # one letter that folds to eighteen
    assert len(name_key(long)) <= KEY_LENGTH + 65
    assert name_key(long) != name_key(f"{long}x")


def test_check_names_finds_nothing_among_new_rows(
    acme: Personas, capsys: pytest.CaptureFixture[str]
) -> None:
    with acme.scope():
        EmployeeFactory(full_name="Dana\u200f Levi")
    call_command("check_names")
    assert "No conflicting names or texts found." in capsys.readouterr().out


def test_check_names_lists_names_and_texts_that_look_like_others(
    acme: Personas, capsys: pytest.CaptureFixture[str]
) -> None:
    with acme.scope():
        first, second = SiteFactory(site_name="Cafe"), SiteFactory()
        set_columns(second, site_name="Café", name_key=clashing_key("Café", second.pk))
        employee = EmployeeFactory()
        set_columns(employee, external_employee_id="M-1\u200f")
    with pytest.raises(CommandError, match="2 names or texts look like another"):
        call_command("check_names")
    names, texts = capsys.readouterr().out.splitlines()
    assert names == f'sites {second.pk}: "Café" looks like {first.pk} "Cafe"'
    assert texts == (
        f"employees {employee.pk}: external_employee_id is "
        '"M-1\\u200f", and looks like "M-1"'
    )
