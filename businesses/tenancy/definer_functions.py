"""SECURITY DEFINER functions that read rows of all businesses.

They look up accounts, clashing names and values in use.
"""

from collections.abc import Iterable, Mapping

from django.db import DatabaseError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from .context import unscoped
from .database_roles import platform_role, quote_identifier
from .process_roles import process, restricted_logins

SEARCH_PATH = "pg_catalog, pg_temp"
# name → (arguments, result, body). Each function is SECURITY DEFINER and owned by the
# platform role. Only the logins may execute it.
DEFINER_FUNCTIONS: dict[str, tuple[str, str, str]] = {
    "account_lookup": (
        "wanted text",
        "uuid",
        "SELECT a.id FROM public.accounts a WHERE a.email = lower(wanted)",
    ),
    # The users of one account: one row per business in which the person has a user.
    "users_of_account": (
        "wanted uuid",
        "TABLE(user_id uuid, business_id uuid, business_name text, user_is_active boolean, business_is_active boolean, "
        "user_signed_out_at timestamp with time zone, business_signed_out_at timestamp with time zone)",
        "SELECT u.id, b.id, b.business_name::text, u.is_active, b.is_active, u.signed_out_at, b.signed_out_at "
        "FROM public.users u JOIN public.businesses b ON b.id = u.business_id WHERE u.account_id = wanted",
    ),
    # Returns true if a business has a key of `businesses/unique_names.py`, followed by
    # its own id.
    "business_name_clashes": (
        "wanted text",
        "boolean",
        "SELECT EXISTS (SELECT FROM public.businesses b WHERE starts_with(b.name_key, wanted || chr(10)))",
    ),
    # Each returns the fact that an INSERT rejected by the unique index would reveal.
    # PostgreSQL logs no value.
    "email_in_use": (
        "wanted text",
        "boolean",
        "SELECT EXISTS (SELECT FROM public.accounts a WHERE a.email = wanted)",
    ),
    "phone_in_use": (
        "wanted text",
        "boolean",
        "SELECT EXISTS (SELECT FROM public.users u WHERE u.phone_number = wanted)",
    ),
    "passport_in_use": (
        "wanted text",
        "boolean",
        "SELECT EXISTS (SELECT FROM public.employees e WHERE e.passport_id = wanted)",
    ),
}

# Definitions that released migrations create and that a later migration replaces.
EARLIER_FUNCTIONS: dict[str, tuple[str, str, str]] = {
    "login_lookup": (
        "wanted text",
        "TABLE(user_id uuid, business_id uuid)",
        "SELECT u.id, u.business_id FROM public.users u WHERE u.email = lower(wanted)",
    ),
    "email_in_use": (
        "wanted text",
        "boolean",
        "SELECT EXISTS (SELECT FROM public.users u WHERE u.email = wanted)",
    ),
}

# name → a query of the platform role: an argument, and the expected result of the
# function.
_PROBES = {
    "account_lookup": "SELECT email, id FROM accounts WHERE email IS NOT NULL LIMIT 1",
    "email_in_use": "SELECT email, true FROM accounts WHERE email IS NOT NULL LIMIT 1",
    "phone_in_use": "SELECT phone_number, true FROM users WHERE phone_number IS NOT NULL LIMIT 1",
    "passport_in_use": "SELECT passport_id, true FROM employees WHERE passport_id IS NOT NULL LIMIT 1",
}
# The effect of a wrong result.
_EFFECTS = {"account_lookup": ", so no user can sign in"}


def values_in_use(function: str, values: Iterable[str]) -> set[str]:
    """Return the values that a row of any business has.

    `function` is a name of `DEFINER_FUNCTIONS`. The result does not name the business.
    The query runs as the login, in any scope or outside. The caller checks the limit of
    "already in use" errors before the call and raises `AlreadyInUse` after it. One
    query.
    """
    with unscoped(), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT value FROM unnest(%s::text[]) AS value WHERE {function}(value)",  # noqa: S608  a declared name
            [list(values)],
        )
        return {row[0] for row in cursor.fetchall()}


def fields_in_use(values: Mapping[str, tuple[str, str]]) -> set[str]:
    """Return the fields whose value is in use; `values` is field → (function, value).

    One query, with the same rules as `values_in_use`.
    """
    if not values:
        return set()
    query = " UNION ALL ".join(
        f"SELECT %s WHERE {function}(%s)" for function, _ in values.values()
    )
    arguments = [
        text for field, (_, value) in values.items() for text in (field, value)
    ]
    with unscoped(), connection.cursor() as cursor:
        cursor.execute(query, arguments)
        return {row[0] for row in cursor.fetchall()}


def create_definer_functions(
    connection: BaseDatabaseWrapper,
    functions: Mapping[str, tuple[str, str, str]] = DEFINER_FUNCTIONS,
) -> None:
    """Create or replace the functions; `functions` is name → (arguments, result, body).

    A restored dump leaves them with another owner, so they are dropped and created
    again.
    """
    platform = quote_identifier(platform_role())
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        logins = ", ".join(
            map(quote_identifier, [cursor.fetchone()[0], *restricted_logins().values()])
        )
        cursor.execute(f"GRANT CREATE, USAGE ON SCHEMA public TO {platform}")
        # An earlier migration also creates functions whose columns do not exist yet.
        cursor.execute("SET LOCAL check_function_bodies = off")
        for name, (arguments, result, body) in functions.items():
            signature = _signature(name, arguments)
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
    connection: BaseDatabaseWrapper, functions: Mapping[str, tuple[str, str, str]]
) -> None:
    """Drop the functions that `create_definer_functions` created."""
    with connection.cursor() as cursor:
        for name, (arguments, _, _) in functions.items():
            cursor.execute(f"SET LOCAL ROLE {quote_identifier(platform_role())}")
            cursor.execute(f"DROP FUNCTION IF EXISTS {_signature(name, arguments)}")
            cursor.execute("SET LOCAL ROLE NONE")


def _signature(name: str, arguments: str) -> str:
    """Return `name` with its argument types: `users_of_account(uuid)`."""
    types = [argument.split(maxsplit=1)[1] for argument in arguments.split(", ")]
    return f"{name}({', '.join(types)})"


def check_definer_functions(connection: BaseDatabaseWrapper) -> list[str]:
    """Return a sentence for each function with a wrong result.

    The right result is that of the platform role's own query.

    After a restored dump a function may return no row, and then no user can sign in.
    For a login without the platform role, only the permission to call the functions is
    checked.
    """
    if process() == "web":
        return _check_calls(connection)
    platform = quote_identifier(platform_role())
    problems = []
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
                result = cursor.fetchone()
        except DatabaseError as error:
            problems.append(f"The function {name} fails: {str(error).splitlines()[0]}")
            continue
        if result != row[1:]:
            problems.append(
                f"The function {name} does not find an existing row{_EFFECTS.get(name, '')}. Run `manage.py tenancy_roles "
                "--repair`."
            )
    return problems


def _check_calls(connection: BaseDatabaseWrapper) -> list[str]:
    problems = []
    for name in DEFINER_FUNCTIONS:
        try:
            with (
                transaction.atomic(using=connection.alias),
                connection.cursor() as cursor,
            ):
                cursor.execute(f"SELECT * FROM {name}(NULL)")  # noqa: S608  a declared name
        except DatabaseError as error:
            problems.append(f"The function {name} fails: {str(error).splitlines()[0]}")
    return problems
