"""The columns that many businesses need.

Rows that are there already take the default business with the column, which PostgreSQL keeps as one note in its catalog:
nothing is written, however many they are. The next migration gives another business to those that need it.
"""

import django.db.models.deletion
from django.db import migrations, models

from businesses.models import DEFAULT_BUSINESS_ID


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("businesses", "0002_first_businesses"),
    ]

    operations = [
        # Here and not with the other rules: on the way back, e-mails are restored before they must be there and unique.
        migrations.AlterField(
            model_name="user",
            name="email",
            field=models.EmailField(
                blank=True, max_length=254, null=True, verbose_name="e-mail"
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="acting_business",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="businesses.business",
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="acting_expires_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="user",
            name="acting_reason",
            field=models.CharField(blank=True, editable=False, max_length=500),
        ),
        migrations.AddField(
            model_name="user",
            name="acting_token",
            field=models.UUIDField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="user",
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
            model_name="user",
            name="language",
            field=models.CharField(
                blank=True,
                choices=[("he", "Hebrew"), ("en", "English")],
                help_text="Empty: the business's.",
                max_length=2,
                null=True,
                verbose_name="language",
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="signed_out_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
