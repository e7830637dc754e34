"""People are seen in their own business only; signing in looks them up before the business is known."""

from django.db import migrations

from businesses.tenancy.operations import (
    CreateDefinerFunctions,
    IsolateTenantTable,
    RefuseToMerge,
)


class Migration(migrations.Migration):
    # After every key of every app: see `IsolateTenantTable`.
    dependencies = [
        ("accounts", "0004_rules"),
        ("exports", "0004_rules"),
        ("workcards", "0005_ledger"),
    ]

    operations = [
        IsolateTenantTable("User"),
        IsolateTenantTable("SignIn"),
        CreateDefinerFunctions(),
        RefuseToMerge(),
    ]
