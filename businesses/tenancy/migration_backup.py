"""Functions for migrations that change or remove rows and store the originals.

`change` and `set_aside` copy each row into the table `migration_originals` before they
change or remove it. `restore` undoes both. All three work on sets, so a step over
millions of rows is a few statements. They run in a `TenantRunPython` that lists
"businesses.MigrationOriginal" among its models. Tables, columns and expressions are the
migration's own text, never input.
"""

# ruff: noqa: S608 -- names of tables and columns, from migrations and the catalog; there is no input in them

import logging
from collections.abc import Mapping, Sequence

from django.db.backends.utils import CursorWrapper

logger = logging.getLogger(__name__)

# A version 7 UUID, which PostgreSQL itself creates only from 18 on: the time in
# milliseconds, then random bits.
NEW_ID = (
    "encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING "
    "substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), "
    "'hex')::uuid"
)

# The whole row is stored, except the password hash, which must not exist twice.
_CONTENT = "to_jsonb({row}) - 'password'"
_STORE_ORIGINAL = (
    "INSERT INTO migration_originals (id, business_id, table_name, row_id, content, changed, created_at) "
    f"SELECT {NEW_ID}, business_id, '{{table}}', id, content, {{changed}}, now()"
)


def change(
    cursor: CursorWrapper,
    table: str,
    values: Mapping[str, str],
    *,
    joins: str = "",
    business: str = "t.business_id",
    params: Sequence[str | int | None] = (),
) -> int:
    """Set columns of `table` to SQL expressions and return the number of changed rows.

    The expressions use `t`, the row, and `joins`. Rows that already have the values are
    not changed. Only one call may change a row.
    """
    columns = ", ".join(values)
    current = ", ".join(f"t.{column}" for column in values)
    new_columns = ", ".join(f"wanted.{column}" for column in values)
    expressions = ", ".join(f"{sql} AS {column}" for column, sql in values.items())
    differences = " || ".join(
        f"CASE WHEN t.{column} IS DISTINCT FROM wanted.{column} "
        f"THEN jsonb_build_object('{column}', wanted.{column}) ELSE '{{}}' END"
        for column in values
    )
    store_original = _STORE_ORIGINAL.format(table=table, changed="changed")
    cursor.execute(
        f"WITH differing AS MATERIALIZED ("
        f"  SELECT t.id, {business} AS business_id, {_CONTENT.format(row='t')} AS content, {differences} AS changed, {new_columns}"
        f"  FROM {table} t {joins} CROSS JOIN LATERAL (SELECT {expressions}) wanted"
        f"  WHERE ({current}) IS DISTINCT FROM ({new_columns})"
        f"), kept AS ({store_original} FROM differing) "
        f"UPDATE {table} SET ({columns}) = ROW({new_columns.replace('wanted.', 'differing.')}) "
        f"FROM differing WHERE {table}.id = differing.id",
        params or None,
    )
    changed: int = cursor.rowcount
    if changed:
        logger.info("%s: %d rows put right, originals kept", table, changed)
    return changed


def set_aside(cursor: CursorWrapper, table: str, ids: str) -> int:
    """Remove the rows of `table` with the ids of the query `ids`; return their number."""
    store_original = _STORE_ORIGINAL.format(table=table, changed="NULL")
    cursor.execute(
        f"WITH gone AS (DELETE FROM {table} WHERE id IN ({ids}) RETURNING {table}.*) "
        f"{store_original} FROM (SELECT id, business_id, {_CONTENT.format(row='gone')} AS content FROM gone) gone"
    )
    removed: int = cursor.rowcount
    if removed:
        logger.info("%s: %d rows set aside, originals kept", table, removed)
    return removed


def restore(cursor: CursorWrapper, table: str, *, only_if: str = "true") -> None:
    """Undo `change` and `set_aside` on `table`, and delete its originals.

    A removed row `t` returns if `only_if` is true for it. A changed row gets its
    original values, unless a user has since changed the new values. Such a row stays
    unchanged.
    """
    of_table = f"o.table_name = '{table}'"
    # Removed rows first: a row may have been changed before it was removed.
    cursor.execute(
        f"INSERT INTO {table} SELECT t.* FROM migration_originals o "
        f"CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, o.content) t "
        f"WHERE {of_table} AND o.changed IS NULL AND {only_if}"
    )
    cursor.execute(
        f"SELECT DISTINCT jsonb_object_keys(o.changed) FROM migration_originals o WHERE {of_table}"
    )
    columns = sorted(row[0] for row in cursor.fetchall())
    if columns:
        values = ", ".join(
            f"{column} = CASE WHEN o.changed ? '{column}' THEN original.{column} ELSE t.{column} END"
            for column in columns
        )
        cursor.execute(
            f"UPDATE {table} t SET {values} FROM migration_originals o "
            f"CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, o.content) original "
            f"WHERE {of_table} AND o.row_id = t.id AND o.changed IS NOT NULL AND to_jsonb(t) @> o.changed"
        )
    cursor.execute(f"DELETE FROM migration_originals o WHERE {of_table}")
