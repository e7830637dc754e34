"""The two group roles in the database that a scope turns the connection into.

Roles belong to the whole PostgreSQL cluster, so their names come from settings and carry the login's name: two
installations on one server must not share a key.
"""

from dataclasses import dataclass

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper


@dataclass(frozen=True)
class Membership:
    """What the login may do about one of the group roles."""

    role: str
    exists: bool
    is_member: bool


def tenant_role() -> str:
    """The role of a request inside one business."""
    name: str = settings.TENANCY_TENANT_ROLE
    return name


def platform_role() -> str:
    """The role that reads across businesses and writes to none."""
    name: str = settings.TENANCY_PLATFORM_ROLE
    return name


def quoted(name: str) -> str:
    """`name` as an SQL identifier, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def memberships(cursor: CursorWrapper) -> list[Membership]:
    """Both group roles, and whether the login can become them."""
    found = []
    for role in (tenant_role(), platform_role()):
        cursor.execute(
            "SELECT oid, pg_has_role(session_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = %s",
            [role],
        )
        row = cursor.fetchone()
        found.append(Membership(role, row is not None, bool(row and row[1])))
    return found


def problems(connection: BaseDatabaseWrapper) -> list[str]:
    """Sentences on what must be mended before `migrate` may begin; none if all is well.

    The login must own the database and those of our tables that are there (else migrate fails in the middle with "permission
    denied for schema public" or "must be owner of table"), be a member of both roles, and be none that row-level security does
    not hold for.
    """
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = session_user"
        )
        is_superuser, bypasses, creates_roles = cursor.fetchone()
        cursor.execute(
            "SELECT pg_has_role(session_user, datdba, 'USAGE') FROM pg_database WHERE datname = current_database()"
        )
        owns_database = cursor.fetchone()[0]
        for membership in memberships(cursor):
            if not membership.exists:
                found.append(f"The role {membership.role} does not exist.")
            elif not membership.is_member:
                found.append(f"The login is not a member of {membership.role}.")
        found += [
            f"{owner} owns tables that the login must own ({', '.join(tables)}). Hand them over, connected to this "
            f"database: REASSIGN OWNED BY {quoted(owner)} TO {quoted(login)}"
            for login, owner, tables in _owned_by_others(connection, cursor)
        ]
    if is_superuser:
        found.append("The login is a superuser: row-level security does not hold it.")
    elif bypasses:
        found.append(
            "The login has BYPASSRLS: row-level security does not hold for it."
        )
    elif creates_roles:
        found.append(
            "The login has CREATEROLE: it could make itself roles it must not have."
        )
    if not owns_database:
        found.append("The login does not own the database.")
    return found


def _owned_by_others(
    connection: BaseDatabaseWrapper, cursor: CursorWrapper
) -> list[tuple[str, str, list[str]]]:
    """The login, each role that owns tables of ours instead of it, and those tables."""
    cursor.execute(
        "SELECT session_user::text, pg_get_userbyid(relowner)::text, array_agg(relname::text ORDER BY relname)"
        " FROM pg_class WHERE relkind IN ('r', 'p') AND relname = ANY(%s) AND pg_table_is_visible(oid)"
        " AND NOT pg_has_role(session_user, relowner, 'USAGE') GROUP BY relowner ORDER BY 2",
        [connection.introspection.django_table_names()],
    )
    found: list[tuple[str, str, list[str]]] = cursor.fetchall()
    return found


def public_access_sql(connection: BaseDatabaseWrapper, *, is_open: bool) -> str:
    """Close the database to every login that was not named, or open it: PostgreSQL lets all of them into a new one."""
    database = quoted(connection.settings_dict["NAME"])
    change = "GRANT {} TO PUBLIC" if is_open else "REVOKE {} FROM PUBLIC"
    return change.format(f"CONNECT, TEMPORARY ON DATABASE {database}")


def setup_sql(connection: BaseDatabaseWrapper) -> str:
    """What a database administrator runs once, as SQL that may be run again; the login and its database must exist.

    No superuser is needed for what does not need one: a managed server has none to offer. `CREATE ROLE` races with itself
    when several databases are set up at once, so both errors of that race are caught.
    """
    login = connection.settings_dict["USER"]
    database = connection.settings_dict["NAME"]
    names = {
        "login": quoted(login),
        "login_name": literal(login),
        "database": quoted(database),
        "database_name": literal(database),
    }
    return "".join(
        [
            *(
                _ROLE_SQL.format(role=quoted(role), role_name=literal(role), **names)
                for role in (tenant_role(), platform_role())
            ),
            _LOGIN_SQL.format(**names),
            _DATABASE_SQL.format(**names),
        ]
    )


_ROLE_SQL = """\
DO $$ BEGIN
  CREATE ROLE {role} NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
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
