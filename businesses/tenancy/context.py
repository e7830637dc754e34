"""The scope: a context variable and the database transaction that belongs to it.

A scope always sets both. Inside `business_scope` the connection has the tenant role and
the id of the business, and the manager filters by the same id. Scopes nest. Leaving a
scope restores the outer scope in Python and in the database, also after an exception.
"""

import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg2.extensions import TRANSACTION_STATUS_INERROR

from .database_roles import platform_role, tenant_role
from .exceptions import NoActiveBusiness, ScopeError
from .process_roles import require_platform

if TYPE_CHECKING:
    # The Django plugin of mypy resolves this alias to `accounts.models.User`.
    from django.contrib.auth.models import _User

Kind = Literal["business", "platform"]


@dataclass(frozen=True, eq=False)
class Scope:
    """An open scope. `business_id` is None in the platform scope."""

    kind: Kind
    business_id: uuid.UUID | None
    reason: str
    connection: BaseDatabaseWrapper = field(repr=False)
    session: Any = field(repr=False)

    def is_held_by(self, connection: BaseDatabaseWrapper) -> bool:
        """Return True if this connection, still in its transaction, carries the scope.

        A thread that was started with a copy of the context has another connection.
        Python has a scope there but the connection has none, so queries would return no
        rows.
        """
        return (
            connection is self.connection
            and connection.connection is self.session
            and connection.in_atomic_block
        )


_scope: ContextVar[Scope | None] = ContextVar("automatehq_scope", default=None)
_user: ContextVar["_User | None"] = ContextVar("automatehq_user", default=None)


def current_scope(using: str = DEFAULT_DB_ALIAS) -> Scope:
    """Return the open scope.

    Raises: `NoActiveBusiness` without a scope, or if the scope belongs to another
    connection.
    """
    scope = _scope.get()
    if scope is None:
        raise NoActiveBusiness
    if not scope.is_held_by(connections[using]):
        raise NoActiveBusiness(
            "The active business belongs to another connection (a thread with a copied context, or a connection "
            "that was dropped). Open `business_scope(business_id)` here."
        )
    return scope


def try_get_scope() -> Scope | None:
    """Return the open scope, or None. Never raises."""
    scope = _scope.get()
    if scope is None or not scope.is_held_by(scope.connection):
        return None
    return scope if connections[scope.connection.alias] is scope.connection else None


def get_current_business_id() -> uuid.UUID:
    """Return the id of the business in scope.

    Raises: `NoActiveBusiness` outside a scope and in the platform scope.
    """
    business_id = current_scope().business_id
    if business_id is None:
        raise NoActiveBusiness(
            "The platform scope reads across businesses and writes to none. Open `business_scope(business_id)`."
        )
    return business_id


def try_get_business_id() -> uuid.UUID | None:
    """Return the id of the business in scope, or None. Never raises."""
    scope = try_get_scope()
    return scope.business_id if scope else None


def get_current_user() -> "_User":
    """Return the acting user. Raises `NoActiveBusiness` without one."""
    user = _user.get()
    if user is None:
        raise NoActiveBusiness("No user is active here.")
    return user


def try_get_current_user() -> "_User | None":
    """Return the acting user, or None."""
    return _user.get()


@contextmanager
def acting_user(user: "_User") -> Iterator[None]:
    """Set the acting user until the block ends."""
    token = _user.set(user)
    try:
        yield
    finally:
        _user.reset(token)


def set_current_user(user: "_User") -> None:
    """Set the acting user until the open scope ends, which restores the previous one."""
    _user.set(user)


def business_scope(
    business_id: uuid.UUID | str,
    *,
    using: str = DEFAULT_DB_ALIAS,
    repeatable_read: bool = False,
) -> AbstractContextManager[Scope]:
    """Open the scope of one business.

    Opens a transaction in which the database reads and writes rows of that business
    only. `repeatable_read` gives the whole scope one snapshot of the database.

    Raises: `ScopeError` if `repeatable_read` is set inside another transaction.
    """
    if not isinstance(business_id, uuid.UUID):
        business_id = uuid.UUID(str(business_id))
    return _open("business", business_id, "", using, repeatable_read=repeatable_read)


def platform_scope(
    reason: str, *, using: str = DEFAULT_DB_ALIAS
) -> AbstractContextManager[Scope]:
    """Open the platform scope, which reads across businesses and writes no tenant data.

    Raises: `ScopeError` without a reason, or in a process without the platform role.
    """
    if not reason.strip():
        raise ScopeError("A platform scope needs a reason.")
    require_platform()
    return _open("platform", None, reason, using)


@contextmanager
def _open(
    kind: Kind,
    business_id: uuid.UUID | None,
    reason: str,
    using: str,
    *,
    repeatable_read: bool = False,
) -> Iterator[Scope]:
    connection = connections[using]
    if repeatable_read and connection.in_atomic_block:
        raise ScopeError("A repeatable-read scope must be the outermost transaction.")
    outer = _scope.get()
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(using=using):
        _set_session(connection, kind, business_id, repeatable_read=repeatable_read)
        scope = Scope(kind, business_id, reason, connection, connection.connection)
        scope_token, user_token = _scope.set(scope), _user.set(_user.get())
        try:
            yield scope
        finally:
            _scope.reset(scope_token)
            _user.reset(user_token)
        if is_outermost:
            _check_transaction(connection)
        # After an exception, the rollback of the savepoint has restored the settings.
        # COMMIT or ROLLBACK of the outermost transaction drops them. Only a released
        # savepoint leaves the settings in place, so they are restored explicitly.
        if not is_outermost and not connection.needs_rollback:
            _restore(connection, outer)


def _check_transaction(connection: BaseDatabaseWrapper) -> None:
    """Raise `ScopeError` if an error of the database was caught without a savepoint.

    Otherwise COMMIT would roll back everything and report success.
    """
    session = connection.connection
    if (
        session is not None
        and not connection.needs_rollback
        and session.info.transaction_status == TRANSACTION_STATUS_INERROR
    ):
        raise ScopeError(
            "An error of the database was caught without a savepoint, so no write of this scope can be committed. Put "
            "`transaction.atomic()` around the statement that may fail."
        )


@contextmanager
def unscoped(*, using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Leave the scope so that the framework can write its own tables.

    These are sessions, tokens and counters. The connection becomes the plain login,
    which reads no tenant row.
    """
    connection = connections[using]
    outer = _scope.get()
    if outer is None:
        yield
        return
    with transaction.atomic(using=using):
        _restore(connection, None)
        token = _scope.set(None)
        try:
            yield
        finally:
            _scope.reset(token)
        if not connection.needs_rollback:
            _restore(connection, outer)


def _set_session(
    connection: BaseDatabaseWrapper,
    kind: Kind,
    business_id: uuid.UUID | None,
    *,
    repeatable_read: bool = False,
) -> None:
    """Set the role and the business of the transaction in one round trip.

    Constraints become immediate, so that an invalid reference fails at the statement
    that writes it and not at COMMIT.
    """
    isolation = (
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; " if repeatable_read else ""
    )
    role = tenant_role() if kind == "business" else platform_role()
    with connection.cursor() as cursor:
        cursor.execute(
            isolation + "SET CONSTRAINTS ALL IMMEDIATE; "
            "SELECT set_config('role', %s, true), set_config('app.business_id', %s, true)",
            [role, str(business_id) if business_id else ""],
        )


def _restore(connection: BaseDatabaseWrapper, scope: Scope | None) -> None:
    """Restore the outer scope on the connection, or none."""
    if scope is not None and scope.connection is connection:
        _set_session(connection, scope.kind, scope.business_id)
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('role', 'none', true), set_config('app.business_id', '', true)"
        )


def scope_for_business(business_id: uuid.UUID) -> AbstractContextManager[Scope | None]:
    """Open the business's scope when on the platform; otherwise keep the current scope.

    In the scope of one business, PostgreSQL plans as for the business's own users. In
    the platform scope it expects few rows, and a dashboard takes four times as long.
    """
    if try_get_business_id() is None:
        return business_scope(business_id)
    return nullcontext()
