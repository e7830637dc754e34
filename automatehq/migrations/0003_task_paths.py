"""Paths of tasks that moved, in tasks that have not finished; a process of the old version may still queue old paths."""

from django.db import migrations

TABLE = "django_tasks_database_dbtaskresult"
MOVED = {
    "exports.jobs.make_export": "exports.tasks.make_export",
    "audit.attempts.look_up_attempt": "audit.cross_business.look_up_attempt",
}


def renamed(old, new):
    return (
        f"UPDATE {TABLE} SET task_path = '{new}' "
        f"WHERE task_path = '{old}' AND finished_at IS NULL"
    )


class Migration(migrations.Migration):
    dependencies = [("automatehq", "0002_task_queue_indexes")]

    operations = [
        migrations.RunSQL(renamed(old, new), renamed(new, old))
        for old, new in MOVED.items()
    ]
