"""How a profile adds hours. Existing profiles keep the sum of rounded days; new ones add minutes."""

from django.db import migrations, models


def totals(default: str) -> models.CharField:
    return models.CharField(
        choices=[
            ("sum_of_minutes", "Sum of minutes"),
            ("sum_of_rounded_days", "Sum of rounded days"),
        ],
        default=default,
        help_text=(
            "Sum of minutes: add the minutes of the month, then round the total once. "
            "Sum of rounded days: round each day to hundredths of an hour, then add them. "
            "22 days of 7:20 are 161:20 (161.33) by minutes and 161.26 by rounded days."
        ),
        max_length=20,
        verbose_name="paid hours",
    )


class Migration(migrations.Migration):
    dependencies = [("exports", "0008_runs_under_way")]

    operations = [
        migrations.AddField("exportprofile", "totals", totals("sum_of_rounded_days")),
        migrations.AlterField("exportprofile", "totals", totals("sum_of_minutes")),
        migrations.AddConstraint(
            model_name="exportprofile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    totals__in=["sum_of_minutes", "sum_of_rounded_days"]
                ),
                name="export_profiles_totals_known",
            ),
        ),
    ]
