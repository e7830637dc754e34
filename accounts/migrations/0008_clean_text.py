"""Stored text is cleaned as new text is. Texts that would clash stay: see `manage.py check_names`."""

from django.db import migrations

from businesses.stored_text import (
    TextColumn as Column,
)
from businesses.stored_text import (
    TextTable as Table,
)
from businesses.stored_text import (
    clean_tables,
    restore_tables,
)
from businesses.tenancy.operations import CreateDefinerFunctions, TenantRunPython

TABLES = (
    Table(
        "users",
        (
            Column("full_name"),
            Column("email", "email", is_unique=True),
            Column("phone_number", is_unique=True),
        ),
    ),
)


def forwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        clean_tables(cursor, *TABLES)


def backwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        restore_tables(cursor, *TABLES)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_idempotency_keys"),
    ]

    operations = [
        CreateDefinerFunctions("business_name_clashes"),
        TenantRunPython(
            forwards,
            backwards,
            models=[
                "accounts.User",
                "businesses.MigrationOriginal",
            ],
        ),
    ]
