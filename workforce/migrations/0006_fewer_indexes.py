"""Indexes that others begin with are gone: they were written with every row, and found nothing that the others do not."""

from django.db import migrations

from businesses.tenancy.operations import DropKeyIndex


class Migration(migrations.Migration):
    dependencies = [("workforce", "0005_isolation")]

    operations = [
        DropKeyIndex("Employee", "business"),
        DropKeyIndex("SiteSettings", "business"),
    ]
