"""The migration to minutes: exported and closed months stay unchanged."""

import hashlib
import io
import uuid
from collections.abc import Iterator
from datetime import date
from typing import Any

import orjson
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection

from businesses.models import DEFAULT_BUSINESS_ID
from businesses.tenancy.context import business_scope
from businesses.tenancy.verification import verify_database
from exports.export_options import ExportOptions
from exports.models import ExportProfile, ExportRun
from exports.profiles import Profile
from exports.run_diff import diff_run
from exports.writers import WRITERS
from tests.scratch_database import migrate, scratch_database
from workcards.models import ApprovedDay, ClosedMonth, DayEntry
from workcards.month_rows import month_rows

pytestmark = pytest.mark.migrations

SITE, ZOE, CARD, DECIMAL, CLOCK, RUN = (uuid.UUID(int=number) for number in range(1, 7))
MONTH = date(2026, 6, 1)
# For each day: from, to, break, hours, absence.
DAYS: list[tuple[Any, ...]] = [
    *[("07:00:00", "14:20:00", 0, "7.33", None)] * 22,
    (None, None, 0, "8.33", None),
    (None, None, 0, "7.34", None),
    (None, None, 0, "0.00", None),
    (None, None, 0, None, "SICK"),
    ("22:00:00", "06:20:00", 30, "7.83", None),
    # Data of the single-company schema: a total that contradicts the times, and seconds.
    ("07:00:00", "15:00:00", 0, "8.01", None),
    ("07:00:00", "15:07:30", 0, "8.13", None),
]
MINUTES = [*[440] * 22, 500, 440, 0, None, 470, 480, 488]
# As the previous version computed it: 22 × 7.33 + 8.33 + 7.34 + 7.83 + 8.01 + 8.13 = 200.90 hours.
PAYROLL = {
    DECIMAL: "2026-06,,007,Zoe,100,200.90\r\n2026-06,,007,Zoe,200,1\r\n",
    CLOCK: "2026-06,,007,Zoe,100,200:54\r\n2026-06,,007,Zoe,200,1\r\n",
}
HEADER = "Month,Organization,Employee ID,Employee,Component,Quantity\r\n"
INSERTS = (
    "INSERT INTO sites (id, site_name, site_code, address, is_active, created_at, updated_at, steward_id) "
    "VALUES (%(site)s, 'North', 'N', '', true, now(), now(), %(business)s)",
    "INSERT INTO employees (id, business_id, site_id, full_name, external_employee_id, phone_number, is_active, created_at, "
    "updated_at) VALUES (%(zoe)s, %(business)s, %(site)s, 'Zoe', '007', '', true, now(), now())",
    "INSERT INTO work_cards (id, business_id, site_id, employee_id, processing_month, source, review_status, version, "
    "uploaded_by_name, approved_by_name, approved_at, rejected_reason, notes, original_filename, mime_type, sha256_hash, "
    "created_at, updated_at) VALUES (%(card)s, %(business)s, %(site)s, %(zoe)s, '2026-06-01', 'MANUAL', 'APPROVED', 3, "
    "'Dana', 'Dana', now(), '', '', '', '', '', now(), now())",
)
DAY = (
    "INSERT INTO work_card_day_entries (id, business_id, work_card_id, work_date, from_time, to_time, break_minutes, "
    "total_hours, day_status, comment) VALUES (gen_random_uuid(), %s, %s, %s, %s, %s, %s, %s, %s, '')"
)
POST = (
    "INSERT INTO approved_days (id, business_id, employee_id, site_id, work_card_id, work_date, from_time, to_time, "
    "break_minutes, hours, day_status, approved_by_name, approved_at) SELECT gen_random_uuid(), business_id, %s, %s, "
    "work_card_id, work_date, from_time, to_time, break_minutes, total_hours, day_status, 'Dana', now() "
    "FROM work_card_day_entries WHERE work_card_id = %s"
)
PROFILE = (
    "INSERT INTO export_profiles (id, business_id, name, identifier, organization_number, components, hours_format, "
    "decimal_separator, delimiter, encoding, created_at, updated_at) VALUES (%s, %s, %s, 'external_employee_id', '', "
    "'{\"hours\": \"100\", \"SICK\": \"200\"}', %s, '.', ',', 'utf-8-sig', now(), now())"
)
# The lines of a snapshot as the previous version stored them: fourteen values, without minutes.
SPOOL = """
SELECT 'North', 'Zoe', employee_id::text, work_date::text, '007', NULL, from_time::text, to_time::text, break_minutes,
    hours::text, day_status, '', site_id::text, work_card_id::text
  FROM approved_days ORDER BY work_date
"""


@pytest.fixture
def before(
    django_db_setup: None, unblocked: None, tmp_path: Any, settings: Any
) -> Iterator[tuple[bytes, bytes]]:
    """Yield the days file and the snapshot of an exported and closed month.

    The previous version exported and closed it.
    """
    settings.MEDIA_ROOT = tmp_path
    with scratch_database(copy=True):
        migrate("workcards", "0014")
        migrate("exports", "0008")
        migrate("workforce", "0006")
        assert "minutes" not in _columns("approved_days")
        with business_scope(DEFAULT_BUSINESS_ID), connection.cursor() as cursor:
            ids = {"business": DEFAULT_BUSINESS_ID, "site": SITE, "zoe": ZOE}
            for statement in INSERTS:
                cursor.execute(statement, ids | {"card": CARD})
            for number, day in enumerate(DAYS, 1):
                start = [DEFAULT_BUSINESS_ID, CARD, MONTH.replace(day=number)]
                cursor.execute(DAY, [*start, *day])
            cursor.execute(POST, [ZOE, SITE, CARD])
            for pk, name in ((DECIMAL, "decimal"), (CLOCK, "hh:mm")):
                cursor.execute(PROFILE, [pk, DEFAULT_BUSINESS_ID, name, name])
            cursor.execute(SPOOL)
            rows = cursor.fetchall()
            ClosedMonth.objects.create(month=MONTH, closed_by_name="Dana")
        snapshot = b"".join(
            orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows
        )
        yield _days_csv(rows), snapshot


def _columns(table: str) -> set[str]:
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, table)
    return {column.name for column in described}


def _days_csv(rows: list[Any]) -> bytes:
    lines = [
        "Month,Site,Employee,External ID,Passport,Date,From,To,Break,Total Hours,Status"
    ]
    for row in rows:
        _, _, _, work_date, _, _, start, end, pause, hours, status, *_ = row
        times = [start[:5], end[:5], str(pause)] if start else ["", "", ""]
        cells = ["2026-06", "North", "Zoe", "007", "", work_date, *times]
        lines.append(",".join([*cells, hours or "", status or ""]))
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8-sig")


def _file(kind: str, profile: Profile | None = None) -> bytes:
    writer = WRITERS[ExportRun.Kind(kind)]
    file = io.BytesIO()
    rows = month_rows(MONTH, order=writer.order)
    writer.write(rows, file, ExportOptions(MONTH, "en", profile=profile))
    return file.getvalue()


def _run(snapshot: bytes) -> ExportRun:
    run: ExportRun = ExportRun.objects.create(
        pk=RUN, kind="days_csv", processing_month=MONTH, status="DONE"
    )
    run.snapshot = default_storage.save("snapshot.jsonl", ContentFile(snapshot))
    run.save()
    return run


def test_an_exported_and_closed_month_is_the_same_after_the_step(
    before: tuple[bytes, bytes],
) -> None:
    days_csv, snapshot = before
    migrate()
    # The copy of a database does not include the grants on the database.
    assert {
        one for one in verify_database(connection).faults if " on database " not in one
    } == (set())
    with business_scope(DEFAULT_BUSINESS_ID):
        for model in (DayEntry, ApprovedDay):
            rows = model.objects.order_by("work_date")
            assert list(rows.values_list("minutes", flat=True)) == MINUTES
        assert diff_run(_run(snapshot)) == []
        assert hashlib.sha256(_file("days_csv")).digest() == (
            hashlib.sha256(days_csv).digest()
        )
        for pk, lines in PAYROLL.items():
            row = ExportProfile.objects.get(pk=pk)
            assert row.totals == "sum_of_rounded_days"
            of_row = Profile.of(row)
            # A run requested before the migration has a stored profile without a rule for totals.
            stored = {k: v for k, v in of_row.as_json().items() if k != "totals"}
            for profile in (of_row, Profile(**stored)):
                file = _file("payroll_csv", profile)
                assert file.decode("utf-8-sig") == HEADER + lines


def test_the_step_can_be_taken_back(before: tuple[bytes, bytes]) -> None:
    migrate()
    migrate("workcards", "0014")
    migrate("exports", "0008")
    assert "minutes" not in _columns("approved_days")
    assert "totals" not in _columns("export_profiles")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT prosrc FROM pg_proc WHERE proname = 'approved_days_limit'"
        )
        (source,) = cursor.fetchone()
    assert "sum(hours) > 24" in source
