"""What is declared of each role: little, whatever is added to the table."""

from typing import Any

import pytest
from django.db import connection

from businesses.tenancy.grants import SYSTEM_TABLES, apply_grants, declarations

from .scope_probe import NOWHERE, state

ATTRIBUTES = ("tenant", "platform", "web", "console")
# TRUNCATE passes row-level security by, REFERENCES asks after rows that are not to be seen, TRIGGER runs for others.
ORDINARY = {"SELECT", "INSERT", "UPDATE", "DELETE"}


def test_nobody_but_the_owner_may_more_than_read_and_write() -> None:
    for table, declaration in declarations().items():
        for attribute in ATTRIBUTES:
            assert getattr(declaration, attribute) <= ORDINARY, (table, attribute)


def test_of_the_frameworks_tables_a_scope_reads_the_names_of_models_alone() -> None:
    reached = {
        table: (declared.tenant, declared.platform)
        for table, declared in SYSTEM_TABLES.items()
        if declared.tenant or declared.platform
    }
    assert reached == {"django_content_type": ({"SELECT"}, {"SELECT"})}


def test_what_web_and_console_may_outside_every_scope() -> None:
    """Signing in and sessions, counters, and the queue, which only the console's worker reads: no business's table."""
    reached = {
        table: (declared.web, declared.console)
        for table, declared in declarations().items()
        if declared.web or declared.console
    }
    assert reached == {
        "django_migrations": ({"SELECT"}, {"SELECT"}),
        "django_tasks_database_dbtaskresult": ({"INSERT"}, ORDINARY),
        "django_session": (ORDINARY, ORDINARY),
        "axes_accessattempt": (ORDINARY, ORDINARY),
        "axes_accessattemptexpiration": (ORDINARY, ORDINARY),
        "cache": (ORDINARY, ORDINARY),
    }


@pytest.mark.django_db
def test_nothing_is_granted_where_the_roles_are_not_there_yet(settings: Any) -> None:
    """An installation from before there were businesses: the first step of the migration asks for the roles, in words."""
    settings.TENANCY_TENANT_ROLE = "not_made_yet"
    apply_grants(connection)
    assert state() == NOWHERE, "and the connection goes on"
