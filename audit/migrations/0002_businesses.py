"""The columns that many businesses need.

Rows that are there already take the default business with the column, which PostgreSQL keeps as one note in its catalog:
nothing is written, however many they are. The next migration gives another business to those that need it.
"""

import django.db.models.deletion
from django.db import migrations, models

from businesses.models import DEFAULT_BUSINESS_ID


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0001_initial"),
        ("businesses", "0002_first_businesses"),
    ]

    operations = [
        migrations.AddField(
            model_name="auditevent",
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
            model_name="auditevent",
            name="cross_business",
            field=models.BooleanField(default=False, verbose_name="cross-business"),
        ),
        migrations.AddField(
            model_name="auditevent",
            name="platform_only",
            field=models.BooleanField(default=False),
        ),
    ]
