"""Rules and keys, once every row has its business."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0003_backfill"),
    ]

    operations = [
        migrations.AlterField(
            model_name="auditevent",
            name="business",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="businesses.business",
            ),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                fields=["business", "-created_at", "-id"],
                name="audit_events_recent_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                fields=["business", "site_id", "created_at"],
                name="audit_events_site_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                fields=["business", "entity_type", "entity_id"],
                name="audit_events_entity_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                fields=["business", "event_type", "created_at"],
                name="audit_events_type_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                fields=["business", "actor_id"], name="audit_events_actor_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                fields=["business", "employee_id"], name="audit_events_employee_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                fields=["business", "work_card_id"], name="audit_events_card_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                fields=["-created_at", "-id"], name="audit_events_platform_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                fields=["business", "created_at"],
                condition=models.Q(platform_only=True),
                name="audit_events_attempts_idx",
            ),
        ),
    ]
