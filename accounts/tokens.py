"""API tokens: claims, encoding and verification.

An access token is valid for 15 minutes. A refresh token is valid for 7 days and one use. A super-admin's acting token
expires with the hour of acting and has no refresh token.
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

USER, HOME, BUSINESS, SIGN_IN, ACTING, ISSUED_AT, AUTH_TIME = (
    "user_id",
    "home",
    "business_id",
    "sid",
    "acting",
    "issued_at",
    "auth_time",
)


# Encoding


def access_token(
    user: "User",
    sign_in_id: uuid.UUID,
    admitted_at: datetime,
    auth_time: datetime | None,
) -> AccessToken:
    """Return an access token of `user` for their business.

    The token of a super-admin is for the platform. `admitted_at` is the time when the user's access was checked. A
    later sign-out or deactivation invalidates the token. `auth_time` is the time when the password was entered.
    """
    token: AccessToken = _write_own(
        AccessToken(), user, sign_in_id, admitted_at, auth_time
    )
    return token


def refresh_token(
    user: "User",
    sign_in_id: uuid.UUID,
    admitted_at: datetime,
    auth_time: datetime | None,
) -> RefreshToken:
    """Return a refresh token for one use. The caller stores its `jti` in the sign-in."""
    token: RefreshToken = _write_own(
        RefreshToken(), user, sign_in_id, admitted_at, auth_time
    )
    return token


def acting_token(user: "User", sign_in_id: uuid.UUID) -> AccessToken:
    """Return an access token of a super-admin for the business acted for.

    It expires at the user's `acting_expires_at`.
    """
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
    token: Any,
    user: "User",
    sign_in_id: uuid.UUID,
    admitted_at: datetime,
    auth_time: datetime | None,
) -> Any:
    return write_claims(
        token,
        user_id=user.pk,
        home_id=user.business_id,
        business_id=None if user.is_super_admin else user.business_id,
        sign_in_id=sign_in_id,
        issued_at=admitted_at,
        auth_time=auth_time,
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
    auth_time: datetime | None = None,
) -> Any:
    """Write the claims into `token`."""
    token[USER] = str(user_id)
    token[HOME] = str(home_id)
    token[BUSINESS] = str(business_id) if business_id else None
    token[SIGN_IN] = str(sign_in_id)
    token[ACTING] = str(acting_token) if acting_token else None
    # `iat` counts whole seconds, which is too coarse to compare with the time of a sign-out.
    token[ISSUED_AT] = issued_at.timestamp()
    if auth_time is not None:
        token[AUTH_TIME] = auth_time.timestamp()
    return token


# Verification


def read_credentials(token: Token) -> Credentials:
    """Return the credentials of a verified token.

    Raises: `TokenError` if a claim is missing or malformed.
    """
    try:
        return Credentials(
            user_id=uuid.UUID(token[USER]),
            home_id=uuid.UUID(token[HOME]),
            business_id=_optional(token[BUSINESS]),
            issued_at=datetime.fromtimestamp(float(token[ISSUED_AT]), UTC),
            sign_in_id=uuid.UUID(token[SIGN_IN]),
            acting_token=_optional(token[ACTING]),
            auth_time=time_from_timestamp(token.get(AUTH_TIME)),
        )
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise TokenError("The token has no such claim.") from error


def time_from_timestamp(seconds: float | str | None) -> datetime | None:
    """Return the time of a claim in seconds since 1970; None for None.

    Raises: `TypeError`, `ValueError` or `OverflowError` for a malformed claim.
    """
    return None if seconds is None else datetime.fromtimestamp(float(seconds), UTC)


def read_access_token(raw: str) -> Credentials:
    """Verify an access token and return its credentials.

    Raises: `TokenError` for a refresh token, a forged token or an expired token.
    """
    return read_credentials(_verified(AccessToken, raw))


def read_refresh_token(raw: str) -> tuple[Credentials, uuid.UUID]:
    """Verify a refresh token and return its credentials and `jti`. Raises: `TokenError`."""
    token = _verified(RefreshToken, raw)
    return read_credentials(token), jti_of(token)


def _verified(kind: type[Token], raw: str) -> Any:
    try:
        return kind(raw)  # type: ignore[arg-type]
    except (ValueError, OverflowError, OSError) as error:
        raise TokenError("The expiry time of the token is invalid.") from error


def jti_of(token: Token) -> uuid.UUID:
    """Return the `jti` of a token. Raises: `TokenError` if it is missing or malformed."""
    try:
        return uuid.UUID(token["jti"])
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise TokenError("The token has no ID.") from error


def was_acting_token(raw: str) -> bool:
    """Return True if `raw` is a genuine acting token whose hour is over.

    The response can then give the reason.
    """
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
