"""Rules and keys, once every row has its business."""

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import uuid_utils.compat
from django.db import migrations, models

import businesses.tenancy.constraints


class Migration(migrations.Migration):
    dependencies = [
        ("workforce", "0003_backfill"),
    ]

    operations = [
        migrations.AlterField(
            model_name="employee",
            name="business",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="businesses.business",
            ),
        ),
        migrations.AlterField(
            model_name="employee",
            name="passport_id",
            field=models.CharField(
                blank=True,
                max_length=15,
                null=True,
                validators=[
                    django.core.validators.RegexValidator(
                        "^[A-Z0-9]{5,15}$", "5 to 15 letters and digits."
                    )
                ],
                verbose_name="passport",
            ),
        ),
        migrations.CreateModel(
            name="SiteSettings",
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
                    "hourly_tariff",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=8,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="hourly tariff",
                    ),
                ),
                (
                    "contact_emails",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.EmailField(max_length=254),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="contact e-mails",
                    ),
                ),
                (
                    "contact_phone",
                    models.CharField(
                        blank=True, max_length=32, verbose_name="contact phone"
                    ),
                ),
                (
                    "expected_cards_per_month",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="expected cards per month"
                    ),
                ),
                (
                    "is_hidden",
                    models.BooleanField(default=False, verbose_name="hidden"),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "verbose_name": "site settings",
                "verbose_name_plural": "site settings",
                "db_table": "site_settings",
                "ordering": ["id"],
            },
        ),
        migrations.AddField(
            model_name="sitesettings",
            name="business",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="businesses.business",
            ),
        ),
        migrations.AddField(
            model_name="sitesettings",
            name="responsible_employee",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="workforce.employee",
                verbose_name="responsible employee",
            ),
        ),
        migrations.AddField(
            model_name="sitesettings",
            name="site",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="settings_rows",
                to="workforce.site",
                verbose_name="site",
            ),
        ),
        migrations.AddIndex(
            model_name="employee",
            index=models.Index(fields=["business", "site"], name="employees_site_idx"),
        ),
        migrations.AddIndex(
            model_name="employee",
            index=models.Index(
                fields=["business", "passport_id"], name="employees_passport_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="employee",
            index=models.Index(
                fields=["business", "full_name", "id"], name="employees_name_idx"
            ),
        ),
        migrations.AddConstraint(
            model_name="employee",
            constraint=models.UniqueConstraint(
                fields=("business", "id"), name="employees_business_id_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="employee",
            constraint=models.UniqueConstraint(
                fields=("passport_id",), name="employees_passport_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="employee",
            constraint=models.UniqueConstraint(
                fields=("business", "external_employee_id"),
                name="employees_external_id_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="sitesettings",
            constraint=models.UniqueConstraint(
                fields=("business", "site"), name="site_settings_site_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="employee",
            constraint=models.CheckConstraint(
                condition=models.Q(("passport_id__regex", "^[A-Z0-9]{5,15}$")),
                name="employees_passport_format",
            ),
        ),
        migrations.AddConstraint(
            model_name="employee",
            constraint=models.CheckConstraint(
                condition=models.Q(("left_on__gte", models.F("started_on"))),
                name="employees_left_after_start",
            ),
        ),
        migrations.AddConstraint(
            model_name="sitesettings",
            constraint=models.CheckConstraint(
                condition=models.Q(("hourly_tariff__gte", 0)),
                name="site_settings_tariff_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="sitesettings",
            constraint=models.CheckConstraint(
                condition=models.Q(("expected_cards_per_month__range", (1, 31))),
                name="site_settings_expected_cards_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="sitesettings",
            constraint=businesses.tenancy.constraints.TenantForeignKeyConstraint(
                field="responsible_employee",
                name="site_settings_responsible_employee_fk",
                to="workforce.Employee",
            ),
        ),
    ]
