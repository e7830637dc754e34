"""The migration back to one company, forward again, and the rejected cases."""

import uuid
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts.credentials import create_account
from businesses.models import DEFAULT_BUSINESS_ID
from businesses.tenancy.context import business_scope, platform_scope
from businesses.tenancy.exceptions import MultipleBusinessesError
from tests import single_company
from tests.migration_roundtrip import RoundTrip, Row, everything, schema
from tests.scratch_database import (
    OURS,
    applied_migrations,
    migrate,
    scratch_database,
)

pytestmark = pytest.mark.migrations

ACME = uuid.UUID(int=0xACE)


# Back, and forward again


@pytest.mark.parametrize("table", single_company.TABLES)
def test_the_way_back_gives_every_row_as_it_was(
    round_trip: RoundTrip, table: str
) -> None:
    assert round_trip.back.rows[table] == round_trip.before.rows[table]


def test_the_way_back_leaves_nothing_of_tenancy(round_trip: RoundTrip) -> None:
    assert round_trip.back.schema == round_trip.before.schema
    assert round_trip.back.applied == round_trip.before.applied


def test_going_forward_again_gives_the_same(round_trip: RoundTrip) -> None:
    for table, rows in round_trip.after.items():
        assert comparable(table, rows) == comparable(table, round_trip.again[table])


def comparable(table: str, rows: dict[str, Row]) -> list[str]:
    """Return rows as text.

    Rows that the migration creates come without the values that are new each time.
    """
    makes = ("approved_days", "audit_events", "businesses", "migration_originals")
    new = {"id", "created_at", "updated_at"} if table in makes else {"account_id"}
    return sorted(
        str(sorted((name, str(row[name])) for name in row.keys() - new))
        for row in rows.values()
    )


def test_the_proof_finds_nothing_wrong(round_trip: RoundTrip) -> None:
    assert round_trip.faults == []


# Later changes


def in_business(*statements: str, **ids: Any) -> None:
    """Run statements in the scope of the default business; `%(name)s` stands for an id."""
    with (
        business_scope(ids.pop("business", DEFAULT_BUSINESS_ID)),
        connection.cursor() as cursor,
    ):
        for statement in statements:
            cursor.execute(statement, ids)
            assert cursor.rowcount, statement


def one_row(query: str, *params: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return cursor.fetchone()


def test_what_came_after_survives_the_way_back(
    round_trip: RoundTrip, copy: None
) -> None:
    of = round_trip.company.id_of
    new_card, user = round_trip.company.new_id(), round_trip.company.new_id()
    in_business(
        "INSERT INTO work_cards (id, business_id, site_id, employee_id, processing_month, source, review_status, version, "
        "uploaded_by_name, approved_by_name, approved_at, rejected_reason, notes, original_filename, mime_type, sha256_hash, "
        "created_at, updated_at) SELECT %(new_card)s, business_id, site_id, id, '2025-01-01', 'MANUAL', 'APPROVED', 3, "
        "'Dana', 'Dana', now(), '', 'new', '', '', '', now(), now() FROM employees WHERE id = %(employee)s",
        "INSERT INTO work_card_day_entries (id, business_id, work_card_id, work_date, break_minutes, total_hours, comment) "
        "SELECT id, business_id, id, '2025-01-02', 0, 9, '' FROM work_cards WHERE id = %(new_card)s",
        "INSERT INTO approved_days (id, business_id, employee_id, site_id, work_card_id, work_date, break_minutes, hours, "
        "approved_by_name, approved_at) SELECT id, business_id, employee_id, site_id, id, '2025-01-02', 0, 9, 'Dana', now() "
        "FROM work_cards WHERE id = %(new_card)s",
        employee=of("employees", "external id, first"),
        new_card=new_card,
    )
    # A user is released; a user who lost a duplicate e-mail address finds that a new user has it.
    in_business(
        "UPDATE users SET email = NULL, is_active = false WHERE id = %(released)s",
        "UPDATE users SET email = 'left@mizhav.example' WHERE id = %(twin)s",
        "INSERT INTO users (id, business_id, account_id, email, full_name, role, is_active, acting_reason, created_at, "
        "updated_at) VALUES (%(user)s, %(mizhav)s, %(account)s, 'tWin@mizhav.example', 'New', 'VIEWER', true, '', now(), now())".replace(
            "tWin", "twin"
        ),
        "UPDATE employees SET former_passport_id = passport_id, passport_id = NULL, is_active = false "
        "WHERE id = %(worker)s",
        released=of("users", "plain"),
        twin=of("users", "twin, the first"),
        user=user,
        account=create_account(email=None, password_hash=""),
        mizhav=DEFAULT_BUSINESS_ID,
        worker=of("employees", "passport with a hidden mark"),
    )
    # Cards that the migration changed are edited; a card with days that it set aside is deleted.
    shared = of("work_cards", "shared")
    in_business(
        "UPDATE work_cards SET notes = 'seen' WHERE id = %(snapped)s",
        "UPDATE work_cards SET review_status = 'REJECTED' WHERE id = %(unknown)s",
        "DELETE FROM work_card_day_entries WHERE work_card_id = %(shared)s",
        "DELETE FROM work_cards WHERE id = %(shared)s",
        snapped=of("work_cards", "month in the middle"),
        unknown=of("work_cards", "unknown status"),
        shared=shared,
    )

    migrate("businesses", "zero")

    def value(table: str, column: str, identifier: Any) -> Any:
        found = one_row(f"SELECT {column} FROM {table} WHERE id = %s", identifier)
        return found and found[0]

    assert value("work_cards", "notes", new_card) == "new"
    assert value("work_card_day_entries", "total_hours", new_card) == 9
    placeholder = f"released-{of('users', 'plain')}@automatehq.invalid"
    assert value("users", "email", of("users", "plain")) == placeholder
    assert value("users", "is_active", of("users", "plain")) is False
    assert value("users", "email", user) == "twin@mizhav.example"
    first, second = of("users", "twin, the first"), of("users", "twin, the second")
    assert value("users", "email", first) == "left@mizhav.example"
    assert value("users", "email", second) == "tWin@mizhav.example"
    worker = of("employees", "passport with a hidden mark")
    assert value("employees", "passport_id", worker) == "D1234567"
    snapped = of("work_cards", "month in the middle")
    assert str(value("work_cards", "processing_month", snapped)) == "2024-03-17"
    assert value("work_cards", "notes", snapped) == "seen"
    unknown = of("work_cards", "unknown status")
    assert value("work_cards", "review_status", unknown) == "REJECTED"
    assert value("work_cards", "id", shared) is None

    migrate()
    again = everything()
    assert again["users"][str(of("users", "plain"))]["email"] is None
    assert any(
        row["work_card_id"] == new_card for row in again["approved_days"].values()
    )


# Rejected migrations


def make_acme(*, with_rows: bool) -> None:
    with (
        platform_scope("a test"),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO businesses SELECT (jsonb_populate_record(b, %s)).* FROM businesses b WHERE id = %s",
            [
                f'{{"id": "{ACME}", "business_name": "Acme", "name_key": "acme"}}',
                DEFAULT_BUSINESS_ID,
            ],
        )
    if with_rows:
        in_business(
            "INSERT INTO employees (id, business_id, full_name, phone_number, is_active, created_at, updated_at) "
            "VALUES (gen_random_uuid(), %(acme)s, 'Jane', '', true, now(), now())",
            business=ACME,
            acme=ACME,
        )


@pytest.mark.parametrize(
    "target", [("businesses", "zero"), ("workcards", "0001"), ("audit", "0004")]
)
def test_going_back_never_merges_businesses(
    copy: None, target: tuple[str, str]
) -> None:
    make_acme(with_rows=True)
    state = applied_migrations(), schema(), everything()
    with pytest.raises(MultipleBusinessesError) as refusal:
        migrate(*target)
    assert "would merge 2 businesses" in str(refusal.value)
    assert "Acme: employees" in str(refusal.value)
    assert (applied_migrations(), schema(), everything()) == state


def test_each_migration_refuses_by_itself(copy: None) -> None:
    """The check works also when a program other than `migrate` runs the migration."""
    make_acme(with_rows=True)
    for app in OURS:
        with pytest.raises(MultipleBusinessesError):
            MigrationExecutor(connection).migrate([(app, "0003_backfill")])


def test_a_business_without_rows_does_not_hinder(copy: None) -> None:
    make_acme(with_rows=False)
    migrate("businesses", "zero")


def test_undoing_what_merges_nothing_is_allowed(copy: None) -> None:
    make_acme(with_rows=True)
    migrate("sessions", "zero")
    migrate()


@pytest.mark.parametrize("app", [*OURS, "businesses"])
def test_every_app_can_go_to_zero(copy: None, app: str) -> None:
    migrate(app, "zero")
    assert app not in dict(applied_migrations())


@pytest.mark.parametrize(
    ("setting", "role", "sentence"),
    [
        ("TENANCY_TENANT_ROLE", "nobody_made_me", "nobody_made_me does not exist"),
        ("TENANCY_PLATFORM_ROLE", "pg_monitor", "not a member of pg_monitor"),
    ],
)
def test_a_missing_role_stops_the_step_with_the_sql_to_run(
    unblocked: None, settings: Any, setting: str, role: str, sentence: str
) -> None:
    setattr(settings, setting, role)
    with scratch_database():
        with pytest.raises(ImproperlyConfigured, match=sentence) as refusal:
            MigrationExecutor(connection).migrate([("businesses", "0001_initial")])
        assert f'CREATE ROLE "{role}" NOLOGIN' in str(refusal.value)
        assert applied_migrations() == []
        assert "businesses" not in connection.introspection.table_names()
