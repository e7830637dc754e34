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
        ("workcards", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="dayentry",
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
            model_name="workcard",
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
            model_name="workcardfile",
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
            model_name="workcard",
            name="approved_by_name",
            field=models.CharField(blank=True, editable=False, max_length=320),
        ),
        migrations.AddField(
            model_name="workcard",
            name="uploaded_by_name",
            field=models.CharField(blank=True, editable=False, max_length=320),
        ),
        migrations.AddField(
            model_name="workcard",
            name="version",
            field=models.PositiveIntegerField(default=1, editable=False),
        ),
        migrations.AddField(
            model_name="workcardfile",
            name="page_count",
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AddField(
            model_name="workcardfile",
            name="renditions",
            field=models.JSONField(blank=True, default=list),
        ),
    ]
