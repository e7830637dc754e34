"""A migrated database that all workers of one parallel test run copy."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

from businesses.tenancy.database_roles import public_access_sql, quoted

NAME = "test_automatehq_template"


def use_template() -> None:
    """Create the test database as a copy of the template.

    If this run has no template, migrate it first: the first worker migrates while the other workers wait. Does nothing
    when there is only one process. The template stays on the server afterwards, and the next run replaces it.
    """
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    if run is None or os.environ.get("PYTEST_XDIST_WORKER_COUNT") == "1":
        return
    with _lock():
        if _run_of_template() != run:
            _create(run)
    connection.settings_dict["TEST"]["TEMPLATE"] = NAME


def close_to_public() -> None:
    """Revoke PUBLIC's access to the test database.

    A copy does not inherit the privileges of its template.
    """
    with connection.cursor() as cursor:
        cursor.execute(public_access_sql(connection, is_open=False))


@contextmanager
def _lock() -> Iterator[None]:
    """Hold a lock that the workers share, on a separate connection."""
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [NAME])
        yield  # closing the connection releases the lock


def _run_of_template() -> str | None:
    """Return the id of the run that migrated the template.

    Return None if no complete template exists.
    """
    with connection._nodb_cursor() as cursor:
        cursor.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
            [NAME],
        )
        row: tuple[str | None] | None = cursor.fetchone()
    return row and row[0]


def _create(run: str) -> None:
    """Create and migrate the template, and write `run` into its comment last."""
    name, test_name = (
        connection.settings_dict["NAME"],
        connection.settings_dict["TEST"]["NAME"],
    )
    connection.settings_dict["TEST"]["NAME"] = NAME
    try:
        connection.creation.create_test_db(
            verbosity=0, autoclobber=True, serialize=False
        )
        with connection.cursor() as cursor:
            cursor.execute(f"COMMENT ON DATABASE {quoted(NAME)} IS '{run}'")
    finally:
        connection.close()  # PostgreSQL cannot copy a database that is in use
        connection.settings_dict["TEST"]["NAME"] = test_name
        connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = name
