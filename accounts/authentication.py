"""Who is asking: from signed evidence to the row that decides.

The middleware has opened the scope that the evidence names; here the user's row is read inside it, so that the database
itself confirms that the user belongs to that business. Every refusal says by a code why the evidence is dead.
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
from businesses.tenancy.process_roles import MISDIRECTED

from .account_status import BusinessStanding, Standing
from .models import Acting, SignIn, User
from .tokens import read_access_token, was_acting_token

# What a session holds besides Django's own keys.
SESSION_KEY = "automatehq_evidence"


class InvalidCredentials(DomainError):
    """401: the token or session was good once, or looks so; the code says what it is not any more."""

    status_code = 401
    auth_header = AUTH_HEADER


def dead(code: str) -> InvalidCredentials:
    """The refusal with `code`, which is one of these."""
    details: dict[str, Any] = {
        "token_not_valid": _("The sign-in is not valid, or not any more."),
        "user_inactive": _("This user is inactive."),
        "business_inactive": _("This business is inactive."),
        "acting_expired": _("The hour of acting for the business is over."),
        **MISDIRECTED,
    }
    return InvalidCredentials(code, details[code])


@dataclass(frozen=True)
class Person:
    """A user who has been admitted, and the business they work for (None: the platform)."""

    user: User
    business: Business | None


def admit(evidence: Credentials) -> Person:
    """The person that `evidence` names, read inside the scope it names. Raises `InvalidCredentials`.

    One query. A super-admin's row is read in a nested scope of their own business; while they act for another, in the
    platform's, which shows the row of that one beside it.
    """
    if evidence.business_id == evidence.home_id:
        user = read_user(evidence)
        if user.is_super_admin:
            raise dead("token_not_valid")
        return Person(user, user.business)
    if evidence.business_id is None:
        with business_scope(evidence.home_id):
            user = read_user(evidence)
    else:
        with platform_scope("who acts for which business"):
            user = read_user(evidence, "acting_business__settings_row")
    if not user.is_super_admin:
        raise dead("token_not_valid")
    if evidence.business_id is None:
        return Person(user, None)
    return Person(user, _business_acted_for(user, evidence))


def read_user(evidence: Credentials, *joined: str) -> User:
    """The user whom `evidence` names, with their business and what else is `joined`, if it is still good. One query.

    Read in the scope of their own business, or in the platform's.

    Raises `InvalidCredentials` for one who is not there or inactive, an inactive business, a sign-in that was ended, and
    evidence from before a sign-out.
    """
    users = User.objects.select_related("business__settings_row", *joined).filter(
        pk=evidence.user_id, business_id=evidence.home_id
    )
    is_signed_in: Any = Value(value=True)
    if evidence.sign_in_id is not None:  # a session has none
        is_signed_in = Exists(
            SignIn.objects.filter(
                pk=evidence.sign_in_id, user=OuterRef("pk"), revoked_at__isnull=True
            )
        )
    user: Any = users.annotate(is_signed_in=is_signed_in).first()
    if user is None:
        raise dead("token_not_valid")
    check_standing(Standing.of(user), evidence)
    if not user.is_signed_in:
        raise dead("token_not_valid")
    return user  # type: ignore[no-any-return]


def check_standing(
    standing: Standing, evidence: Credentials, *, ignore_sign_out: bool = False
) -> None:
    """Raise `InvalidCredentials` if the user or their business is inactive, or was signed out since the evidence was issued."""
    if not standing.is_active:
        raise dead("user_inactive")
    if not standing.business.is_active:
        raise dead("business_inactive")
    signed_out_at = (standing.signed_out_at, standing.business.signed_out_at)
    if not ignore_sign_out and _is_older(evidence, *signed_out_at):
        raise dead("token_not_valid")


def check_acting(
    standing: Standing,
    business: Business | BusinessStanding | None,
    evidence: Credentials,
) -> None:
    """Raise `InvalidCredentials` unless the super-admin acts for the evidence's business, and it is active."""
    if (
        evidence.acting_token is None
        or standing.acting_token != evidence.acting_token
        or standing.acting_business_id != evidence.business_id
        or standing.acting_expires_at is None
        or standing.acting_expires_at <= timezone.now()
    ):
        raise dead("acting_expired")
    if business is None or not business.is_active:
        raise dead("business_inactive")
    if _is_older(evidence, business.signed_out_at):
        raise dead("token_not_valid")


def _is_older(evidence: Credentials, *signed_out_at: datetime | None) -> bool:
    """True if the evidence is from before one of these moments."""
    return any(moment and evidence.issued_at <= moment for moment in signed_out_at)


def _business_acted_for(user: User, evidence: Credentials) -> Business:
    """The business that the super-admin acts for, if the row agrees with the evidence."""
    business: Business | None = user.acting_business
    check_acting(Standing.of(user), business, evidence)
    assert business is not None
    assert user.acting_expires_at is not None
    user.acting = Acting(business, user.acting_reason, user.acting_expires_at)
    return business


# The API: a Bearer token, and nothing else.


def _bearer(request: HttpRequest | Request) -> str | None:
    """What stands behind `Bearer` in the Authorization header, or None."""
    kind, _, raw = get_authorization_header(request).partition(b" ")  # type: ignore[arg-type]
    if kind.lower() != b"bearer":
        return None
    return raw.strip().decode("latin-1")


def credentials_of_bearer(request: HttpRequest) -> Credentials | None:
    """The evidence in the request's access token; None without a valid one."""
    raw = _bearer(request)
    if raw is None:
        return None
    try:
        return read_access_token(raw)
    except TokenError:
        return None  # BearerAuthentication answers it


class BearerAuthentication(BaseAuthentication):
    """The person who bears the request's access token."""

    def authenticate(self, request: Request) -> tuple[User, Credentials] | None:
        evidence: Credentials | None = getattr(request._request, "evidence", None)
        if evidence is None:
            raw = _bearer(request)
            if raw is None:
                return None
            if misdirected := getattr(request._request, "misdirected", None):
                raise dead(misdirected)
            raise dead("acting_expired" if was_acting_token(raw) else "token_not_valid")
        person = admit(evidence)
        enter(request._request, person)
        return person.user, evidence

    def authenticate_header(self, request: Request) -> str:
        return AUTH_HEADER


def enter(request: HttpRequest, person: Person) -> None:
    """Make `person` the one who acts and is spoken to, for the rest of the request's scope."""
    scoped: Any = request
    scoped.business = person.business
    set_current_user(person.user)
    activate_user_language(person.user)


# The admin: a session, and nothing else.


def credentials_of_session(request: HttpRequest) -> Credentials | None:
    """The evidence in the request's session; None if nobody is signed in there."""
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
    )


class SignedInUserMiddleware(AuthenticationMiddleware):
    """`request.user` of the admin: the person whom the session names, read when first asked for.

    `request.invalid_credentials` is the `InvalidCredentials` that refused them, if any.
    """

    def process_request(self, request: HttpRequest) -> None:
        scoped: Any = request
        scoped.invalid_credentials = None
        scoped.business = None
        scoped.user = SimpleLazyObject(lambda: _user_of_session(scoped))


def _user_of_session(request: Any) -> User | AnonymousUser:
    evidence: Credentials | None = getattr(request, "evidence", None)
    if misdirected := getattr(request, "misdirected", None):
        request.invalid_credentials = dead(misdirected)
    if evidence is None or not request.path_info.startswith("/admin/"):
        return AnonymousUser()
    try:
        person = admit(evidence)
    except InvalidCredentials as error:
        request.invalid_credentials = error
        return AnonymousUser()
    enter(request, person)
    return person.user
