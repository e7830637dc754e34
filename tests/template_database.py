"""A migrated database that all workers of one parallel test run copy."""

import os

from django.conf import settings
from django.db import connection

from businesses.tenancy.database_roles import public_access_sql
from tests.shared_files import shared_path

NAME = "test_automatehq_template"


def use_template() -> None:
    """Create the test database as a copy of the template.

    The first worker of a run migrates the template. Does nothing when there is only one process. The template stays on
    the server afterwards, and the next run replaces it.
    """
    if os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1") == "1":
        return
    with shared_path("template-is-migrated") as mark:
        if not mark.exists():
            _create()
            mark.touch()
    connection.settings_dict["TEST"]["TEMPLATE"] = NAME


def close_to_public() -> None:
    """Revoke PUBLIC's access to the test database.

    A copy does not inherit the privileges of its template.
    """
    with connection.cursor() as cursor:
        cursor.execute(public_access_sql(connection, is_open=False))


def _create() -> None:
    """Create and migrate the template."""
    name, test_name = (
        connection.settings_dict["NAME"],
        connection.settings_dict["TEST"]["NAME"],
    )
    connection.settings_dict["TEST"]["NAME"] = NAME
    try:
        connection.creation.create_test_db(
            verbosity=0, autoclobber=True, serialize=False
        )
    finally:
        connection.close()  # PostgreSQL cannot copy a database that is in use
        connection.settings_dict["TEST"]["NAME"] = test_name
        connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = name
