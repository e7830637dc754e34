"""Each day of an approved card without a ledger row gets the approved card that is paid instead."""

import django.db.models.deletion
from django.db import migrations, models

import businesses.tenancy.constraints
from businesses.tenancy.migration_backup import NEW_ID
from businesses.tenancy.operations import TenantRunPython

EVENT = "ledger_backfill_set_aside"

# `waiting`: days of approved cards without a row. `told`: the answers of reviewers as the trail keeps them; an answer counts
# if neither card was approved anew since. `from_trail`: the latest such answer for each day. `by_rule`: for the other days the
# row that stands on the date, by the order of `row_that_stands` in workcards/services/reposting.py. Ids of the trail are compared
# as text, since a value that is no UUID must not stop the migration.
FILL = f"""
WITH waiting AS MATERIALIZED (
    SELECT d.id, d.business_id, d.work_card_id, d.work_date, d.total_hours, d.day_status, c.employee_id, c.site_id, c.approved_at
      FROM work_card_day_entries d
      JOIN work_cards c ON c.id = d.work_card_id
     WHERE c.review_status = 'APPROVED' AND NOT EXISTS (
        SELECT FROM approved_days a
         WHERE a.business_id = d.business_id AND a.work_card_id = d.work_card_id AND a.work_date = d.work_date)
), told AS MATERIALIZED (
    SELECT e.business_id, e.created_at, e.id AS event_id, conflict.place, conflict.value ->> 'date' AS work_date,
           coalesce(conflict.value ->> 'same_site' = 'true', false) AS is_same_site,
           CASE conflict.value ->> 'choice'
                WHEN 'keep' THEN e.work_card_id::text ELSE conflict.value #>> '{{ledger,work_card_id}}' END AS loser,
           CASE conflict.value ->> 'choice'
                WHEN 'keep' THEN conflict.value #>> '{{ledger,work_card_id}}' ELSE e.work_card_id::text END AS winner
      FROM audit_events e
     CROSS JOIN LATERAL jsonb_array_elements(
        CASE jsonb_typeof(e.metadata -> 'conflicts') WHEN 'array' THEN e.metadata -> 'conflicts' ELSE '[]'::jsonb END
     ) WITH ORDINALITY AS conflict(value, place)
     WHERE e.event_type = 'card_approved' AND conflict.value ->> 'choice' IN ('keep', 'replace')
    UNION ALL
    SELECT e.business_id, e.created_at, e.id, 0, e.metadata ->> 'date', true, e.work_card_id::text,
           e.metadata #>> '{{kept,work_card}}'
      FROM audit_events e
     WHERE e.event_type = 'ledger_backfill_conflict'
), from_trail AS MATERIALIZED (
    SELECT DISTINCT ON (w.id) w.id, winner.id AS winner_id
      FROM waiting w
      JOIN told t ON t.business_id = w.business_id AND t.loser = w.work_card_id::text AND t.work_date = w.work_date::text
      JOIN work_cards winner ON winner.business_id = w.business_id AND winner.id::text = t.winner
      JOIN work_card_day_entries d ON d.work_card_id = winner.id AND d.work_date = w.work_date
     WHERE winner.review_status = 'APPROVED' AND winner.employee_id = w.employee_id AND winner.id <> w.work_card_id
       AND t.created_at >= greatest(w.approved_at, winner.approved_at)
     ORDER BY w.id, t.created_at DESC, t.event_id DESC, t.is_same_site DESC, t.place
), by_rule AS MATERIALIZED (
    SELECT DISTINCT ON (w.id) w.*, a.work_card_id AS winner_id
      FROM waiting w
      LEFT JOIN approved_days a
        ON a.business_id = w.business_id AND a.employee_id = w.employee_id AND a.work_date = w.work_date
     WHERE NOT EXISTS (SELECT FROM from_trail f WHERE f.id = w.id)
     ORDER BY w.id, a.site_id = w.site_id DESC, a.day_status IS NOT NULL DESC, a.hours DESC NULLS LAST, a.id
), filled AS (
    UPDATE work_card_day_entries d SET set_aside_by_id = f.winner_id
      FROM (SELECT id, winner_id FROM from_trail UNION ALL SELECT id, winner_id FROM by_rule) f
     WHERE d.id = f.id AND f.winner_id IS NOT NULL
)
INSERT INTO audit_events (
    id, business_id, actor_label, event_type, entity_type, entity_id, entity_label, site_id, employee_id, work_card_id,
    metadata, cross_business, platform_only, created_at)
SELECT {NEW_ID}, c.business_id, '', '{EVENT}', 'workcard', c.id,
    to_char(c.processing_month, 'YYYY-MM') || ' ' || coalesce(nullif(c.original_filename, ''), c.id::text),
    c.site_id, c.employee_id, c.id, jsonb_build_object('channel', 'command', 'set_aside', days.listed), false, false, now()
  FROM (
    SELECT r.work_card_id, jsonb_agg(jsonb_build_object(
        'date', r.work_date, 'hours', r.total_hours::text, 'day_status', r.day_status, 'set_aside_by_id', r.winner_id)
        ORDER BY r.work_date) AS listed
      FROM by_rule r GROUP BY r.work_card_id
  ) days
  JOIN work_cards c ON c.id = days.work_card_id
"""

# The days of closed months need the column, too, and nothing in it is what the trigger protects: figures and dates stay. The
# trigger is off for this statement alone, in the migration's transaction, under the table lock that switching it off takes.
TRIGGER = "work_card_day_entries_open_month_update"


def fill(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE work_card_day_entries DISABLE TRIGGER {TRIGGER}")
        cursor.execute(FILL)
        cursor.execute(f"ALTER TABLE work_card_day_entries ENABLE TRIGGER {TRIGGER}")


def forget(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_events WHERE event_type = %s", [EVENT])


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0003_backfill"),
        ("workcards", "0013_fewer_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="dayentry",
            name="set_aside_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="days_set_aside",
                to="workcards.workcard",
                verbose_name="set aside by",
            ),
        ),
        TenantRunPython(
            fill,
            forget,
            models=[
                "workcards.WorkCard",
                "workcards.DayEntry",
                "workcards.ApprovedDay",
                "audit.AuditEvent",
            ],
        ),
        migrations.AddIndex(
            model_name="dayentry",
            index=models.Index(
                fields=["business", "set_aside_by"], name="day_entries_set_aside_by_idx"
            ),
        ),
        migrations.AddConstraint(
            model_name="dayentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("set_aside_by__isnull", True),
                    models.Q(("set_aside_by", models.F("work_card")), _negated=True),
                    _connector="OR",
                ),
                name="work_card_day_entries_not_by_itself",
            ),
        ),
        migrations.AddConstraint(
            model_name="dayentry",
            constraint=businesses.tenancy.constraints.TenantForeignKeyConstraint(
                field="set_aside_by",
                name="work_card_day_entries_set_aside_by_fk",
                to="workcards.WorkCard",
            ),
        ),
    ]
