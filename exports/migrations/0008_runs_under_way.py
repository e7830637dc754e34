"""An index for the number of exports that a business has queued and running."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exports", "0007_fewer_indexes")]

    operations = [
        migrations.AddIndex(
            model_name="exportrun",
            index=models.Index(
                condition=models.Q(("status__in", ["QUEUED", "RUNNING"])),
                fields=["business", "status"],
                name="export_runs_under_way_idx",
            ),
        ),
    ]
