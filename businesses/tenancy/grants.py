"""The privileges of each role on each table: least privilege, as data.

Row-level security restricts rows; privileges restrict whole tables. They are applied
after every `migrate`, and the verification compares them with the database. Only the
owner has TRUNCATE, REFERENCES or TRIGGER on a table.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from .database_roles import platform_role, quote_identifier, tenant_role
from .models import TenantModel
from .policies import ACCOUNTS, BUSINESSES, SHARED, TENANT, TRAIL, Policy
from .process_roles import restricted_logins


@dataclass(frozen=True)
class Declaration:
    """The declared policies of one table and the privileges of each role.

    No policies means no row-level security. `platform_columns` are columns that the
    platform role may read without a privilege on the whole table. `web` and `console` are the separate
    logins, which need privileges for work outside every scope. An owner needs no grant.
    """

    policies: tuple[Policy, ...] = ()
    tenant: frozenset[str] = frozenset()
    platform: frozenset[str] = frozenset()
    web: frozenset[str] = frozenset()
    console: frozenset[str] = frozenset()
    platform_columns: frozenset[str] = frozenset()


def _privileges(privileges: str) -> frozenset[str]:
    return frozenset(privileges.split())


_TENANT_TABLE = Declaration(
    TENANT, _privileges("SELECT INSERT UPDATE DELETE"), _privileges("SELECT")
)
# Rows that are never deleted, only deactivated, revoked or superseded.
_NO_DELETE_TABLE = Declaration(
    TENANT, _privileges("SELECT INSERT UPDATE"), _privileges("SELECT")
)

# Tenant tables that differ from the default.
EXCEPTIONS = {
    "businesses.Business": Declaration(
        BUSINESSES, _privileges("SELECT UPDATE"), _privileges("SELECT INSERT UPDATE")
    ),
    "businesses.MigrationOriginal": Declaration(
        TENANT, _privileges("SELECT"), _privileges("SELECT")
    ),
    "workforce.Site": Declaration(
        SHARED, _privileges("SELECT INSERT UPDATE"), _privileges("SELECT INSERT UPDATE")
    ),
    "audit.AuditEvent": Declaration(
        TRAIL, _privileges("SELECT INSERT"), _privileges("SELECT INSERT")
    ),
    "accounts.User": _NO_DELETE_TABLE,
    "accounts.Account": Declaration(
        ACCOUNTS,
        web=_privileges("SELECT INSERT UPDATE"),
        console=_privileges("SELECT INSERT UPDATE"),
        platform_columns=_privileges("id email"),
    ),
    "workforce.Employee": _NO_DELETE_TABLE,
    "exports.ExportRun": _NO_DELETE_TABLE,
    # A row closes a month, and deleting the row reopens it. A role that could change a
    # row could move it to another month without the lock that closing takes.
    "workcards.ClosedMonth": Declaration(
        TENANT, _privileges("SELECT INSERT DELETE"), _privileges("SELECT")
    ),
    # A job may be enqueued in any scope, in the same transaction. Only the worker reads
    # jobs, outside every scope.
    "django_tasks_database.DBTaskResult": Declaration(
        (),
        _privileges("INSERT"),
        _privileges("INSERT"),
        web=_privileges("INSERT"),
        console=_privileges("SELECT INSERT UPDATE DELETE"),
    ),
}

# Tables of the framework. They hold no tenant data, or the plain login reads them
# outside every scope.
_NO_PRIVILEGES = Declaration()
_READ_ONLY = Declaration((), web=_privileges("SELECT"), console=_privileges("SELECT"))
_LOGIN_TABLE = Declaration(
    (),
    web=_privileges("SELECT INSERT UPDATE DELETE"),
    console=_privileges("SELECT INSERT UPDATE DELETE"),
)
SYSTEM_TABLES = {
    "django_migrations": _READ_ONLY,
    "django_content_type": Declaration(
        (), _privileges("SELECT"), _privileges("SELECT")
    ),
    "auth_permission": _NO_PRIVILEGES,
    "auth_group": _NO_PRIVILEGES,
    "auth_group_permissions": _NO_PRIVILEGES,
    "django_admin_log": _NO_PRIVILEGES,
    "django_session": _LOGIN_TABLE,
    "axes_accessattempt": _LOGIN_TABLE,
    "axes_accessattemptexpiration": _LOGIN_TABLE,
    "axes_accessfailurelog": _NO_PRIVILEGES,
    "axes_accesslog": _NO_PRIVILEGES,
    "cache": _LOGIN_TABLE,
}


def declarations() -> dict[str, Declaration]:
    """Return the declaration of every table that may exist in this database."""
    declared = dict(SYSTEM_TABLES)
    for model in apps.get_models():
        label = model._meta.label
        if label in EXCEPTIONS:
            declared[model._meta.db_table] = EXCEPTIONS[label]
        elif issubclass(model, TenantModel):
            declared[model._meta.db_table] = _TENANT_TABLE
    return declared


def grantees() -> dict[str, str]:
    """Return the role name in the database for each attribute of `Declaration`."""
    return {"tenant": tenant_role(), "platform": platform_role(), **restricted_logins()}


def tenant_models() -> list[type[models.Model]]:
    """Return the concrete models whose rows belong to one business."""
    return [model for model in apps.get_models() if issubclass(model, TenantModel)]


def _existing(cursor: Any, tables: Iterable[str]) -> dict[str, bool]:
    """Return existing tables; True means that row-level security is enabled."""
    cursor.execute(
        "SELECT relname, relrowsecurity FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "AND relkind IN ('r', 'p') AND relname = ANY(%s) ORDER BY relname",
        [list(tables)],
    )
    return dict(cursor.fetchall())


def apply_grants(connection: BaseDatabaseWrapper) -> None:
    """Grant each role exactly the declared privileges on the existing tables.

    Repeated calls change nothing.
    """
    declared = declarations()
    with connection.cursor() as cursor:
        roles = {
            attribute: quote_identifier(role) for attribute, role in grantees().items()
        }
        cursor.execute(
            "SELECT count(*) FROM pg_roles WHERE rolname = ANY(%s)",
            [list(grantees().values())],
        )
        if cursor.fetchone()[0] < len(roles):
            return  # a database without the roles; the first operation of tenancy requires them
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {', '.join(roles.values())}")
        for login in restricted_logins().values():
            database = quote_identifier(connection.settings_dict["NAME"])
            cursor.execute(
                f"GRANT CONNECT ON DATABASE {database} TO {quote_identifier(login)}"
            )
        for table, is_isolated in _existing(cursor, declared).items():
            declaration = declared[table]
            if declaration.policies and not is_isolated:
                declaration = _NO_PRIVILEGES  # isolation is missing: all businesses' rows would be readable
            for attribute, role in roles.items():
                privileges = sorted(getattr(declaration, attribute))
                cursor.execute(
                    f"REVOKE ALL ON TABLE {quote_identifier(table)} FROM {role}"
                )
                if privileges:
                    cursor.execute(
                        f"GRANT {', '.join(privileges)} ON TABLE {quote_identifier(table)} TO {role}"
                    )
            if declaration.platform_columns:
                columns = ", ".join(
                    map(quote_identifier, sorted(declaration.platform_columns))
                )
                cursor.execute(
                    f"GRANT SELECT ({columns}) ON TABLE {quote_identifier(table)} TO {roles['platform']}"
                )
