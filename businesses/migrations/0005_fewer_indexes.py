"""Indexes that others begin with are gone: they were written with every row, and found nothing that the others do not."""

from django.db import migrations

from businesses.tenancy.operations import DropKeyIndex


class Migration(migrations.Migration):
    dependencies = [("businesses", "0004_policies_once_a_statement")]

    operations = [
        DropKeyIndex("MigrationOriginal", "business"),
    ]
