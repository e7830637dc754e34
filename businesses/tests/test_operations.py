"""Tests of the migration operations and the composite key, forwards and backwards."""

from contextlib import nullcontext
from importlib import import_module
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.special import RunPython
from django.db.migrations.writer import MigrationWriter
from django.test import override_settings
from django.test.utils import isolate_apps

from accounts.models import User
from accounts.tests.personas import Personas
from businesses.tenancy.constraints import TenantForeignKeyConstraint
from businesses.tenancy.context import business_scope, platform_scope
from businesses.tenancy.database_roles import tenant_role
from businesses.tenancy.definer_functions import (
    DEFINER_FUNCTIONS,
    fields_in_use,
    values_in_use,
)
from businesses.tenancy.models import TenantModel
from businesses.tenancy.operations import (
    DropKeyIndex,
    IsolateTenantTable,
    ReplaceDefinerFunctions,
    RequireDatabaseRoles,
    ShareTable,
    TenantRunPython,
)
from businesses.tenancy.verification import verify_database
from workforce.models import Employee
from workforce.tests.factories import EmployeeFactory, SiteFactory

from .samples import execute

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def historical() -> Any:
    """Return the models as migrations know them, after all migrations."""
    return MigrationLoader(None).project_state()


def forwards(
    operation: Operation, historical: Any, app_label: str = "workforce"
) -> None:
    with connection.schema_editor() as editor:
        operation.database_forwards(app_label, editor, historical, historical)


def backwards(
    operation: Operation, historical: Any, app_label: str = "workforce"
) -> None:
    with connection.schema_editor() as editor:
        operation.database_backwards(app_label, editor, historical, historical)


# Isolation


@pytest.mark.parametrize(
    ("operation", "app_label", "table"),
    [
        (IsolateTenantTable("Employee"), "workforce", "employees"),
        (ShareTable("Site"), "workforce", "sites"),
        (IsolateTenantTable("Business", "businesses"), "businesses", "businesses"),
        (IsolateTenantTable("AuditEvent", "trail"), "audit", "audit_events"),
    ],
    ids=["tenant", "shared", "businesses", "trail"],
)
def test_isolation_can_be_undone_and_done_again(
    operation: Operation, app_label: str, table: str, historical: Any
) -> None:
    backwards(operation, historical, app_label)
    assert execute(
        "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass",
        table,
    ) == (False, False)
    assert execute(
        "SELECT count(*) FROM pg_policy WHERE polrelid = %s::regclass", table
    ) == (0,)
    assert verify_database(connection).faults
    forwards(operation, historical, app_label)
    assert verify_database(connection).faults == []


def test_isolation_waits_for_constraints_that_are_not_checked_yet(
    acme: Personas, historical: Any
) -> None:
    """Data and isolation may be in one transaction.

    Otherwise PostgreSQL would reject it because of "pending trigger events".
    """
    with acme.scope():
        EmployeeFactory()
    for act in (backwards, forwards):
        with acme.scope():
            execute("SET CONSTRAINTS ALL DEFERRED")
            Employee.objects.update(full_name="Pending")
        act(IsolateTenantTable("Employee"), historical)


# Indexes of keys


def key_and_indexes() -> tuple[Any, list[Any]]:
    """Return the key from employees to businesses, and the indexes of the business alone.

    The key is the number that PostgreSQL gives it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT oid FROM pg_constraint WHERE contype = 'f' AND conrelid = 'employees'::regclass "
            "AND confrelid = 'businesses'::regclass"
        )
        keys = cursor.fetchall()
        cursor.execute(
            "SELECT indexname FROM pg_indexes WHERE tablename = 'employees' AND indexdef LIKE '%(business_id)'"
        )
        return keys, cursor.fetchall()


def test_a_keys_index_goes_and_comes_back_and_the_key_stays() -> None:
    operation = DropKeyIndex("Employee", "business")
    before = MigrationLoader(None).project_state([("workforce", "0005_isolation")])
    after = before.clone()
    operation.state_forwards("workforce", after)
    assert before.models["workforce", "employee"].fields["business"].db_index
    assert not after.models["workforce", "employee"].fields["business"].db_index
    key, indexes = key_and_indexes()
    assert (len(key), indexes) == (1, [])
    with connection.schema_editor() as editor:
        operation.database_backwards("workforce", editor, after, before)
    # Under the name that Django gives it and looks for.
    assert key_and_indexes() == (key, [("employees_business_id_dc0d96f7",)])
    with connection.schema_editor() as editor:
        operation.database_forwards("workforce", editor, before, after)
    assert key_and_indexes() == (key, [])


# Policies in other words, with the same meaning


def words_of_policies() -> dict[tuple[str, str], tuple[str | None, str | None]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename, policyname, qual, with_check FROM pg_policies"
        )
        return {(row[0], row[1]): (row[2], row[3]) for row in cursor.fetchall()}


def test_policies_are_given_the_words_of_before_and_the_new_ones_again(
    historical: Any,
) -> None:
    declared = words_of_policies()
    (reword,) = (
        import_module("businesses.migrations.0004_policies_once_a_statement")
        .Migration("0004", "businesses")
        .operations
    )
    backwards(reword, historical)
    before = words_of_policies()
    changed = {name for name, words in before.items() if words != declared[name]}
    # Tables of later migrations have had the present words from the start.
    tables = {
        historical.apps.get_model(label)._meta.db_table
        for labels in reword.tables.values()
        for label in labels
    }
    assert changed == {
        name
        for name, words in declared.items()
        if name[0] in tables and "SELECT (CURRENT_USER" in str(words)
    }
    assert before["sites", "tenant_reads_all"] == (
        f"(CURRENT_USER = '{tenant_role()}'::name)",
        None,
    )
    forwards(reword, historical)
    assert words_of_policies() == declared


@pytest.mark.parametrize(
    ("scope", "table"),
    [("tenant", "sites"), ("platform", "work_cards"), ("platform", "businesses")],
)
def test_who_reads_is_asked_once_a_statement(
    acme: Personas, scope: str, table: str
) -> None:
    """As a filter the comparison is evaluated for each row.

    PostgreSQL would then expect few rows to pass.
    """
    with acme.scope() if scope == "tenant" else platform_scope("to look"):
        (plans,) = execute(f"EXPLAIN (FORMAT JSON) SELECT * FROM {table}")
    (plan,) = plans
    assert "CURRENT_USER" not in plan["Plan"]["Filter"]
    (once,) = plan["Plan"]["Plans"]
    assert once["Parent Relationship"] == "InitPlan"


# Data of all businesses at once


def rename_all(apps: Any, schema_editor: Any) -> None:
    apps.get_model("workforce", "Employee").objects.update(full_name="Renamed")


def name_back(apps: Any, schema_editor: Any) -> None:
    apps.get_model("workforce", "Employee").objects.update(full_name="As before")


@pytest.fixture
def employees(acme: Personas, globex: Personas) -> list[Personas]:
    for personas in (acme, globex):
        with personas.scope():
            EmployeeFactory()
    return [acme, globex]


def full_names(employees: list[Personas]) -> set[str]:
    found = set()
    for personas in employees:
        with personas.scope():
            found |= set(Employee.objects.values_list("full_name", flat=True))
    return found


def test_plain_run_python_changes_no_row(
    employees: list[Personas], historical: Any
) -> None:
    """This is the reason for `TenantRunPython`."""
    forwards(RunPython(rename_all), historical)
    assert "Renamed" not in full_names(employees)


def test_tenant_run_python_changes_rows_of_every_business_and_forces_again(
    employees: list[Personas], historical: Any
) -> None:
    operation = TenantRunPython(rename_all, name_back, models=["workforce.Employee"])
    forwards(operation, historical)
    assert full_names(employees) == {"Renamed"}
    backwards(operation, historical)
    assert full_names(employees) == {"As before"}
    assert verify_database(connection).faults == []


def test_tenant_run_python_that_fails_forces_again_and_changes_nothing(
    employees: list[Personas], historical: Any
) -> None:
    def rename_and_fail(apps: Any, schema_editor: Any) -> None:
        rename_all(apps, schema_editor)
        raise ZeroDivisionError

    operation = TenantRunPython(rename_and_fail, models=["workforce.Employee"])
    with pytest.raises(ZeroDivisionError):
        forwards(operation, historical)
    assert "Renamed" not in full_names(employees)
    assert verify_database(connection).faults == []


def test_tenant_run_python_checks_constraints_before_it_ends(
    employees: list[Personas], historical: Any
) -> None:
    def move(apps: Any, schema_editor: Any) -> None:
        apps.get_model("workforce", "Employee").objects.update(
            business_id="00000000-0000-7000-8000-0000000000ff"
        )

    operation = TenantRunPython(move, models=["workforce.Employee"])
    with pytest.raises(IntegrityError), transaction.atomic():
        forwards(operation, historical)


def test_tenant_run_python_is_written_to_a_migration_whole() -> None:
    operation = TenantRunPython(rename_all, name_back, models=["workforce.Employee"])
    name, arguments, options = operation.deconstruct()
    assert (name, arguments) == ("TenantRunPython", [])
    assert options == {
        "code": rename_all,
        "reverse_code": name_back,
        "models": ("workforce.Employee",),
    }


# Roles and functions


def test_the_first_step_stops_without_roles_with_the_sql(historical: Any) -> None:
    with (
        override_settings(TENANCY_TENANT_ROLE="nobody_made_me"),
        pytest.raises(
            ImproperlyConfigured, match="nobody_made_me does not exist"
        ) as no,
    ):
        forwards(RequireDatabaseRoles(), historical)
    assert 'CREATE ROLE "nobody_made_me"' in str(no.value)


def test_the_first_step_closes_the_database_to_others(historical: Any) -> None:
    allowed = (
        "SELECT count(*) FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) "
        "WHERE datname = current_database() AND grantee = 0"
    )
    backwards(RequireDatabaseRoles(), historical)
    assert execute(allowed) == (2,)
    forwards(RequireDatabaseRoles(), historical)
    assert execute(allowed) == (0,)


def test_the_sign_in_function_can_be_removed_and_made_again(
    acme: Personas, historical: Any
) -> None:
    operation = ReplaceDefinerFunctions({}, DEFINER_FUNCTIONS)
    backwards(operation, historical)
    with pytest.raises(DatabaseError, match="does not exist"), transaction.atomic():
        execute("SELECT * FROM account_lookup('x')")
    forwards(operation, historical)
    forwards(operation, historical)
    assert verify_database(connection).faults == []


def test_the_sign_in_function_finds_whoever_asks_outside_every_scope(
    acme: Personas, globex: Personas
) -> None:
    ask = "SELECT user_id, business_id FROM users_of_account(account_lookup(%s))"
    assert execute(ask, acme.admin.email.upper()) == (acme.admin.pk, acme.id)
    assert execute(ask, globex.viewer.email) == (globex.viewer.pk, globex.id)
    assert execute(ask, "unknown@example.com") is None
    with pytest.raises(DatabaseError, match="permission denied"), acme.scope():
        execute(ask, globex.viewer.email)


def test_values_in_use_are_found_in_every_business(
    acme: Personas, globex: Personas
) -> None:
    with globex.scope():
        EmployeeFactory(passport_id="AB123456")
    for scope in (acme.scope, globex.scope, nullcontext):
        with scope():
            in_use = values_in_use("passport_in_use", ["AB123456", "CD123456"])
            assert in_use == {"AB123456"}
            fields = {
                "email": ("email_in_use", str(globex.viewer.email)),
                "phone_number": ("phone_in_use", "+972540000000"),
            }
            assert fields_in_use(fields) == {"email"}
    with acme.scope():
        assert User.objects.count() == 4  # the scope is unchanged


@pytest.mark.parametrize("function", ["email_in_use", "passport_in_use"])
def test_only_the_login_asks_whether_a_value_is_in_use(
    acme: Personas, function: str
) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), acme.scope():
        execute(f"SELECT {function}('x')")


# The composite key


def key(**options: Any) -> TenantForeignKeyConstraint:
    return TenantForeignKeyConstraint(
        **{
            "field": "employee",
            "to": "workforce.Employee",
            "name": "badges_employee_fk",
            **options,
        }
    )


def test_keys_are_equal_if_they_say_the_same() -> None:
    assert key() == key()
    assert hash(key()) == hash(key())
    assert key() != key(also=["processing_month"])
    assert key() != key(name="other")
    assert key() != models.CheckConstraint(condition=models.Q(), name="other")
    assert key().clone() == key()


@pytest.mark.parametrize("options", [{}, {"also": ("processing_month",)}])
def test_a_key_is_written_to_a_migration_whole(options: dict[str, Any]) -> None:
    path, arguments, written = key(**options).deconstruct()
    assert path == "businesses.tenancy.constraints.TenantForeignKeyConstraint"
    assert TenantForeignKeyConstraint(*arguments, **written) == key(**options)
    text, imports = MigrationWriter.serialize(key(**options))
    assert "TenantForeignKeyConstraint" in text
    assert "import businesses.tenancy.constraints" in imports


@isolate_apps("businesses", "workforce")
def test_a_key_is_made_with_its_table_or_later_and_can_be_removed(
    acme: Personas, globex: Personas
) -> None:
    class Badge(TenantModel):
        business = models.UUIDField(db_column="business_id")
        employee = models.ForeignKey(
            Employee, models.PROTECT, related_name="+", db_constraint=False
        )

        class Meta:
            app_label = "workforce"
            db_table = "badges"
            constraints = [key()]

    # The registry of the test contains no employees; that of a migration contains all
    # models.
    Badge._meta.apps = Employee._meta.apps
    with acme.scope():
        employee = EmployeeFactory()
    insert = "INSERT INTO badges (id, business_id, employee_id) VALUES (gen_random_uuid(), %s, %s)"

    def assert_it_holds() -> None:
        execute(insert, acme.id, employee.pk)
        with (
            pytest.raises(IntegrityError, match="badges_employee_fk"),
            transaction.atomic(),
        ):
            execute(insert, globex.id, employee.pk)
            execute("SET CONSTRAINTS ALL IMMEDIATE")

    with connection.schema_editor() as editor:
        editor.create_model(Badge)
    assert_it_holds()
    with connection.schema_editor() as editor:
        editor.remove_constraint(Badge, key())
    execute(insert, globex.id, employee.pk)
    execute("DELETE FROM badges WHERE business_id = %s", globex.id)
    with connection.schema_editor() as editor:
        editor.add_constraint(Badge, key())
    assert_it_holds()


def test_sites_are_edited_by_their_steward_alone(
    acme: Personas, globex: Personas
) -> None:
    with acme.scope():
        site = SiteFactory()
    rename = "UPDATE sites SET address = 'x' WHERE id = %s"
    with globex.scope():
        assert execute("SELECT count(*) FROM sites WHERE id = %s", site.pk) == (1,)
        assert execute(rename, site.pk) == 0
    for statement in (
        "UPDATE sites SET steward_id = %s",
        "INSERT INTO sites (id, site_name, address, is_active, steward_id, created_at, updated_at) "
        "VALUES (gen_random_uuid(), 'Theirs', '', true, %s, now(), now())",
    ):
        with pytest.raises(DatabaseError, match="row-level security"), acme.scope():
            execute(statement, globex.id)
    with acme.scope():
        assert execute(rename, site.pk) == 1
    assert execute("SELECT count(*) FROM sites") == (0,)


def test_a_business_edits_itself_alone(acme: Personas, globex: Personas) -> None:
    rename = "UPDATE businesses SET default_region = 'GB' WHERE id = %s"
    with business_scope(acme.id):
        assert execute(rename, globex.id) == 0
        assert execute(rename, acme.id) == 1
        # Without a condition, the policy for reading does not apply.
        assert execute("UPDATE businesses SET default_region = 'GB'") == 1
    assert execute("SELECT count(*) FROM businesses") == (0,)
