"""The checks of the verification: each compares the catalog with the declarations.

Each check yields a sentence for every difference.
"""

from collections.abc import Callable, Iterator, Mapping

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import models

from .allowlists import GLOBALLY_UNIQUE, TRIGGERS
from .catalog import Catalog, ForeignKey, Grant, PolicyRow, Relation
from .constraints import TenantForeignKeyConstraint
from .database_roles import platform_role, quote_identifier, tenant_role
from .definer_functions import DEFINER_FUNCTIONS, SEARCH_PATH
from .grants import Declaration, grantees
from .process_roles import (
    RESTRICTED_PROCESSES,
    is_restricted_login,
    owner,
    restricted_logins,
)

Declared = Mapping[str, Declaration]
CatalogCheck = Callable[[Catalog, Declared], Iterator[str]]

REPAIR = "Run `manage.py tenancy_roles --repair`."
_UNDECLARED = Declaration()
_DANGEROUS_RIGHTS = {"SUPERUSER", "BYPASSRLS", "CREATEROLE", "REPLICATION"}
# Members of these groups bypass every policy.
_DANGEROUS_GROUPS = {
    "pg_read_all_data",
    "pg_write_all_data",
    "pg_read_server_files",
    "pg_write_server_files",
    "pg_execute_server_program",
}
# Set for every new connection, these settings would open a scope or disable the
# policies.
_DANGEROUS_SETTINGS = {
    "role",
    "app.account_id",
    "app.business_id",
    "session_replication_role",
    "row_security",
}


def isolated_tables(catalog: Catalog, declared: Declared) -> list[Relation]:
    """Return the tables that have or need row-level security.

    These are tenant tables, the table of businesses and shared tables.
    """
    return [
        table
        for table in catalog.tables()
        if "business_id" in table.columns
        or declared.get(table.name, _UNDECLARED).policies
    ]


def isolated_models(declared: Declared) -> list[type[models.Model]]:
    """Return the models of the tables with declared policies."""
    return [
        model
        for model in apps.get_models()
        if declared.get(model._meta.db_table, _UNDECLARED).policies
    ]


def check_roles(catalog: Catalog, declared: Declared) -> Iterator[str]:
    """Check the rights and the memberships of the login and of the group roles.

    The login and the group roles have only the necessary rights. No other role can
    become a group role.
    """
    groups = {tenant_role(), platform_role()}
    allowed = _allowed_members(catalog)
    logins = set().union(*allowed.values())
    restricted = set(restricted_logins().values())
    for role in catalog.roles:
        rights = _DANGEROUS_RIGHTS & set(role.may)
        if role.name in groups | logins:
            if role.name in groups:
                rights |= {"LOGIN"} & set(role.may)
            for right in sorted(rights):
                yield f"The role {role.name} has {right}. Fix: ALTER ROLE {quote_identifier(role.name)} NO{right};"
        elif role.is_open_to_login and (rights or role.name in _DANGEROUS_GROUPS):
            yield (
                f"The login can become {role.name}, to which row-level security does not apply. Fix: REVOKE "
                f"{quote_identifier(role.name)} FROM {quote_identifier(catalog.login)};"
            )
    for membership in catalog.memberships:
        group, member = membership.group, membership.member
        if member in groups:
            problem, option = f"The role {member} is a member of {group}.", ""
        elif group in groups and member not in allowed[group] and membership.is_usable:
            # Not usable: from PostgreSQL 16 on, an administrator who created the role
            # may only grant it to other roles.
            group_members = (
                " and ".join(sorted(allowed[group])) if restricted else "this login"
            )
            problem = (
                f"{member} can become {group}, which only {group_members} may use."
            )
            option = ""
        elif group in groups and member in allowed[group] and membership.is_grantable:
            name_of_member = member if restricted else "The login"
            problem, option = (
                f"{name_of_member} may grant {group} to other roles.",
                "ADMIN OPTION FOR ",
            )
        elif group not in groups and member in restricted:
            problem, option = f"{member} is a member of {group}.", ""
        else:
            continue
        yield f"{problem} Fix: REVOKE {option}{quote_identifier(group)} FROM {quote_identifier(member)};"


def check_members(catalog: Catalog, declared: Declared) -> Iterator[str]:
    """Check that the separate logins are members of their group roles."""
    usable = {
        (membership.group, membership.member)
        for membership in catalog.memberships
        if membership.is_usable
    }
    for group, logins in _allowed_members(catalog).items():
        for login in sorted(logins & set(restricted_logins().values())):
            if (group, login) not in usable:
                yield (
                    f"The login {login} is not a member of {group}. `manage.py tenancy_roles --sql` prints the SQL that fixes "
                    "it."
                )


def _allowed_members(catalog: Catalog) -> dict[str, set[str]]:
    """Return the logins that may become each group role."""
    groups = {"tenant": tenant_role(), "platform": platform_role()}
    owner_login = owner() if is_restricted_login() else catalog.login
    return {
        role: {
            owner_login,
            *(
                login
                for kind, login in restricted_logins().items()
                if attribute in RESTRICTED_PROCESSES[kind]
            ),
        }
        for attribute, role in groups.items()
    }


def check_connection_settings(catalog: Catalog, declared: Declared) -> Iterator[str]:
    """Check that a new connection has the role and the settings of the plain login."""
    for name in sorted(_DANGEROUS_SETTINGS & set(catalog.settings)):
        yield (
            f"Every new connection starts with {name} set. Fix: ALTER ROLE {quote_identifier(catalog.login)} RESET {name}; "
            f"or ALTER DATABASE … RESET {name};"
        )


def check_tables(catalog: Catalog, declared: Declared) -> Iterator[str]:
    """Check that every table is declared and has its owner.

    Also check that `business_id` is NOT NULL and that no table is missing.
    """
    for table in catalog.tables():
        has_right_owner = (
            table.owner == owner() if is_restricted_login() else table.is_owned_by_login
        )
        if not has_right_owner:
            login = owner() if is_restricted_login() else catalog.login
            owner_name = login if is_restricted_login() else "the login"
            yield (
                f"The table {table.name} belongs to {table.owner}, not to {owner_name}. "
                f"Fix: ALTER TABLE {table.name} OWNER TO {quote_identifier(login)};"
            )
        if table.name not in declared:
            yield (
                f"The table {table.name} is not declared as a tenant, shared or system table. Declare it in "
                "businesses/tenancy/grants.py, or drop it."
            )
        if not table.columns.get("business_id", True):
            yield (
                f"{table.name}.business_id may be null. "
                f"Fix: ALTER TABLE {table.name} ALTER COLUMN business_id SET NOT NULL;"
            )
    expected = {model._meta.db_table for model in isolated_models(declared)}
    for name in sorted(expected - {table.name for table in catalog.tables()}):
        yield f"The table {name} is missing."


def check_views(catalog: Catalog, declared: Declared) -> Iterator[str]:
    """Check that each view reads with the rights of the querying role."""
    for view in catalog.relations:
        options = dict(option.split("=", 1) for option in view.options)
        if view.kind == "m":
            yield (
                f"The materialised view {view.name} stores rows without row-level security. Fix: DROP MATERIALIZED VIEW "
                f"{view.name};"
            )
        elif view.kind == "v" and options.get("security_invoker") not in _TRUE:
            yield (
                f"The view {view.name} runs with the privileges of its owner. Fix: ALTER VIEW {view.name} SET "
                "(security_invoker = true);"
            )


_TRUE = {"true", "on", "yes", "1"}


def check_row_security(catalog: Catalog, declared: Declared) -> Iterator[str]:
    """Check that row-level security is on, also for the owner of the tables."""
    for table in isolated_tables(catalog, declared):
        if not table.has_row_security:
            yield (
                f"Row-level security is off on {table.name}. "
                f"Fix: ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY;"
            )
        if not table.is_forced:
            yield (
                f"Row-level security does not apply to the owner of {table.name}. Fix: ALTER TABLE {table.name} FORCE ROW "
                "LEVEL SECURITY;"
            )


def check_policies(
    catalog: Catalog, declared: Declared, server_policies: Mapping[str, list[PolicyRow]]
) -> Iterator[str]:
    """Check that each table has exactly its declared policies.

    `server_policies` has the policies of each table in the wording of this server. An expression
    of None is not known and not compared.
    """
    for table in catalog.tables():
        expected = {row.name: row for row in server_policies.get(table.name, [])}
        actual = {row.name: row for row in catalog.policies if row.table == table.name}
        for name in sorted(expected.keys() - actual.keys()):
            yield f"The policy {name} on {table.name} is missing."
        for name in sorted(actual.keys() - expected.keys()):
            yield (
                f"The policy {name} on {table.name} is not declared. "
                f"Fix: DROP POLICY {quote_identifier(name)} ON {table.name};"
            )
        for name in sorted(actual.keys() & expected.keys()):
            actual_value = actual[name]._asdict()
            for attribute, expected_value in expected[name]._asdict().items():
                if (
                    attribute != "table"
                    and expected_value is not None
                    and actual_value[attribute] != expected_value
                ):
                    yield (
                        f"The policy {name} on {table.name} has changed: {attribute} is {actual_value[attribute]!r}, "
                        f"declared is {expected_value!r}."
                    )


def check_foreign_keys(catalog: Catalog, declared: Declared) -> Iterator[str]:
    """Check that foreign keys stay inside one business.

    Also check that no declared key is missing.
    """
    by_name = {table.name: table for table in isolated_tables(catalog, declared)}
    users = get_user_model()._meta.db_table
    for key in catalog.foreign_keys:
        if key.table not in by_name:
            continue
        if not key.is_checked:
            yield f"The foreign key {key.name} on {key.table} is not validated for all rows."
        target = by_name.get(key.target)
        if not target or "business_id" not in target.columns or _holds_business(key):
            continue
        columns = by_name[key.table].columns
        if key.target == users and not any(columns[name] for name in key.columns):
            continue  # the row of a super-admin who acts for a business belongs to Platform
        yield (
            f"The foreign key {key.name} lets a row of {key.table} reference another business's {key.target}: it must "
            "include business_id (TenantForeignKeyConstraint)."
        )
    actual = {
        (key.table, tuple(key.columns), key.target, tuple(key.target_columns))
        for key in catalog.foreign_keys
    }
    for table, own_columns, other_table, target_columns in sorted(
        set(_declared_keys(declared)) - actual
    ):
        yield f"The foreign key from {table} ({', '.join(own_columns)}) to {other_table} ({', '.join(target_columns)}) is missing."


def _holds_business(key: ForeignKey) -> bool:
    pairs = zip(key.columns, key.target_columns, strict=True)
    return ("business_id", "business_id") in pairs


# A table, its columns, the referenced table, and its columns.
_Key = tuple[str, tuple[str, ...], str, tuple[str, ...]]


def _declared_keys(declared: Declared) -> Iterator[_Key]:
    for model in isolated_models(declared):
        table = model._meta.db_table
        for field in model._meta.local_fields:
            if isinstance(field, models.ForeignKey) and field.db_constraint:  # type: ignore[attr-defined]
                target = field.related_model._meta
                yield table, (str(field.column),), target.db_table, ("id",)
        for constraint in model._meta.constraints:
            if isinstance(constraint, TenantForeignKeyConstraint):
                column = str(model._meta.get_field(constraint.field).column)  # type: ignore[union-attr]
                columns = ("business_id", column, *constraint.also)
                target_columns = ("business_id", "id", *constraint.also)
                yield (
                    table,
                    columns,
                    apps.get_model(constraint.to)._meta.db_table,
                    target_columns,
                )


def check_indexes(catalog: Catalog, declared: Declared) -> Iterator[str]:
    """Check that only declared columns are unique across businesses.

    Also check that each tenant table has an index that begins with the business.
    """
    for table in isolated_tables(catalog, declared):
        table_indexes = [
            index for index in catalog.indexes if index.table == table.name
        ]
        global_columns = GLOBALLY_UNIQUE.get(table.name, frozenset())
        for index in table_indexes:
            is_plain_id = index.is_primary and index.columns == ["id"]
            if (
                index.is_unique
                and not is_plain_id
                and "business_id" not in index.columns
                and tuple(index.columns) not in global_columns
            ):
                yield (
                    f"The index {index.name} makes {table.name} ({', '.join(index.columns)}) unique across businesses. "
                    "Begin it with business_id, or declare it in businesses/tenancy/allowlists.py."
                )
        unique = {
            tuple(index.columns)
            for index in table_indexes
            if index.is_unique and index.is_usable
        }
        for columns in sorted(global_columns - unique):
            yield f"{table.name} ({', '.join(columns)}) is no longer unique across businesses."
        leads = {index.columns[0] for index in table_indexes if index.is_usable}
        if "business_id" in table.columns and "business_id" not in leads:
            yield f"No index of {table.name} begins with business_id."


def check_triggers(catalog: Catalog, declared: Declared) -> Iterator[str]:
    """Check that triggers and rules are exactly the declared ones, and enabled."""
    expected = dict(TRIGGERS)
    for trigger in catalog.triggers:
        is_declared = trigger.is_internal
        if not is_declared:
            function = expected.pop((trigger.table, trigger.name), None)
            is_declared = function == trigger.function
        if not is_declared:
            yield (
                f"The trigger or rule {trigger.name} on {trigger.table} is not declared in "
                "businesses/tenancy/allowlists.py."
            )
        elif not trigger.is_enabled:
            yield (
                f"The trigger {trigger.name} on {trigger.table} does not fire. "
                f"Fix: ALTER TABLE {trigger.table} ENABLE TRIGGER {quote_identifier(trigger.name)};"
            )
    for table, name in sorted(expected):
        yield f"The trigger {name} on {table} is missing."


def check_functions(catalog: Catalog, declared: Declared) -> Iterator[str]:
    """Check that the functions are exactly the declared ones."""
    missing = set(DEFINER_FUNCTIONS)
    for function in catalog.functions:
        if function.name not in DEFINER_FUNCTIONS:
            if function.is_definer or function.name not in TRIGGERS.values():
                rights = (
                    " and runs with the privileges of its owner" * function.is_definer
                )
                yield (
                    f"The function {function.name} ({function.arguments}) is not declared{rights}. "
                    f"Fix: DROP FUNCTION {function.name} ({function.arguments});"
                )
            continue
        missing.discard(function.name)
        arguments, result, body = DEFINER_FUNCTIONS[function.name]
        for attribute, actual_value, expected_value in (
            ("owner", function.owner, platform_role()),
            ("security", function.is_definer, True),
            ("search path", function.options, [f"search_path={SEARCH_PATH}"]),
            ("arguments", function.arguments, arguments),
            ("result", function.result, result),
            ("body", function.body.strip(), body),
        ):
            if actual_value != expected_value:
                yield (
                    f"The function {function.name} has changed: {attribute} is {actual_value!r}, declared is {expected_value!r}. "
                    f"{REPAIR}"
                )
    for name in sorted(missing):
        yield f"The function {name} is missing. {REPAIR}"


def check_table_grants(catalog: Catalog, declared: Declared) -> Iterator[str]:
    """Check the privileges on tables of the group roles and of the separate logins."""
    groups = grantees()
    expected = {
        Grant("TABLE", table.name, role, privilege)
        for table in catalog.tables()
        for attribute, role in groups.items()
        for privilege in getattr(declared.get(table.name, _UNDECLARED), attribute)
    }
    actual = {
        grant
        for grant in catalog.grants
        if grant.kind == "TABLE" and grant.role in groups.values()
    }
    yield from _compare(expected, actual)


def check_other_grants(catalog: Catalog, declared: Declared) -> Iterator[str]:
    """Check all other privileges.

    No other role has any. The group roles have, besides tables, only USAGE on the
    schema.
    """
    groups = set(grantees().values())
    restricted = set(restricted_logins().values())
    owner_login = owner() if is_restricted_login() else catalog.login
    expected = {
        *(
            Grant("FUNCTION", name, login, "EXECUTE")
            for name in DEFINER_FUNCTIONS
            for login in {owner_login, *restricted}
        ),
        *(Grant("SCHEMA", "public", role, "USAGE") for role in groups),
        *(
            Grant("COLUMN", f"{table.name}.{column}", platform_role(), "SELECT")
            for table in catalog.tables()
            for column in declared.get(table.name, _UNDECLARED).platform_columns
        ),
    }
    actual = {
        grant
        for grant in catalog.grants
        if not (grant.kind == "TABLE" and grant.role in groups)
        # The administrator decides which other roles may connect, for example to back
        # up. PUBLIC must not connect.
        and not (
            grant.kind == "DATABASE"
            and grant.role != "PUBLIC"
            and (grant.role not in restricted or grant.privilege == "CONNECT")
        )
        # A trigger function cannot be called, and an undeclared one is already a fault.
        and not (grant.kind == "FUNCTION" and grant.target not in DEFINER_FUNCTIONS)
        # Reveals no row.
        and grant != Grant("SCHEMA", "public", "PUBLIC", "USAGE")
    }
    yield from _compare(expected, actual)


def _compare(expected: set[Grant], actual: set[Grant]) -> Iterator[str]:
    for grant in sorted(actual - expected):
        yield (
            f"{grant.role} has {grant.privilege} on {grant.kind.lower()} {grant.target}, which is not declared. "
            f"Fix: {_revoke(grant)};"
        )
    for grant in sorted(expected - actual):
        yield f"{grant.role} lacks {grant.privilege} on {grant.kind.lower()} {grant.target}. {REPAIR}"


def _revoke(grant: Grant) -> str:
    role = grant.role if grant.role == "PUBLIC" else quote_identifier(grant.role)
    if grant.kind == "COLUMN":
        table, column = grant.target.rsplit(".", 1)
        return f"REVOKE {grant.privilege} ({quote_identifier(column)}) ON TABLE {table} FROM {role}"
    if grant.kind == "DEFAULT":
        return f"ALTER DEFAULT PRIVILEGES … REVOKE {grant.privilege} ON … FROM {role}"
    return f"REVOKE {grant.privilege} ON {grant.kind} {grant.target} FROM {role}"


CATALOG_CHECKS: tuple[CatalogCheck, ...] = (
    check_roles,
    check_members,
    check_connection_settings,
    check_tables,
    check_views,
    check_row_security,
    check_foreign_keys,
    check_indexes,
    check_triggers,
    check_functions,
    check_other_grants,
)
