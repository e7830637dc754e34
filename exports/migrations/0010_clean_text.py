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
from businesses.tenancy.operations import TenantRunPython

TABLES = (
    Table(
        "export_profiles",
        (
            Column("name", is_unique_within_business=True),
            Column("organization_number"),
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
        ("exports", "0009_profile_totals"),
    ]

    operations = [
        TenantRunPython(
            forwards,
            backwards,
            models=[
                "exports.ExportProfile",
                "businesses.MigrationOriginal",
            ],
        ),
    ]
