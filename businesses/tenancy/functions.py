"""The one function that crosses businesses for somebody who has not signed in yet."""

from django.db.backends.base.base import BaseDatabaseWrapper

from .roles import platform_role, quoted

# name → (arguments, result, body). Each is SECURITY DEFINER, owned by the platform's role, executable by the login alone.
DEFINER_FUNCTIONS = {
    "login_lookup": (
        "wanted text",
        "TABLE (user_id uuid, business_id uuid)",
        "SELECT u.id, u.business_id FROM public.users u WHERE u.email = lower(wanted)",
    )
}


def create_definer_functions(connection: BaseDatabaseWrapper) -> None:
    """Make them, or make them anew (a restored dump leaves them owned by whoever restored it)."""
    platform = quoted(platform_role())
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        login = quoted(cursor.fetchone()[0])
        cursor.execute(f"GRANT CREATE, USAGE ON SCHEMA public TO {platform}")
        for name, (arguments, result, body) in DEFINER_FUNCTIONS.items():
            signature = f"{name}(text)"
            cursor.execute(f"DROP FUNCTION IF EXISTS {signature}")
            cursor.execute(f"SET LOCAL ROLE {platform}")
            cursor.execute(
                f"CREATE FUNCTION {name}({arguments}) RETURNS {result} "
                "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp "
                f"AS $body$ {body} $body$"
            )
            cursor.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
            cursor.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {login}")
            cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute(f"REVOKE CREATE ON SCHEMA public FROM {platform}")


def drop_definer_functions(connection: BaseDatabaseWrapper) -> None:
    """Undo `create_definer_functions`."""
    with connection.cursor() as cursor:
        for name in DEFINER_FUNCTIONS:
            cursor.execute(f"SET LOCAL ROLE {quoted(platform_role())}")
            cursor.execute(f"DROP FUNCTION IF EXISTS {name}(text)")
            cursor.execute("SET LOCAL ROLE NONE")
