"""The ledger: its table, the days of the cards that are approved already, then its rules."""

import django.db.models.deletion
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models

import businesses.tenancy.constraints
from businesses.tenancy.migration_backup import NEW_ID
from businesses.tenancy.operations import TenantRunPython

# Of several approved cards with the same day of the same person, the one approved last is paid.
LEDGER = f"""
INSERT INTO approved_days (
    id, business_id, employee_id, work_date, site_id, work_card_id, hours, from_time, to_time, break_minutes, day_status,
    approved_by_id, approved_by_name, approved_at)
SELECT {NEW_ID}, day.* FROM (
    SELECT DISTINCT ON (c.business_id, c.employee_id, d.work_date)
        c.business_id, c.employee_id, d.work_date, c.site_id, c.id, d.total_hours, d.from_time, d.to_time,
        d.break_minutes, d.day_status, c.approved_by_id, c.approved_by_name, c.approved_at
    FROM work_cards c JOIN work_card_day_entries d ON d.work_card_id = c.id
    WHERE c.review_status = 'APPROVED'
    ORDER BY c.business_id, c.employee_id, d.work_date, c.approved_at DESC, c.id DESC) day
"""

FIGURES = """jsonb_build_object(
    'work_card', {card}, 'site', {row}.site_id, 'hours', {hours}::text, 'from_time', {day}.from_time,
    'to_time', {day}.to_time, 'break_minutes', {day}.break_minutes, 'day_status', {day}.day_status,
    'approved_by', {row}.approved_by_name, 'approved_at', {row}.approved_at)"""
CONFLICT = "ledger_backfill_conflict"
CONFLICTS = f"""
INSERT INTO audit_events (
    id, business_id, actor_label, event_type, entity_type, entity_id, entity_label, site_id, employee_id, work_card_id,
    metadata, cross_business, platform_only, created_at)
SELECT {NEW_ID}, c.business_id, '', '{CONFLICT}', 'workcard', c.id,
    to_char(c.processing_month, 'YYYY-MM') || ' ' || coalesce(nullif(c.original_filename, ''), c.id::text),
    c.site_id, c.employee_id, c.id,
    jsonb_build_object(
        'channel', 'command', 'date', d.work_date,
        'kept', {FIGURES.format(card="kept.work_card_id", row="kept", day="kept", hours="kept.hours")},
        'dropped', {FIGURES.format(card="c.id", row="c", day="d", hours="d.total_hours")}),
    false, false, now()
FROM work_cards c
JOIN work_card_day_entries d ON d.work_card_id = c.id
JOIN approved_days kept ON kept.employee_id = c.employee_id AND kept.work_date = d.work_date
WHERE c.review_status = 'APPROVED' AND kept.work_card_id <> c.id
"""


def fill_ledger(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(LEDGER)
        cursor.execute(CONFLICTS)


def remove_conflicts(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_events WHERE event_type = %s", [CONFLICT])


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0003_backfill"),
        ("workcards", "0004_rules"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApprovedDay",
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
                ("work_date", models.DateField(verbose_name="date")),
                (
                    "from_time",
                    models.TimeField(blank=True, null=True, verbose_name="from"),
                ),
                ("to_time", models.TimeField(blank=True, null=True, verbose_name="to")),
                (
                    "break_minutes",
                    models.PositiveSmallIntegerField(
                        default=0, verbose_name="break, minutes"
                    ),
                ),
                (
                    "day_status",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("VACATION", "Vacation"),
                            ("SICK", "Sick"),
                            ("INTERNATIONAL_VISA", "International visa"),
                            ("HOLIDAY", "Holiday"),
                        ],
                        max_length=20,
                        null=True,
                        verbose_name="absence",
                    ),
                ),
                (
                    "hours",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=5,
                        null=True,
                        verbose_name="hours",
                    ),
                ),
                (
                    "approved_by_name",
                    models.CharField(blank=True, editable=False, max_length=320),
                ),
                ("approved_at", models.DateTimeField(verbose_name="approved at")),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "business",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="businesses.business",
                    ),
                ),
                (
                    "employee",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="approved_days",
                        to="workforce.employee",
                        verbose_name="employee",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="workforce.site",
                        verbose_name="site",
                    ),
                ),
                (
                    "work_card",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="approved_days",
                        to="workcards.workcard",
                    ),
                ),
            ],
            options={
                "verbose_name": "approved day",
                "verbose_name_plural": "approved days",
                "db_table": "approved_days",
                "ordering": ["work_date", "id"],
            },
        ),
        # Filled before it has a key or an index: each is then built once, and no row is checked alone.
        TenantRunPython(
            fill_ledger,
            remove_conflicts,
            models=["workcards.WorkCard", "workcards.DayEntry", "audit.AuditEvent"],
        ),
        migrations.AddIndex(
            model_name="approvedday",
            index=models.Index(
                fields=["business", "work_date", "site"], name="approved_days_month_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="approvedday",
            index=models.Index(
                fields=["business", "work_card"], name="approved_days_card_idx"
            ),
        ),
        migrations.AddConstraint(
            model_name="approvedday",
            constraint=models.UniqueConstraint(
                fields=("business", "employee", "work_date", "site"),
                name="approved_days_day_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="approvedday",
            constraint=models.CheckConstraint(
                condition=models.Q(("hours__range", (0, 24))),
                name="approved_days_hours_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="approvedday",
            constraint=models.CheckConstraint(
                condition=models.Q(("break_minutes__range", (0, 240))),
                name="approved_days_break_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="approvedday",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("break_minutes", 0),
                        ("from_time__isnull", True),
                        ("to_time__isnull", True),
                    ),
                    models.Q(
                        ("from_time__isnull", False),
                        ("to_time__isnull", False),
                        models.Q(("from_time", models.F("to_time")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="approved_days_times_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="approvedday",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        (
                            "day_status__in",
                            ["VACATION", "SICK", "INTERNATIONAL_VISA", "HOLIDAY"],
                        ),
                        ("from_time__isnull", True),
                        ("hours__isnull", True),
                    ),
                    models.Q(("day_status__isnull", True), ("hours__isnull", False)),
                    _connector="OR",
                ),
                name="approved_days_absence_has_no_hours",
            ),
        ),
        migrations.AddConstraint(
            model_name="approvedday",
            constraint=businesses.tenancy.constraints.TenantForeignKeyConstraint(
                field="employee",
                name="approved_days_employee_fk",
                to="workforce.Employee",
            ),
        ),
        migrations.AddConstraint(
            model_name="approvedday",
            constraint=businesses.tenancy.constraints.TenantForeignKeyConstraint(
                field="work_card", name="approved_days_card_fk", to="workcards.WorkCard"
            ),
        ),
    ]
