"""Row-level security on the businesses themselves."""

from django.db import migrations

from businesses.tenancy.operations import IsolateTenantTable


class Migration(migrations.Migration):
    dependencies = [("businesses", "0002_first_businesses")]

    operations = [
        IsolateTenantTable("Business", "businesses"),
        IsolateTenantTable("MigrationOriginal"),
    ]
