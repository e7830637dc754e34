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
