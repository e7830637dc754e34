"""`manage.py check_names`: list stored names and texts that look like others.

The command changes nothing.
"""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, models

from automatehq.text_columns import CleanedColumn, EmailField, LinesField
from businesses.stored_text import Stored, TextColumn, TextTable, shown, uncleaned
from businesses.tenancy.context import platform_scope
from businesses.unique_names import NamedModel

# Tables that never change: their values stay as they were stored.
UNCHANGING_TABLES = {"audit_events", "approved_days", "closed_months"}


class Command(BaseCommand):
    help = (
        "List sites and businesses whose names look the same, and stored texts that are not normalized. Exits "
        "with 1 if any are found. Rename them in the admin or through the API."
    )

    def handle(self, *args: object, **options: object) -> None:
        with platform_scope("names and texts that look like others"):
            lines = [*_same_names(), *_uncleaned_texts()]
        for line in lines:
            self.stdout.write(line)
        if lines:
            raise CommandError(
                f"{len(lines)} names or texts look like another name or text."
            )
        self.stdout.write("No conflicting names or texts found.")


def _same_names() -> Iterator[str]:
    """Yield a line for each site and business with a clashing name.

    The line has its id, its name, and the rows that it looks like.
    """
    for model in apps.get_models():
        if not issubclass(model, NamedModel):
            continue
        rows: Any = model._default_manager
        for row in rows.filter(name_key__contains="\n").order_by("name_key"):
            plain = row.name_key.split("\n")[0]
            alike = rows.exclude(pk=row.pk).filter(
                models.Q(name_key=plain) | models.Q(name_key__startswith=f"{plain}\n")
            )
            similar = ", ".join(f"{other.pk} {shown(str(other))}" for other in alike)
            yield (
                f"{model._meta.db_table} {row.pk}: {shown(str(row))} looks like {similar or 'an earlier name'}"
            )


def _uncleaned_texts() -> Iterator[str]:
    """Yield a line for each stored text that would be stored differently today."""
    with connection.cursor() as cursor:
        for model in apps.get_models():
            if model._meta.db_table in UNCHANGING_TABLES:
                continue
            for field in model._meta.local_concrete_fields:
                if isinstance(field, CleanedColumn):
                    table = TextTable(model._meta.db_table, (), business="NULL::uuid")
                    column = TextColumn(str(field.column), _kind(field))
                    for stored in uncleaned(cursor, table, column):
                        yield _describe(table, column, stored)


def _kind(field: Any) -> str:
    if isinstance(field, LinesField):
        return "text"
    is_own_email = isinstance(field, EmailField) and field.name == "email"
    return "email" if is_own_email else "line"


def _describe(table: TextTable, column: TextColumn, stored: Stored) -> str:
    return (
        f"{table.name} {stored.row_id}: {column.name} is {shown(stored.text)}, "
        f"and looks like {shown(stored.cleaned)}"
    )
