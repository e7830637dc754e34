"""Tests of the commands `tenancy_proof` and `tenancy_roles`."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import override_settings

from accounts.tests.personas import Personas
from workforce.tests.factories import EmployeeFactory

pytestmark = pytest.mark.django_db


def printed(*arguments: str) -> str:
    output = StringIO()
    call_command(*arguments, stdout=output)
    return output.getvalue()


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_clean_proof_says_what_was_compared() -> None:
    text = printed("tenancy_proof")
    assert text.startswith("The database isolates businesses as declared.")
    assert "policies: " in text


def test_a_fault_is_a_sentence_and_an_error() -> None:
    sql("ALTER TABLE employees NO FORCE ROW LEVEL SECURITY; CREATE TABLE notes ()")
    with pytest.raises(CommandError) as error:
        printed("tenancy_proof")
    assert error.value.returncode == 1
    assert len(str(error.value).splitlines()) == 2


def test_a_database_that_is_behind_is_not_proven() -> None:
    sql("DELETE FROM django_migrations WHERE app = 'workcards'")
    with pytest.raises(CommandError, match=r"Run `manage\.py migrate`"):
        printed("tenancy_proof")
    with pytest.raises(CommandError, match=r"Run `manage\.py migrate`"):
        printed("tenancy_roles", "--repair")


def test_counts_name_each_business_and_table(acme: Personas, globex: Personas) -> None:
    with globex.scope():
        EmployeeFactory.create_batch(3)
    lines = [line.split() for line in printed("tenancy_proof", "--counts").splitlines()]
    assert ["Acme", "users", "4"] in lines
    assert ["Globex", "employees", "3"] in lines
    assert not any(line[:2] == ["Acme", "employees"] for line in lines)


def test_roles_that_are_there_are_reported() -> None:
    assert "has both roles" in printed("tenancy_roles")


@override_settings(TENANCY_PLATFORM_ROLE="nobody_made_me")
def test_roles_that_are_missing_are_named_with_what_to_do() -> None:
    for command in (["tenancy_roles"], ["tenancy_roles", "--repair"]):
        with pytest.raises(CommandError, match="nobody_made_me does not exist") as no:
            printed(*command)
        assert "tenancy_roles --sql" in str(no.value)
    assert 'CREATE ROLE "nobody_made_me" NOLOGIN' in printed("tenancy_roles", "--sql")


@override_settings(
    TENANCY_TENANT_ROLE='od"d tenant', TENANCY_PLATFORM_ROLE="o'dd platform"
)
def test_odd_names_are_quoted() -> None:
    text = printed("tenancy_roles", "--sql")
    assert 'CREATE ROLE "od""d tenant" NOLOGIN' in text
    assert "'o''dd platform'" in text


def test_repair_makes_the_sign_in_function_anew(acme: Personas) -> None:
    sql("DROP FUNCTION account_lookup(text)")
    with pytest.raises(CommandError, match="The function account_lookup is missing"):
        printed("tenancy_proof")
    printed("tenancy_roles", "--repair")
    assert "as declared" in printed("tenancy_proof")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT user_id, business_id FROM users_of_account(account_lookup(%s))",
            [acme.admin.email],
        )
        assert cursor.fetchone() == (acme.admin.pk, acme.id)
