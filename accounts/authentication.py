"""Authentication of API and admin requests by their signed credentials.

The middleware has opened the scope that the credentials name. The user's row is read inside that scope, so the database
confirms that the user belongs to the business. Each error has a code with the reason.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Value
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request
from rest_framework_simplejwt.exceptions import TokenError

from automatehq.api.errors import AUTH_HEADER, DomainError
from automatehq.middleware.locale import activate_user_language
from businesses.models import Business
from businesses.tenancy.context import (
    business_scope,
    platform_scope,
    set_current_user,
)
from businesses.tenancy.middleware import Credentials
from businesses.tenancy.process_roles import WRONG_PROCESS_MESSAGES

from .account_status import BusinessStanding, Standing
from .models import Acting, SignIn, User
from .tokens import read_access_token, time_from_timestamp, was_acting_token

# Key of the credentials in the session, beside Django's own keys.
SESSION_KEY = "automatehq_evidence"


class InvalidCredentials(DomainError):
    """401: the token or session is not valid. The code gives the reason."""

    status_code = 401
    auth_header = AUTH_HEADER


def invalid_credentials(code: str) -> InvalidCredentials:
    """Return the error with `code`, which must be one of the codes below."""
    details: dict[str, Any] = {
        "token_not_valid": _("Your session is invalid or has expired."),
        "user_inactive": _("This user is inactive."),
        "business_inactive": _("This business is inactive."),
        "acting_expired": _("Acting for this business has expired."),
        **WRONG_PROCESS_MESSAGES,
    }
    return InvalidCredentials(code, details[code])


@dataclass(frozen=True)
class AuthenticatedUser:
    """An authenticated user and the business they work for; None means the platform."""

    user: User
    business: Business | None


def authenticate_credentials(credentials: Credentials) -> AuthenticatedUser:
    """Return the user and business of `credentials`, read inside its scope.

    One query. A super-admin's row is read in a nested scope of Platform. While the super-admin acts for a business, it
    is read in the platform's scope, which also shows the row of that business.

    Raises: `InvalidCredentials`.
    """
    if credentials.business_id == credentials.home_id:
        user = load_user(credentials)
        if user.is_super_admin:
            raise invalid_credentials("token_not_valid")
        return AuthenticatedUser(user, user.business)
    if credentials.business_id is None:
        with business_scope(credentials.home_id):
            user = load_user(credentials)
    else:
        with platform_scope("who acts for which business"):
            user = load_user(credentials, "acting_business__settings_row")
    if not user.is_super_admin:
        raise invalid_credentials("token_not_valid")
    if credentials.business_id is None:
        return AuthenticatedUser(user, None)
    return AuthenticatedUser(user, _business_acted_for(user, credentials))


def load_user(credentials: Credentials, *joined: str) -> User:
    """Return the user of `credentials` with their business and the `joined` relations.

    One query. The caller has opened the scope of the user's own business, or the platform's.

    Raises: `InvalidCredentials` if the user is missing or inactive, the business is inactive, the sign-in has ended, or
    the credentials are older than a sign-out.
    """
    users = User.objects.select_related("business__settings_row", *joined).filter(
        pk=credentials.user_id, business_id=credentials.home_id
    )
    is_signed_in: Any = Value(value=True)
    if credentials.sign_in_id is not None:  # a session has none
        is_signed_in = Exists(
            SignIn.objects.filter(
                pk=credentials.sign_in_id, user=OuterRef("pk"), revoked_at__isnull=True
            )
        )
    user: Any = users.annotate(is_signed_in=is_signed_in).first()
    if user is None:
        raise invalid_credentials("token_not_valid")
    check_standing(Standing.of(user), credentials)
    if not user.is_signed_in:
        raise invalid_credentials("token_not_valid")
    return user  # type: ignore[no-any-return]


def check_standing(
    standing: Standing, credentials: Credentials, *, ignore_sign_out: bool = False
) -> None:
    """Raise `InvalidCredentials` if the user or business is inactive or signed out.

    Credentials issued at or before a sign-out of the user or the business are invalid.
    """
    if not standing.is_active:
        raise invalid_credentials("user_inactive")
    if not standing.business.is_active:
        raise invalid_credentials("business_inactive")
    signed_out_at = (standing.signed_out_at, standing.business.signed_out_at)
    if not ignore_sign_out and is_older(credentials.issued_at, *signed_out_at):
        raise invalid_credentials("token_not_valid")


def check_acting(
    standing: Standing,
    business: Business | BusinessStanding | None,
    credentials: Credentials,
) -> None:
    """Raise `InvalidCredentials` unless the super-admin acts for the business.

    The business is the one of `credentials`, and it must be active.
    """
    if (
        credentials.acting_token is None
        or standing.acting_token != credentials.acting_token
        or standing.acting_business_id != credentials.business_id
        or standing.acting_expires_at is None
        or standing.acting_expires_at <= timezone.now()
    ):
        raise invalid_credentials("acting_expired")
    if business is None or not business.is_active:
        raise invalid_credentials("business_inactive")
    if is_older(credentials.issued_at, business.signed_out_at):
        raise invalid_credentials("token_not_valid")


def is_older(issued_at: datetime, *signed_out_at: datetime | None) -> bool:
    """Return True if `issued_at` is not later than each time in `signed_out_at`."""
    return any(moment and issued_at <= moment for moment in signed_out_at)


def _business_acted_for(user: User, credentials: Credentials) -> Business:
    """Return the business that the super-admin acts for.

    The user's row must match the credentials.
    """
    business: Business | None = user.acting_business
    check_acting(Standing.of(user), business, credentials)
    assert business is not None
    assert user.acting_expires_at is not None
    user.acting = Acting(business, user.acting_reason, user.acting_expires_at)
    return business


# API: the credentials are a bearer token only.


def _bearer(request: HttpRequest | Request) -> str | None:
    """Return the token after `Bearer` in the Authorization header, or None."""
    kind, _, raw = get_authorization_header(request).partition(b" ")  # type: ignore[arg-type]
    if kind.lower() != b"bearer":
        return None
    return raw.strip().decode("latin-1")


def credentials_of_bearer(request: HttpRequest) -> Credentials | None:
    """Return the credentials in the request's access token. None without a valid token."""
    raw = _bearer(request)
    if raw is None:
        return None
    try:
        return read_access_token(raw)
    except TokenError:
        return None  # BearerAuthentication responds with the error


class BearerAuthentication(BaseAuthentication):
    """Authentication of API requests by their access token."""

    def authenticate(self, request: Request) -> tuple[User, Credentials] | None:
        credentials: Credentials | None = getattr(request._request, "credentials", None)
        if credentials is None:
            raw = _bearer(request)
            if raw is None:
                return None
            if wrong_process_code := getattr(
                request._request, "wrong_process_code", None
            ):
                raise invalid_credentials(wrong_process_code)
            raise invalid_credentials(
                "acting_expired" if was_acting_token(raw) else "token_not_valid"
            )
        person = authenticate_credentials(credentials)
        set_request_user(request._request, person)
        return person.user, credentials

    def authenticate_header(self, request: Request) -> str:
        return AUTH_HEADER


def set_request_user(request: HttpRequest, person: AuthenticatedUser) -> None:
    """Set the request's user, business and language for the rest of its scope."""
    scoped: Any = request
    scoped.business = person.business
    set_current_user(person.user)
    activate_user_language(person.user)


# Admin: the credentials are a session only.


def credentials_of_session(request: HttpRequest) -> Credentials | None:
    """Return the credentials in the request's session; None if no user is signed in."""
    stored = request.session.get(SESSION_KEY)
    if stored is None:
        return None
    acting = stored.get("acting")
    return Credentials(
        user_id=uuid.UUID(stored["user_id"]),
        home_id=uuid.UUID(stored["home"]),
        business_id=uuid.UUID(stored["business_id"]) if stored["business_id"] else None,
        issued_at=datetime.fromtimestamp(stored["issued_at"], UTC),
        acting_token=uuid.UUID(acting) if acting else None,
        auth_time=time_from_timestamp(stored.get("auth_time")),
    )


class SignedInUserMiddleware(AuthenticationMiddleware):
    """Middleware that sets `request.user` of the admin lazily from the session.

    `request.invalid_credentials` is the `InvalidCredentials` error of a rejected session, or None.
    """

    def process_request(self, request: HttpRequest) -> None:
        scoped: Any = request
        scoped.invalid_credentials = None
        scoped.business = None
        scoped.user = SimpleLazyObject(lambda: _user_of_session(scoped))


def _user_of_session(request: Any) -> User | AnonymousUser:
    credentials: Credentials | None = getattr(request, "credentials", None)
    if wrong_process_code := getattr(request, "wrong_process_code", None):
        request.invalid_credentials = invalid_credentials(wrong_process_code)
    if credentials is None or not request.path_info.startswith("/admin/"):
        return AnonymousUser()
    try:
        person = authenticate_credentials(credentials)
    except InvalidCredentials as error:
        request.invalid_credentials = error
        return AnonymousUser()
    set_request_user(request, person)
    return person.user
