"""The tokens of the API: what they claim, how they are made and how they are read.

An access token lives 15 minutes and a refresh token 7 days, each refresh token for one use. A super-admin's acting
token lives as long as the hour of acting and has no refresh.
"""

import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import jwt
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from automatehq.clock import database_now
from businesses.tenancy.middleware import Credentials

if TYPE_CHECKING:
    from .models import User

USER, HOME, BUSINESS, SIGN_IN, ACTING, ISSUED_AT = (
    "user_id",
    "home",
    "business_id",
    "sid",
    "acting",
    "issued_at",
)


# Writing


def access_token(
    user: "User", sign_in_id: uuid.UUID, admitted_at: datetime
) -> AccessToken:
    """An access token that leads `user` into their business, or a super-admin onto the platform.

    `admitted_at` is when it was looked at whether the user may: whatever shuts them out later outlives the token.
    """
    token: AccessToken = _write_own(AccessToken(), user, sign_in_id, admitted_at)
    return token


def refresh_token(
    user: "User", sign_in_id: uuid.UUID, admitted_at: datetime
) -> RefreshToken:
    """A refresh token for one use: the sign-in must remember its `jti`."""
    token: RefreshToken = _write_own(RefreshToken(), user, sign_in_id, admitted_at)
    return token


def acting_token(user: "User", sign_in_id: uuid.UUID) -> AccessToken:
    """An access token that leads a super-admin into the business that their row says they act for, until it says."""
    token: AccessToken = write_claims(
        AccessToken(),
        user_id=user.pk,
        home_id=user.business_id,
        business_id=user.acting_business_id,
        sign_in_id=sign_in_id,
        issued_at=database_now(),
        acting_token=user.acting_token,
    )
    assert user.acting_expires_at is not None
    token["exp"] = int(user.acting_expires_at.timestamp())
    return token


def _write_own(
    token: Any, user: "User", sign_in_id: uuid.UUID, admitted_at: datetime
) -> Any:
    return write_claims(
        token,
        user_id=user.pk,
        home_id=user.business_id,
        business_id=None if user.is_super_admin else user.business_id,
        sign_in_id=sign_in_id,
        issued_at=admitted_at,
    )


def write_claims(
    token: Any,
    *,
    user_id: uuid.UUID,
    home_id: uuid.UUID,
    business_id: uuid.UUID | None,
    sign_in_id: uuid.UUID,
    issued_at: datetime,
    acting_token: uuid.UUID | None = None,
) -> Any:
    """Write who bears `token` and where it leads."""
    token[USER] = str(user_id)
    token[HOME] = str(home_id)
    token[BUSINESS] = str(business_id) if business_id else None
    token[SIGN_IN] = str(sign_in_id)
    token[ACTING] = str(acting_token) if acting_token else None
    # `iat` counts whole seconds: too coarse to tell a token from before a sign-out from one after it.
    token[ISSUED_AT] = issued_at.timestamp()
    return token


# Reading


def read_credentials(token: Token) -> Credentials:
    """The evidence in a verified token. Raises `TokenError` if a claim is missing or malformed."""
    try:
        return Credentials(
            user_id=uuid.UUID(token[USER]),
            home_id=uuid.UUID(token[HOME]),
            business_id=_optional(token[BUSINESS]),
            issued_at=datetime.fromtimestamp(float(token[ISSUED_AT]), UTC),
            sign_in_id=uuid.UUID(token[SIGN_IN]),
            acting_token=_optional(token[ACTING]),
        )
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise TokenError("The token lacks a claim.") from error


def read_access_token(raw: str) -> Credentials:
    """Verify an access token. Raises `TokenError` for any other, forged or expired one."""
    return read_credentials(_verified(AccessToken, raw))


def read_refresh_token(raw: str) -> tuple[Credentials, uuid.UUID]:
    """Verify a refresh token: its evidence and its `jti`. Raises `TokenError`."""
    token = _verified(RefreshToken, raw)
    return read_credentials(token), jti_of(token)


def _verified(kind: type[Token], raw: str) -> Any:
    try:
        return kind(raw)  # type: ignore[arg-type]
    except (ValueError, OverflowError, OSError) as error:
        raise TokenError("The token ends at no time that there is.") from error


def jti_of(token: Token) -> uuid.UUID:
    """The id of a token. Raises `TokenError` for one that is none of ours."""
    try:
        return uuid.UUID(token["jti"])
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise TokenError("The token has no id.") from error


def was_acting_token(raw: str) -> bool:
    """True for an acting token of ours whose hour is over: who bears it is told so."""
    try:
        claims = jwt.decode(
            raw,
            api_settings.SIGNING_KEY,
            algorithms=[api_settings.ALGORITHM],
            issuer=api_settings.ISSUER,
            options={"verify_exp": False, "require": ["exp"]},
        )
    except jwt.InvalidTokenError:
        return False
    return (
        claims.get("token_type") == "access"
        and claims.get(ACTING) is not None
        and claims["exp"] <= time.time()
    )


def _optional(value: Any) -> uuid.UUID | None:
    return None if value is None else uuid.UUID(value)
