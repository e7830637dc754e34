"""A closed month is closed whatever the door: triggers on all that it holds, and a lock against who comes at once."""

from django.db import migrations

from businesses.tenancy.operations import IsolateTenantTable

# The tables that a month holds, and how a row tells its month.
MONTHS = {
    "work_cards": "processing_month",
    "work_card_day_entries": "processing_month",
    "approved_days": "work_date - (EXTRACT(DAY FROM work_date)::int - 1)",
}
# What a trigger sees of its statement.
TRANSITIONS = {
    "insert": "NEW TABLE AS new_rows",
    "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "OLD TABLE AS old_rows",
}

# The look comes after the lock, as a statement of its own with a snapshot of its own: whoever has waited for a closing
# sees it. Where one snapshot serves the whole transaction the look could be older than the lock, so that is refused.
# Months are locked in one order, or two statements that touch the same months could wait for each other.
FUNCTIONS = """
CREATE FUNCTION closed_months_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    months text := 'SELECT business_id, ' || TG_ARGV[0] || ' AS month FROM ';
    touched record;
BEGIN
    months := CASE TG_OP
        WHEN 'INSERT' THEN months || 'new_rows'
        WHEN 'DELETE' THEN months || 'old_rows'
        ELSE months || 'old_rows UNION ' || months || 'new_rows'
    END;
    FOR touched IN EXECUTE 'SELECT DISTINCT business_id, month FROM (' || months || ') m ORDER BY business_id, month' LOOP
        IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
            RAISE EXCEPTION '% is written under READ COMMITTED only', TG_TABLE_NAME
                USING ERRCODE = 'invalid_transaction_state', TABLE = TG_TABLE_NAME,
                      DETAIL = 'A snapshot of the whole transaction may be older than the closing of a month.';
        END IF;
        PERFORM pg_advisory_xact_lock_shared(hashtextextended(
            'closed_months ' || touched.business_id || ' ' || to_char(touched.month, 'YYYY-MM'), 0));
        PERFORM FROM public.closed_months c WHERE c.business_id = touched.business_id AND c.month = touched.month;
        IF FOUND THEN
            RAISE EXCEPTION 'the month % is closed', to_char(touched.month, 'YYYY-MM')
                USING ERRCODE = 'check_violation', CONSTRAINT = 'closed_months_month_is_closed', TABLE = TG_TABLE_NAME;
        END IF;
    END LOOP;
    RETURN NULL;
END
$body$;

CREATE FUNCTION closed_months_lock() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    changed public.closed_months;
BEGIN
    IF TG_OP = 'INSERT' THEN changed := NEW; ELSE changed := OLD; END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended(
        'closed_months ' || changed.business_id || ' ' || to_char(changed.month, 'YYYY-MM'), 0));
    RETURN changed;
END
$body$;

CREATE TRIGGER closed_months_lock BEFORE INSERT OR DELETE ON closed_months
    FOR EACH ROW EXECUTE FUNCTION closed_months_lock();
"""


def _triggers() -> str:
    return "".join(
        f"CREATE TRIGGER {table}_open_month_{event} AFTER {event} ON {table} REFERENCING {transition} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION closed_months_refuse('{month}');\n"
        for table, month in MONTHS.items()
        for event, transition in TRANSITIONS.items()
    )


def _drops() -> str:
    triggers = "".join(
        f"DROP TRIGGER {table}_open_month_{event} ON {table};\n"
        for table in MONTHS
        for event in TRANSITIONS
    )
    return f"""{triggers}
DROP FUNCTION closed_months_refuse();
DROP TRIGGER closed_months_lock ON closed_months;
DROP FUNCTION closed_months_lock();
"""


class Migration(migrations.Migration):
    dependencies = [("workcards", "0008_closed_months")]

    operations = [
        IsolateTenantTable("ClosedMonth"),
        migrations.RunSQL(FUNCTIONS + _triggers(), _drops()),
    ]
