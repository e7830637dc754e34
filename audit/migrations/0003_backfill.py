"""An event belongs to the business of whoever did it, else to the default business."""

from django.db import migrations

from businesses.models import DEFAULT_BUSINESS_ID
from businesses.tenancy.operations import TenantRunPython


def forwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "UPDATE audit_events SET business_id = %s WHERE business_id IS NULL",
            [DEFAULT_BUSINESS_ID],
        )
        cursor.execute(
            "UPDATE audit_events e SET business_id = u.business_id FROM users u "
            "WHERE u.id = e.actor_id AND u.business_id <> e.business_id"
        )


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0002_businesses"),
        ("accounts", "0003_backfill"),
    ]

    operations = [
        TenantRunPython(
            forwards,
            # Nothing to undo: only the new column was written, and it goes next.
            migrations.RunPython.noop,
            models=["audit.AuditEvent", "accounts.User"],
        )
    ]
