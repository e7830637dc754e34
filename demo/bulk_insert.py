"""Bulk inserts: thousands of rows in one statement.

PostgreSQL has no COPY FROM for roles under row-level security, and the scope ensures that every row belongs to its
business. The fastest alternative is an INSERT from a long text that the database splits like COPY: about eight times
as fast as `bulk_create`.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeAlias

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models, reset_queries

from businesses.unique_names import NameKeyField

# Rows per statement: enough to make the overhead negligible, with a text of about ten megabytes at most.
CHUNK = 20_000
# Separators of rows and values, and NULL: characters that no text contains.
ROW, COLUMN, NULL = "\x1e", "\x1f", "\x1d"

Writer: TypeAlias = Callable[[Any], str]


def insert(rows: Sequence[models.Model]) -> None:
    """Insert unsaved rows of one model unchanged, with their primary keys. Sets no timestamps."""
    if not rows:
        return
    model = type(rows[0])
    fields = [
        field for field in model._meta.concrete_fields if not _is_generated(field)
    ]
    for key in [field for field in fields if isinstance(field, NameKeyField)]:
        for row in rows:
            key.pre_save(row, add=True)
    names = [field.attname for field in fields]
    columns = [str(field.column) for field in fields]
    insert_values(
        model,
        columns,
        ([getattr(row, name) for name in names] for row in rows),
    )


def insert_values(
    model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert rows given as values of these columns; other columns get the database's defaults."""
    fields = {field.column: field for field in model._meta.concrete_fields}
    statement = _statement(model, [fields[column] for column in columns])
    writers = [_writer(fields[column]) for column in columns]
    with connection.cursor() as cursor:
        for chunk in _chunks(rows):
            text = ROW.join(
                [
                    COLUMN.join(
                        [
                            NULL if value is None else write(value)
                            for write, value in zip(writers, row, strict=True)
                        ]
                    )
                    for row in chunk
                ]
            )
            assert text.count(ROW) == len(chunk) - 1
            assert text.count(COLUMN) == len(chunk) * (len(columns) - 1)
            cursor.execute(statement, [ROW, COLUMN, NULL, text])
            # With DEBUG on, Django stores thousands of statements, and each has ten megabytes.
            reset_queries()


def _statement(model: type[models.Model], fields: Sequence[Any]) -> str:
    names = ", ".join(field.column for field in fields)
    values = ", ".join(
        f"given[{number}]::{field.db_type(connection)}"
        for number, field in enumerate(fields, start=1)
    )
    # MATERIALIZED, because a row would otherwise be split again for each of its values.
    return (
        "WITH separators AS (SELECT %s AS of_rows, %s AS of_columns, %s AS of_null), "  # noqa: S608 -- our own models' names
        "lines AS MATERIALIZED (SELECT string_to_array(line, of_columns, of_null) AS given "
        "FROM separators, unnest(string_to_array(%s, of_rows)) AS line) "
        f"INSERT INTO {model._meta.db_table} ({names}) SELECT {values} FROM lines"
    )


def _writer(field: Any) -> Writer:
    """Return the function that formats a column's values for the database."""
    if isinstance(field, models.JSONField):
        return _json
    return _array if isinstance(field, ArrayField) else str


def _json(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)


def _array(values: Iterable[str]) -> str:
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"


def _is_generated(field: Any) -> bool:
    return isinstance(field, models.GeneratedField)


def _chunks(rows: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk
