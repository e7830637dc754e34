"""Stored text is cleaned as new text is. Texts that would clash stay: see `manage.py check_names`.

Closed months, the ledger and the trail stay as they are.
"""

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

OPEN = (
    "NOT EXISTS (SELECT FROM closed_months c "
    "WHERE c.business_id = t.business_id AND c.month = t.processing_month)"
)
TABLES = (
    Table(
        "work_cards",
        (Column("rejected_reason"), Column("notes", "text")),
        only_if=OPEN,
    ),
    Table("work_card_day_entries", (Column("comment"),), only_if=OPEN),
)


def forwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        clean_tables(cursor, *TABLES)


def backwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        restore_tables(cursor, *TABLES)


class Migration(migrations.Migration):
    dependencies = [
        ("workcards", "0015_minutes"),
    ]

    operations = [
        TenantRunPython(
            forwards,
            backwards,
            models=[
                "workcards.WorkCard",
                "workcards.DayEntry",
                "workcards.ClosedMonth",
                "businesses.MigrationOriginal",
            ],
        ),
    ]
