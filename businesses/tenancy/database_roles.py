"""The tenant role and the platform role in the database, which a scope switches to.

Roles belong to the whole PostgreSQL cluster. Their names come from settings and contain
the login's name, so that two installations on one server do not share a role.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from .process_roles import (
    RESTRICTED_PROCESSES,
    is_restricted_login,
    owner,
    process,
    restricted_logins,
)


@dataclass(frozen=True)
class Membership:
    """The login's membership of one of the group roles."""

    role: str
    exists: bool
    is_member: bool


def tenant_role() -> str:
    """Return the name of the role for requests inside one business."""
    name: str = settings.TENANCY_TENANT_ROLE
    return name


def platform_role() -> str:
    """Return the name of the role that reads across businesses.

    It writes no tenant data.
    """
    name: str = settings.TENANCY_PLATFORM_ROLE
    return name


def quote_identifier(name: str) -> str:
    """Return `name` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_literal(text: str) -> str:
    """Return `text` as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def memberships(cursor: CursorWrapper) -> list[Membership]:
    """Return both group roles and the login's membership of each."""
    roles = []
    for role in (tenant_role(), platform_role()):
        cursor.execute(
            "SELECT oid, pg_has_role(session_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = %s",
            [role],
        )
        row = cursor.fetchone()
        roles.append(Membership(role, row is not None, bool(row and row[1])))
    return roles


def check_database_roles(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the problems to fix before `migrate` may start, as sentences.

    The login must own the database and the existing tables of the project. Otherwise
    `migrate` fails in the middle with "permission denied for schema public" or "must be
    owner of table". The login must be a member of both roles, and row-level security
    must apply to it. With separate logins, the web and console logins must own no table
    and have no other roles than their own.
    """
    with connection.cursor() as cursor:
        too_much = _problems_of_rights(cursor)
        if too_much or is_restricted_login():
            return too_much or list(_check_restricted_login(cursor))
        return _check_owner_login(connection, cursor)


def _problems_of_rights(cursor: CursorWrapper) -> list[str]:
    cursor.execute(
        "SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = session_user"
    )
    is_superuser, bypasses, creates_roles = cursor.fetchone()
    if is_superuser:
        return ["The login is a superuser: row-level security does not apply to it."]
    if bypasses:
        return ["The login has BYPASSRLS: row-level security does not apply to it."]
    if creates_roles:
        return [
            "The login has CREATEROLE: it could make itself roles it must not have."
        ]
    return []


def _check_restricted_login(cursor: CursorWrapper) -> Iterator[str]:
    """Yield the problems of a separate login.

    The server lists all roles that the login can become, through any chain of
    memberships.
    """
    kind = process()
    names = {"tenant": tenant_role(), "platform": platform_role()}
    expected = {names[group] for group in RESTRICTED_PROCESSES[kind]}
    cursor.execute(
        "SELECT session_user::text, array_agg(rolname::text ORDER BY rolname) FROM pg_roles "
        "WHERE pg_has_role(session_user, oid, 'MEMBER') AND rolname <> session_user"
    )
    login, reachable = cursor.fetchone()
    reachable = set(reachable or ())
    for role in sorted(expected - reachable):
        yield f"The login {login} is not a member of {role}."
    for role in sorted(reachable - expected):
        yield (
            f"The login {login} can become {role}, which TENANCY_PROCESS={kind} forbids. "
            f"Fix: REVOKE {quote_identifier(role)} FROM {quote_identifier(login)};"
        )
    cursor.execute(
        "SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = current_database()"
    )
    (database_owner,) = cursor.fetchone()
    if database_owner != owner():
        yield f"The database belongs to {database_owner}, not to {owner()}."


def _check_owner_login(
    connection: BaseDatabaseWrapper, cursor: CursorWrapper
) -> list[str]:
    problems = []
    cursor.execute(
        "SELECT pg_has_role(session_user, datdba, 'USAGE') FROM pg_database WHERE datname = current_database()"
    )
    owns_database = cursor.fetchone()[0]
    for membership in memberships(cursor):
        if not membership.exists:
            problems.append(f"The role {membership.role} does not exist.")
        elif not membership.is_member:
            problems.append(f"The login is not a member of {membership.role}.")
    problems += [
        f"{owner} owns tables that the login must own ({', '.join(tables)}). Hand them over, connected to this "
        f"database: REASSIGN OWNED BY {quote_identifier(owner)} TO {quote_identifier(login)}"
        for login, owner, tables in _owned_by_others(connection, cursor)
    ]
    if not owns_database:
        problems.append("The login does not own the database.")
    for login in restricted_logins().values():
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [login])
        if cursor.fetchone() is None:
            problems.append(f"The role {login} does not exist.")
    return problems


def _owned_by_others(
    connection: BaseDatabaseWrapper, cursor: CursorWrapper
) -> list[tuple[str, str, list[str]]]:
    """Return (login, owner, tables) for project tables that the login does not own."""
    cursor.execute(
        "SELECT session_user::text, pg_get_userbyid(relowner)::text, array_agg(relname::text ORDER BY relname)"
        " FROM pg_class WHERE relkind IN ('r', 'p') AND relname = ANY(%s) AND pg_table_is_visible(oid)"
        " AND NOT pg_has_role(session_user, relowner, 'USAGE') GROUP BY relowner ORDER BY 2",
        [connection.introspection.django_table_names()],
    )
    rows: list[tuple[str, str, list[str]]] = cursor.fetchall()
    return rows


def public_access_sql(connection: BaseDatabaseWrapper, *, is_open: bool) -> str:
    """Return the SQL that revokes or grants public access to the database.

    PostgreSQL lets every login connect to a new database.
    """
    database = quote_identifier(connection.settings_dict["NAME"])
    change = "GRANT {} TO PUBLIC" if is_open else "REVOKE {} FROM PUBLIC"
    return change.format(f"CONNECT, TEMPORARY ON DATABASE {database}")


def setup_sql(connection: BaseDatabaseWrapper) -> str:
    """Return the SQL that a database administrator runs once; it may be repeated.

    The login and its database must exist. With separate logins, the SQL also creates
    the web and console logins, without passwords.

    A statement that needs no superuser must not require one, because managed servers
    offer none. `CREATE ROLE` races with itself when several databases are set up at
    once, so both errors of that race are caught.
    """
    login = owner()
    database = connection.settings_dict["NAME"]
    names = {
        "login": quote_identifier(login),
        "login_name": quote_literal(login),
        "database": quote_identifier(database),
        "database_name": quote_literal(database),
    }
    return "".join(
        [
            *(
                _CREATE_SQL.format(role=quote_identifier(role), rights="NOLOGIN")
                + _MEMBER_SQL.format(
                    role=quote_identifier(role), role_name=quote_literal(role), **names
                )
                for role in (tenant_role(), platform_role())
            ),
            _LOGIN_SQL.format(**names),
            _DATABASE_SQL.format(**names),
            *(
                _restricted_login_sql(restricted_login, RESTRICTED_PROCESSES[kind])
                for kind, restricted_login in restricted_logins().items()
            ),
            *map(log_settings_sql, (login, *restricted_logins().values())),
        ]
    )


def log_settings_sql(login: str) -> str:
    """Return SQL that keeps values of rejected statements out of PostgreSQL's log.

    Only a superuser may change these settings. For another administrator the SQL prints
    a warning and changes nothing.
    """
    changes = "".join(
        f"  ALTER ROLE {quote_identifier(login)} SET {name} = {quote_literal(value)};\n"
        for name, value in LOG_SETTINGS.items()
    )
    return _LOG_SQL.format(changes=changes, warning=quote_literal(_LOG_WARNING))


def missing_log_settings(connection: BaseDatabaseWrapper) -> list[str]:
    """Return a sentence for each of `LOG_SETTINGS` that the login lacks."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)",
            [list(LOG_SETTINGS)],
        )
        current = dict(cursor.fetchall())
    return [
        (
            f"{name} is {current.get(name)} for the login: PostgreSQL's log may contain values of rejected "
            "statements, such as passports. A superuser runs: ALTER ROLE "
            f"{quote_identifier(connection.settings_dict['USER'])} SET {name} = {quote_literal(value)};"
        )
        for name, value in LOG_SETTINGS.items()
        if current.get(name) != value
    ]


def _restricted_login_sql(login: str, attributes: Collection[str]) -> str:
    names = {"login": quote_identifier(login), "login_name": quote_literal(login)}
    groups = {"tenant": tenant_role(), "platform": platform_role()}
    return _CREATE_SQL.format(
        role=quote_identifier(login), rights="LOGIN NOINHERIT"
    ) + "".join(
        _MEMBER_SQL.format(
            role=quote_identifier(groups[attribute]),
            role_name=quote_literal(groups[attribute]),
            **names,
        )
        for attribute in sorted(attributes)
    )


# Log no failed statement, and only the message of an error: STATEMENT and DETAIL
# contain values of rows.
LOG_SETTINGS = {"log_min_error_statement": "panic", "log_error_verbosity": "terse"}
_LOG_WARNING = (
    "Only a superuser sets log_min_error_statement and log_error_verbosity: without them, PostgreSQL's log "
    "may contain values of rejected statements."
)
_LOG_SQL = """\
DO $$ BEGIN
{changes}EXCEPTION WHEN insufficient_privilege THEN
  RAISE WARNING USING MESSAGE = {warning};
END $$;
"""
_CREATE_SQL = """\
DO $$ BEGIN
  CREATE ROLE {role} {rights};
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
"""
_MEMBER_SQL = """\
DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 160000 THEN
    EXECUTE $grant$GRANT {role} TO {login} WITH INHERIT FALSE, SET TRUE$grant$;
  ELSIF NOT pg_has_role({login_name}, {role_name}, 'MEMBER') THEN
    GRANT {role} TO {login};
  END IF;
END $$;
"""
_LOGIN_SQL = """\
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = {login_name} AND (rolsuper OR rolbypassrls OR rolcreaterole)) THEN
    ALTER ROLE {login} NOSUPERUSER NOBYPASSRLS NOCREATEROLE;
  END IF;
END $$;
"""
_DATABASE_SQL = """\
DO $$ BEGIN
  IF {login_name} <> (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = {database_name}) THEN
    ALTER DATABASE {database} OWNER TO {login};
  END IF;
END $$;
"""
