"""What becomes of a sign-in through the API: tokens, their renewal, their end.

Runs outside every scope; a sign-in is a row of its user's business, and everything about it happens there.
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
from businesses.tenancy.process_roles import misdirected

from .authentication import dead, read_user
from .models import SignIn, User
from .tokens import access_token, jti_of, read_refresh_token, refresh_token


class Tokens(NamedTuple):
    """An access and a refresh token, as the API gives them away."""

    access: str
    refresh: str


def start_sign_in(user: User, admitted_at: datetime | None = None) -> Tokens:
    """The first tokens of a new sign-in of `user`, who was admitted then (now, if it is not said).

    Forgets their sign-ins that have run out.
    """
    admitted_at = admitted_at or database_now()
    sign_in = SignIn(id=uuid7(), user=user)
    refresh = refresh_token(user, sign_in.pk, admitted_at)
    sign_in.refresh_jti = jti_of(refresh)
    sign_in.expires_at = _end_of(refresh)
    with business_scope(user.business_id):
        SignIn.objects.filter(user=user, expires_at__lt=timezone.now()).delete()
        sign_in.save(force_insert=True)
    return Tokens(str(access_token(user, sign_in.pk, admitted_at)), str(refresh))


def renew(raw: str) -> Tokens:
    """New tokens for a refresh token, which is thereby used up.

    Whoever comes second with the same one, a thief or the one robbed, ends the sign-in: its tokens are dead from then on, and
    the trail says so. Raises `InvalidCredentials`.
    """
    evidence, jti = _read(raw)
    if code := misdirected(is_super_admin=evidence.business_id != evidence.home_id):
        raise dead(code)
    admitted_at = database_now()
    with business_scope(evidence.home_id):
        user = read_user(evidence)
        assert evidence.sign_in_id is not None
        refresh = refresh_token(user, evidence.sign_in_id, admitted_at)
        # One conditional update: of two at once, one finds the row as it was.
        is_first = SignIn.objects.filter(
            pk=evidence.sign_in_id, refresh_jti=jti, revoked_at__isnull=True
        ).update(refresh_jti=jti_of(refresh), expires_at=_end_of(refresh))
        if not is_first and _revoke(evidence.sign_in_id):
            record_after_rollback(
                "refresh_token_reused",
                business_id=evidence.home_id,
                entity_type="user",
                entity_id=user.pk,
                entity_label=str(user),
                sign_in_id=evidence.sign_in_id,
            )
    if not is_first:
        # Raised here, where the revocation is committed already.
        raise dead("token_not_valid")
    access = access_token(user, evidence.sign_in_id, admitted_at)
    return Tokens(str(access), str(refresh))


def end_sign_in(raw: str) -> None:
    """Sign out: every token of the sign-in that the refresh token belongs to is dead. Raises `InvalidCredentials` for none of ours."""
    evidence, _ = _read(raw)
    assert evidence.sign_in_id is not None
    with business_scope(evidence.home_id):
        _revoke(evidence.sign_in_id)


def revoke_sign_ins(user: User) -> None:
    """End every sign-in of `user`, in the scope of their business."""
    SignIn.objects.filter(user=user, revoked_at__isnull=True).update(
        revoked_at=timezone.now()
    )


def _revoke(sign_in_id: uuid.UUID) -> int:
    """End one sign-in; the number of those that were not ended yet."""
    ended: int = SignIn.objects.filter(pk=sign_in_id, revoked_at__isnull=True).update(
        revoked_at=timezone.now()
    )
    return ended


def _read(raw: str) -> tuple[Credentials, uuid.UUID]:
    try:
        return read_refresh_token(raw)
    except TokenError as error:
        raise dead("token_not_valid") from error


def _end_of(token: Any) -> datetime:
    return datetime.fromtimestamp(token["exp"], UTC)
