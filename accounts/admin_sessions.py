"""Sessions of the admin: the same evidence as a token's, kept under the session's key."""

import uuid
from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import rotate_token

from automatehq.clock import database_now
from businesses.tenancy.middleware import on_scope_exit

from .authentication import SESSION_KEY
from .models import User


def start_session(request: HttpRequest, user: User) -> None:
    """Sign `user` in: into their business, or as a super-admin onto the platform.

    A new session each time: its id was known to nobody, and nothing of an earlier person's is in it.
    """
    request.session.flush()
    home_id = None if user.is_super_admin else user.business_id
    admitted_at = user.last_login or database_now()
    _write(request, user, home_id, issued_at=admitted_at.timestamp())
    rotate_token(request)


def start_acting(request: HttpRequest, user: User) -> None:
    """Lead the session of a super-admin, who has just begun to act, into the business acted for."""
    _write(request, user, user.acting_business_id, user.acting_token)
    # More may be done with it now: under an id that nobody could have seen before.
    on_scope_exit(request.session.cycle_key)


def stop_acting(request: HttpRequest, user: User) -> None:
    """Lead the session back onto the platform. It gets no younger: whatever ended it meanwhile has ended it."""
    stored = request.session.get(SESSION_KEY) or {}
    _write(request, user, None, issued_at=stored.get("issued_at"))
    on_scope_exit(request.session.cycle_key)


def end_session(request: HttpRequest) -> None:
    """Forget the session, once the scope that a refusal rolls back has ended."""
    on_scope_exit(request.session.flush)


def _write(
    request: HttpRequest,
    user: User,
    business_id: uuid.UUID | None,
    acting_token: uuid.UUID | None = None,
    *,
    issued_at: float | None = None,
) -> None:
    stored: dict[str, Any] = {
        "user_id": str(user.pk),
        "home": str(user.business_id),
        "business_id": str(business_id) if business_id else None,
        "acting": str(acting_token) if acting_token else None,
        "issued_at": issued_at or database_now().timestamp(),
    }
    request.session[SESSION_KEY] = stored
