"""The columns that many businesses need.

Rows that are there already take the default business with the column, which PostgreSQL keeps as one note in its catalog:
nothing is written, however many they are. The next migration gives another business to those that need it.
"""

import django.db.models.deletion
from django.db import migrations, models

from businesses.models import DEFAULT_BUSINESS_ID


class Migration(migrations.Migration):
    dependencies = [
        ("businesses", "0002_first_businesses"),
        ("exports", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="exportrun",
            name="attempts",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="exportrun",
            name="business",
            field=models.ForeignKey(
                default=DEFAULT_BUSINESS_ID,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="businesses.business",
            ),
        ),
        migrations.AddField(
            model_name="exportrun",
            name="error",
            field=models.TextField(blank=True, verbose_name="error"),
        ),
        migrations.AddField(
            model_name="exportrun",
            name="exported_by_name",
            field=models.CharField(blank=True, editable=False, max_length=320),
        ),
        migrations.AddField(
            model_name="exportrun",
            name="filters",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="exportrun",
            name="finished_at",
            field=models.DateTimeField(
                blank=True, null=True, verbose_name="finished at"
            ),
        ),
        migrations.AddField(
            model_name="exportrun",
            name="lease_expires_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="exportrun",
            name="progress",
            field=models.PositiveSmallIntegerField(
                default=0, verbose_name="progress, %"
            ),
        ),
        migrations.AddField(
            model_name="exportrun",
            name="sha256",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="exportrun",
            name="snapshot",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name="exportrun",
            name="status",
            field=models.CharField(
                choices=[
                    ("QUEUED", "Queued"),
                    ("RUNNING", "Running"),
                    ("DONE", "Done"),
                    ("FAILED", "Failed"),
                ],
                default="QUEUED",
                max_length=10,
                verbose_name="status",
            ),
        ),
    ]
