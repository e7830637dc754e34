"""The table of the cache, so that `migrate` alone makes everything there is."""

from django.conf import settings
from django.core.management import call_command
from django.db import migrations


def create_cache_table(apps, schema_editor):
    """Nothing to do where the cache is kept elsewhere."""
    call_command(
        "createcachetable", database=schema_editor.connection.alias, verbosity=0
    )


def drop_cache_table(apps, schema_editor):
    table = schema_editor.quote_name(settings.CACHES["default"].get("LOCATION") or "")
    if settings.CACHES["default"]["BACKEND"].endswith("DatabaseCache"):
        schema_editor.execute(f"DROP TABLE IF EXISTS {table}")


class Migration(migrations.Migration):
    dependencies = []

    operations = [migrations.RunPython(create_cache_table, drop_cache_table)]
