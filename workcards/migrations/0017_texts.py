"""Update the texts of the card fields; no SQL."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workcards", "0016_clean_text"),
    ]

    operations = [
        migrations.AlterField(
            model_name="workcard",
            name="rejected_reason",
            field=models.CharField(
                blank=True, max_length=500, verbose_name="rejection reason"
            ),
        ),
        migrations.AlterField(
            model_name="workcard",
            name="source",
            field=models.CharField(
                choices=[
                    ("UPLOAD_SINGLE", "Upload"),
                    ("UPLOAD_BATCH", "Batch upload"),
                    ("MANUAL", "Manual"),
                ],
                max_length=16,
                verbose_name="source",
            ),
        ),
    ]
