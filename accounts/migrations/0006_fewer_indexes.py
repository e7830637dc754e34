"""Indexes that others begin with are gone: they were written with every row, and found nothing that the others do not."""

from django.db import migrations

from businesses.tenancy.operations import DropKeyIndex


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_isolation")]

    operations = [
        DropKeyIndex("User", "business"),
        DropKeyIndex("SignIn", "business"),
        DropKeyIndex("SignIn", "user"),
    ]
