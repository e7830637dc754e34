"""Sign-ins through the API: issue tokens, refresh them, end them.

The functions run outside all scopes. A sign-in is a row of its user's business and is changed in the scope of that
business.
"""

import uuid
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError
from uuid_utils.compat import uuid7

from audit.services import record_after_rollback
from automatehq.clock import database_now
from businesses.tenancy.context import business_scope
from businesses.tenancy.middleware import Credentials
from businesses.tenancy.process_roles import wrong_process_code

from .authentication import invalid_credentials, load_user
from .models import SignIn, User
from .tokens import access_token, jti_of, read_refresh_token, refresh_token


class Tokens(NamedTuple):
    """The access token and refresh token of an API response."""

    access: str
    refresh: str


def start_sign_in(
    user: User,
    admitted_at: datetime | None = None,
    auth_time: datetime | None = None,
) -> Tokens:
    """Return the first tokens of a new sign-in of `user`.

    Delete the user's expired sign-ins. `admitted_at` is the time when the access was checked, by default now.
    `auth_time` is the time when the password was entered, by default the same.
    """
    admitted_at = admitted_at or database_now()
    auth_time = auth_time or admitted_at
    sign_in = SignIn(id=uuid7(), user=user)
    refresh = refresh_token(user, sign_in.pk, admitted_at, auth_time)
    sign_in.refresh_jti = jti_of(refresh)
    sign_in.expires_at = _end_of(refresh)
    with business_scope(user.business_id):
        SignIn.objects.filter(user=user, expires_at__lt=timezone.now()).delete()
        sign_in.save(force_insert=True)
    access = access_token(user, sign_in.pk, admitted_at, auth_time)
    return Tokens(str(access), str(refresh))


def renew(raw: str) -> Tokens:
    """Exchange a refresh token for new tokens; the token becomes invalid.

    A second use ends the sign-in and is recorded in the audit trail, because either the user or a thief holds a copy.

    Raises: `InvalidCredentials`.
    """
    credentials, jti = _read(raw)
    if code := wrong_process_code(
        is_super_admin=credentials.business_id != credentials.home_id
    ):
        raise invalid_credentials(code)
    admitted_at = database_now()
    with business_scope(credentials.home_id):
        user = load_user(credentials)
        assert credentials.sign_in_id is not None
        refresh = refresh_token(
            user, credentials.sign_in_id, admitted_at, credentials.auth_time
        )
        # One conditional update: of two simultaneous requests only one matches the row.
        is_first = SignIn.objects.filter(
            pk=credentials.sign_in_id, refresh_jti=jti, revoked_at__isnull=True
        ).update(refresh_jti=jti_of(refresh), expires_at=_end_of(refresh))
        if not is_first and _revoke(credentials.sign_in_id):
            record_after_rollback(
                "refresh_token_reused",
                business_id=credentials.home_id,
                entity_type="user",
                entity_id=user.pk,
                entity_label=str(user),
                sign_in_id=credentials.sign_in_id,
            )
    if not is_first:
        # Raised outside the scope, after the revocation has been committed.
        raise invalid_credentials("token_not_valid")
    access = access_token(
        user, credentials.sign_in_id, admitted_at, credentials.auth_time
    )
    return Tokens(str(access), str(refresh))


def end_sign_in(raw: str) -> None:
    """End the sign-in of a refresh token; all its tokens become invalid.

    Raises: `InvalidCredentials` if the token is not valid.
    """
    credentials, _ = _read(raw)
    assert credentials.sign_in_id is not None
    with business_scope(credentials.home_id):
        _revoke(credentials.sign_in_id)


def end_current_sign_in(credentials: Credentials) -> None:
    """End the sign-in of a request's credentials, in the scope of its user's business."""
    assert credentials.sign_in_id is not None
    _revoke(credentials.sign_in_id)


def revoke_sign_ins(user_id: uuid.UUID) -> None:
    """End all sign-ins of a user, in the scope of the user's business."""
    SignIn.objects.filter(user_id=user_id, revoked_at__isnull=True).update(
        revoked_at=timezone.now()
    )


def _revoke(sign_in_id: uuid.UUID) -> int:
    """End one sign-in; return 0 if it had ended before, else 1."""
    ended: int = SignIn.objects.filter(pk=sign_in_id, revoked_at__isnull=True).update(
        revoked_at=timezone.now()
    )
    return ended


def _read(raw: str) -> tuple[Credentials, uuid.UUID]:
    try:
        return read_refresh_token(raw)
    except TokenError as error:
        raise invalid_credentials("token_not_valid") from error


def _end_of(token: Any) -> datetime:
    return datetime.fromtimestamp(token["exp"], UTC)
