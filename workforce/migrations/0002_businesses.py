"""The columns that many businesses need.

Rows that are there already take the default business with the column, which PostgreSQL keeps as one note in its catalog:
nothing is written, however many they are. The next migration gives another business to those that need it.
"""

import django.db.models.deletion
from django.db import migrations, models

from businesses.models import DEFAULT_BUSINESS_ID


class Migration(migrations.Migration):
    dependencies = [
        ("businesses", "0002_first_businesses"),
        ("workforce", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="employee",
            name="business",
            field=models.ForeignKey(
                default=DEFAULT_BUSINESS_ID,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="businesses.business",
            ),
        ),
        migrations.AddField(
            model_name="employee",
            name="former_passport_id",
            field=models.CharField(
                blank=True,
                editable=False,
                max_length=64,
                null=True,
                verbose_name="former passport",
            ),
        ),
        migrations.AddField(
            model_name="employee",
            name="left_on",
            field=models.DateField(blank=True, null=True, verbose_name="left on"),
        ),
        migrations.AddField(
            model_name="employee",
            name="started_on",
            field=models.DateField(blank=True, null=True, verbose_name="started on"),
        ),
        migrations.AddField(
            model_name="site",
            name="steward",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="businesses.business",
            ),
        ),
    ]
