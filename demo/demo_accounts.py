"""Users who can sign in after `quickstart` and `seed_demo`, with their passwords."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from django.conf import settings
from django.db.models import Q

from accounts.credentials import check_password, read_account
from accounts.models import User
from businesses.tenancy.context import platform_scope

from .people import CODE_PREFIX

# Publicly known, so it is accepted only while DEBUG is on.
DEFAULT_PASSWORD = "work-cards-demo"  # noqa: S105 -- printed on every start of the demo
# The first users of a demo whose environment names none; `manage.py seed` creates them.
FIRST_PEOPLE = {
    "ADMIN": "admin@mizhav.example",
    "SUPERADMIN": "super-admin@automatehq.example",
}
SHOWN_BUSINESSES = 3


class DemoSignIn(NamedTuple):
    business: str
    role: str
    email: str
    password: str


def environment() -> dict[str, str]:
    """Return the environment for `manage.py seed`.

    If DEBUG is on, the demo's first users fill in for missing settings.
    """
    variables = dict(os.environ)
    if settings.DEBUG:
        for prefix, email in FIRST_PEOPLE.items():
            if not getattr(settings, f"{prefix}_EMAIL"):
                variables[f"{prefix}_EMAIL"] = email
                variables[f"{prefix}_PASSWORD"] = DEFAULT_PASSWORD
    return variables


def sign_ins() -> list[DemoSignIn]:
    """Return the first users, then the active users of the demo's first businesses.

    For a password from the environment, the name of the setting is shown. "(changed)" stands for a password that has
    changed since the user's creation.
    """
    demo_password = settings.DEMO_PASSWORD or DEFAULT_PASSWORD
    shown_password = "(DEMO_PASSWORD)" if settings.DEMO_PASSWORD else DEFAULT_PASSWORD
    passwords = {}  # e-mail → (password, displayed text)
    for prefix, email in FIRST_PEOPLE.items():
        given = getattr(settings, f"{prefix}_EMAIL").lower()
        passwords[given or email] = (
            (getattr(settings, f"{prefix}_PASSWORD"), f"({prefix}_PASSWORD)")
            if given
            else (DEFAULT_PASSWORD, DEFAULT_PASSWORD)
        )
    users = _users(list(passwords))
    # All demo users have the same hash, and checking a hash is slow.
    is_right: dict[tuple[str, str], bool] = {}
    found = []
    for user in users:
        password, shown = passwords.get(user.email, (demo_password, shown_password))
        account = read_account(user.account_id)
        assert account is not None
        key = (account.password, password)
        if key not in is_right:
            is_right[key] = check_password(account, password)
        found.append(
            DemoSignIn(
                user.business.business_name,
                user.get_role_display(),
                str(user.email),
                shown if is_right[key] else "(changed)",
            )
        )
    return found


def _users(emails: list[str]) -> list[User]:
    with platform_scope("show the demo's sign-ins"):
        everybody = User.objects.filter(is_active=True).select_related("business")
        first = everybody.filter(email__in=emails).order_by("-role", "id")
        others = everybody.filter(
            ~Q(email__in=emails), business__business_code__startswith=CODE_PREFIX
        ).order_by("business_id", "id")
        shown = list(dict.fromkeys(user.business_id for user in others))
        return [
            *first,
            *(user for user in others if user.business_id in shown[:SHOWN_BUSINESSES]),
        ]


def table(rows: Sequence[DemoSignIn]) -> str:
    """Return the sign-ins as a text table."""
    lines = [("Business", "Role", "E-mail", "Password"), *rows]
    widths = [max(len(row[column]) for row in lines) for column in range(4)]
    return "\n".join(
        "  ".join(
            text.ljust(width) for text, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in lines
    )
