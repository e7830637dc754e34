"""Sites get a steward; identifiers of employees are written alike, and one person has each."""

from django.db import migrations

from businesses.models import DEFAULT_BUSINESS_ID
from businesses.tenancy import migration_backup as originals
from businesses.tenancy.operations import TenantRunPython

# As the rule on the column has it. A blank that is not a space (from a right-to-left text) is a separator too.
PASSPORT = (
    r"upper(regexp_replace(passport_id, '[\s\u00a0\u200e\u200f\u202f.,/-]+', '', 'g'))"
)
WELL_FORMED = "^[A-Z0-9]{5,15}$"

# Of several with the same one, those who work here come first, then whoever came first.
RANKED = f"""
JOIN (
    SELECT id, passport, external,
        passport ~ '{WELL_FORMED}'
            AND row_number() OVER (PARTITION BY passport ORDER BY is_active DESC, created_at, id) = 1 AS has_passport,
        row_number() OVER (PARTITION BY business_id, external ORDER BY is_active DESC, created_at, id) = 1 AS has_external
    FROM (
        SELECT id, business_id, is_active, created_at, {PASSPORT} AS passport,
            nullif(btrim(external_employee_id), '') AS external
        FROM employees
    ) spelled
) n ON n.id = t.id
"""
VALUES = {
    "passport_id": "CASE WHEN n.has_passport THEN n.passport END",
    # Exports print it where there is no passport, so nobody's file loses it.
    "former_passport_id": "CASE WHEN n.has_passport THEN t.former_passport_id "
    f"WHEN n.passport ~ '{WELL_FORMED}' THEN n.passport "
    "ELSE coalesce(nullif(btrim(t.passport_id), ''), t.former_passport_id) END",
    "external_employee_id": "CASE WHEN n.has_external THEN n.external END",
}


def forwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        for table, column in (("employees", "business_id"), ("sites", "steward_id")):
            cursor.execute(
                f"UPDATE {table} SET {column} = %s WHERE {column} IS NULL",
                [DEFAULT_BUSINESS_ID],
            )
        originals.change(
            cursor,
            "sites",
            {"site_code": "nullif(btrim(t.site_code), '')"},
            joins="JOIN (SELECT id FROM sites WHERE btrim(site_code) = '') blank ON blank.id = t.id",
            business="t.steward_id",
        )
        originals.change(cursor, "employees", VALUES, joins=RANKED)


def backwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        originals.restore(cursor, "employees")
        originals.restore(cursor, "sites")
        # Released since. The old schema has one column for both, and does not mind two people with one passport.
        cursor.execute(
            "UPDATE employees SET passport_id = former_passport_id "
            "WHERE passport_id IS NULL AND former_passport_id IS NOT NULL"
        )


class Migration(migrations.Migration):
    dependencies = [("workforce", "0002_businesses")]

    operations = [
        TenantRunPython(
            forwards,
            backwards,
            models=[
                "workforce.Employee",
                "workforce.Site",
                "businesses.MigrationOriginal",
            ],
        )
    ]
