"""What is declared of each role: little, whatever is added to the table."""

from businesses.tenancy.grants import SYSTEM_TABLES, declarations

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
