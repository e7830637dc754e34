"""Update the texts of the employee fields; no SQL."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workforce", "0007_name_keys"),
    ]

    operations = [
        migrations.AlterField(
            model_name="employee",
            name="external_employee_id",
            field=models.CharField(
                blank=True, max_length=64, null=True, verbose_name="external ID"
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
                        "^[A-Z0-9]{5,15}$", "Enter 5 to 15 letters and digits."
                    )
                ],
                verbose_name="passport",
            ),
        ),
    ]
