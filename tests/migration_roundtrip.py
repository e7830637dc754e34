"""Snapshots of a database that migrates to many businesses, back, and forward."""

import json
from dataclasses import dataclass
from typing import Any

from django.db import connection

from accounts.credentials import read_account
from businesses.tenancy.context import platform_scope
from businesses.tenancy.verification import verify_database
from tests import single_company
from tests.scratch_database import (
    applied_migrations,
    migrate,
    migrate_to_single_company,
)

BORN_LATER = [
    "approved_days",
    "closed_months",
    "migration_originals",
    "site_settings",
    "sign_ins",
]
JSON_COLUMNS = ("metadata", "content", "changed")
Row = dict[str, Any]
Rows = dict[str, dict[str, Row]]  # by table and id


@dataclass(frozen=True)
class OldSight:
    """A snapshot of a single-company database: rows as text, schema, migrations."""

    rows: dict[str, dict[str, str]]
    schema: list[tuple[Any, ...]]
    applied: list[tuple[str, str]]


@dataclass(frozen=True)
class RoundTrip:
    """The snapshots of a round trip.

    `rows_before_as_after` and `rows_after_as_before` have the rows in the columns that exist before and after the
    migration. `accounts` has the e-mail and the password hash of each user's account. `faults` are those that the
    verification finds at the end; a copy of the database would not have the privileges on it.
    """

    company: single_company.Company
    before: OldSight
    after: Rows
    rows_before_as_after: dict[str, dict[str, str]]
    rows_after_as_before: dict[str, dict[str, str]]
    accounts: dict[str, tuple[str | None, str]]
    back: OldSight
    again: Rows
    faults: list[str]

    @property
    def originals(self) -> list[Row]:
        return list(self.after["migration_originals"].values())


def run_roundtrip() -> RoundTrip:
    """Fill an empty database, migrate it forward, back and forward.

    Return the snapshots of each state.
    """
    migrate_to_single_company()
    with connection.cursor() as cursor:
        company = single_company.build(cursor)
        columns = single_company.columns_of(cursor)
        lasting = {
            **columns,
            "users": columns["users"].replace("password, ", ""),  # now in accounts
        }
        rows_before_as_after = single_company.rows_of(cursor, lasting)
    before = old_sight(columns)
    migrate()
    after = everything()
    with platform_scope("a test"), connection.cursor() as cursor:
        rows_after_as_before = single_company.rows_of(cursor, lasting)
    accounts = accounts_of(after["users"])
    migrate("businesses", "zero")
    back = old_sight(columns)
    migrate()
    return RoundTrip(
        company,
        before,
        after,
        rows_before_as_after,
        rows_after_as_before,
        accounts,
        back,
        everything(),
        verify_database(connection).faults,
    )


def accounts_of(users: dict[str, Row]) -> dict[str, tuple[str | None, str]]:
    """Return e-mail and password hash of the account of each user, by user id."""
    found = {}
    for user_id, row in users.items():
        account = read_account(row["account_id"])
        assert account is not None
        found[user_id] = (account.email, account.password)
    return found


def old_sight(columns: dict[str, str]) -> OldSight:
    with connection.cursor() as cursor:
        rows = single_company.rows_of(cursor, columns)
    return OldSight(rows, schema(), applied_migrations())


def everything() -> Rows:
    """Return every row of every AutomateHQ table."""
    found = {}
    with platform_scope("a test"), connection.cursor() as cursor:
        for table in [*single_company.TABLES, *BORN_LATER, "businesses"]:
            cursor.execute(f"SELECT * FROM {table}")
            names = [column.name for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            for row in rows:
                row |= {n: json.loads(row[n]) for n in JSON_COLUMNS if row.get(n)}
            found[table] = {str(row["id"]): row for row in rows}
    return found


def schema() -> list[tuple[Any, ...]]:
    """Return the schema objects in the catalog.

    These are columns, constraints, indexes, policies, grants, functions and triggers.
    """
    with connection.cursor() as cursor:
        cursor.execute(SCHEMA)
        return cursor.fetchall()


SCHEMA = """
SELECT 'column', table_name, column_name, data_type, character_maximum_length::text, is_nullable, column_default
    FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT 'constraint', conrelid::regclass::text, '', pg_get_constraintdef(oid), '', '', ''
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'index', tablename, '', regexp_replace(indexdef, 'INDEX \\S+ ON', 'INDEX ON'), '', '', ''
    FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'policy', tablename, policyname, cmd, '', '', '' FROM pg_policies
UNION ALL SELECT 'row security', relname, '', relrowsecurity::text, relforcerowsecurity::text, '', ''
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
UNION ALL SELECT 'grant', table_name, grantee, privilege_type, '', '', '' FROM information_schema.role_table_grants
    WHERE table_schema = 'public'
UNION ALL SELECT 'function', proname, '', '', '', '', '' FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, '', '', '', '' FROM pg_trigger WHERE NOT tgisinternal
ORDER BY 1, 2, 3, 4, 5, 6, 7
"""
