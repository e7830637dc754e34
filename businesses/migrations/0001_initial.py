"""The first step of tenancy: the table of businesses, in a database that is ready for it."""

import uuid

import django.core.validators
import django.db.models.deletion
import uuid_utils.compat
from django.db import migrations, models

import businesses.models
from businesses.tenancy.operations import RequireDatabaseRoles


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        RequireDatabaseRoles(),
        migrations.CreateModel(
            name="Business",
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
                (
                    "business_name",
                    models.CharField(max_length=200, verbose_name="name"),
                ),
                (
                    "business_code",
                    models.CharField(
                        blank=True,
                        max_length=40,
                        null=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z0-9-]{2,40}$", "2 to 40 of a-z, 0-9 and -."
                            )
                        ],
                        verbose_name="code",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "month_cutoff_day",
                    models.PositiveSmallIntegerField(
                        default=10,
                        help_text="An upload up to this day belongs to the month before.",
                        verbose_name="month cutoff day",
                    ),
                ),
                (
                    "expected_cards_per_month",
                    models.PositiveSmallIntegerField(
                        default=2, verbose_name="expected cards per month"
                    ),
                ),
                (
                    "time_zone",
                    models.CharField(
                        default="Asia/Jerusalem",
                        max_length=64,
                        validators=[businesses.models.validate_time_zone],
                        verbose_name="time zone",
                    ),
                ),
                (
                    "default_region",
                    models.CharField(
                        default="IL",
                        max_length=2,
                        verbose_name="region of phone numbers",
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        choices=[("he", "Hebrew"), ("en", "English")],
                        default="he",
                        max_length=2,
                        verbose_name="language",
                    ),
                ),
                (
                    "signed_out_at",
                    models.DateTimeField(blank=True, editable=False, null=True),
                ),
                ("is_platform", models.BooleanField(default=False, editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "verbose_name": "business",
                "verbose_name_plural": "businesses",
                "db_table": "businesses",
                "ordering": ["business_name", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("business_name",), name="businesses_name_unique"
                    ),
                    models.UniqueConstraint(
                        fields=("business_code",), name="businesses_code_unique"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("business_code__regex", "^[a-z0-9-]{2,40}$")
                        ),
                        name="businesses_code_format",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("month_cutoff_day__range", (1, 28))),
                        name="businesses_cutoff_day_range",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("expected_cards_per_month__range", (1, 31))
                        ),
                        name="businesses_expected_cards_range",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                (
                                    "id",
                                    uuid.UUID("00000000-0000-7000-8000-000000000001"),
                                ),
                                ("is_active", True),
                                ("is_platform", True),
                            ),
                            models.Q(
                                ("is_platform", False),
                                models.Q(
                                    (
                                        "id",
                                        uuid.UUID(
                                            "00000000-0000-7000-8000-000000000001"
                                        ),
                                    ),
                                    _negated=True,
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="businesses_platform_is_one_and_active",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MigrationOriginal",
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
                ("table_name", models.CharField(max_length=63)),
                ("row_id", models.UUIDField()),
                ("content", models.JSONField()),
                ("changed", models.JSONField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "business",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="businesses.business",
                    ),
                ),
            ],
            options={
                "db_table": "migration_originals",
                "ordering": ["id"],
                "indexes": [
                    models.Index(
                        fields=["business", "table_name", "row_id"],
                        name="migration_originals_row_idx",
                    )
                ],
            },
        ),
    ]
