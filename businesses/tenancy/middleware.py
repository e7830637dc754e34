"""The middleware that opens the scope of a request, for the API and the admin.

It reads signed credentials only, opens the scope that they name, and handles the
request inside it. Authentication then reads the user's row inside that scope and
accepts or rejects the credentials.
"""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string

from . import pre_transaction
from .context import Scope, business_scope, platform_scope
from .process_roles import wrong_process_code

Reader = Callable[[HttpRequest], "Credentials | None"]

_exit_callbacks: ContextVar[list[Callable[[], None]] | None] = ContextVar(
    "automatehq_after_scope", default=None
)


@dataclass(frozen=True)
class Credentials:
    """The contents of a valid token or session.

    `home_id` is the business of the user's row. `business_id` is the business to work
    for, or None for the platform. They differ only for a super-admin: on the platform,
    or acting for a business under `acting_token`. `auth_time` is the time when the
    password was last entered; None if the token or session is older than this field.
    """

    user_id: uuid.UUID
    home_id: uuid.UUID
    business_id: uuid.UUID | None
    issued_at: datetime
    sign_in_id: uuid.UUID | None = None
    acting_token: uuid.UUID | None = None
    auth_time: datetime | None = None


@cache
def _readers() -> tuple[tuple[str, Reader], ...]:
    return tuple(
        (prefix, import_string(path))
        for prefix, path in settings.TENANCY_CREDENTIALS.items()
    )


def read_credentials(request: HttpRequest) -> Credentials | None:
    """Return the credentials of the request, or None.

    Each path prefix has its own reader of credentials. Unscoped paths have none.
    """
    path = request.path_info
    if path.startswith(tuple(settings.TENANCY_UNSCOPED_PATHS)):
        return None
    for prefix, reader in _readers():
        if path.startswith(prefix):
            return reader(request)
    return None


def scope_for(credentials: Credentials) -> AbstractContextManager[Scope]:
    """Return the scope to open for `credentials`."""
    if credentials.business_id is None:
        return platform_scope("a super-admin's request")
    return business_scope(credentials.business_id)


def on_scope_exit(callback: Callable[[], None]) -> None:
    """Run `callback` after the request's scope has ended, also after a rollback.

    Outside a request with a scope, it runs immediately.
    """
    callbacks = _exit_callbacks.get()
    if callbacks is None:
        callback()
    else:
        callbacks.append(callback)


def commit_on_error(request: HttpRequest) -> None:
    """Commit the writes of the request even if the response is an error.

    For a count that must be committed together with the lock under which it was read.
    """
    request.commits_on_error = True  # type: ignore[attr-defined]


@cache
def _before_scope(path: str) -> Callable[[HttpRequest], AbstractContextManager[None]]:
    enter: Callable[[HttpRequest], AbstractContextManager[None]] = import_string(path)
    return enter


class TenancyMiddleware:
    """The middleware that runs each request inside the scope of its credentials.

    It rolls back the writes of a request whose response is an error.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        credentials = read_credentials(request)
        scoped: Any = request
        # With separate logins: the error code if this process does not serve such
        # users.
        scoped.wrong_process_code = credentials and wrong_process_code(
            is_super_admin=credentials.business_id != credentials.home_id
        )
        if scoped.wrong_process_code:
            credentials = None
        scoped.credentials = credentials
        scoped.business_id = credentials.business_id if credentials else None
        if credentials is None:
            return self.get_response(request)
        self._receive_body(request)
        with ExitStack() as exit_stack:
            work = pre_transaction.PreTransactionWork(exit_stack)
            token = pre_transaction.current.set(work)
            try:
                return self._respond(request, credentials, work)
            finally:
                pre_transaction.current.reset(token)

    def _respond(
        self,
        request: HttpRequest,
        credentials: Credentials,
        work: pre_transaction.PreTransactionWork,
    ) -> HttpResponse:
        """Return the response, in a new scope after each postponed piece of work."""
        while True:
            work.position = 0
            try:
                return self._respond_in_scope(request, credentials)
            except pre_transaction.Postponed as postponed:
                work.run(postponed)

    def _respond_in_scope(
        self, request: HttpRequest, credentials: Credentials
    ) -> HttpResponse:
        callbacks: list[Callable[[], None]] = []
        token = _exit_callbacks.set(callbacks)
        try:
            with (
                _before_scope(settings.TENANCY_BEFORE_SCOPE)(request),
                scope_for(credentials),
            ):
                response = self.get_response(request)
                # Exceptions are responses by now, so only the status is left to check.
                is_error = response.status_code >= 400
                if is_error and not getattr(request, "commits_on_error", False):
                    transaction.set_rollback(True)
        finally:
            _exit_callbacks.reset(token)
        for callback in callbacks:
            callback()
        return response

    @staticmethod
    def _receive_body(request: HttpRequest) -> None:
        """Read the whole body before the transaction begins.

        A slow upload must not hold a transaction open.
        """
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return
        if request.method == "POST" and request.content_type == "multipart/form-data":
            _ = request.FILES  # parsed once; large files go to disk
        else:
            _ = request.body
