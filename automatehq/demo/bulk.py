"""Thousands of rows in one statement.

PostgreSQL has no COPY FROM for roles that row-level security holds for, and the scope is what makes sure that every row
lands in its business. The next best is one INSERT from one JSON document, about five times as fast as `bulk_create`.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.db import connection, models

# Rows a statement: enough to forget what a statement costs, and a document of some ten megabytes at most.
CHUNK = 20_000


def insert(rows: Sequence[models.Model]) -> None:
    """Add unsaved rows of one model as they are: nothing is filled in, so that every time is the demo's."""
    if not rows:
        return
    model = type(rows[0])
    fields = [
        field for field in model._meta.concrete_fields if not _is_generated(field)
    ]
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
    """Add rows given as values of these columns; the other columns take the database's defaults."""
    statement = _statement(model, columns)
    with connection.cursor() as cursor:
        for chunk in _chunks(rows):
            document = [dict(zip(columns, row, strict=True)) for row in chunk]
            cursor.execute(
                statement, [json.dumps(document, default=str, ensure_ascii=False)]
            )


def _statement(model: type[models.Model], columns: Sequence[str]) -> str:
    types = {
        field.column: field.db_type(connection) for field in model._meta.concrete_fields
    }
    names = ", ".join(columns)
    typed = ", ".join(f"{column} {types[column]}" for column in columns)
    return (
        f"INSERT INTO {model._meta.db_table} ({names}) "  # noqa: S608 -- names of our own models
        f"SELECT {names} FROM json_to_recordset(%s) AS given({typed})"
    )


def _is_generated(field: Any) -> bool:
    return isinstance(field, models.GeneratedField)


def _chunks(rows: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk
