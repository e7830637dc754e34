"""The responses to create requests that carried an Idempotency-Key header."""

import django.db.models.deletion
import uuid_utils.compat
from django.db import migrations, models

from businesses.tenancy.operations import IsolateTenantTable


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_fewer_indexes"),
        # No later one: businesses are isolated after all keys to them have been added.
        ("businesses", "0002_first_businesses"),
    ]

    operations = [
        migrations.CreateModel(
            name="IdempotencyKey",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("user_id", models.UUIDField()),
                ("key", models.CharField(max_length=255)),
                ("request_hash", models.CharField(max_length=64)),
                ("response_status", models.PositiveSmallIntegerField()),
                ("response_body", models.TextField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "business",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="businesses.business",
                    ),
                ),
            ],
            options={
                "db_table": "idempotency_keys",
                "ordering": ["-created_at", "-id"],
                "indexes": [
                    models.Index(
                        fields=["business", "created_at"],
                        name="idempotency_keys_age_idx",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("business", "user_id", "key"),
                        name="idempotency_keys_key_unique",
                    )
                ],
            },
        ),
        IsolateTenantTable("IdempotencyKey"),
    ]
