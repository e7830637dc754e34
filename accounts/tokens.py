"""The tokens of the API: what they claim, and how they are read.

An access token lives 15 minutes and a refresh token 7 days, each refresh token for one use. A super-admin's acting
token lives as long as the hour of acting and has no refresh.
"""

import time
import uuid
from datetime import UTC, datetime
from typing import Any

from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from businesses.tenancy.middleware import Evidence

USER, HOME, BUSINESS, SIGN_IN, ACTING, ISSUED_AT = (
    "user_id",
    "home",
    "business_id",
    "sid",
    "acting",
    "issued_at",
)


def write_claims(
    token: Token,
    *,
    user_id: uuid.UUID,
    home_id: uuid.UUID,
    business_id: uuid.UUID | None,
    sign_in_id: uuid.UUID,
    acting_token: uuid.UUID | None = None,
) -> Token:
    """Write who bears `token` and where it leads."""
    token[USER] = str(user_id)
    token[HOME] = str(home_id)
    token[BUSINESS] = str(business_id) if business_id else None
    token[SIGN_IN] = str(sign_in_id)
    token[ACTING] = str(acting_token) if acting_token else None
    # `iat` counts whole seconds: too coarse to tell a token from before a sign-out from one after it.
    token[ISSUED_AT] = time.time()
    return token


def read_evidence(token: Token) -> Evidence:
    """The evidence in a verified token. Raises `TokenError` if a claim is missing or malformed."""
    try:
        return Evidence(
            user_id=uuid.UUID(token[USER]),
            home_id=uuid.UUID(token[HOME]),
            business_id=_optional(token[BUSINESS]),
            issued_at=datetime.fromtimestamp(float(token[ISSUED_AT]), UTC),
            sign_in_id=uuid.UUID(token[SIGN_IN]),
            acting_token=_optional(token[ACTING]),
        )
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise TokenError("The token lacks a claim.") from error


def read_access_token(raw: str) -> Evidence:
    """Verify an access token. Raises `TokenError` for any other, forged or expired one."""
    return read_evidence(AccessToken(raw))  # type: ignore[arg-type]


def read_refresh_token(raw: str) -> tuple[Evidence, uuid.UUID]:
    """Verify a refresh token: its evidence and its `jti`. Raises `TokenError`."""
    token: Any = RefreshToken(raw)  # type: ignore[arg-type]
    try:
        return read_evidence(token), uuid.UUID(token["jti"])
    except (KeyError, ValueError) as error:
        raise TokenError("The token lacks a claim.") from error


def _optional(value: Any) -> uuid.UUID | None:
    return None if value is None else uuid.UUID(value)
