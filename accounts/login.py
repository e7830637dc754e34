"""Signing in by e-mail and password: the one way, for the API and the admin alike.

Runs outside every scope, and enters that of the user's own business. Whatever is wrong, the same work is done and the same
refusal given for an e-mail that nobody has as for a wrong password.
"""

import time
import uuid
from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from audit.services import record_after_rollback
from automatehq.api.errors import AUTH_HEADER, Denied, DomainError, Invalid
from automatehq.clock import database_now
from automatehq.text import clean_email
from businesses.models import PLATFORM_ID
from businesses.tenancy.context import business_scope
from businesses.tenancy.middleware import keep_writes
from businesses.tenancy.process_roles import MISDIRECTED, misdirected

from . import lockout, password_hashing
from .models import User

# Seconds between two looks at whether another attempt has ended.
_PAUSE = 0.05


class WrongCredentials(DomainError):
    """401: no such e-mail, or not its password."""

    status_code = 401
    auth_header = AUTH_HEADER

    def __init__(self) -> None:
        super().__init__(
            "authentication_failed", _("The e-mail or the password is wrong.")
        )


def sign_in(request: HttpRequest, *, email: str, password: str) -> User:
    """The active user who has this e-mail and password, of an active business; what follows is the caller's.

    Raises `WrongCredentials`; with the right password `Denied` with `user_inactive` or `business_inactive`, or the code of
    `processes.MISDIRECTED`; after too many failures `TooMany`. Failures are counted, and stand in the trail of the user's business, or in Platform's when
    nobody has the e-mail.
    """
    email = clean_email(email)
    with password_hashing.place():
        outcome = _attempt_in_turn(request, email, password)
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


def _attempt_in_turn(
    request: HttpRequest, email: str, password: str
) -> User | DomainError:
    """Wait for the turn at this e-mail and address, outside every transaction, then attempt to sign in."""
    give_up_at = time.monotonic() + password_hashing.WAIT
    while True:
        with transaction.atomic():
            if lockout.serialize_attempts(request, email):
                # Given back, not raised: a failure must be committed.
                return _attempt(request, email, password)
        if time.monotonic() >= give_up_at:
            return password_hashing.too_many()
        time.sleep(_PAUSE)


def _attempt(request: HttpRequest, email: str, password: str) -> User | DomainError:
    locked = lockout.refusal(request, email)
    if locked is not None:
        return locked
    user_id, business_id = look_up_sign_in(email)
    with business_scope(business_id):
        user = user_with_password(user_id, password)
        refusal = _refusal_of(user)
        if user is not None and refusal is None:
            if _admit(user):
                lockout.forget_failures(request, email)
                return user
            refusal = WrongCredentials()
    assert refusal is not None
    count_failure(
        request,
        email=email,
        user_id=user_id,
        business_id=business_id,
        code=refusal.code,
    )
    return refusal


def _admit(user: User) -> bool:
    """Write when `user` signed in; False if they were shut out, or given a new password, while the old one was looked at.

    The update waits for whoever holds the row. What is signed for the user from here on says `last_login` as its time, and
    so is older than whatever shuts them out later.
    """
    user.last_login = database_now()
    unchanged = User.objects.filter(
        pk=user.pk,
        password=user.password,
        is_active=True,
        signed_out_at=user.signed_out_at,
    )
    return bool(unchanged.update(last_login=user.last_login))


def check_own_password(request: HttpRequest, user: User, password: str) -> None:
    """Let a signed-in user go on who knows their password: `Invalid` on `current_password` otherwise.

    Wrong ones count as failures to sign in, and too many of them are `TooMany`; so is a check while another one of the
    same user from the same address is under way.
    """
    email = user.email or ""
    if not lockout.serialize_attempts(request, email):
        raise password_hashing.too_many()
    locked = lockout.refusal(request, email)
    if locked is not None:
        raise locked
    with business_scope(user.business_id):  # a hash of old is renewed
        is_right = user.check_password(password)
    if is_right:
        return
    wrong = Invalid(
        "incorrect_password", _("This is not your password."), "current_password"
    )
    # Committed with the lock of the turn: a count after the refusal would let the next guess overtake it.
    keep_writes(request)
    count_failure(
        request,
        email=email,
        user_id=user.pk,
        business_id=user.business_id,
        code=wrong.code,
    )
    raise wrong


def count_failure(
    request: HttpRequest,
    *,
    email: str,
    user_id: uuid.UUID | None,
    business_id: uuid.UUID,
    code: str,
) -> None:
    """Count one failure, and write it, and the lock that comes of it, into the trail of `business_id`."""
    failure: dict[str, Any] = {
        "business_id": business_id,
        "entity_type": "user",
        "entity_id": user_id,
        "entity_label": email,
    }
    is_locked_now = lockout.count_failure(request, email)
    record_after_rollback("sign_in_failed", **failure, code=code)
    if is_locked_now:
        record_after_rollback("sign_in_locked", **failure)


def _refusal_of(user: User | None) -> DomainError | None:
    if user is None:
        return WrongCredentials()
    if code := misdirected(is_super_admin=user.is_super_admin):
        return Denied(code, MISDIRECTED[code])
    if not user.is_active:
        return Denied("user_inactive", _("This user is inactive."))
    if not user.business.is_active:
        return Denied("business_inactive", _("This business is inactive."))
    return None


def look_up_sign_in(email: str) -> tuple[uuid.UUID | None, uuid.UUID]:
    """The ids of the user with `email` and of their business; nobody's, and Platform's, when there is none.

    Works outside every scope; all else about the user is read inside that of their business.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT user_id, business_id FROM login_lookup(%s)", [email])
        row = cursor.fetchone()
    return (row[0], row[1]) if row else (None, PLATFORM_ID)


def user_with_password(user_id: uuid.UUID | None, password: str) -> User | None:
    """The user of the business in scope, active or not, if `password` is theirs.

    Nobody takes as long as somebody with another password.
    """
    user: User | None = (
        User.objects.select_related("business").filter(pk=user_id).first()
    )
    if user is None:
        User().set_password(password)
        return None
    return user if user.check_password(password) else None


class BusinessBackend(BaseBackend):
    """For whatever of Django's asks `authenticate()`; `sign_in` is what our own doors use."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """The active user with this e-mail and password, checked in the scope of their own business."""
        email = username if username is not None else kwargs.get("email")
        if not email or password is None:
            return None
        user_id, business_id = look_up_sign_in(clean_email(email))
        with business_scope(business_id):
            user = user_with_password(user_id, password)
        return user if _refusal_of(user) is None else None

    def get_user(self, user_id: Any) -> None:
        """Nobody: a user is read in the scope of their business, which an id alone does not name."""
