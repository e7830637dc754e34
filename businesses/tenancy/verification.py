"""The verification: a comparison of PostgreSQL's catalog with the declarations.

`manage.py tenancy_proof` prints the differences and the system checks report them. In
production the web process does not start while there are any. `catalog.py` reads the
catalog and `catalog_checks.py` checks it. The declarations are in `policies.py`,
`grants.py`, `definer_functions.py`, `allowlists.py` and the models.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.psycopg_any import is_psycopg3
from django.db.migrations.executor import MigrationExecutor

from .catalog import (
    Catalog,
    policies_without_expressions,
    read_catalog,
    read_server_policies,
)
from .catalog_checks import (
    CATALOG_CHECKS,
    Declared,
    check_policies,
    check_table_grants,
    isolated_tables,
)
from .context import unscoped
from .database_roles import check_database_roles, quote_identifier
from .definer_functions import check_definer_functions
from .grants import declarations
from .policies import POLICY_SETS
from .process_roles import is_restricted_login, process

PSYCOPG_3 = (
    "Django uses psycopg 3, which it prefers in silence where it finds it; AutomateHQ is tested with psycopg2. "
    "Run `pip uninstall psycopg`."
)
OWNER_DOES_NOT_SERVE = (
    "The owner login is for migrations and commands. With TENANCY_PROCESS set, the web server and the worker "
    "need the web or console login."
)


@dataclass(frozen=True)
class VerificationResult:
    """The result of the verification: the faults as sentences, and the compared items.

    `compared` is the number of items of each kind. `table_grants` are faults that every
    `migrate` repairs.
    """

    differences: list[str]
    table_grants: list[str]
    compared: dict[str, int]

    @property
    def faults(self) -> list[str]:
        return self.differences + self.table_grants


def verify_database(connection: BaseDatabaseWrapper) -> VerificationResult:
    """Compare the database with the declarations; call it only without `failed_preconditions`.

    It changes nothing and takes about 30 ms.
    """
    with unscoped(using=connection.alias):
        catalog = read_catalog(connection)
        declared = declarations()
        differences = [
            fault for check in CATALOG_CHECKS for fault in check(catalog, declared)
        ]
        server_policies = (
            policies_without_expressions(POLICY_SETS)
            if is_restricted_login()
            else read_server_policies(connection, POLICY_SETS)
        )
        set_names = {policies: name for name, policies in POLICY_SETS.items()}
        differences += check_policies(
            catalog,
            declared,
            {
                table: server_policies[set_names[declaration.policies]]
                for table, declaration in declared.items()
                if declaration.policies
            },
        )
        differences += _rows_outside_every_scope(connection, catalog, declared)
        differences += check_definer_functions(connection)
        grants = list(check_table_grants(catalog, declared))
    return VerificationResult(differences, grants, _counts(catalog, declared))


def _rows_outside_every_scope(
    connection: BaseDatabaseWrapper, catalog: Catalog, declared: Declared
) -> Iterator[str]:
    """Yield the tables whose rows the login can read outside every scope.

    This tests the outcome directly. A separate login must not even have a privilege on
    the table.
    """
    with connection.cursor() as cursor:
        for table in isolated_tables(catalog, declared):
            if table.name not in declared:
                continue
            if is_restricted_login():
                cursor.execute(
                    "SELECT has_table_privilege(%s, 'SELECT, INSERT, UPDATE, DELETE')",
                    [quote_identifier(table.name)],
                )
                (has_privilege,) = cursor.fetchone()
                if has_privilege and not getattr(declared[table.name], process()):
                    yield (
                        f"Without an active business the login may use {table.name}. Fix: ALTER ROLE "
                        f"{quote_identifier(catalog.login)} NOINHERIT;"
                    )
            elif table.is_owned_by_login:
                name = quote_identifier(table.name)
                cursor.execute(f"SELECT EXISTS (SELECT FROM {name})")  # noqa: S608
                (is_visible,) = cursor.fetchone()
                if is_visible:
                    yield f"Without an active business the login sees rows of {table.name}."


def _counts(catalog: Catalog, declared: Declared) -> dict[str, int]:
    isolated = {table.name for table in isolated_tables(catalog, declared)}
    return {
        "tables": len(catalog.tables()),
        "of them with row-level security": len(isolated),
        "policies": len(catalog.policies),
        "foreign keys": sum(key.table in isolated for key in catalog.foreign_keys),
        "indexes": sum(index.table in isolated for index in catalog.indexes),
        "grants": len(catalog.grants),
        "triggers": sum(not trigger.is_internal for trigger in catalog.triggers),
        "functions": len(catalog.functions),
        "roles": len(catalog.roles),
    }


def has_unapplied_migrations(connection: BaseDatabaseWrapper) -> bool:
    """Return True if the database lacks migrations that the code has."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def failed_preconditions(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the problems that prevent a verification, as sentences.

    They concern the driver, the roles, the login and the migrations.
    """
    if is_psycopg3:
        return [PSYCOPG_3]
    if faults := check_database_roles(connection):
        return [
            *faults,
            "`manage.py tenancy_roles --sql` prints the SQL that fixes it.",
        ]
    if has_unapplied_migrations(connection):
        return ["The database lacks migrations. Run `manage.py migrate`."]
    return []


def require_verified_database() -> None:
    """Raise `ImproperlyConfigured` if the database differs from the declarations.

    The check runs in production only.
    """
    if settings.DEBUG:
        return
    connection = connections[DEFAULT_DB_ALIAS]
    try:
        faults = (
            [OWNER_DOES_NOT_SERVE]
            if process() == "owner"
            else failed_preconditions(connection) or verify_database(connection).faults
        )
    except OperationalError as error:
        faults = [f"The database is not available: {error}"]
    finally:
        connection.close()  # a process forked from this process must not share the connection
    if faults:
        raise ImproperlyConfigured(
            "AutomateHQ does not start because the isolation of businesses could not be verified:\n"
            + "\n".join(f"  - {fault}" for fault in faults)
        )
