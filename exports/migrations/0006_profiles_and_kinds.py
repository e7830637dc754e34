"""Profiles of payroll programs, seen in their own business only, and the kinds of files that come with them."""

import django.db.models.deletion
import uuid_utils.compat
from django.db import migrations, models

from businesses.tenancy.operations import IsolateTenantTable


class Migration(migrations.Migration):
    dependencies = [
        ("businesses", "0003_isolation"),
        ("exports", "0005_isolation"),
    ]

    operations = [
        migrations.AlterField(
            model_name="exportrun",
            name="kind",
            field=models.CharField(
                choices=[
                    ("days_csv", "Days (CSV)"),
                    ("matrix_xlsx", "Matrix (XLSX)"),
                    ("summary_xlsx", "Summary (XLSX)"),
                    ("payroll_csv", "Payroll program (CSV)"),
                ],
                max_length=20,
                verbose_name="kind",
            ),
        ),
        migrations.CreateModel(
            name="ExportProfile",
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
                ("name", models.CharField(max_length=100, verbose_name="name")),
                (
                    "identifier",
                    models.CharField(
                        choices=[
                            ("passport_id", "Passport"),
                            ("external_employee_id", "External id"),
                        ],
                        default="external_employee_id",
                        max_length=20,
                        verbose_name="identifier",
                    ),
                ),
                (
                    "organization_number",
                    models.CharField(
                        blank=True, max_length=20, verbose_name="organization number"
                    ),
                ),
                ("components", models.JSONField(verbose_name="components")),
                (
                    "hours_format",
                    models.CharField(
                        choices=[("decimal", "8.50"), ("hh:mm", "08:30")],
                        default="decimal",
                        max_length=10,
                        verbose_name="hours",
                    ),
                ),
                (
                    "decimal_separator",
                    models.CharField(
                        choices=[(".", "Point"), (",", "Comma")],
                        default=".",
                        max_length=1,
                        verbose_name="decimal separator",
                    ),
                ),
                (
                    "delimiter",
                    models.CharField(
                        choices=[
                            (",", "Comma"),
                            (";", "Semicolon"),
                            ("\t", "Tab"),
                            ("|", "Vertical bar"),
                        ],
                        default=",",
                        max_length=1,
                        verbose_name="delimiter",
                    ),
                ),
                (
                    "encoding",
                    models.CharField(
                        choices=[
                            ("utf-8-sig", "UTF-8"),
                            ("windows-1255", "Windows-1255"),
                        ],
                        default="utf-8-sig",
                        max_length=12,
                        verbose_name="encoding",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(auto_now_add=True, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(auto_now=True, verbose_name="updated at"),
                ),
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
                "verbose_name": "export profile",
                "verbose_name_plural": "export profiles",
                "db_table": "export_profiles",
                "ordering": ["name", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("business", "name"), name="export_profiles_name_unique"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("identifier__in", ["passport_id", "external_employee_id"])
                        ),
                        name="export_profiles_identifier_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("hours_format__in", ["decimal", "hh:mm"])),
                        name="export_profiles_hours_format_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("decimal_separator__in", [".", ","])),
                        name="export_profiles_decimal_separator_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("delimiter__in", [",", ";", "\t", "|"])),
                        name="export_profiles_delimiter_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("encoding__in", ["utf-8-sig", "windows-1255"])
                        ),
                        name="export_profiles_encoding_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decimal_separator", ","),
                            ("delimiter", ","),
                            _negated=True,
                        ),
                        name="export_profiles_separators_differ",
                    ),
                ],
            },
        ),
        IsolateTenantTable("ExportProfile"),
    ]
