"""Tests of the verification: each planted fault has its sentence."""

import pytest
from django.db import connection

from accounts.tests.personas import Personas
from businesses.tenancy.verification import verify_database
from workforce.tests.factories import EmployeeFactory

pytestmark = pytest.mark.django_db

CURRENT = "nullif(current_setting('app.business_id', true), '')::uuid"

# SQL that damages the database → words of the only expected sentence. `{tenant}` and
# `{platform}` stand for the roles.
PLANTED = {
    "a policy dropped": (
        "DROP POLICY tenant_rows ON employees",
        "The policy tenant_rows on employees is missing",
    ),
    "force off": (
        "ALTER TABLE employees NO FORCE ROW LEVEL SECURITY",
        "does not apply to the owner of employees",
    ),
    "row-level security off": (
        "ALTER TABLE work_cards DISABLE ROW LEVEL SECURITY",
        "Row-level security is off on work_cards",
    ),
    "an extra permissive policy": (
        "CREATE POLICY open ON employees TO {tenant} USING (true)",
        "The policy open on employees is not declared",
    ),
    "an extra policy for everybody": (
        "CREATE POLICY open ON sites USING (true)",
        "The policy open on sites is not declared",
    ),
    "a policy on a table that has none": (
        "CREATE POLICY open ON django_session USING (true)",
        "The policy open on django_session is not declared",
    ),
    "a policy's text changed": (
        "ALTER POLICY tenant_rows ON employees USING (true)",
        "The policy tenant_rows on employees has changed: using is 'true'",
    ),
    "a policy widened by a word": (
        f"ALTER POLICY tenant_rows ON audit_events USING (business_id = {CURRENT})",
        "The policy tenant_rows on audit_events has changed: using",
    ),
    "a policy that checks nothing": (
        "ALTER POLICY tenant_rows ON employees WITH CHECK (true)",
        "The policy tenant_rows on employees has changed: check is 'true'",
    ),
    "a policy for everybody": (
        "ALTER POLICY tenant_rows ON employees TO PUBLIC",
        "The policy tenant_rows on employees has changed: roles is ['PUBLIC']",
    ),
    "the platform's policy for roles that inherit it": (
        "ALTER POLICY platform_reads ON users USING (true)",
        "The policy platform_reads on users has changed: using",
    ),
    "a policy that restricts instead of permitting": (
        "DROP POLICY platform_reads ON users;"
        "CREATE POLICY platform_reads ON users AS RESTRICTIVE FOR SELECT TO {platform} USING ((SELECT current_user = '{platform}'))",
        "The policy platform_reads on users has changed: is_permissive",
    ),
    "a policy for more commands": (
        "DROP POLICY platform_reads ON users;"
        "CREATE POLICY platform_reads ON users FOR ALL TO {platform} USING ((SELECT current_user = '{platform}'))",
        "The policy platform_reads on users has changed: command is 'ALL'",
    ),
    "a simple foreign key beside the composite one": (
        "ALTER TABLE work_cards ADD CONSTRAINT simple FOREIGN KEY (employee_id) REFERENCES employees (id)",
        "The foreign key simple lets a row of work_cards reference another business's employees",
    ),
    "a composite key dropped": (
        "ALTER TABLE work_cards DROP CONSTRAINT work_cards_employee_fk",
        "The foreign key from work_cards (business_id, employee_id) to employees (business_id, id) is missing",
    ),
    "a composite key that crosses its columns": (
        "ALTER TABLE work_cards ADD COLUMN other_id uuid;"
        "ALTER TABLE work_cards ADD CONSTRAINT crossed FOREIGN KEY (other_id, employee_id) REFERENCES employees (business_id, id)",
        "The foreign key crossed lets a row of work_cards reference another business's employees",
    ),
    "a key that old rows need not keep": (
        "ALTER TABLE work_cards ADD CONSTRAINT lax FOREIGN KEY (business_id, file_id) "
        "REFERENCES work_card_files (business_id, id) NOT VALID",
        "The foreign key lax on work_cards is not validated for all rows",
    ),
    "a reference to users that must be filled": (
        "ALTER TABLE work_cards ALTER COLUMN uploaded_by_id SET NOT NULL",
        "lets a row of work_cards reference another business's users",
    ),
    "a shared table that refers to one business's rows": (
        "ALTER TABLE sites ADD COLUMN foreman_id uuid REFERENCES employees (id)",
        "lets a row of sites reference another business's employees",
    ),
    "a business that may be missing": (
        "ALTER TABLE export_runs ALTER COLUMN business_id DROP NOT NULL",
        "export_runs.business_id may be null",
    ),
    "an undeclared unique index": (
        "CREATE UNIQUE INDEX surprise ON employees (phone_number)",
        "The index surprise makes employees (phone_number) unique across businesses",
    ),
    "an undeclared unique index that only includes the business": (
        "CREATE UNIQUE INDEX surprise ON employees (lower(full_name)) INCLUDE (business_id)",
        "The index surprise makes employees (lower(full_name::text)) unique across businesses",
    ),
    "an exclusion constraint": (
        "ALTER TABLE export_runs ADD CONSTRAINT surprise EXCLUDE (generated_file_name WITH =)",
        "The index surprise makes export_runs (generated_file_name) unique across businesses",
    ),
    "a global uniqueness lost": (
        "ALTER TABLE accounts DROP CONSTRAINT accounts_email_unique",
        "accounts (email) is no longer unique across businesses",
    ),
    "no index that begins with the business": (
        "DO $$ DECLARE name text; BEGIN FOR name IN SELECT indexrelid::regclass FROM pg_index "
        "WHERE indrelid = 'audit_events'::regclass AND NOT indisprimary LOOP EXECUTE 'DROP INDEX ' || name; END LOOP; END $$",
        "No index of audit_events begins with business_id",
    ),
    "an undeclared table": (
        "CREATE TABLE notes (id uuid PRIMARY KEY)",
        "The table notes is not declared as a tenant, shared or system table",
    ),
    "an undeclared table in another schema": (
        "CREATE SCHEMA attic; CREATE TABLE attic.notes (id uuid PRIMARY KEY)",
        "The table attic.notes is not declared",
    ),
    "a copy of a tenant table": (
        "CREATE TABLE old_cards (LIKE work_cards INCLUDING ALL)",
        "Row-level security is off on old_cards",
    ),
    "a view over a tenant table": (
        "CREATE VIEW all_employees AS SELECT * FROM employees",
        "The view all_employees runs with the privileges of its owner",
    ),
    "a view that says so": (
        "CREATE VIEW all_employees WITH (security_invoker = false) AS SELECT * FROM employees",
        "The view all_employees runs with the privileges of its owner",
    ),
    "a materialised view": (
        "CREATE MATERIALIZED VIEW all_employees AS SELECT * FROM employees",
        "The materialised view all_employees stores rows without row-level security",
    ),
    "a function with its owner's rights": (
        "CREATE FUNCTION all_employees() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM employees'",
        "The function all_employees () is not declared and runs with the privileges of its owner",
    ),
    "an undeclared function": (
        "CREATE FUNCTION hello() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "The function hello () is not declared",
    ),
    "the sign-in function dropped": (
        "DROP FUNCTION account_lookup(text)",
        "The function account_lookup is missing",
    ),
    "the sign-in function for everybody": (
        "SET ROLE {platform}; GRANT EXECUTE ON FUNCTION account_lookup TO PUBLIC; SET ROLE none",
        "PUBLIC has EXECUTE on function account_lookup",
    ),
    "the sign-in function for the tenant": (
        "SET ROLE {platform}; GRANT EXECUTE ON FUNCTION account_lookup TO {tenant}; SET ROLE none",
        "_tenant has EXECUTE on function account_lookup",
    ),
    "the sign-in function without its search path": (
        "SET ROLE {platform}; ALTER FUNCTION account_lookup RESET search_path; SET ROLE none",
        "The function account_lookup has changed: search path is []",
    ),
    "the sign-in function with the caller's rights": (
        "SET ROLE {platform}; ALTER FUNCTION account_lookup SECURITY INVOKER; SET ROLE none",
        "The function account_lookup has changed: security is False",
    ),
    "an undeclared trigger": (
        "CREATE TRIGGER surprise BEFORE INSERT ON employees FOR EACH ROW EXECUTE FUNCTION approved_days_limit()",
        "The trigger or rule surprise on employees is not declared",
    ),
    "a rule": (
        "CREATE RULE surprise AS ON DELETE TO work_cards DO INSTEAD NOTHING",
        "The trigger or rule surprise on work_cards is not declared",
    ),
    "a declared trigger switched off": (
        "ALTER TABLE approved_days DISABLE TRIGGER approved_days_limit_insert",
        "The trigger approved_days_limit_insert on approved_days does not fire",
    ),
    "a declared trigger dropped": (
        "DROP TRIGGER approved_days_limit_insert ON approved_days",
        "The trigger approved_days_limit_insert on approved_days is missing",
    ),
    "the trail may be deleted from": (
        "GRANT DELETE ON audit_events TO {tenant}",
        "_tenant has DELETE on table audit_events, which is not declared",
    ),
    "a table may be emptied": (
        "GRANT TRUNCATE ON employees TO {tenant}",
        "_tenant has TRUNCATE on table employees, which is not declared",
    ),
    "the platform may write": (
        "GRANT UPDATE ON work_cards TO {platform}",
        "_platform has UPDATE on table work_cards, which is not declared",
    ),
    "sessions may be read": (
        "GRANT SELECT ON django_session TO {tenant}",
        "_tenant has SELECT on table django_session, which is not declared",
    ),
    "a table for everybody": (
        "GRANT SELECT ON users TO PUBLIC",
        "PUBLIC has SELECT on table users, which is not declared",
    ),
    "a column": (
        "GRANT UPDATE (metadata) ON audit_events TO {tenant}",
        "_tenant has UPDATE on column audit_events.metadata, which is not declared",
    ),
    "a grant that may be handed on": (
        "GRANT SELECT ON employees TO {tenant} WITH GRANT OPTION",
        "_tenant has SELECT on table employees, which is not declared",
    ),
    "a sequence": (
        "GRANT USAGE ON SEQUENCE django_migrations_id_seq TO {tenant}",
        "_tenant has USAGE on sequence django_migrations_id_seq, which is not declared",
    ),
    "the schema": (
        "GRANT CREATE ON SCHEMA public TO {tenant}",
        "_tenant has CREATE on schema public, which is not declared",
    ),
    "what will be created": (
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {tenant}",
        "_tenant has SELECT on default what automatehq creates, which is not declared",
    ),
    "the database for everybody": (
        "GRANT CONNECT ON DATABASE {database} TO PUBLIC",
        "PUBLIC has CONNECT on database",
    ),
    "a grant missing": (
        "REVOKE INSERT ON audit_events FROM {tenant}",
        "_tenant lacks INSERT on table audit_events",
    ),
    "a setting that opens a scope": (
        "ALTER DATABASE {database} SET role = '{platform}'",
        "Every new connection starts with role set",
    ),
}
# Faults that cause further faults besides their own.
SEVERAL = {
    "an undeclared table in another schema",
    "a copy of a tenant table",
    "a declared trigger dropped",
    "no index that begins with the business",
    "a composite key that crosses its columns",
    "the sign-in function dropped",
    "a grant that may be handed on",
}


def plant(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user, current_database()")
        login, database = cursor.fetchone()
        cursor.execute(
            sql.replace("{tenant}", f"{login}_tenant")
            .replace("{platform}", f"{login}_platform")
            .replace("{database}", database)
        )


def test_the_test_database_is_clean(acme: Personas, globex: Personas) -> None:
    proof = verify_database(connection)
    assert proof.faults == []
    assert proof.compared["of them with row-level security"] >= 13
    assert proof.compared["policies"] >= 30


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_named(fault: str) -> None:
    sql, sentence = PLANTED[fault]
    plant(sql)
    faults = verify_database(connection).faults
    assert any(sentence in found for found in faults), faults
    if fault not in SEVERAL:
        assert len(faults) == 1


def test_rows_that_show_outside_every_scope_are_a_fault(acme: Personas) -> None:
    with acme.scope():
        EmployeeFactory()
    plant("SET CONSTRAINTS ALL IMMEDIATE; CREATE POLICY open ON employees USING (true)")
    faults = verify_database(connection).faults
    assert "Without an active business the login sees rows of employees." in faults


def test_a_sign_in_function_that_answers_nothing_is_a_fault(acme: Personas) -> None:
    """A restored dump may leave it so.

    The login owns the function, so row-level security applies to it.
    """
    plant(
        "DROP FUNCTION account_lookup(text);"
        "CREATE FUNCTION account_lookup(wanted text) RETURNS uuid LANGUAGE sql STABLE "
        "SECURITY DEFINER SET search_path = pg_catalog, pg_temp "
        "AS 'SELECT a.id FROM public.accounts a WHERE a.email = lower(wanted)';"
    )
    faults = verify_database(connection).faults
    assert any("account_lookup has changed: owner" in fault for fault in faults)
    assert any("so no user can sign in" in fault for fault in faults)
    assert all(
        "tenancy_roles --repair" in fault for fault in faults if "owner" in fault
    )


def test_a_view_with_its_readers_rights_is_no_fault() -> None:
    plant(
        "CREATE VIEW own_employees WITH (security_invoker = on) AS SELECT * FROM employees"
    )
    assert verify_database(connection).faults == []


def test_the_proof_can_be_asked_for_inside_a_scope(acme: Personas) -> None:
    with acme.scope():
        assert verify_database(connection).faults == []
        assert len(EmployeeFactory.create_batch(2)) == 2


def test_the_proof_leaves_nothing_behind() -> None:
    verify_database(connection)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE relname LIKE 'policies_%' AND relkind = 'r'"
        )
        assert cursor.fetchone() == (0,)
