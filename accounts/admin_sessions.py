"""Sessions of the admin; the credentials are stored under the session's key."""

import uuid
from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import rotate_token

from automatehq.clock import database_now
from businesses.tenancy.middleware import Credentials, on_scope_exit

from .authentication import SESSION_KEY
from .models import User


def start_session(request: HttpRequest, user: User) -> None:
    """Start a session of `user` in their business; of a super-admin, on the platform.

    The session is new: no one else knows its id, and it has no data of an earlier user.
    """
    request.session.flush()
    home_id = None if user.is_super_admin else user.business_id
    admitted_at = (user.last_login or database_now()).timestamp()
    _write(request, user, home_id, issued_at=admitted_at, auth_time=admitted_at)
    rotate_token(request)


def switch_session(request: HttpRequest, user: User, credentials: Credentials) -> None:
    """Replace the session by one of the person's user in another business.

    Both times stay those of the old session, so a sign-out from the meantime still ends the new one.
    """
    assert credentials.auth_time is not None
    issued_at, auth_time = credentials.issued_at, credentials.auth_time

    def replace() -> None:
        request.session.flush()
        _write(
            request,
            user,
            user.business_id,
            issued_at=issued_at.timestamp(),
            auth_time=auth_time.timestamp(),
        )

    # The CSRF token stays, so that a form of the old business gets the page that shows what was typed.
    on_scope_exit(replace)


def start_acting(request: HttpRequest, user: User) -> None:
    """Move a super-admin's session into the scope of the business acted for."""
    _write(request, user, user.acting_business_id, user.acting_token)
    # The session now has more permissions, so it gets a new id that cannot be known from before.
    on_scope_exit(request.session.cycle_key)


def stop_acting(request: HttpRequest, user: User) -> None:
    """Move the session back to the platform.

    The time of issue stays the same, so a sign-out from the meantime still ends the session.
    """
    stored = request.session.get(SESSION_KEY) or {}
    _write(request, user, None, issued_at=stored.get("issued_at"))
    on_scope_exit(request.session.cycle_key)


def end_session(request: HttpRequest) -> None:
    """Delete the session after the scope ends.

    An error response rolls the scope back, and the deletion with it.
    """
    on_scope_exit(request.session.flush)


def _write(
    request: HttpRequest,
    user: User,
    business_id: uuid.UUID | None,
    acting_token: uuid.UUID | None = None,
    *,
    issued_at: float | None = None,
    auth_time: float | None = None,
) -> None:
    before = request.session.get(SESSION_KEY) or {}
    stored: dict[str, Any] = {
        "user_id": str(user.pk),
        "home": str(user.business_id),
        "business_id": str(business_id) if business_id else None,
        "acting": str(acting_token) if acting_token else None,
        "issued_at": issued_at or database_now().timestamp(),
        "auth_time": auth_time or before.get("auth_time"),
    }
    request.session[SESSION_KEY] = stored
