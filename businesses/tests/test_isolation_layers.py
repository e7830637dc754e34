"""Tests of the three layers of isolation.

Each layer works with the other two disabled. Together they reject every attack, and no
row changes.
"""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, models, transaction

from accounts.tests.personas import Personas
from audit.models import AuditEvent
from businesses.tenancy.constraints import TenantForeignKeyConstraint
from businesses.tenancy.context import platform_scope
from businesses.tenancy.database_roles import quote_identifier
from businesses.tenancy.grants import tenant_models
from workcards.models import DayEntry, WorkCard
from workcards.tests.factories import MONTH
from workforce.models import Employee

from .lock_assertions import LOCKS, Lock, only, opened
from .samples import (
    Rows,
    all_of,
    composite_keys,
    execute,
    insert_copy,
    one_of_each,
)

pytestmark = pytest.mark.django_db

every_table = pytest.mark.parametrize(
    "model", tenant_models(), ids=lambda model: model._meta.db_table
)
DENIED = "row-level security policy|permission denied"


@pytest.fixture
def mine(acme: Personas) -> Rows:
    return one_of_each(acme)


@pytest.fixture
def theirs(globex: Personas) -> Rows:
    return one_of_each(globex)


def attempt(sql: str, *params: Any) -> int:
    """Return the number of rows that a statement changed.

    Return 0 if a missing privilege or a policy rejected it.
    """
    try:
        with transaction.atomic():
            return int(execute(sql, *params))
    except DatabaseError as error:
        if "permission denied" in str(error) or "row-level security" in str(error):
            return 0
        raise


# The second layer: the database, for any SQL


@every_table
def test_outside_every_scope_the_owner_of_the_tables_sees_and_writes_nothing(
    model: type[models.Model], acme: Personas, mine: Rows
) -> None:
    table = quote_identifier(model._meta.db_table)
    assert execute(f"SELECT count(*) FROM {table}") == (0,)
    assert execute(f"UPDATE {table} SET id = id") == 0
    assert execute(f"DELETE FROM {table}") == 0
    with pytest.raises(DatabaseError, match="row-level security"):
        fields = [
            field
            for field in model._meta.local_concrete_fields
            if not field.generated and field.column != "business_id"
        ]
        execute(
            f"INSERT INTO {table} (business_id, {', '.join(quote_identifier(field.column) for field in fields)}) "
            f"SELECT %s, {', '.join('r.' + quote_identifier(field.column) for field in fields)} "
            f"FROM jsonb_populate_record(NULL::{table}, %s::jsonb) r",
            acme.id,
            '{"id": "00000000-0000-7000-8000-0000000000ff"}',
        )


@pytest.mark.parametrize("table", ["businesses", "sites"])
def test_outside_every_scope_the_owner_has_none_of_the_tables_that_the_platform_edits(
    table: str, mine: Rows
) -> None:
    """A login that only inherits the platform role does not read as the platform."""
    with platform_scope("looks that there are some"):
        assert execute(f"SELECT count(*) FROM {table}") > (0,)
    assert execute(f"SELECT count(*) FROM {table}") == (0,)
    assert execute(f"UPDATE {table} SET id = id") == 0
    assert execute(f"DELETE FROM {table}") == 0
    with pytest.raises(DatabaseError, match="row-level security"):
        execute(f"INSERT INTO {table} (id) VALUES (gen_random_uuid())")


@every_table
def test_row_security_alone_hides_another_businesss_rows(
    model: type[models.Model],
    acme: Personas,
    globex: Personas,
    mine: Rows,
    theirs: Rows,
) -> None:
    table = quote_identifier(model._meta.db_table)
    before = all_of(globex)
    with only("row_security"):
        with acme.scope():
            count = f"SELECT count(*), count(*) FILTER (WHERE business_id = %s) FROM {table}"
            everything, own = execute(count, acme.id)
            assert everything == own > 0, "leaked"
            assert not model._default_manager.filter(pk=theirs[model].pk).exists()
            assert model._base_manager.filter(business_id=globex.id).count() == 0
            assert (
                attempt(f"UPDATE {table} SET id = id WHERE id = %s", theirs[model].pk)
                == 0
            )
            assert attempt(f"DELETE FROM {table} WHERE id = %s", theirs[model].pk) == 0
            assert (
                attempt(f"DELETE FROM {table} WHERE business_id = %s", globex.id) == 0
            )
        assert all_of(globex) == before


@every_table
def test_row_security_alone_keeps_rows_in_their_business(
    model: type[models.Model], acme: Personas, globex: Personas, mine: Rows
) -> None:
    table = quote_identifier(model._meta.db_table)
    with only("row_security"), acme.scope():
        for write in (
            lambda: execute(f"UPDATE {table} SET business_id = %s", globex.id),
            lambda: insert_copy(model, globex.id),
        ):
            with pytest.raises(DatabaseError, match=DENIED), transaction.atomic():
                write()


@every_table
def test_the_platform_reads_all_and_writes_nothing(
    model: type[models.Model],
    acme: Personas,
    globex: Personas,
    mine: Rows,
    theirs: Rows,
) -> None:
    table = quote_identifier(model._meta.db_table)
    with platform_scope("tries to write"):
        for rows in (mine, theirs):
            assert model._base_manager.filter(pk=rows[model].pk).exists()
        for write in (
            f"UPDATE {table} SET id = id",
            f"DELETE FROM {table}",
            f"TRUNCATE {table} CASCADE",
        ):
            with (
                pytest.raises(DatabaseError, match="permission denied"),
                transaction.atomic(),
            ):
                execute(write)
        if model is AuditEvent:
            assert insert_copy(model, globex.id) == 1
        else:
            with (
                pytest.raises(DatabaseError, match="permission denied"),
                transaction.atomic(),
            ):
                insert_copy(model, globex.id)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET event_type = 'x'",
        "DELETE FROM audit_events",
        "TRUNCATE employees CASCADE",
        "DELETE FROM employees",
        "DELETE FROM users",
        "DELETE FROM businesses",
        "INSERT INTO businesses (id, business_name) VALUES (gen_random_uuid(), 'Mine')",
        "SELECT * FROM django_session",
        "SELECT * FROM axes_accessattempt",
        "SELECT * FROM django_tasks_database_dbtaskresult",
        "SELECT account_lookup('admin@globex.example.com')",
        "SELECT * FROM users_of_account(NULL)",
        "SELECT id FROM accounts",
        "UPDATE accounts SET email = NULL",
        "ALTER TABLE employees DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant_rows ON employees",
        "CREATE TABLE mine (id int)",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ],
)
def test_a_business_has_no_privilege_beyond_its_rows(
    statement: str, acme: Personas
) -> None:
    with (
        pytest.raises(DatabaseError, match=r"permission denied|must be owner"),
        acme.scope(),
    ):
        execute(statement)


def test_events_for_the_platform_are_hidden_from_the_business(acme: Personas) -> None:
    with platform_scope("notes an attempt"):
        execute(
            "INSERT INTO audit_events (id, business_id, actor_label, event_type, entity_type, entity_label, metadata, "
            "cross_business, platform_only, created_at) "
            "VALUES (gen_random_uuid(), %s, '', 'cross_business_attempt', '', '', '{}', true, true, now())",
            acme.id,
        )
        assert AuditEvent.objects.filter(platform_only=True).count() == 1
    with acme.scope():
        assert AuditEvent.objects.count() == 0
        with pytest.raises(DatabaseError, match="row-level security"):
            AuditEvent.objects.create(event_type="forged", platform_only=True)


# The third layer: references

KEYS = [
    pytest.param(model, constraint, id=constraint.name)
    for model, constraint in composite_keys()
]


@pytest.mark.parametrize(("model", "constraint"), KEYS)
@pytest.mark.parametrize("lock", ["composite_keys", None])
def test_composite_keys_alone_refuse_references_to_another_business(
    model: type[models.Model],
    constraint: TenantForeignKeyConstraint,
    lock: Lock | None,
    acme: Personas,
    mine: Rows,
    theirs: Rows,
) -> None:
    field: Any = model._meta.get_field(constraint.field)
    foreign = theirs[field.related_model]
    others = [other for other in LOCKS if lock and other != lock]
    with opened(*others), acme.scope():
        row = mine[model]
        for write in (
            lambda: model._default_manager.filter(pk=row.pk).update(
                **{field.name: foreign}
            ),
            lambda: model._base_manager.filter(pk=row.pk).update(
                **{field.attname: foreign.pk}
            ),
            lambda: execute(
                f"UPDATE {quote_identifier(model._meta.db_table)} SET {quote_identifier(field.column)} = %s WHERE id = %s",
                foreign.pk,
                row.pk,
            ),
        ):
            with (
                pytest.raises(IntegrityError, match=constraint.name),
                transaction.atomic(),
            ):
                write()
        setattr(row, field.name, foreign)
        with pytest.raises(IntegrityError, match=constraint.name):
            row.save()


@pytest.mark.parametrize(("model", "constraint"), KEYS)
def test_a_form_names_the_field_that_refers_to_another_business(
    model: type[models.Model],
    constraint: TenantForeignKeyConstraint,
    acme: Personas,
    mine: Rows,
    theirs: Rows,
) -> None:
    field: Any = model._meta.get_field(constraint.field)
    with acme.scope():
        row = mine[model]
        constraint.validate(model, row)
        setattr(row, field.attname, theirs[field.related_model].pk)
        for excluded in (None, {"another field of the form"}):
            with pytest.raises(ValidationError) as error:
                constraint.validate(model, row, exclude=excluded)
            assert list(error.value.message_dict) == [field.name]
        constraint.validate(model, row, exclude={field.name})
        setattr(row, field.attname, None)
        constraint.validate(model, row)


def test_with_every_lock_open_a_foreign_reference_is_accepted(
    acme: Personas, mine: Rows, theirs: Rows
) -> None:
    """The layers are really disabled; otherwise the tests above would prove nothing."""
    with opened(*LOCKS), acme.scope():
        WorkCard.objects.filter(pk=mine[WorkCard].pk).update(employee=theirs[Employee])
        assert Employee.objects.filter(pk=theirs[Employee].pk).exists()
        moved = mine[Employee]
        moved.business_id = theirs[Employee].business_id
        moved.save()


def test_a_day_outside_the_month_of_its_card_is_refused(
    acme: Personas, mine: Rows
) -> None:
    with (
        acme.scope(),
        pytest.raises(IntegrityError, match="work_card_day_entries_card_fk"),
    ):
        DayEntry.objects.update(work_date=MONTH.replace(month=MONTH.month + 1))


def test_another_version_of_postgresql_runs_the_tests_of_this_folder(
    request: pytest.FixtureRequest,
) -> None:
    """The rule in conftest.py selects these tests for `make test-server`."""
    assert request.node.get_closest_marker("server")
