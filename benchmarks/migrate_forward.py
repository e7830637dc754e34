"""Measure the duration and locks of the migrations from the single-company schema.

    python -m benchmarks.migrate_forward [--cards 200000]

A temporary database with the single-company schema gets N cards of ten days each. Two rows in a hundred need a
correction. The program migrates it forward and prints a table in Markdown: the seconds of each migration, and the
seconds for which it locks each table against reads and writes.
"""

import argparse
import threading
import time
from collections import defaultdict
from contextlib import closing
from typing import Any

import psycopg2
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.scratch_database import (
    migrate,
    migrate_to_single_company,
    scratch_database,
)

SECONDS_BETWEEN_LOOKS = 0.05
LOCKS = """
SELECT c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
WHERE l.pid = %s AND l.granted AND l.mode = 'AccessExclusiveLock'
    AND c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
"""

# n cards: two a month for ten months per employee. Each card has ten days, a file and two audit events.
FILL = """
INSERT INTO users (id, password, email, phone_number, full_name, role, is_active, created_at, updated_at)
SELECT gen_random_uuid(), 'x', 'Person' || i || '@Mizhav.example', '054-55' || lpad(i::text, 5, '0'), 'Person ' || i,
    (ARRAY['SUPER_ADMIN', 'ADMIN', 'REVIEWER', 'UPLOADER'])[1 + i %% 4], true, now(), now()
FROM generate_series(1, 200) i;

INSERT INTO sites (id, site_name, site_code, address, is_active, created_at, updated_at)
SELECT gen_random_uuid(), 'Construction Site ' || i, 'S' || i, '', true, now(), now() FROM generate_series(1, 300) i;

CREATE TEMP TABLE person AS SELECT id, row_number() OVER () - 1 AS number FROM users;
CREATE TEMP TABLE place AS SELECT id, row_number() OVER () - 1 AS number FROM sites;
CREATE TEMP TABLE worker AS SELECT gen_random_uuid() AS id, i AS number FROM generate_series(0, %(n)s / 20) i;
CREATE TEMP TABLE card AS SELECT gen_random_uuid() AS id, gen_random_uuid() AS file_id, i AS number,
    (date '2023-01-01' + i / 2 %% 10 * interval '1 month')::date AS month FROM generate_series(0, %(n)s - 1) i;

INSERT INTO employees (id, site_id, full_name, passport_id, external_employee_id, phone_number, is_active, created_at,
    updated_at)
SELECT w.id, p.id, 'Worker ' || w.number, CASE WHEN w.number %% 50 = 0 THEN 'p-' ELSE 'P' END || lpad(w.number::text, 7, '0'),
    'E' || w.number, '', true, now(), now()
FROM worker w JOIN place p ON p.number = w.number %% 300;

INSERT INTO work_card_files (id, original, mime_type, file_size_bytes, sha256_hash, created_at)
SELECT file_id, 'cards/' || file_id || '.jpg', 'image/jpeg', 400000, md5(number::text) || md5(number::text), now() FROM card;

INSERT INTO work_cards (id, processing_month, source, review_status, approved_at, rejected_reason, notes, original_filename,
    mime_type, file_size_bytes, sha256_hash, source_page_number, created_at, updated_at, approved_by_id, employee_id,
    file_id, site_id, uploaded_by_id)
SELECT c.id, c.month + CASE WHEN c.number %% 50 = 0 THEN 14 ELSE 0 END, 'UPLOAD_BATCH',
    CASE WHEN c.number %% 10 = 0 THEN 'NEEDS_REVIEW' ELSE 'APPROVED' END,
    CASE WHEN c.number %% 10 = 0 THEN NULL ELSE now() - c.number * interval '1 minute' END,
    '', '', c.number || '.jpg', 'image/jpeg', 400000, md5(c.number::text) || md5(c.number::text), 1, now(), now(),
    CASE WHEN c.number %% 10 = 0 THEN NULL ELSE u.id END, w.id, c.file_id, p.id, u.id
FROM card c JOIN worker w ON w.number = c.number / 20 JOIN place p ON p.number = c.number / 20 %% 300
JOIN person u ON u.number = c.number %% 200;

-- Both cards of a month have its eleventh day: one of them will not be paid.
INSERT INTO work_card_day_entries (id, work_card_id, work_date, from_time, to_time, break_minutes, day_status, total_hours,
    comment)
SELECT gen_random_uuid(), c.id, c.month + d + CASE WHEN c.number %% 2 = 0 THEN 0 ELSE 10 END,
    CASE WHEN d < 8 THEN time '07:00' END, CASE WHEN d < 8 THEN time '15:30' END, CASE WHEN d < 8 THEN 30 ELSE 0 END,
    CASE WHEN d = 9 THEN 'VACATION' END,
    CASE WHEN d = 9 THEN NULL WHEN (c.number + d) %% 100 = 0 THEN 80 WHEN (c.number + d) %% 100 = 1 THEN NULL ELSE 8 END, ''
FROM card c CROSS JOIN generate_series(0, 9 + CASE WHEN c.number %% 10 = 2 THEN 1 ELSE 0 END) d;

INSERT INTO export_runs (id, kind, processing_month, row_count, generated_file_name, file, created_at, exported_by_id)
SELECT gen_random_uuid(), 'days_csv', '2023-01-01', 100, 'days.csv', 'exports/days.csv', now(), u.id
FROM generate_series(1, 2000) i JOIN person u ON u.number = i %% 200;

INSERT INTO audit_events (id, actor_id, actor_label, event_type, entity_type, entity_id, entity_label, site_id, employee_id,
    work_card_id, metadata, created_at)
SELECT gen_random_uuid(), u.id, 'Person', kind, 'workcard', c.id, c.number || '.jpg', NULL, NULL, c.id,
    '{"channel": "api"}', now()
FROM card c JOIN person u ON u.number = c.number %% 200 CROSS JOIN unnest(ARRAY['card_uploaded', 'card_approved']) kind;
"""


class MigrationWatch(threading.Thread):
    """A thread that records the exclusive locks of the migration.

    It reads them over a separate connection.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.parameters = connection.get_connection_params()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (self.pid,) = cursor.fetchone()
        self.migration = ""
        self.seconds: dict[tuple[str, str], float] = defaultdict(float)
        self.finished = threading.Event()

    def run(self) -> None:
        parameters = {
            name: self.parameters[name]
            for name in ("dbname", "user", "password", "host", "port")
        }
        with closing(psycopg2.connect(**parameters)) as watching:
            watching.autocommit = True
            last = time.monotonic()
            with watching.cursor() as cursor:
                while not self.finished.wait(SECONDS_BETWEEN_LOOKS):
                    cursor.execute(LOCKS, [self.pid])
                    now = time.monotonic()
                    for (table,) in cursor.fetchall():
                        self.seconds[self.migration, table] += now - last
                    last = now


def step() -> list[tuple[str, float, str]]:
    """Migrate forward; return the name and seconds of each migration, and its locked tables with seconds."""
    watch = MigrationWatch()
    started: dict[str, float] = {}
    seconds: dict[str, float] = {}

    def progress(action: str, migration: Any = None, *_: Any) -> None:
        name = f"{migration.app_label}.{migration.name}" if migration else ""
        if action == "apply_start":
            watch.migration, started[name] = name, time.monotonic()
        elif action == "apply_success":
            seconds[name] = time.monotonic() - started[name]

    watch.start()
    executor = MigrationExecutor(connection, progress)
    executor.migrate(executor.loader.graph.leaf_nodes())
    watch.finished.set()
    watch.join()
    return [
        (
            name,
            taken,
            ", ".join(
                f"{table} {held:.1f}"
                for (migration, table), held in watch.seconds.items()
                if migration == name and held >= 2 * SECONDS_BETWEEN_LOOKS
            ),
        )
        for name, taken in seconds.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cards", type=int, default=200_000)
    cards = parser.parse_args().cards
    with scratch_database():
        migrate_to_single_company()
        with connection.cursor() as cursor:
            cursor.execute(FILL, {"n": cards})
            cursor.execute("ANALYZE")
            cursor.execute("SELECT count(*) FROM work_card_day_entries")
            (days,) = cursor.fetchone()
            cursor.execute("SHOW server_version")
            (version,) = cursor.fetchone()
        steps = step()
        print(f"{cards:,} cards, {days:,} days, PostgreSQL {version}\n")
        print("| migration | s | tables locked against readers too, s |\n|---|---|---|")
        for name, seconds, locks in steps:
            if seconds >= SECONDS_BETWEEN_LOOKS:
                print(f"| {name} | {seconds:.1f} | {locks} |")
        print(f"| together | {sum(seconds for _, seconds, _ in steps):.1f} | |")
        start = time.monotonic()
        migrate("businesses", "zero")
        print(f"\nBack again: {time.monotonic() - start:.1f} s")


if __name__ == "__main__":
    main()
