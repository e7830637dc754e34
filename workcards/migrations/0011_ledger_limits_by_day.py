"""The ledger's limit is looked up by employee and date, whatever the planner thinks of the table.

As a join of the ledger with the statement's rows it was at the mercy of statistics: before the first ANALYZE of a table that had
grown quickly, each of twenty thousand rows was compared with each row of the business.
"""

from importlib import import_module

from django.db import migrations

by_statement = import_module("workcards.migrations.0010_ledger_limits_by_statement")

JOINED = by_statement.CREATE[
    by_statement.CREATE.index(
        "        SELECT work_date, count(*) > 1"
    ) : by_statement.CREATE.index("    $sums$ INTO found;")
]
# A sub-query that adds up can't become a join: it is asked once for each date of an employee, through an index.
LOOKED_UP = """\
        SELECT posted.work_date, ledger.is_absence_shared
          FROM (SELECT DISTINCT business_id, employee_id, work_date FROM new_rows) posted
         CROSS JOIN LATERAL (
            SELECT count(*) > 1 AND count(day_status) > 0 AS is_absence_shared, sum(hours) > 24 AS is_too_long
              FROM public.approved_days a
             WHERE a.business_id = posted.business_id AND a.employee_id = posted.employee_id
               AND a.work_date = posted.work_date
         ) ledger
         WHERE ledger.is_absence_shared OR ledger.is_too_long
         ORDER BY 2 DESC, 1 LIMIT 1
"""
FUNCTION = by_statement.CREATE[: by_statement.CREATE.index("CREATE TRIGGER")]
REPLACE = FUNCTION.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


class Migration(migrations.Migration):
    dependencies = [("workcards", "0010_ledger_limits_by_statement")]

    operations = [
        migrations.RunSQL(REPLACE.replace(JOINED, LOOKED_UP), REPLACE),
    ]
