"""Temporary databases beside the test database, for migrations forward and back."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

OURS = ("accounts", "audit", "workforce", "workcards", "exports")


@contextmanager
def scratch_database(*, copy: bool = False) -> Iterator[None]:
    """Connect the default alias to a new database until the block ends.

    The database is empty, or a copy of the current one. It is the default alias because a library's migration always
    writes there.
    """
    name = create_database(template=connection.settings_dict["NAME"] if copy else "")
    try:
        with connected_to(name):
            yield
    finally:
        drop_database(name)


def create_database(*, name: str = "", template: str = "") -> str:
    """Create a database, empty or a copy of another one, and return its name."""
    name = name or f"scratch_{uuid.uuid4().hex[:16]}"
    connection.close()  # PostgreSQL copies a database only if no session is connected to it.
    with connection._nodb_cursor() as cursor:
        cursor.execute(
            f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else "")
        )
    return name


@contextmanager
def connected_to(name: str) -> Iterator[None]:
    """Connect the default alias to the database `name` until the block ends."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def drop_database(name: str) -> None:
    """Drop a database if it exists, and end its sessions."""
    with connection._nodb_cursor() as cursor:
        # WITH (FORCE) would also end autovacuum, which belongs to the server and which this role may not end. Without
        # it PostgreSQL asks autovacuum to stop, and waits.
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND usename = current_user",
            [name],
        )
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")


def migrate(*target: str, **options: Any) -> None:
    """Run `manage.py migrate` without output."""
    call_command("migrate", *target, verbosity=0, **options)


def migrate_to_single_company() -> None:
    """Migrate an empty database to the single-company schema."""
    for app in sorted(MigrationLoader(connection).migrated_apps - {"businesses"}):
        migrate(app, *(["0001"] if app in OURS else []))


def applied_migrations() -> list[tuple[str, str]]:
    """Return (app, name) of every applied migration."""
    return sorted(MigrationLoader(connection).applied_migrations)
