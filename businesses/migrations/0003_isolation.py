"""Row-level security on the businesses themselves."""

from django.db import migrations

from businesses.tenancy.operations import IsolateTenantTable, RefuseToMerge


class Migration(migrations.Migration):
    # After every key of every app: see `IsolateTenantTable`.
    dependencies = [
        ("audit", "0004_rules"),
        ("businesses", "0002_first_businesses"),
        ("exports", "0004_rules"),
        ("workcards", "0005_ledger"),
    ]

    operations = [
        IsolateTenantTable("Business", "businesses"),
        IsolateTenantTable("MigrationOriginal"),
        RefuseToMerge(),
    ]
