"""The columns that many businesses need, still empty."""

import django.db.models.deletion
from django.db import migrations, models


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
