"""A probe of the scope in PostgreSQL and in Python."""

import uuid

from django.db import connection

from accounts.tests.personas import Personas
from businesses.tenancy.context import try_get_business_id, try_get_scope
from businesses.tenancy.database_roles import platform_role, tenant_role

# The role and the business in PostgreSQL, the business and the kind in Python.
State = tuple[str, str, uuid.UUID | None, str | None]


def state() -> State:
    """Return the state of the connection and of the scope.

    These are the role and business of the connection, then the business and kind of the
    scope. The login's own role is ''.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT CASE WHEN current_user = session_user THEN '' ELSE current_user END, "
            "coalesce(current_setting('app.business_id', true), '')"
        )
        role, business_id = cursor.fetchone()
    scope = try_get_scope()
    return role, business_id, try_get_business_id(), scope.kind if scope else None


NOWHERE: State = ("", "", None, None)


def within(personas: Personas) -> State:
    return tenant_role(), str(personas.id), personas.id, "business"


def on_platform() -> State:
    return platform_role(), "", None, "platform"
