"""The single-company schema."""

import django.db.models.deletion
import uuid_utils.compat
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Site",
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
                ("site_name", models.CharField(max_length=200, verbose_name="name")),
                (
                    "site_code",
                    models.CharField(
                        blank=True, max_length=40, null=True, verbose_name="code"
                    ),
                ),
                (
                    "address",
                    models.CharField(
                        blank=True, max_length=300, verbose_name="address"
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "verbose_name": "site",
                "verbose_name_plural": "sites",
                "db_table": "sites",
                "ordering": ["site_name", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["site_name"], name="sites_name_unique"
                    ),
                    models.UniqueConstraint(
                        fields=["site_code"], name="sites_code_unique"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Employee",
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
                    "full_name",
                    models.CharField(max_length=200, verbose_name="full name"),
                ),
                (
                    "passport_id",
                    models.CharField(
                        blank=True, max_length=64, null=True, verbose_name="passport"
                    ),
                ),
                (
                    "external_employee_id",
                    models.CharField(
                        blank=True, max_length=64, null=True, verbose_name="external id"
                    ),
                ),
                (
                    "phone_number",
                    models.CharField(blank=True, max_length=32, verbose_name="phone"),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "site",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="employees",
                        to="workforce.site",
                        verbose_name="home site",
                    ),
                ),
            ],
            options={
                "verbose_name": "employee",
                "verbose_name_plural": "employees",
                "db_table": "employees",
                "ordering": ["full_name", "id"],
            },
        ),
    ]
