"""Update the texts of the user fields; no SQL."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_values_in_use"),
    ]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="language",
            field=models.CharField(
                blank=True,
                choices=[("he", "Hebrew"), ("en", "English")],
                help_text="Leave empty to use the business language.",
                max_length=2,
                null=True,
                verbose_name="language",
            ),
        ),
    ]
