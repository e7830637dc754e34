"""Tests of the declared privileges of each role, which must stay few."""

from typing import Any

import pytest
from django.db import connection

from businesses.tenancy.grants import SYSTEM_TABLES, apply_grants, declarations

from .scope_probe import NOWHERE, state

ATTRIBUTES = ("tenant", "platform", "web", "console")
# TRUNCATE bypasses row-level security. REFERENCES reveals hidden rows. TRIGGER runs
# code in other roles' statements.
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
    """Web and console need no tenant table outside every scope.

    They need the tables of sign-in, sessions, counters and the queue. Only the
    console's worker reads the queue.
    """
    reached = {
        table: (declared.web, declared.console)
        for table, declared in declarations().items()
        if declared.web or declared.console
    }
    assert reached == {
        "django_migrations": ({"SELECT"}, {"SELECT"}),
        "django_tasks_database_dbtaskresult": ({"INSERT"}, ORDINARY),
        "accounts": ({"SELECT", "INSERT", "UPDATE"}, {"SELECT", "INSERT", "UPDATE"}),
        "django_session": (ORDINARY, ORDINARY),
        "axes_accessattempt": (ORDINARY, ORDINARY),
        "axes_accessattemptexpiration": (ORDINARY, ORDINARY),
        "cache": (ORDINARY, ORDINARY),
    }


@pytest.mark.django_db
def test_nothing_is_granted_where_the_roles_are_not_there_yet(settings: Any) -> None:
    """An installation from before businesses existed has no roles yet.

    The first step of the migration requires the roles with a message.
    """
    settings.TENANCY_TENANT_ROLE = "not_made_yet"
    apply_grants(connection)
    assert state() == NOWHERE, "and the connection goes on"
