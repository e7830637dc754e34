"""The single-company schema."""

import uuid_utils.compat
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="AuditEvent",
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
                (
                    "actor_id",
                    models.UUIDField(blank=True, null=True, verbose_name="actor"),
                ),
                (
                    "actor_label",
                    models.CharField(blank=True, max_length=320, verbose_name="actor"),
                ),
                ("event_type", models.CharField(max_length=64, verbose_name="event")),
                (
                    "entity_type",
                    models.CharField(
                        blank=True, max_length=64, verbose_name="entity type"
                    ),
                ),
                (
                    "entity_id",
                    models.UUIDField(blank=True, null=True, verbose_name="entity"),
                ),
                (
                    "entity_label",
                    models.CharField(blank=True, max_length=320, verbose_name="entity"),
                ),
                (
                    "site_id",
                    models.UUIDField(blank=True, null=True, verbose_name="site"),
                ),
                (
                    "employee_id",
                    models.UUIDField(blank=True, null=True, verbose_name="employee"),
                ),
                (
                    "work_card_id",
                    models.UUIDField(blank=True, null=True, verbose_name="work card"),
                ),
                (
                    "metadata",
                    models.JSONField(blank=True, default=dict, verbose_name="details"),
                ),
                (
                    "created_at",
                    models.DateTimeField(auto_now_add=True, verbose_name="at"),
                ),
            ],
            options={
                "verbose_name": "audit event",
                "verbose_name_plural": "audit events",
                "db_table": "audit_events",
                "ordering": ["-created_at", "-id"],
            },
        ),
    ]
