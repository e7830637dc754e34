"""Indexes that others begin with are gone: they were written with every row, and found nothing that the others do not."""

from django.db import migrations

from businesses.tenancy.operations import DropKeyIndex


class Migration(migrations.Migration):
    dependencies = [("exports", "0006_profiles_and_kinds")]

    operations = [
        DropKeyIndex("ExportRun", "business"),
        DropKeyIndex("ExportProfile", "business"),
    ]
