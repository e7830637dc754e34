"""Old runs are over: done if they left a file, failed if not."""

from django.db import migrations

from businesses.models import DEFAULT_BUSINESS_ID
from businesses.tenancy import migration_backup as originals
from businesses.tenancy.operations import TenantRunPython

VALUES = {
    "processing_month": "date_trunc('month', t.processing_month)::date",
    "kind": "CASE WHEN lower(btrim(t.kind)) IN ('days_csv', 'matrix_xlsx', 'summary_xlsx', 'payroll_csv') "
    "THEN lower(btrim(t.kind)) ELSE 'days_csv' END",
}


def forwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "UPDATE export_runs SET business_id = %s WHERE business_id IS NULL",
            [DEFAULT_BUSINESS_ID],
        )
        originals.change(cursor, "export_runs", VALUES)
        cursor.execute(
            "UPDATE export_runs r SET finished_at = created_at, "
            "status = CASE WHEN file = '' THEN 'FAILED' ELSE 'DONE' END, "
            "progress = CASE WHEN file = '' THEN 0 ELSE 100 END, "
            "error = CASE WHEN file = '' THEN 'This run left no file.' ELSE '' END, "
            "exported_by_name = coalesce((SELECT coalesce(nullif(u.full_name, ''), u.email) FROM users u "
            "WHERE u.id = r.exported_by_id), '')"
        )


def backwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        originals.restore(cursor, "export_runs")


class Migration(migrations.Migration):
    dependencies = [
        ("exports", "0002_businesses"),
        ("accounts", "0003_backfill"),
    ]

    operations = [
        TenantRunPython(
            forwards,
            backwards,
            models=[
                "exports.ExportRun",
                "accounts.User",
                "businesses.MigrationOriginal",
            ],
        )
    ]
