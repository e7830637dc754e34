"""The process roles of an installation with separate database logins.

Usually all processes share one login. SQL injected into a web process's connection
could then switch to the platform role. With separate logins (`TENANCY_PROCESS`) the
database prevents that. For an owner `hours`:

| process | login | purpose |
|---|---|---|
| owner | `hours` | Owns the database and its tables; for migrations and commands. |
| web | `hours_web` | Serves the businesses; may become the tenant role only. |
| console | `hours_console` | Serves super-admins and runs workers; also the platform role; owns no table. |
"""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from .exceptions import ScopeError

# Process with a login that owns no table → the attributes of `Declaration` whose roles
# the login may become.
RESTRICTED_PROCESSES: dict[str, frozenset[str]] = {
    "web": frozenset({"tenant"}),
    "console": frozenset({"tenant", "platform"}),
}

# Error code → message for a user of another process.
WRONG_PROCESS_MESSAGES: dict[str, Any] = {
    "console_only": _("Super-admins must use the platform console."),
    "not_at_console": _("Only super-admins can use the platform console."),
}


def process() -> str:
    """Return "owner", "web" or "console"; "" if all processes share one login."""
    name: str = settings.TENANCY_PROCESS
    return name


def is_restricted_login() -> bool:
    """Return True if this process's login owns no table."""
    return process() in RESTRICTED_PROCESSES


def owner() -> str:
    """Return the login that owns the database and its tables."""
    name: str = settings.TENANCY_OWNER
    return name


def restricted_logins() -> dict[str, str]:
    """Return process → login of the separate logins; empty with one shared login."""
    return (
        {name: f"{owner()}_{name}" for name in RESTRICTED_PROCESSES}
        if process()
        else {}
    )


def wrong_process_code(*, is_super_admin: bool) -> str | None:
    """Return the error code for a user that this process does not serve, or None.

    The web process serves no super-admin; the console serves super-admins only.
    """
    if process() == "web" and is_super_admin:
        return "console_only"
    if process() == "console" and not is_super_admin:
        return "not_at_console"
    return None


def require_platform() -> None:
    """Raise `ScopeError` in a process that may not become the platform role.

    This check precedes the error of the database.
    """
    if is_restricted_login() and "platform" not in RESTRICTED_PROCESSES[process()]:
        raise ScopeError(
            "This process cannot use the platform role: its login may use only the tenant role (TENANCY_PROCESS)."
        )
