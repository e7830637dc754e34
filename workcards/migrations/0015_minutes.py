"""The minutes of a day as a generated column, and the limit of 24 hours counted in minutes."""

from importlib import import_module

from django.db import migrations, models

import workcards.models as workcards

by_day = import_module("workcards.migrations.0011_ledger_limits_by_day")

BY_HOURS = by_day.REPLACE.replace(by_day.JOINED, by_day.LOOKED_UP)
BY_MINUTES = BY_HOURS.replace("sum(hours) > 24", "sum(minutes) > 1440")


def minutes(hours: str) -> models.GeneratedField:
    return models.GeneratedField(
        db_persist=True,
        expression=workcards.day_figures.DayMinutes(
            "from_time", "to_time", "break_minutes", hours
        ),
        output_field=models.SmallIntegerField(null=True),
        verbose_name="minutes",
    )


class Migration(migrations.Migration):
    dependencies = [("workcards", "0014_set_aside_by")]

    operations = [
        # Each rewrites its table under an exclusive lock. Triggers and policies play no part in that.
        migrations.AddField("dayentry", "minutes", minutes("total_hours")),
        migrations.AddField("approvedday", "minutes", minutes("hours")),
        migrations.RunSQL(BY_MINUTES, BY_HOURS),
    ]
