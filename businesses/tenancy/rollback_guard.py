"""Queries over all businesses as the tables' owner, for migrations only."""

# ruff: noqa: S608 -- names of tables and columns, from migrations and the catalog; there is no input in them

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from .database_roles import quote_identifier, quote_literal
from .exceptions import MultipleBusinessesError


@contextmanager
def without_forced_rls(
    connection: BaseDatabaseWrapper, tables: Sequence[str]
) -> Iterator[None]:
    """Lift FORCE from those of `tables` that have it, and set it again at the end.

    If the block fails, the rollback restores it. Deferred constraints are checked
    before and after. Otherwise PostgreSQL rejects the change because of "pending
    trigger events".
    """
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            "AND relforcerowsecurity AND relname = ANY(%s)",
            [list(tables)],
        )
        forced = [quote_identifier(row[0]) for row in cursor.fetchall()]
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in forced:
            cursor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in forced:
            cursor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def require_single_business(connection: BaseDatabaseWrapper) -> None:
    """Raise `MultipleBusinessesError` if more than one business has tenant rows.

    Platform does not count.
    """
    names = businesses_with_rows(connection)
    if len(names) > 1:
        listing = "".join(
            f"\n  - {name}: {', '.join(tables)}" for name, tables in names.items()
        )
        raise MultipleBusinessesError(
            f"Migrating back to the schema of one company would merge {len(names)} businesses that have "
            f"rows:{listing}\nNothing was changed. Remove all but one of them first, or restore a backup from before "
            "there were several."
        )


def businesses_with_rows(connection: BaseDatabaseWrapper) -> dict[str, list[str]]:
    """Return the tables with rows of each business, by the name of the business.

    Businesses without rows and Platform are left out.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
            "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') "
            "AND a.attname = 'business_id' AND NOT a.attisdropped ORDER BY c.relname"
        )
        tables = [row[0] for row in cursor.fetchall()]
    names: dict[str, list[str]] = {}
    if not tables:
        return names
    query = " UNION ALL ".join(
        f"SELECT b.business_name, {quote_literal(table)} FROM businesses b WHERE NOT b.is_platform "
        f"AND EXISTS (SELECT FROM {quote_identifier(table)} t WHERE t.business_id = b.id)"
        for table in tables
    )
    with (
        without_forced_rls(connection, ["businesses", *tables]),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"{query} ORDER BY 1, 2")
        for name, table in cursor.fetchall():
            names.setdefault(name, []).append(table)
    return names
