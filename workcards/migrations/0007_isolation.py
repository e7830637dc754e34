"""Cards, days and ledger are seen in their own business only."""

from django.db import migrations

from businesses.tenancy.operations import (
    IsolateTenantTable,
    RefuseToMerge,
)


class Migration(migrations.Migration):
    # After every key of every app: see `IsolateTenantTable`.
    dependencies = [
        ("exports", "0004_rules"),
        ("workcards", "0006_ledger_limits"),
    ]

    operations = [
        IsolateTenantTable("WorkCardFile"),
        IsolateTenantTable("WorkCard"),
        IsolateTenantTable("DayEntry"),
        IsolateTenantTable("ApprovedDay"),
        RefuseToMerge(),
    ]
