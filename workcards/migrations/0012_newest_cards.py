"""An index for super-admins, whose list of cards goes across businesses."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workcards", "0011_ledger_limits_by_day")]

    operations = [
        migrations.AddIndex(
            model_name="workcard",
            index=models.Index(
                fields=["-created_at", "-id"], name="work_cards_newest_idx"
            ),
        ),
    ]
