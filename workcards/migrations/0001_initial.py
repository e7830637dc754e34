"""The single-company schema."""

import django.db.models.deletion
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("workforce", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="WorkCardFile",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("original", models.FileField(max_length=300, upload_to="cards")),
                ("mime_type", models.CharField(max_length=100)),
                ("file_size_bytes", models.PositiveBigIntegerField()),
                ("sha256_hash", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={"db_table": "work_card_files", "ordering": ["-created_at", "-id"]},
        ),
        migrations.CreateModel(
            name="WorkCard",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("processing_month", models.DateField(verbose_name="month")),
                ("source", models.CharField(max_length=16, verbose_name="source")),
                (
                    "review_status",
                    models.CharField(
                        default="NEEDS_ASSIGNMENT", max_length=20, verbose_name="status"
                    ),
                ),
                (
                    "approved_at",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="approved at"
                    ),
                ),
                (
                    "rejected_reason",
                    models.CharField(
                        blank=True, max_length=500, verbose_name="reason of rejection"
                    ),
                ),
                (
                    "notes",
                    models.TextField(blank=True, max_length=2000, verbose_name="notes"),
                ),
                (
                    "original_filename",
                    models.CharField(blank=True, editable=False, max_length=255),
                ),
                (
                    "mime_type",
                    models.CharField(blank=True, editable=False, max_length=100),
                ),
                (
                    "file_size_bytes",
                    models.PositiveBigIntegerField(
                        blank=True, editable=False, null=True
                    ),
                ),
                (
                    "sha256_hash",
                    models.CharField(blank=True, editable=False, max_length=64),
                ),
                (
                    "source_page_number",
                    models.PositiveSmallIntegerField(
                        blank=True, editable=False, null=True
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="approved by",
                    ),
                ),
                (
                    "employee",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="work_cards",
                        to="workforce.employee",
                        verbose_name="employee",
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="work_cards",
                        to="workcards.workcardfile",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="workforce.site",
                        verbose_name="site",
                    ),
                ),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="uploaded by",
                    ),
                ),
            ],
            options={
                "verbose_name": "work card",
                "verbose_name_plural": "work cards",
                "db_table": "work_cards",
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="DayEntry",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("work_date", models.DateField(verbose_name="date")),
                (
                    "from_time",
                    models.TimeField(blank=True, null=True, verbose_name="from"),
                ),
                ("to_time", models.TimeField(blank=True, null=True, verbose_name="to")),
                (
                    "break_minutes",
                    models.SmallIntegerField(default=0, verbose_name="break, minutes"),
                ),
                (
                    "day_status",
                    models.CharField(
                        blank=True, max_length=20, null=True, verbose_name="absence"
                    ),
                ),
                (
                    "total_hours",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=6,
                        null=True,
                        verbose_name="hours",
                    ),
                ),
                (
                    "comment",
                    models.CharField(
                        blank=True, max_length=500, verbose_name="comment"
                    ),
                ),
                (
                    "work_card",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="day_entries",
                        to="workcards.workcard",
                    ),
                ),
            ],
            options={
                "verbose_name": "day entry",
                "verbose_name_plural": "day entries",
                "db_table": "work_card_day_entries",
                "ordering": ["work_date", "id"],
            },
        ),
    ]
