"""Which of an installation's processes this is, and the logins of the hardened set-up.

Usually one login does everything, and whoever could run SQL of their own choosing on a web process's connection could
make it the platform's. In the hardened set-up (`TENANCY_PROCESS`) the database itself forbids that. Of an owner `hours`:

    owner      hours            owns database and tables; for migrations and commands
    web        hours_web        serves the businesses; may become the tenant's role and no other
    console    hours_console    serves super-admins, and runs the workers; the platform's role too, but owns nothing
"""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from .exceptions import ScopeError

# Process with a login of its own, which owns nothing → the attributes of `Declaration` whose roles it may take.
GUESTS: dict[str, frozenset[str]] = {
    "web": frozenset({"tenant"}),
    "console": frozenset({"tenant", "platform"}),
}

# What somebody is told who came to the wrong process, by code.
MISDIRECTED: dict[str, Any] = {
    "console_only": _("Super-admins work at the platform’s console."),
    "not_at_console": _("The platform’s console is for super-admins alone."),
}


def process() -> str:
    """ "owner", "web" or "console"; "" where one login does everything."""
    name: str = settings.TENANCY_PROCESS
    return name


def is_restricted_login() -> bool:
    """Whether this process's login owns nothing in the database."""
    return process() in GUESTS


def owner() -> str:
    """The login that owns database and tables."""
    name: str = settings.TENANCY_OWNER
    return name


def guest_logins() -> dict[str, str]:
    """Process → its login, of the hardened set-up; empty where one login does everything."""
    return {name: f"{owner()}_{name}" for name in GUESTS} if process() else {}


def misdirected(*, is_super_admin: bool) -> str | None:
    """The code of the refusal for such a person at this process, or None: the web serves no super-admin, the console nobody else."""
    if process() == "web" and is_super_admin:
        return "console_only"
    if process() == "console" and not is_super_admin:
        return "not_at_console"
    return None


def require_platform() -> None:
    """Raise `ScopeError` in a process that cannot become the platform, before the database refuses."""
    if is_restricted_login() and "platform" not in GUESTS[process()]:
        raise ScopeError(
            "This process cannot become the platform: its login may only become the tenant's role (TENANCY_PROCESS)."
        )
