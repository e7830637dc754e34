"""The ledger's limit is looked at once a statement and no more once a row.

For each row it asked the ledger again, by a plan made when the session wrote its first row: on a table that was small then,
the whole table was read for each row that came after.
"""

from importlib import import_module

from django.db import migrations

by_row = import_module("workcards.migrations.0006_ledger_limits")

# The locks, the errors and what is refused are those of 0006. Employees are locked in one order, or two statements about the
# same people could wait for each other. The sums are a query that is planned each time (EXECUTE): what suits the thirty days
# of a card does not suit a year of a business.
CREATE = """
CREATE FUNCTION approved_days_limit() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    found record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('approved_days ' || employee_id, 0))
       FROM (SELECT DISTINCT employee_id FROM new_rows ORDER BY employee_id) people;
    EXECUTE $sums$
        SELECT work_date, count(*) > 1 AND count(day_status) > 0 AS is_absence_shared
          FROM public.approved_days
         WHERE (business_id, employee_id, work_date) IN (SELECT business_id, employee_id, work_date FROM new_rows)
         GROUP BY business_id, employee_id, work_date
        HAVING count(*) > 1 AND count(day_status) > 0 OR sum(hours) > 24
         ORDER BY 2 DESC, work_date LIMIT 1
    $sums$ INTO found;
    IF found.is_absence_shared THEN
        RAISE EXCEPTION 'an absence and another day on %', found.work_date
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approved_days_absence_stands_alone', TABLE = 'approved_days';
    ELSIF found.work_date IS NOT NULL THEN
        RAISE EXCEPTION 'more than 24 hours on %', found.work_date
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approved_days_24_hours_a_day', TABLE = 'approved_days';
    END IF;
    RETURN NULL;
END
$body$;
CREATE TRIGGER approved_days_limit_insert AFTER INSERT ON approved_days REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION approved_days_limit();
CREATE TRIGGER approved_days_limit_update AFTER UPDATE ON approved_days REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION approved_days_limit();
"""
DROP = """
DROP TRIGGER approved_days_limit_update ON approved_days;
DROP TRIGGER approved_days_limit_insert ON approved_days;
DROP FUNCTION approved_days_limit();
"""


class Migration(migrations.Migration):
    dependencies = [("workcards", "0009_closed_months_rules")]

    operations = [
        migrations.RunSQL(by_row.DROP, by_row.CREATE),
        migrations.RunSQL(CREATE, DROP),
    ]
