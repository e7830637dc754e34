"""Sign-in by e-mail and password, for the API and the admin.

The functions run outside all scopes and open the scope of the user's business. An unknown e-mail and a wrong password
cost the same work and get the same error.
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

# Seconds between two tries to get the lock of an e-mail and address.
_PAUSE = 0.05


class WrongCredentials(DomainError):
    """401: the e-mail is unknown or the password is wrong."""

    status_code = 401
    auth_header = AUTH_HEADER

    def __init__(self) -> None:
        super().__init__("authentication_failed", _("The e-mail or password is wrong."))


def sign_in(request: HttpRequest, *, email: str, password: str) -> User:
    """Return the active user with this e-mail and password, of an active business.

    The caller starts the session or issues the tokens. Each failure is counted and recorded in the audit trail of the
    user's business. For an unknown e-mail it is recorded in the trail of Platform.

    Raises: `WrongCredentials`; `TooMany` after too many failures. If the password is right, `Denied` with
    `user_inactive`, `business_inactive` or a code of `process_roles.MISDIRECTED`.
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
    """Wait for the lock of this e-mail and address, then attempt to sign in.

    The wait is outside all transactions.
    """
    give_up_at = time.monotonic() + password_hashing.WAIT
    while True:
        with transaction.atomic():
            if lockout.serialize_attempts(request, email):
                # The error is returned, not raised, so that the failure is committed.
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
    """Store the time of the sign-in, unless the user has changed since the check.

    Return False after a change: a deactivation, a sign-out or a new password. The update waits for other transactions
    that lock the row. Tokens and sessions are issued with `last_login` as their time, so a later sign-out invalidates
    them.
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
    """Check the password of a signed-in user.

    A wrong password counts as a failed sign-in.

    Raises: `Invalid` on `current_password` if the password is wrong; `TooMany` after too many failures, or while
    another check for the same user and address is running.
    """
    email = user.email or ""
    if not lockout.serialize_attempts(request, email):
        raise password_hashing.too_many()
    locked = lockout.refusal(request, email)
    if locked is not None:
        raise locked
    with business_scope(user.business_id):  # an outdated hash is renewed
        is_right = user.check_password(password)
    if is_right:
        return
    wrong = Invalid(
        "incorrect_password", _("The current password is wrong."), "current_password"
    )
    # The count is committed with the lock. Counted later, the next guess could overtake it.
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
    """Count one failure, and record it in the audit trail of `business_id`.

    If the failure causes a lock, record the lock as well.
    """
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
    """Return the ids of the user with `email` and of the user's business.

    They are None and Platform's if the e-mail is unknown. Works outside all scopes. The rest of the user is read in the
    scope of the business.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT user_id, business_id FROM login_lookup(%s)", [email])
        row = cursor.fetchone()
    return (row[0], row[1]) if row else (None, PLATFORM_ID)


def user_with_password(user_id: uuid.UUID | None, password: str) -> User | None:
    """Return the user of the business in scope if `password` is right, active or not.

    A missing user takes as long as a wrong password.
    """
    user: User | None = (
        User.objects.select_related("business").filter(pk=user_id).first()
    )
    if user is None:
        User().set_password(password)
        return None
    return user if user.check_password(password) else None


class BusinessBackend(BaseBackend):
    """Authentication backend for Django's `authenticate()`. The views of the project call `sign_in`."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Return the active user with this e-mail and password.

        The password is checked in the scope of the user's business.
        """
        email = username if username is not None else kwargs.get("email")
        if not email or password is None:
            return None
        user_id, business_id = look_up_sign_in(clean_email(email))
        with business_scope(business_id):
            user = user_with_password(user_id, password)
        return user if _refusal_of(user) is None else None

    def get_user(self, user_id: Any) -> None:
        """Return None, because an id alone does not name the scope to read the user in."""
