"""The ledger's own limit: what one employee is paid for one date."""

from django.db import migrations

# The sum spans rows, so no check constraint can say it. The lock makes two approvals for one person wait for each other:
# without it each would add to a sum that the other has not written yet.
CREATE = """
CREATE FUNCTION approved_days_limit() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    figures record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('approved_days ' || NEW.employee_id, 0));
    SELECT count(*) AS days, count(day_status) AS absences, sum(hours) AS hours
      INTO figures
      FROM public.approved_days
     WHERE business_id = NEW.business_id AND employee_id = NEW.employee_id AND work_date = NEW.work_date;
    IF figures.days > 1 AND figures.absences > 0 THEN
        RAISE EXCEPTION 'an absence and another day on %', NEW.work_date
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approved_days_absence_stands_alone', TABLE = 'approved_days';
    END IF;
    IF figures.hours > 24 THEN
        RAISE EXCEPTION 'more than 24 hours on %', NEW.work_date
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approved_days_24_hours_a_day', TABLE = 'approved_days';
    END IF;
    RETURN NULL;
END
$body$;
CREATE CONSTRAINT TRIGGER approved_days_limit AFTER INSERT OR UPDATE ON approved_days
    DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION approved_days_limit();
"""
DROP = """
DROP TRIGGER approved_days_limit ON approved_days;
DROP FUNCTION approved_days_limit();
"""


class Migration(migrations.Migration):
    dependencies = [("workcards", "0005_ledger")]

    operations = [migrations.RunSQL(CREATE, DROP)]
