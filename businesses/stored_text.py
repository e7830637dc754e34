"""Cleaning of text that was stored before `automatehq/text.py` cleaned it.

For migrations and `manage.py check_names`. Names of tables and columns come from
migrations and models, never from input.
"""

# ruff: noqa: S608 -- names of tables and columns, from migrations and models; there is no input in them

import json
import logging
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from django.db.backends.utils import CursorWrapper

from automatehq.text import SUSPICIOUS, clean_email, clean_line, clean_text

from .tenancy.migration_backup import NEW_ID

logger = logging.getLogger(__name__)

CLEANERS: Mapping[str, Callable[[str], str]] = {
    "line": clean_line,
    "text": clean_text,
    "email": clean_email,
}
BATCH = 5_000


class TextColumn(NamedTuple):
    """A text column, the name of its cleaner, and the scope of its uniqueness."""

    name: str
    kind: str = "line"
    is_unique: bool = False
    is_unique_within_business: bool = False


class Stored(NamedTuple):
    """A stored text that cleaning would change."""

    row_id: uuid.UUID
    business_id: uuid.UUID | None
    text: str
    cleaned: str


class TextTable(NamedTuple):
    """A table to clean.

    `business` is SQL for the business of a row, `only_if` for the rows that may change.
    Both use `t`.
    """

    name: str
    columns: tuple[TextColumn, ...]
    business: str = "t.business_id"
    only_if: str = "true"


def uncleaned(
    cursor: CursorWrapper, table: TextTable, column: TextColumn
) -> list[Stored]:
    """Return the stored texts of a column that cleaning would change.

    One query, which reads the whole table.
    """
    name = column.name
    cursor.execute(
        f"SELECT t.id, {table.business}, t.{name} FROM {table.name} t "
        f"WHERE {table.only_if} AND (t.{name} ~ %s OR t.{name} IS NOT NFC NORMALIZED) ORDER BY t.id",
        [SUSPICIOUS],
    )
    clean = CLEANERS[column.kind]
    rows = (
        Stored(row_id, business_id, text, clean(text))
        for row_id, business_id, text in cursor.fetchall()
    )
    return [row for row in rows if row.text != row.cleaned]


def split_clashes(
    cursor: CursorWrapper, table: TextTable, column: TextColumn, stored: list[Stored]
) -> tuple[list[Stored], list[Stored]]:
    """Split texts into those that can be cleaned and those that would then clash.

    One query.
    """
    if not stored or not (column.is_unique or column.is_unique_within_business):
        return stored, []

    def uniqueness_key(business_id: Any, text: str) -> tuple[Any, str]:
        return (business_id if column.is_unique_within_business else None, text)

    holders: dict[Any, set[uuid.UUID]] = defaultdict(set)
    for row in stored:
        holders[uniqueness_key(row.business_id, row.cleaned)].add(row.row_id)
    cursor.execute(
        f"SELECT t.id, {table.business}, t.{column.name} FROM {table.name} t WHERE t.{column.name} = ANY(%s)",
        [[row.cleaned for row in stored]],
    )
    for row_id, business_id, text in cursor.fetchall():
        holders[uniqueness_key(business_id, text)].add(row_id)
    free: list[Stored] = []
    clashing: list[Stored] = []
    is_nullable = _is_nullable(cursor, table, column)
    for row in stored:
        is_alone = len(holders[uniqueness_key(row.business_id, row.cleaned)]) == 1
        is_null = is_nullable and not row.cleaned
        (free if is_alone or is_null else clashing).append(row)
    return free, clashing


def clean_tables(cursor: CursorWrapper, *tables: TextTable) -> None:
    """Clean the stored text of `tables`.

    Texts that would clash stay unchanged, and the log contains their number. The
    originals are stored in `migration_originals` for `restore_tables`.
    """
    clashes = 0
    for table in tables:
        for column in table.columns:
            free, clashing = split_clashes(
                cursor, table, column, uncleaned(cursor, table, column)
            )
            clashes += len(clashing)
            for batch in _batches(free):
                _update(cursor, table, column, batch)
            if free:
                logger.info("%s.%s: %d cleaned", table.name, column.name, len(free))
    if clashes:
        logger.warning(
            "%d stored texts look like others and were not changed. List them with manage.py check_names.",
            clashes,
        )


def restore_tables(cursor: CursorWrapper, *tables: TextTable) -> None:
    """Undo `clean_tables`, except for texts that have been edited since."""
    for table in tables:
        of_table = f"o.table_name = '{_backup_name(table)}'"
        for column in table.columns:
            name = column.name
            cursor.execute(
                f"UPDATE {table.name} t SET {name} = o.content->>'{name}' FROM migration_originals o "
                f"WHERE {of_table} AND o.row_id = t.id AND o.changed ? '{name}' "
                f"AND t.{name} IS NOT DISTINCT FROM o.changed->>'{name}' AND {table.only_if}"
            )
        cursor.execute(f"DELETE FROM migration_originals o WHERE {of_table}")


def _update(
    cursor: CursorWrapper, table: TextTable, column: TextColumn, rows: list[Stored]
) -> None:
    name = column.name
    is_nullable = _is_nullable(cursor, table, column)
    texts = [None if is_nullable and not row.cleaned else row.cleaned for row in rows]
    cursor.execute(
        f"WITH new AS (SELECT * FROM unnest(%s::uuid[], %s::text[]) AS n(id, text)), "
        f"backup AS (INSERT INTO migration_originals (id, business_id, table_name, row_id, content, changed, created_at) "
        f"SELECT {NEW_ID}, {table.business}, '{_backup_name(table)}', t.id, "
        f"jsonb_build_object('{name}', t.{name}), jsonb_build_object('{name}', new.text), now() "
        f"FROM {table.name} t JOIN new ON new.id = t.id) "
        f"UPDATE {table.name} t SET {name} = new.text FROM new WHERE t.id = new.id",
        [[row.row_id for row in rows], texts],
    )


def _is_nullable(cursor: CursorWrapper, table: TextTable, column: TextColumn) -> bool:
    """Return True if the column may be NULL; it then holds no blank text."""
    cursor.execute(
        "SELECT is_nullable = 'YES' FROM information_schema.columns "
        "WHERE table_schema = 'public' AND table_name = %s AND column_name = %s",
        [table.name, column.name],
    )
    return bool(cursor.fetchone()[0])


def _backup_name(table: TextTable) -> str:
    """Return the table's name in `migration_originals`.

    It differs from the name that other migrations use for the same table.
    """
    return f"{table.name} text"


def _batches(rows: list[Stored]) -> Iterator[list[Stored]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def shown(text: str) -> str:
    """Return `text` with its invisible characters written as escapes."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(
        letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in quoted
    )
