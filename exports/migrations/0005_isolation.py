"""Export runs are seen in their own business only."""

from django.db import migrations

from businesses.tenancy.operations import (
    IsolateTenantTable,
    RefuseToMerge,
)


class Migration(migrations.Migration):
    # After every key of every app: see `IsolateTenantTable`.
    dependencies = [
        ("exports", "0004_rules"),
        ("workcards", "0005_ledger"),
    ]

    operations = [
        IsolateTenantTable("ExportRun"),
        RefuseToMerge(),
    ]
