"""Every row gets its business."""

from django.db import migrations

from businesses.models import DEFAULT_BUSINESS_ID
from businesses.tenancy.operations import TenantRunPython

MODELS = ["AuditEvent"]


def give_to_default_business(apps, schema_editor):
    for name in MODELS:
        apps.get_model("audit", name).objects.filter(business=None).update(
            business=DEFAULT_BUSINESS_ID
        )


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_businesses")]

    operations = [
        TenantRunPython(
            give_to_default_business,
            migrations.RunPython.noop,
            models=[f"audit.{name}" for name in MODELS],
        )
    ]
