"""The settings of each business; a business without a row has the defaults."""

from decimal import Decimal

import django.db.models.deletion
import uuid_utils.compat
from django.db import migrations, models

from businesses.tenancy.operations import IsolateTenantTable


class Migration(migrations.Migration):
    dependencies = [
        ("businesses", "0005_fewer_indexes"),
    ]

    operations = [
        migrations.CreateModel(
            name="BusinessSettings",
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
                    "on_outside_employment",
                    models.CharField(
                        choices=[("warn", "Warn"), ("refuse", "Refuse")],
                        default="warn",
                        max_length=6,
                        verbose_name="days outside employment",
                    ),
                ),
                (
                    "on_future_month",
                    models.CharField(
                        choices=[("warn", "Warn"), ("refuse", "Refuse")],
                        default="warn",
                        max_length=6,
                        verbose_name="month in the future",
                    ),
                ),
                (
                    "on_overlapping_hours",
                    models.CharField(
                        choices=[("warn", "Warn"), ("refuse", "Refuse")],
                        default="warn",
                        max_length=6,
                        verbose_name="overlapping hours",
                    ),
                ),
                (
                    "on_long_day",
                    models.CharField(
                        choices=[("warn", "Warn"), ("refuse", "Refuse")],
                        default="warn",
                        max_length=6,
                        verbose_name="long day",
                    ),
                ),
                (
                    "on_duplicate_days",
                    models.CharField(
                        choices=[("warn", "Warn"), ("refuse", "Refuse")],
                        default="warn",
                        max_length=6,
                        verbose_name="another card with the same days",
                    ),
                ),
                (
                    "longest_day_hours",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("16"),
                        max_digits=4,
                        verbose_name="longest day, hours",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "business",
                    models.OneToOneField(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="settings_row",
                        to="businesses.business",
                    ),
                ),
            ],
            options={
                "verbose_name": "business settings",
                "verbose_name_plural": "business settings",
                "db_table": "business_settings",
                "ordering": ["id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("on_outside_employment__in", ["warn", "refuse"])
                        ),
                        name="business_settings_on_outside_employment_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("on_future_month__in", ["warn", "refuse"])),
                        name="business_settings_on_future_month_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("on_overlapping_hours__in", ["warn", "refuse"])
                        ),
                        name="business_settings_on_overlapping_hours_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("on_long_day__in", ["warn", "refuse"])),
                        name="business_settings_on_long_day_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("on_duplicate_days__in", ["warn", "refuse"])
                        ),
                        name="business_settings_on_duplicate_days_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("longest_day_hours__range", (1, 24))),
                        name="business_settings_longest_day_range",
                    ),
                ],
            },
        ),
        IsolateTenantTable("BusinessSettings"),
    ]
