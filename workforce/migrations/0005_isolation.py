"""Sites are shared, employees are seen in their own business only."""

from django.db import migrations

from businesses.tenancy.operations import (
    IsolateTenantTable,
    RefuseToMerge,
    ShareTable,
)


class Migration(migrations.Migration):
    # After every key of every app: see `IsolateTenantTable`.
    dependencies = [
        ("exports", "0004_rules"),
        ("workcards", "0005_ledger"),
        ("workforce", "0004_rules"),
    ]

    operations = [
        ShareTable("Site"),
        IsolateTenantTable("Employee"),
        IsolateTenantTable("SiteSettings"),
        RefuseToMerge(),
    ]
