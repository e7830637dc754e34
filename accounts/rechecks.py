"""The check that the user may still act, before a request's transaction commits.

Authentication reads the user's row at the start of a request. An import or a bulk action can take a minute. If the user
is deactivated or demoted in this time, or their acting ends, the request commits nothing.
"""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.messages.storage.session import SessionStorage
from django.db import OperationalError, transaction
from django.http import HttpRequest, HttpResponse

from automatehq.admin.forms import plain_error_response
from automatehq.api.error_views import json_error_response
from automatehq.api.errors import DomainError, error_from_database
from businesses.tenancy.context import business_scope, try_get_current_user
from businesses.tenancy.middleware import Credentials

from .account_status import locked_business_standing, locked_standing
from .authentication import (
    InvalidCredentials,
    check_acting,
    check_standing,
    invalid_credentials,
)
from .models import User
from .roles import RANK, Role

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def recheck(credentials: Credentials, user: User) -> None:
    """Raise `InvalidCredentials` if the authenticated `user` may no longer act.

    `credentials` authenticated the user at the start of the request. The result holds until the transaction ends. One
    query; for a super-admin who acts for a business, three queries and the scopes.
    """
    is_at_home = credentials.business_id == credentials.home_id
    if is_at_home:
        standing = locked_standing(user.pk)
    else:
        with business_scope(credentials.home_id):
            standing = locked_standing(user.pk)
    if standing is None or RANK[Role(standing.role)] < RANK[Role(user.role)]:
        raise invalid_credentials("token_not_valid")
    check_standing(standing, credentials, ignore_sign_out=user.has_ended_own_access)
    if is_at_home or credentials.business_id is None or user.has_ended_own_access:
        return
    check_acting(
        standing, locked_business_standing(credentials.business_id), credentials
    )


class RecheckMiddleware:
    """Middleware that rolls back a write if its user lost access during the request.

    The response is 401 with the reason. Runs inside the request's scope. Requests that are rejected or only read cost
    nothing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        credentials: Credentials | None = getattr(request, "credentials", None)
        user = try_get_current_user()
        if (
            credentials is None
            or user is None
            or request.method in SAFE_METHODS
            or response.status_code >= 400
            or transaction.get_rollback()
        ):
            return response
        # `TenancyMiddleware` rolls back on the status of the error.
        try:
            recheck(credentials, user)
        except InvalidCredentials as error:
            return _refusal(request, error)
        except OperationalError as error:
            # A deadlock with the transaction that changes the user or the business.
            busy = error_from_database(error)
            if busy is None:
                raise
            return _refusal(request, busy)
        return response


def _refusal(request: HttpRequest, error: DomainError) -> HttpResponse:
    if request.path_info.startswith("/api/"):
        return json_error_response(error)
    # A stored message may report the write, which is rolled back.
    request.session.pop(SessionStorage.session_key, None)
    if not isinstance(error, InvalidCredentials):
        return plain_error_response(error)
    site: Any = admin.site
    response: Any = site.session_expired_response(request, error)
    return response.render()  # type: ignore[no-any-return]
