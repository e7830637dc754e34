"""Tests of indexes: no index repeats another, and an index serves each foreign key.

Every row is written to every index of its table.
"""

import pytest
from django.db import connection

from businesses.tenancy.catalog import ForeignKey, Index, read_catalog
from businesses.tenancy.catalog_checks import isolated_tables
from businesses.tenancy.grants import declarations

pytestmark = pytest.mark.django_db


def begins_another(index: Index, others: list[Index]) -> bool:
    """Return True if another index serves all queries of this index.

    Unique indexes do not count, because they are also constraints.
    """
    length = len(index.columns)
    return (not index.is_unique and index.is_usable) and any(
        other.table == index.table
        and other.name != index.name
        and other.is_usable
        and other.columns[:length] == index.columns
        for other in others
    )


def serves(index: Index, key: ForeignKey) -> bool:
    """Return True if PostgreSQL finds the referencing rows of a row by this index.

    PostgreSQL looks for them when the referenced row is changed or deleted. The id must
    be in the index. With the business alone, all rows of the business would be read.
    """
    pairs = zip(key.columns, key.target_columns, strict=True)
    ids = [[own] for own, theirs in pairs if theirs == "id"]
    if "business_id" in key.columns:
        ids += [["business_id", *own] for own in ids]
    return (
        index.table == key.table
        and index.is_usable
        and any(index.columns[: len(begin)] == begin for begin in ids)
    )


def spare() -> list[str]:
    """Return the indexes of isolated tables that are the beginning of another index.

    Indexes of the framework's tables are left out, because the project does not declare
    them.
    """
    catalog = read_catalog(connection)
    isolated = {table.name for table in isolated_tables(catalog, declarations())}
    indexes = [index for index in catalog.indexes if index.table in isolated]
    return [index.name for index in indexes if begins_another(index, indexes)]


def unserved() -> list[str]:
    """Return the foreign keys without an index that serves them."""
    catalog = read_catalog(connection)
    return [
        key.name
        for key in catalog.foreign_keys
        if not any(serves(index, key) for index in catalog.indexes)
    ]


def test_no_index_is_the_beginning_of_another() -> None:
    assert spare() == []


def test_every_foreign_key_is_served_by_an_index() -> None:
    assert unserved() == []


@pytest.mark.parametrize(
    "columns",
    [
        "work_cards (business_id)",
        "work_cards (business_id, site_id)",
        "approved_days (id)",
    ],
)
def test_the_beginning_of_another_index_is_found(columns: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE INDEX beginning ON {columns}")
    assert spare() == ["beginning"]


def test_a_copy_of_an_index_is_found() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE INDEX copy ON employees (business_id, site_id)")
    assert spare() == ["copy", "employees_site_idx"]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE UNIQUE INDEX own ON work_cards (business_id, id)",
        "CREATE INDEX own ON work_cards (business_id) WHERE notes <> ''",
        "CREATE INDEX own ON work_cards (business_id, notes)",
        "CREATE INDEX own ON work_cards (site_id, business_id)",
    ],
)
def test_an_index_that_says_more_is_no_beginning(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
    assert "own" not in spare()


@pytest.mark.parametrize(
    ("index", "key"),
    [
        ("approved_days_card_idx", "approved_days_card_fk"),
        (
            "site_settings_responsible_employee_id_6244d5e6",
            "site_settings_responsible_employee_fk",
        ),
        ("sites_steward_id_49767742", "sites_steward_id_49767742_fk_businesses_id"),
    ],
)
def test_a_key_that_no_index_serves_is_found(index: str, key: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {index}")
    assert unserved() == [key]


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("work_card_day_entries", "work_card_id"),
        ("work_cards", "employee_id"),
        ("work_cards", "file_id"),
        ("approved_days", "employee_id"),
    ],
)
def test_what_the_platform_asks_by_begins_an_index(table: str, column: str) -> None:
    """The platform queries without a business.

    Without these indexes a super-admin's list of cards would read all days for each
    card.
    """
    indexes = read_catalog(connection).indexes
    leads = {(each.table, each.columns[0], each.is_usable) for each in indexes}
    assert (table, column, True) in leads
