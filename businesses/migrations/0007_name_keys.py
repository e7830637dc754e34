"""Stored text is cleaned as new text is, and names of businesses get keys that are unique. Texts that would clash stay: see `manage.py check_names`."""

import logging

from django.db import migrations, models

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
from businesses.unique_names import is_clashing, keys_of

logger = logging.getLogger(__name__)

TABLES = (
    Table(
        "businesses",
        (
            Column("business_name", is_unique=True),
            Column("business_code", is_unique=True),
        ),
        business="t.id",
    ),
)


def fill_keys(cursor):
    cursor.execute("SELECT id, business_name FROM businesses ORDER BY created_at, id")
    keys = keys_of(cursor.fetchall())
    cursor.execute(
        "UPDATE businesses t SET name_key = k.name_key FROM unnest(%s::uuid[], %s::text[]) AS k(id, name_key) "
        "WHERE t.id = k.id",
        [list(keys), list(keys.values())],
    )
    if clashing := sum(map(is_clashing, keys.values())):
        logger.warning(
            "%d names of businesses look like others. List them: manage.py check_names",
            clashing,
        )


def forwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        clean_tables(cursor, *TABLES)
        fill_keys(cursor)


def backwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        restore_tables(cursor, *TABLES)


class Migration(migrations.Migration):
    dependencies = [("businesses", "0006_business_settings")]

    operations = [
        migrations.AddField(
            model_name="business",
            name="name_key",
            field=models.TextField(editable=False, null=True),
        ),
        TenantRunPython(
            forwards,
            backwards,
            models=[
                "businesses.Business",
                "businesses.MigrationOriginal",
            ],
        ),
        migrations.AlterField(
            model_name="business",
            name="name_key",
            field=models.TextField(editable=False),
        ),
        migrations.AddConstraint(
            model_name="business",
            constraint=models.UniqueConstraint(
                fields=("name_key",), name="businesses_name_key_unique"
            ),
        ),
    ]
