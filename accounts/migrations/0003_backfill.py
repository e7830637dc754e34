"""People, their e-mails and phones as many businesses need them. Super-admins go to Platform."""

import phonenumbers
from django.db import migrations

from businesses.models import DEFAULT_BUSINESS_ID, PLATFORM_ID
from businesses.tenancy import migration_backup as originals
from businesses.tenancy.operations import TenantRunPython

# The old schema knows nobody without an e-mail: going back, somebody who has none gets this one, which leads nowhere.
PLACEHOLDER = "'released-' || id || '@automatehq.invalid'"

# Written alike by several: those who work here come first, then whoever came first.
RANKED = """
JOIN (
    SELECT id, email, row_number() OVER (PARTITION BY email ORDER BY is_active DESC, created_at, id) = 1 AS has_it
    FROM (SELECT id, is_active, created_at, nullif(lower(btrim(email)), '') AS email FROM users) spelled
) mail ON mail.id = t.id
LEFT JOIN (
    SELECT p.id, p.number, row_number() OVER (PARTITION BY p.number ORDER BY u.is_active DESC, u.created_at, u.id) = 1 AS has_it
    FROM unnest(%s::uuid[], %s::text[]) p (id, number) JOIN users u ON u.id = p.id
) phone ON phone.id = t.id
"""
VALUES = {
    "email": "CASE WHEN mail.has_it THEN mail.email END",
    "is_active": "t.is_active AND mail.has_it AND mail.email IS NOT NULL",
    "phone_number": "CASE WHEN phone.has_it THEN phone.number END",
    # Whoever has a role that nobody knows may look and no more. SUPER_ADMIN is taken at its word only.
    "role": "CASE WHEN t.role = 'SUPER_ADMIN' OR upper(btrim(t.role)) IN ('ADMIN', 'REVIEWER', 'UPLOADER', 'VIEWER') "
    "THEN upper(btrim(t.role)) ELSE 'VIEWER' END",
}


def international(number):
    """A phone number as E.164, or None if it is none."""
    try:
        parsed = phonenumbers.parse(number, "IL")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def forwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "UPDATE users SET business_id = %s WHERE business_id IS NULL",
            [DEFAULT_BUSINESS_ID],
        )
        cursor.execute(
            "UPDATE users SET business_id = %s WHERE role = 'SUPER_ADMIN'",
            [PLATFORM_ID],
        )
        cursor.execute(f"UPDATE users SET email = NULL WHERE email = {PLACEHOLDER}")
        cursor.execute(
            "SELECT id, phone_number FROM users WHERE phone_number IS NOT NULL"
        )
        phones = [(person, international(phone)) for person, phone in cursor.fetchall()]
        originals.change(
            cursor,
            "users",
            VALUES,
            joins=RANKED,
            params=[[str(person) for person, _ in phones], [p for _, p in phones]],
        )


def backwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        originals.restore(cursor, "users")
        # What the old schema can't hold: nobody at all, and two people with one e-mail (one may have taken another's since).
        cursor.execute(
            f"UPDATE users SET email = {PLACEHOLDER} WHERE email IS NULL OR id IN ("
            "SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY email ORDER BY is_active DESC, created_at DESC, id) AS place "
            "FROM users) sharing WHERE place > 1)"
        )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_businesses")]

    operations = [
        TenantRunPython(
            forwards,
            backwards,
            models=["accounts.User", "businesses.MigrationOriginal"],
        )
    ]
