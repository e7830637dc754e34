"""Rules and keys, once every row has its business."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_rules"),
        ("exports", "0003_backfill"),
    ]

    operations = [
        migrations.AlterField(
            model_name="exportrun",
            name="business",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="businesses.business",
            ),
        ),
        migrations.AlterField(
            model_name="exportrun",
            name="kind",
            field=models.CharField(
                choices=[("days_csv", "Days (CSV)")], max_length=20, verbose_name="kind"
            ),
        ),
        migrations.AddIndex(
            model_name="exportrun",
            index=models.Index(
                fields=["business", "processing_month", "site"],
                name="export_runs_month_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="exportrun",
            index=models.Index(
                fields=["business", "-created_at", "-id"], name="export_runs_recent_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="exportrun",
            index=models.Index(
                condition=models.Q(("status__in", ["QUEUED", "RUNNING"])),
                fields=["lease_expires_at"],
                name="export_runs_lease_idx",
            ),
        ),
        migrations.AddConstraint(
            model_name="exportrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("processing_month__day", 1)),
                name="export_runs_month_is_first",
            ),
        ),
        migrations.AddConstraint(
            model_name="exportrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("progress__range", (0, 100))),
                name="export_runs_progress_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="exportrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["QUEUED", "RUNNING", "DONE", "FAILED"])
                ),
                name="export_runs_status_known",
            ),
        ),
    ]
