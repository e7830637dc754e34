"""Indexes of the task queue: see `automatehq/job_queue.py`, whose expression they repeat."""

from django.db import migrations

TABLE = "django_tasks_database_dbtaskresult"
BUSINESS = "(COALESCE(args_kwargs -> 'kwargs' ->> 'business_id', ''))"

FORWARD = f"""
CREATE INDEX tasks_turn_idx ON {TABLE} (priority, {BUSINESS}, enqueued_at)
    WHERE status = 'READY';
CREATE INDEX tasks_running_idx ON {TABLE} ({BUSINESS}) WHERE status = 'RUNNING';
CREATE INDEX tasks_latest_start_idx ON {TABLE} ({BUSINESS}, started_at)
    WHERE started_at IS NOT NULL;
-- Tasks that were queued before there were priorities.
UPDATE {TABLE} SET priority = 20 WHERE status = 'READY' AND task_path IN
    ('exports.jobs.make_export', 'audit.attempts.look_up_attempt');
"""
BACKWARD = """
DROP INDEX tasks_turn_idx, tasks_running_idx, tasks_latest_start_idx;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("automatehq", "0001_cache_table"),
        ("django_tasks_database", "0021_conditional_partial_index_ordering"),
    ]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
