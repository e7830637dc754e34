"""Sign-in by e-mail and password, for the API and the admin.

The functions run outside all scopes and open the scope of the user's business. An unknown e-mail and a wrong password
cost the same work and get the same error.
"""

import time
import uuid
from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from audit.services import record_after_rollback
from automatehq.api.errors import AUTH_HEADER, Denied, DomainError, Invalid
from automatehq.text import clean_email
from businesses.models import PLATFORM_ID
from businesses.tenancy.context import business_scope
from businesses.tenancy.middleware import commit_on_error
from businesses.tenancy.process_roles import WRONG_PROCESS_MESSAGES, wrong_process_code

from . import lockout, password_hashing
from .account_scope import account_scope
from .credentials import (
    AccountUser,
    check_password,
    enter_place,
    find_account,
    password_matches,
    read_account,
    users_of_account,
)
from .models import Account, User

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
    `user_inactive`, `business_inactive` or a code of `process_roles.WRONG_PROCESS_MESSAGES`.
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
    locked = lockout.lockout_error(request, email)
    if locked is not None:
        return locked
    account, places = _check(email, password)
    outcome = _enter(account, places) if account else None
    if isinstance(outcome, User):
        lockout.reset_failures(request, email)
        return outcome
    error = outcome or WrongCredentials()
    place = places[0] if places else None
    count_failure(
        request,
        email=email,
        user_id=place.user_id if place else None,
        business_id=place.business_id if place else PLATFORM_ID,
        code=error.code,
    )
    return error


def _check(email: str, password: str) -> tuple[Account | None, list[AccountUser]]:
    """Return the account if the password is right, else None; and the users of the address.

    An unknown address costs the same queries and the same hash as a wrong password.
    """
    account_id = find_account(email)
    places = users_of_account(account_id)
    account = read_account(account_id)
    return account if check_password(account, password) else None, places


def _enter(account: Account, places: list[AccountUser]) -> User | DomainError:
    """Return the user to sign in, or the error if no business can be entered.

    Store the time of the sign-in, unless the account or the user has changed since the check: a deactivation, a sign-out
    or a new password. The update waits for other transactions that lock the account. Tokens and sessions are issued
    with `last_login` as their time, so a later sign-out invalidates them.
    """
    if error := _error_of(places):
        return error
    place = _choose(account, places)
    with account_scope(account.pk):
        unchanged = Account.objects.filter(
            pk=account.pk,
            password=account.password,
            signed_out_at=account.signed_out_at,
        )
        is_admitted = unchanged.update(last_user_id=place.user_id)
    if not is_admitted:
        return WrongCredentials()
    return enter_place(place) or WrongCredentials()


def _choose(account: Account, places: list[AccountUser]) -> AccountUser:
    """Return the user who signed in last, or the first by business name."""
    open_places = [place for place in places if place.is_open]
    last = [place for place in open_places if place.user_id == account.last_user_id]
    return (last or open_places)[0]


def _error_of(places: list[AccountUser]) -> DomainError | None:
    """Return the error if none of the users may sign in, else None."""
    if not places:
        return WrongCredentials()
    is_super_admin = places[0].is_super_admin  # who has no other user
    if code := wrong_process_code(is_super_admin=is_super_admin):
        return Denied(code, WRONG_PROCESS_MESSAGES[code])
    if any(place.is_open for place in places):
        return None
    if not any(place.user_is_active for place in places):
        return Denied("user_inactive", _("This user is inactive."))
    return Denied("business_inactive", _("This business is inactive."))


def check_own_password(request: HttpRequest, user: User, password: str) -> None:
    """Check the password of a signed-in user.

    A wrong password counts as a failed sign-in.

    Raises: `Invalid` on `current_password` if the password is wrong; `TooMany` after too many failures, or while
    another check for the same user and address is running.
    """
    email = user.email or ""
    if not lockout.serialize_attempts(request, email):
        raise password_hashing.too_many()
    locked = lockout.lockout_error(request, email)
    if locked is not None:
        raise locked
    if password_matches(user.account_id, password):
        return
    wrong = Invalid(
        "incorrect_password", _("The current password is wrong."), "current_password"
    )
    # The count is committed with the lock. Counted later, the next guess could overtake it.
    commit_on_error(request)
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


class BusinessBackend(BaseBackend):
    """Authentication backend for Django's `authenticate()`. The views of the project call `sign_in`."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: str,
    ) -> User | None:
        """Return the active user with this e-mail and password, of an active business."""
        email = username if username is not None else kwargs.get("email")
        if not email or password is None:
            return None
        account, places = _check(clean_email(email), password)
        if account is None or _error_of(places) is not None:
            return None
        place = _choose(account, places)
        with business_scope(place.business_id):
            user: User = User.objects.select_related("business").get(pk=place.user_id)
        return user

    def get_user(self, user_id: object) -> None:
        """Return None, because an id alone does not name the scope to read the user in."""
