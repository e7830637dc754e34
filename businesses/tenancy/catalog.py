"""The contents of PostgreSQL's catalog, which `catalog_checks.py` checks.

They are read from pg_catalog. PostgreSQL's own schemas and objects of extensions are
left out. A name without a schema is in `public`.
"""
# ruff: noqa: S608  the SQL is put together from the constants of this file alone

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from .policies import Policy


class Relation(NamedTuple):
    name: str
    kind: str  # r and p: tables, v: view, m: materialised view, f: foreign table
    owner: str
    is_owned_by_login: bool
    has_row_security: bool
    is_forced: bool
    options: list[str]
    columns: dict[str, bool]  # name → NOT NULL


class PolicyRow(NamedTuple):
    table: str
    name: str
    command: str
    is_permissive: bool
    roles: list[str]
    using: str | None  # None: not known
    check: str | None


class ForeignKey(NamedTuple):
    name: str
    table: str
    columns: list[str]
    target: str
    target_columns: list[str]
    is_checked: bool


class Index(NamedTuple):
    name: str
    table: str
    columns: list[str]  # or expressions
    is_unique: bool
    is_primary: bool
    is_usable: bool  # whole and without a condition


class Grant(NamedTuple):
    kind: str  # TABLE, SEQUENCE, COLUMN, SCHEMA, FUNCTION, DATABASE, DEFAULT
    target: str
    role: str
    privilege: str
    is_grantable: bool = False


class Function(NamedTuple):
    name: str
    arguments: str
    result: str
    language: str
    owner: str
    is_definer: bool
    options: list[str]
    body: str


class Trigger(NamedTuple):
    table: str
    name: str
    function: str
    is_internal: bool
    is_enabled: bool


class DatabaseRole(NamedTuple):
    name: str
    may: list[str]  # of LOGIN, SUPERUSER, BYPASSRLS, CREATEROLE, CREATEDB, REPLICATION
    is_open_to_login: bool


class RoleMembership(NamedTuple):
    group: str
    member: str
    is_usable: bool
    is_grantable: bool


_Row = TypeVar("_Row", bound=tuple[Any, ...])

_PROJECT_TABLES = "{n}.nspname !~ '^pg_' AND {n}.nspname <> 'information_schema'"
_NAME = "CASE WHEN {n}.nspname = 'public' THEN {c} ELSE {n}.nspname || '.' || {c} END"
_IN_EXTENSION = (
    "EXISTS (SELECT FROM pg_depend d WHERE d.classid = '{catalog}'::regclass AND d.objid = {c}.oid "
    "AND d.deptype = 'e')"
)
# Every relation of the project, for the queries below.
_RELATIONS = f"""
WITH relation AS (
    SELECT c.*, {_NAME.format(n="n", c="c.relname")} AS name
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE {_PROJECT_TABLES.format(n="n")} AND NOT {_IN_EXTENSION.format(catalog="pg_class", c="c")}
)"""

_RELATION = f"""{_RELATIONS}
SELECT r.name, r.relkind, pg_get_userbyid(r.relowner), pg_has_role(session_user, r.relowner, 'USAGE'),
       r.relrowsecurity, r.relforcerowsecurity, coalesce(r.reloptions, '{{}}'),
       (SELECT coalesce(json_object_agg(a.attname, a.attnotnull), '{{}}')
          FROM pg_attribute a WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped)
  FROM relation r WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY r.name"""

_POLICY_COLUMNS = """
       p.polname,
       CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
                     ELSE 'ALL' END,
       p.polpermissive,
       ARRAY(SELECT CASE WHEN role = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(role)::text END FROM unnest(p.polroles) role
              ORDER BY 1),
       coalesce(pg_get_expr(p.polqual, p.polrelid), ''), coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')"""
_POLICY = f"""{_RELATIONS}
SELECT r.name, {_POLICY_COLUMNS}
  FROM pg_policy p JOIN relation r ON r.oid = p.polrelid ORDER BY r.name, p.polname"""

_COLUMN_NAMES = (
    "ARRAY(SELECT a.attname::text FROM unnest({keys}) WITH ORDINALITY key(number, place) "
    "JOIN pg_attribute a ON a.attrelid = {table} AND a.attnum = key.number ORDER BY key.place)"
)
# NOT ENFORCED came with PostgreSQL 18. JSON gives null for the column on older servers.
_FOREIGN_KEY = f"""{_RELATIONS}
SELECT k.conname, r.name, {_COLUMN_NAMES.format(keys="k.conkey", table="k.conrelid")},
       t.name, {_COLUMN_NAMES.format(keys="k.confkey", table="k.confrelid")},
       k.convalidated AND coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true)
  FROM pg_constraint k JOIN relation r ON r.oid = k.conrelid JOIN relation t ON t.oid = k.confrelid
 WHERE k.contype = 'f' ORDER BY r.name, k.conname"""

_INDEX = f"""{_RELATIONS}
SELECT c.relname, r.name,
       ARRAY(SELECT pg_get_indexdef(i.indexrelid, place, true) FROM generate_series(1, i.indnkeyatts) place),
       i.indisunique OR i.indisexclusion, i.indisprimary, i.indisvalid AND i.indpred IS NULL
  FROM pg_index i JOIN relation r ON r.oid = i.indrelid JOIN pg_class c ON c.oid = i.indexrelid
 WHERE r.relkind <> 't' ORDER BY r.name, c.relname"""

# The privileges of roles other than the owner. An owner can always grant itself missing
# privileges.
_GRANT = f"""{_RELATIONS}, acl(kind, target, owner, items) AS (
    SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, name, relowner, relacl
      FROM relation WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT 'COLUMN', r.name || '.' || a.attname, r.relowner, a.attacl
      FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid WHERE a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT 'SCHEMA', n.nspname, n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner))
      FROM pg_namespace n
     WHERE {_PROJECT_TABLES.format(n="n")} AND NOT {_IN_EXTENSION.format(catalog="pg_namespace", c="n")}
    UNION ALL
    SELECT 'FUNCTION', {_NAME.format(n="n", c="p.proname")}, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE {_PROJECT_TABLES.format(n="n")} AND NOT {_IN_EXTENSION.format(catalog="pg_proc", c="p")}
    UNION ALL
    SELECT 'DATABASE', d.datname, d.datdba, coalesce(d.datacl, acldefault('d', d.datdba))
      FROM pg_database d WHERE d.datname = current_database()
    UNION ALL
    SELECT 'DEFAULT', 'what ' || pg_get_userbyid(d.defaclrole) || ' creates', d.defaclrole, d.defaclacl
      FROM pg_default_acl d
     WHERE d.defaclobjtype IN ('r', 'S', 'n')
)
SELECT acl.kind, acl.target, CASE WHEN item.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(item.grantee)::text END,
       item.privilege_type, item.is_grantable
  FROM acl, aclexplode(acl.items) item WHERE item.grantee <> acl.owner ORDER BY 1, 2, 3, 4"""

_FUNCTION = f"""
SELECT {_NAME.format(n="n", c="p.proname")}, pg_get_function_identity_arguments(p.oid), pg_get_function_result(p.oid),
       l.lanname, pg_get_userbyid(p.proowner), p.prosecdef, coalesce(p.proconfig, '{{}}'), p.prosrc
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
 WHERE {_PROJECT_TABLES.format(n="n")} AND NOT {_IN_EXTENSION.format(catalog="pg_proc", c="p")} ORDER BY 1, 2"""

# A rule can change a statement like a trigger, and no rule is declared. Every view has
# the rule _RETURN.
_TRIGGER = f"""{_RELATIONS}
SELECT r.name, t.tgname, p.proname, t.tgisinternal, t.tgenabled = 'O'
  FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
UNION ALL
SELECT r.name, w.rulename, 'rule', false, w.ev_enabled = 'O'
  FROM pg_rewrite w JOIN relation r ON r.oid = w.ev_class WHERE w.rulename <> '_RETURN'
ORDER BY 1, 2"""

_ROLE = """
SELECT rolname,
       array_remove(ARRAY[CASE WHEN rolcanlogin THEN 'LOGIN' END, CASE WHEN rolsuper THEN 'SUPERUSER' END,
                          CASE WHEN rolbypassrls THEN 'BYPASSRLS' END, CASE WHEN rolcreaterole THEN 'CREATEROLE' END,
                          CASE WHEN rolcreatedb THEN 'CREATEDB' END,
                          CASE WHEN rolreplication THEN 'REPLICATION' END], NULL),
       pg_has_role(session_user, oid, 'MEMBER')
  FROM pg_roles ORDER BY rolname"""

# Up to PostgreSQL 15 every membership can be used. From 16 on, a membership may only
# allow its holder to grant it to other roles.
_MEMBERSHIP = """
SELECT pg_get_userbyid(m.roleid), pg_get_userbyid(m.member),
       coalesce((to_jsonb(m) ->> 'inherit_option')::boolean OR (to_jsonb(m) ->> 'set_option')::boolean, true),
       m.admin_option
  FROM pg_auth_members m ORDER BY 1, 2"""

# The settings with which every new connection of the login begins.
_SETTINGS = """
SELECT DISTINCT split_part(setting, '=', 1)
  FROM pg_db_role_setting s, unnest(s.setconfig) setting
 WHERE s.setrole IN (0, session_user::regrole)
   AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))"""


@dataclass(frozen=True)
class Catalog:
    """The current contents of the catalog."""

    login: str
    relations: list[Relation]
    policies: list[PolicyRow]
    foreign_keys: list[ForeignKey]
    indexes: list[Index]
    grants: list[Grant]
    functions: list[Function]
    triggers: list[Trigger]
    roles: list[DatabaseRole]
    memberships: list[RoleMembership]
    settings: list[str]

    def tables(self) -> list[Relation]:
        return [
            relation for relation in self.relations if relation.kind in ("r", "p", "f")
        ]


def read_catalog(connection: BaseDatabaseWrapper) -> Catalog:
    """Read the catalog of the database of `connection`."""

    def rows(sql: str, row: type[_Row]) -> list[_Row]:
        cursor.execute(sql)
        return [row(*values) for values in cursor.fetchall()]

    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user")
        (login,) = cursor.fetchone()
        cursor.execute(_SETTINGS)
        settings = [name for (name,) in cursor.fetchall()]
        return Catalog(
            login=login,
            relations=rows(_RELATION, Relation),
            policies=rows(_POLICY, PolicyRow),
            foreign_keys=rows(_FOREIGN_KEY, ForeignKey),
            indexes=rows(_INDEX, Index),
            grants=rows(_GRANT, Grant),
            functions=rows(_FUNCTION, Function),
            triggers=rows(_TRIGGER, Trigger),
            roles=rows(_ROLE, DatabaseRole),
            memberships=rows(_MEMBERSHIP, RoleMembership),
            settings=settings,
        )


def policies_without_expressions(
    policy_sets: Mapping[str, Sequence[Policy]],
) -> dict[str, list[PolicyRow]]:
    """Return the policies of each set without their expressions.

    For a login that may not create temporary tables and cannot compare expressions.
    """
    return {
        name: [
            PolicyRow(
                table="",
                name=policy.name,
                command=policy.command,
                is_permissive=True,
                roles=[policy.role_name],
                using=None,
                check=None,
            )
            for policy in policies
        ]
        for name, policies in policy_sets.items()
    }


def read_server_policies(
    connection: BaseDatabaseWrapper, policy_sets: Mapping[str, Sequence[Policy]]
) -> dict[str, list[PolicyRow]]:
    """Return the policies of each set in the wording of this server.

    The wording differs between PostgreSQL's versions. The policies are therefore
    created on temporary tables, inside a transaction that is rolled back.
    """
    server_policies: dict[str, list[PolicyRow]] = {}
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for name, policies in policy_sets.items():
            table = f"policies_{name}"
            # The columns that declared policies use.
            cursor.execute(
                f"CREATE TEMPORARY TABLE {table} (id uuid, business_id uuid, steward_id uuid, platform_only boolean)"
            )
            for policy in policies:
                cursor.execute(policy.create_sql(table), None)
            cursor.execute(
                f"SELECT '{table}', {_POLICY_COLUMNS} FROM pg_policy p WHERE p.polrelid = 'pg_temp.{table}'::regclass "
                "ORDER BY p.polname"
            )
            server_policies[name] = [PolicyRow(*row) for row in cursor.fetchall()]
        transaction.set_rollback(True, using=connection.alias)
    return server_policies
