"""The functions that cross businesses: one for signing in, one for names of businesses that clash."""

from collections.abc import Iterable

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from .processes import guest_logins, process
from .roles import platform_role, quoted

SEARCH_PATH = "pg_catalog, pg_temp"
# name → (arguments, result, body). Each is SECURITY DEFINER, owned by the platform's role, executable by the logins alone.
DEFINER_FUNCTIONS = {
    "login_lookup": (
        "wanted text",
        "TABLE(user_id uuid, business_id uuid)",
        "SELECT u.id, u.business_id FROM public.users u WHERE u.email = lower(wanted)",
    ),
    # A key as `businesses/names.py` makes it → whether a business holds it with its own id at the end.
    "business_name_clashes": (
        "wanted text",
        "boolean",
        "SELECT EXISTS (SELECT FROM public.businesses b WHERE starts_with(b.name_key, wanted || chr(10)))",
    ),
}

# name → a question that the platform can answer for itself: an argument, and what the function must give for it.
_PROBES = {
    "login_lookup": "SELECT email, id, business_id FROM users WHERE email IS NOT NULL LIMIT 1"
}


def create_definer_functions(connection: BaseDatabaseWrapper) -> None:
    """Make them, or make them anew (a restored dump leaves them owned by whoever restored it)."""
    platform = quoted(platform_role())
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        logins = ", ".join(
            map(quoted, [cursor.fetchone()[0], *guest_logins().values()])
        )
        cursor.execute(f"GRANT CREATE, USAGE ON SCHEMA public TO {platform}")
        # A migration from before a column was there creates the functions too.
        cursor.execute("SET LOCAL check_function_bodies = off")
        for name, (arguments, result, body) in DEFINER_FUNCTIONS.items():
            signature = f"{name}(text)"
            cursor.execute(f"DROP FUNCTION IF EXISTS {signature}")
            cursor.execute(f"SET LOCAL ROLE {platform}")
            cursor.execute(
                f"CREATE FUNCTION {name}({arguments}) RETURNS {result} "
                f"LANGUAGE sql STABLE SECURITY DEFINER SET search_path = {SEARCH_PATH} "
                f"AS $body$ {body} $body$"
            )
            cursor.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
            cursor.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {logins}")
            cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute(f"REVOKE CREATE ON SCHEMA public FROM {platform}")


def drop_definer_functions(
    connection: BaseDatabaseWrapper, names: Iterable[str] = DEFINER_FUNCTIONS
) -> None:
    """Undo `create_definer_functions`."""
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"SET LOCAL ROLE {quoted(platform_role())}")
            cursor.execute(f"DROP FUNCTION IF EXISTS {name}(text)")
            cursor.execute("SET LOCAL ROLE NONE")


def wrong_answers(connection: BaseDatabaseWrapper) -> list[str]:
    """A sentence for each function that does not give the login what the platform's role sees.

    A restored dump may leave one that answers nothing, and then nobody signs in. A login that cannot become the platform
    only finds out that it may ask.
    """
    if process() == "web":
        return _unanswered(connection)
    platform = quoted(platform_role())
    found = []
    for name, probe in _PROBES.items():
        try:
            with (
                transaction.atomic(using=connection.alias),
                connection.cursor() as cursor,
            ):
                cursor.execute(f"SET LOCAL ROLE {platform}")
                cursor.execute(probe)
                row = cursor.fetchone()
                cursor.execute("SET LOCAL ROLE NONE")
                if row is None:
                    continue
                cursor.execute(f"SELECT * FROM {name}(%s)", row[:1])  # noqa: S608  a declared name
                answer = cursor.fetchone()
        except DatabaseError as error:
            found.append(f"The function {name} fails: {str(error).splitlines()[0]}")
            continue
        if answer != row[1:]:
            found.append(
                f"The function {name} does not find what is there, so nobody can sign in. "
                "Run `manage.py tenancy_roles --repair`."
            )
    return found


def _unanswered(connection: BaseDatabaseWrapper) -> list[str]:
    found = []
    for name in DEFINER_FUNCTIONS:
        try:
            with (
                transaction.atomic(using=connection.alias),
                connection.cursor() as cursor,
            ):
                cursor.execute(f"SELECT * FROM {name}('')")  # noqa: S608  a declared name
        except DatabaseError as error:
            found.append(f"The function {name} fails: {str(error).splitlines()[0]}")
    return found
