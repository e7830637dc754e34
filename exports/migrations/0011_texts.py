"""Update the texts of the profile fields; no SQL."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("exports", "0010_clean_text"),
    ]

    operations = [
        migrations.AlterField(
            model_name="exportprofile",
            name="identifier",
            field=models.CharField(
                choices=[
                    ("passport_id", "Passport"),
                    ("external_employee_id", "External ID"),
                ],
                default="external_employee_id",
                max_length=20,
                verbose_name="identifier",
            ),
        ),
    ]
