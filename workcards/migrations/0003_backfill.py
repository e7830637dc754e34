"""Cards and days as the rules will have them. What can't be put right is set aside, with its original."""

from django.db import migrations

from businesses.models import DEFAULT_BUSINESS_ID
from businesses.tenancy import migration_backup as originals
from businesses.tenancy.operations import TenantRunPython

CARDS = "work_cards"
DAYS = "work_card_day_entries"

STATUS = """
CROSS JOIN LATERAL (SELECT CASE
    WHEN upper(btrim(t.review_status)) = 'REJECTED' THEN 'REJECTED'
    WHEN t.employee_id IS NULL THEN 'NEEDS_ASSIGNMENT'
    WHEN upper(btrim(t.review_status)) = 'APPROVED' THEN 'APPROVED'
    ELSE 'NEEDS_REVIEW' END AS status) fit
"""
CARD_VALUES = {
    "processing_month": "date_trunc('month', t.processing_month)::date",
    "review_status": "fit.status",
    "approved_at": "CASE WHEN fit.status = 'APPROVED' THEN coalesce(t.approved_at, t.updated_at) END",
    "approved_by_id": "CASE WHEN fit.status = 'APPROVED' THEN t.approved_by_id END",
    "source": "CASE WHEN upper(btrim(t.source)) IN ('UPLOAD_SINGLE', 'UPLOAD_BATCH', 'MANUAL') THEN upper(btrim(t.source)) "
    "WHEN t.file_id IS NULL THEN 'MANUAL' ELSE 'UPLOAD_SINGLE' END",
}

NAME = (
    "coalesce((SELECT coalesce(nullif(u.full_name, ''), u.email) "
    "FROM users u WHERE u.id = c.{reference}), '')"
)

# What a day comes to. The hours on the paper are what was paid, so they stand, even beside times that make no sense (which
# then go); without them the times must make the hours. An absence has neither.
READING = """
CROSS JOIN LATERAL (SELECT
    CASE WHEN upper(btrim(t.day_status)) IN ('VACATION', 'SICK', 'INTERNATIONAL_VISA', 'HOLIDAY')
        THEN upper(btrim(t.day_status)) END AS status,
    CASE WHEN t.from_time = '24:00' THEN '00:00' ELSE t.from_time END AS from_time,
    CASE WHEN t.to_time = '24:00' THEN '00:00' ELSE t.to_time END AS to_time) r
CROSS JOIN LATERAL (SELECT
    r.status IS NULL AND r.from_time <> r.to_time AND t.break_minutes BETWEEN 0 AND 240 AS has_times,
    round((extract(epoch FROM r.to_time - r.from_time) + CASE WHEN r.to_time < r.from_time THEN 86400 ELSE 0 END
        - 60 * t.break_minutes) / 3600, 2) AS computed) w
CROSS JOIN LATERAL (SELECT
    CASE WHEN r.status IS NULL THEN coalesce(t.total_hours, CASE WHEN w.has_times THEN w.computed END) END AS hours) p
"""
DAY_VALUES = {
    "day_status": "r.status",
    "total_hours": "p.hours",
    "from_time": "CASE WHEN w.has_times THEN r.from_time END",
    "to_time": "CASE WHEN w.has_times THEN r.to_time END",
    "break_minutes": "CASE WHEN w.has_times THEN t.break_minutes ELSE 0 END",
}
IMPOSSIBLE = f"""
SELECT t.id FROM {DAYS} t JOIN {CARDS} c ON c.id = t.work_card_id {READING}
WHERE date_trunc('month', t.work_date) <> c.processing_month
    OR (r.status IS NULL AND (p.hours BETWEEN 0 AND 24) IS NOT TRUE)
"""
OLDER_OF_ONE_DATE = f"""
SELECT id FROM (
    SELECT id, row_number() OVER (PARTITION BY work_card_id, work_date ORDER BY id DESC) AS place FROM {DAYS}
) entries WHERE place > 1
"""


def forwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        for table in ("work_card_files", CARDS, DAYS):
            cursor.execute(
                f"UPDATE {table} SET business_id = %s WHERE business_id IS NULL",
                [DEFAULT_BUSINESS_ID],
            )
        originals.change(cursor, CARDS, CARD_VALUES, joins=STATUS)
        cursor.execute(
            f"UPDATE {CARDS} c SET uploaded_by_name = {NAME.format(reference='uploaded_by_id')}, "
            f"approved_by_name = {NAME.format(reference='approved_by_id')} "
            "WHERE uploaded_by_id IS NOT NULL OR approved_by_id IS NOT NULL"
        )
        cursor.execute(
            "UPDATE work_card_files f SET page_count = p.pages FROM "
            f"(SELECT file_id, max(source_page_number) AS pages FROM {CARDS} GROUP BY file_id) p "
            "WHERE p.file_id = f.id AND p.pages > 1"
        )
        originals.set_aside(cursor, DAYS, IMPOSSIBLE)
        originals.change(cursor, DAYS, DAY_VALUES, joins=READING)
        originals.set_aside(cursor, DAYS, OLDER_OF_ONE_DATE)


def backwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        # A card that was deleted since takes its days with it.
        originals.restore(
            cursor,
            DAYS,
            only_if=f"EXISTS (SELECT FROM {CARDS} c WHERE c.id = t.work_card_id)",
        )
        originals.restore(cursor, CARDS)


class Migration(migrations.Migration):
    dependencies = [
        ("workcards", "0002_businesses"),
        ("accounts", "0003_backfill"),
    ]

    operations = [
        TenantRunPython(
            forwards,
            backwards,
            models=[
                "workcards.WorkCardFile",
                "workcards.WorkCard",
                "workcards.DayEntry",
                "accounts.User",
                "businesses.MigrationOriginal",
            ],
        )
    ]
