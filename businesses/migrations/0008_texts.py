"""Update the texts of the business fields; no SQL."""

from decimal import Decimal

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("businesses", "0007_name_keys"),
    ]

    operations = [
        migrations.AlterField(
            model_name="business",
            name="business_code",
            field=models.CharField(
                blank=True,
                max_length=40,
                null=True,
                validators=[
                    django.core.validators.RegexValidator(
                        "^[a-z0-9-]{2,40}$", "Use 2 to 40 characters: a-z, 0-9 and -."
                    )
                ],
                verbose_name="code",
            ),
        ),
        migrations.AlterField(
            model_name="business",
            name="default_region",
            field=models.CharField(
                default="IL", max_length=2, verbose_name="phone region"
            ),
        ),
        migrations.AlterField(
            model_name="business",
            name="month_cutoff_day",
            field=models.PositiveSmallIntegerField(
                default=10,
                help_text="Uploads up to this day count for the previous month.",
                verbose_name="month cutoff day",
            ),
        ),
        migrations.AlterField(
            model_name="businesssettings",
            name="longest_day_hours",
            field=models.DecimalField(
                decimal_places=2,
                default=Decimal("16"),
                max_digits=4,
                verbose_name="maximum hours per day",
            ),
        ),
        migrations.AlterField(
            model_name="businesssettings",
            name="on_duplicate_days",
            field=models.CharField(
                choices=[("warn", "Warn"), ("refuse", "Block")],
                default="warn",
                max_length=6,
                verbose_name="another card with the same days",
            ),
        ),
        migrations.AlterField(
            model_name="businesssettings",
            name="on_future_month",
            field=models.CharField(
                choices=[("warn", "Warn"), ("refuse", "Block")],
                default="warn",
                max_length=6,
                verbose_name="month in the future",
            ),
        ),
        migrations.AlterField(
            model_name="businesssettings",
            name="on_long_day",
            field=models.CharField(
                choices=[("warn", "Warn"), ("refuse", "Block")],
                default="warn",
                max_length=6,
                verbose_name="long day",
            ),
        ),
        migrations.AlterField(
            model_name="businesssettings",
            name="on_outside_employment",
            field=models.CharField(
                choices=[("warn", "Warn"), ("refuse", "Block")],
                default="warn",
                max_length=6,
                verbose_name="days outside employment",
            ),
        ),
        migrations.AlterField(
            model_name="businesssettings",
            name="on_overlapping_hours",
            field=models.CharField(
                choices=[("warn", "Warn"), ("refuse", "Block")],
                default="warn",
                max_length=6,
                verbose_name="overlapping hours",
            ),
        ),
    ]
