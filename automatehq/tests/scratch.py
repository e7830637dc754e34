"""Databases of a test's own, beside the suite's: made, migrated and dropped, each under an alias of its own."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management import call_command
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader

OURS = ("accounts", "audit", "workforce", "workcards", "exports")


@contextmanager
def scratch_database(
    template: BaseDatabaseWrapper | None = None,
) -> Iterator[BaseDatabaseWrapper]:
    """A new database, empty or a copy of another, and its connection."""
    name = f"scratch_{uuid.uuid4().hex[:16]}"
    create = f"CREATE DATABASE {name}"
    if template:
        template.close()  # it can't be copied while somebody is in it
        create += f" TEMPLATE {template.settings_dict['NAME']}"
    default = connections["default"]
    with default._nodb_cursor() as cursor:
        cursor.execute(create)
    try:
        with connection_to(NAME=name) as connection:
            yield connection
    finally:
        with default._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def connection_to(**settings: Any) -> Iterator[BaseDatabaseWrapper]:
    """A connection like the default one but for `settings`, under an alias of its own."""
    alias = f"scratch_{uuid.uuid4().hex[:16]}"
    connections.settings[alias] = {
        **connections["default"].settings_dict,
        "CONN_MAX_AGE": 0,
        **settings,
    }
    try:
        yield connections[alias]
    finally:
        connections[alias].close()
        del connections[alias]
        del connections.settings[alias]


def migrate(connection: BaseDatabaseWrapper, *target: str, **options: Any) -> None:
    """`manage.py migrate`, there."""
    call_command("migrate", *target, database=connection.alias, verbosity=0, **options)


def migrate_to_single_company(connection: BaseDatabaseWrapper) -> None:
    """The schema as it was for one company."""
    for app in sorted(MigrationLoader(connection).migrated_apps - {"businesses"}):
        migrate(connection, app, *(["0001"] if app in OURS else []))


def applied_migrations(connection: BaseDatabaseWrapper) -> list[tuple[str, str]]:
    """(app, name) of every applied migration."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations ORDER BY app, name")
        return cursor.fetchall()
