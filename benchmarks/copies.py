"""Many businesses from few: copies of the sample data's businesses, made inside the database.

`seed_demo` makes some hundred cards a second; a million of them by `INSERT … SELECT` into tables without keys, which get them
back afterwards, takes minutes. A copy has its own ids, name, code, e-mails, phone numbers and passports; all else is as in the original,
the shared sites too. `manage.py tenancy_proof` says afterwards that nothing of the rules has been lost.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

# In this order and no others: of sign-ins, export runs and tasks there are few, and a copy has none.
TABLES = (
    *("businesses", "users", "employees", "site_settings", "work_card_files"),
    *("work_cards", "work_card_day_entries", "approved_days", "closed_months"),
    *("export_profiles", "audit_events"),
)
# A copy's id: with a variant that no original has, and the copy's number at the end.
NEW_ID = (
    "(left({id}::text, 19) || 'c' || substr({id}::text, 21, 13) || given.digits)::uuid"
)
# Ids of what is shared.
SHARED = {"site_id", "steward_id"}
# What is unique among all businesses; `{copy}` is the copy's number, of one to three digits.
UNIQUE = {
    ("businesses", "business_name"): "business_name || ' {copy}'",
    ("businesses", "business_code"): "business_code || '-{copy}'",
    ("users", "email"): "replace(email, '@', '-{copy}@')",
    (
        "users",
        "phone_number",
    ): "'+97259' || lpad('{copy}', 4, '0') || right(phone_number, 3)",
    ("employees", "passport_id"): "passport_id || 'C{copy}'",
}
# Definition of a constraint or index → how to drop it and how to make it again. Foreign keys lean on unique ones.
KEYS = """
SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
    format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype = %s
    AND (conrelid::regclass::text = ANY(%s) OR confrelid::regclass::text = ANY(%s)) ORDER BY conname
"""
INDEXES = """
SELECT format('DROP INDEX %%I', indexname), indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename = ANY(%s) ORDER BY indexname
"""
FORCED = """
SELECT relname FROM pg_class WHERE relforcerowsecurity AND relnamespace = 'public'::regnamespace
"""
COLUMNS = """
SELECT attname, format_type(atttypid, NULL) = 'uuid' FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
"""


def copy_businesses(copies: int, *, but: Any) -> None:
    """Add so many copies (999 at most) of each sample business in this database, `but` one."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE originals ON COMMIT DROP AS SELECT id FROM businesses WHERE false"
        )
        with _without_rules(cursor):
            cursor.execute(
                "INSERT INTO originals SELECT id FROM businesses WHERE business_code LIKE 'demo-%%' AND id <> %s",
                [but],
            )
            statements = [_copying(cursor, table) for table in TABLES]
            for number in range(1, copies + 1):
                for statement in statements:
                    cursor.execute(
                        statement.replace("{copy}", str(number)), [f"{number:03x}"]
                    )


def _copying(cursor: CursorWrapper, table: str) -> str:
    """The statement that copies what a table has of the originals. Takes the three digits in which a copy's ids end."""
    cursor.execute(COLUMNS, [table])
    columns = dict(cursor.fetchall())
    values = [
        UNIQUE.get((table, name))
        or (NEW_ID.format(id=name) if is_id and name not in SHARED else name)
        for name, is_id in columns.items()
    ]
    owner = "id" if table == "businesses" else "business_id"
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} "  # noqa: S608 -- names from the catalog
        f"FROM {table}, (SELECT %s AS digits) given WHERE {owner} IN (SELECT id FROM originals)"
    )


@contextmanager
def _without_rules(cursor: CursorWrapper) -> Iterator[None]:
    """Without keys, indexes, triggers and row-level security until the block ends, which makes them anew."""
    tables = list(TABLES)
    again: list[str] = []
    for kind in ("f", "u", "p"):
        cursor.execute(KEYS, [kind, tables, tables])
        again = _dropped(cursor, cursor.fetchall()) + again
    cursor.execute(INDEXES, [tables])
    again = _dropped(cursor, cursor.fetchall()) + again
    # Of all tables: a foreign key is made only if its maker sees the rows that it leads to.
    cursor.execute(FORCED)
    for (table,) in cursor.fetchall():
        cursor.execute(
            f"ALTER TABLE {table} DISABLE TRIGGER USER, NO FORCE ROW LEVEL SECURITY"
        )
        again.append(
            f"ALTER TABLE {table} ENABLE TRIGGER USER, FORCE ROW LEVEL SECURITY"
        )
    yield
    cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
    for statement in again:
        cursor.execute(statement)


def _dropped(cursor: CursorWrapper, rules: list[tuple[str, str]]) -> list[str]:
    for drop, _ in rules:
        cursor.execute(drop)
    return [make for _, make in rules]
