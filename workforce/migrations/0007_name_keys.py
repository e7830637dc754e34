"""Stored text is cleaned as new text is, and names of sites get keys that are unique. Texts that would clash stay: see `manage.py check_names`."""

import logging

from django.db import migrations, models

from businesses.models import PLATFORM_ID
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
        "sites",
        (
            Column("site_name", is_unique=True),
            Column("site_code", is_unique=True),
            Column("address"),
        ),
        business=f"coalesce(t.steward_id, '{PLATFORM_ID}')",
    ),
    Table(
        "employees",
        (
            Column("full_name"),
            Column("former_passport_id"),
            Column("external_employee_id", is_unique_within_business=True),
            Column("phone_number"),
        ),
    ),
    Table("site_settings", (Column("contact_phone"),)),
)


def fill_keys(cursor):
    cursor.execute("SELECT id, site_name FROM sites ORDER BY created_at, id")
    keys = keys_of(cursor.fetchall())
    cursor.execute(
        "UPDATE sites t SET name_key = k.name_key FROM unnest(%s::uuid[], %s::text[]) AS k(id, name_key) "
        "WHERE t.id = k.id",
        [list(keys), list(keys.values())],
    )
    if clashing := sum(map(is_clashing, keys.values())):
        logger.warning(
            "%d names of sites look like others. List them: manage.py check_names",
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
    dependencies = [
        ("workforce", "0006_fewer_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="site",
            name="name_key",
            field=models.TextField(editable=False, null=True),
        ),
        TenantRunPython(
            forwards,
            backwards,
            models=[
                "workforce.Site",
                "workforce.Employee",
                "workforce.SiteSettings",
                "businesses.MigrationOriginal",
            ],
        ),
        migrations.AlterField(
            model_name="site",
            name="name_key",
            field=models.TextField(editable=False),
        ),
        migrations.AddConstraint(
            model_name="site",
            constraint=models.UniqueConstraint(
                fields=("name_key",), name="sites_name_key_unique"
            ),
        ),
    ]
