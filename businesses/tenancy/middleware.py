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
from .process_roles import misdirected

Reader = Callable[[HttpRequest], "Credentials | None"]

_after_scope: ContextVar[list[Callable[[], None]] | None] = ContextVar(
    "automatehq_after_scope", default=None
)


@dataclass(frozen=True)
class Credentials:
    """The contents of a valid token or session.

    `home_id` is the business of the user's row. `business_id` is the business to work
    for, or None for the platform. They differ only for a super-admin: on the platform,
    or acting for a business under `acting_token`.
    """

    user_id: uuid.UUID
    home_id: uuid.UUID
    business_id: uuid.UUID | None
    issued_at: datetime
    sign_in_id: uuid.UUID | None = None
    acting_token: uuid.UUID | None = None


@cache
def _readers() -> tuple[tuple[str, Reader], ...]:
    return tuple(
        (prefix, import_string(path))
        for prefix, path in settings.TENANCY_EVIDENCE.items()
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


def scope_of(evidence: Credentials) -> AbstractContextManager[Scope]:
    """Return the scope to open for `evidence`."""
    if evidence.business_id is None:
        return platform_scope("a super-admin's request")
    return business_scope(evidence.business_id)


def on_scope_exit(callback: Callable[[], None]) -> None:
    """Run `callback` after the request's scope has ended, also after a rollback.

    Outside a request with a scope, it runs immediately.
    """
    callbacks = _after_scope.get()
    if callbacks is None:
        callback()
    else:
        callbacks.append(callback)


def keep_writes(request: HttpRequest) -> None:
    """Commit the writes of the request even if the response is an error.

    For a count that must be committed together with the lock under which it was read.
    """
    request.keeps_writes = True  # type: ignore[attr-defined]


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
        evidence = read_credentials(request)
        scoped: Any = request
        # With separate logins: the error code if this process does not serve such
        # users.
        scoped.misdirected = evidence and misdirected(
            is_super_admin=evidence.business_id != evidence.home_id
        )
        if scoped.misdirected:
            evidence = None
        scoped.evidence = evidence
        scoped.business_id = evidence.business_id if evidence else None
        if evidence is None:
            return self.get_response(request)
        self._receive_body(request)
        with ExitStack() as held:
            beforehand = pre_transaction.Beforehand(held)
            token = pre_transaction.current.set(beforehand)
            try:
                return self._answer(request, evidence, beforehand)
            finally:
                pre_transaction.current.reset(token)

    def _answer(
        self,
        request: HttpRequest,
        evidence: Credentials,
        beforehand: pre_transaction.Beforehand,
    ) -> HttpResponse:
        """Return the response, in a new scope after each postponed piece of work."""
        while True:
            beforehand.position = 0
            try:
                return self._answer_in_scope(request, evidence)
            except pre_transaction.Postponed as postponed:
                beforehand.run(postponed)

    def _answer_in_scope(
        self, request: HttpRequest, evidence: Credentials
    ) -> HttpResponse:
        callbacks: list[Callable[[], None]] = []
        token = _after_scope.set(callbacks)
        try:
            with (
                _before_scope(settings.TENANCY_BEFORE_SCOPE)(request),
                scope_of(evidence),
            ):
                response = self.get_response(request)
                # Exceptions are responses by now, so only the status is left to check.
                is_refused = response.status_code >= 400
                if is_refused and not getattr(request, "keeps_writes", False):
                    transaction.set_rollback(True)
        finally:
            _after_scope.reset(token)
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
