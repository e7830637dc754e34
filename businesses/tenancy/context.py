"""Which business the code at hand works for: a context variable and the database transaction that belongs to it.

A scope is both at once, so that neither can be had without the other: inside `business_scope` the connection has taken
the tenant's role and carries the business's id, and the manager filters on the same id. Scopes nest; leaving one
restores the outer one, in Python and in the database, also when the inner one failed.
"""

import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg2.extensions import TRANSACTION_STATUS_INERROR

from .database_roles import platform_role, tenant_role
from .exceptions import NoActiveBusiness, ScopeError
from .process_roles import require_platform

Kind = Literal["business", "platform"]


@dataclass(frozen=True, eq=False)
class Scope:
    """One opened scope. `business_id` is None in the platform's."""

    kind: Kind
    business_id: uuid.UUID | None
    reason: str
    connection: BaseDatabaseWrapper = field(repr=False)
    session: Any = field(repr=False)

    def is_held_by(self, connection: BaseDatabaseWrapper) -> bool:
        """True if this very connection, still in its transaction, carries the scope.

        A thread that was started with a copy of the context has another connection: it believes in a scope that its
        connection does not have, and would see no rows in silence.
        """
        return (
            connection is self.connection
            and connection.connection is self.session
            and connection.in_atomic_block
        )


_scope: ContextVar[Scope | None] = ContextVar("automatehq_scope", default=None)
_user: ContextVar[Any] = ContextVar("automatehq_user", default=None)


def current_scope(using: str = DEFAULT_DB_ALIAS) -> Scope:
    """The scope that is open here. Raises `NoActiveBusiness`, also when the scope is another connection's."""
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
    """The scope that is open here, or None. Never raises."""
    scope = _scope.get()
    if scope is None or not scope.is_held_by(scope.connection):
        return None
    return scope if connections[scope.connection.alias] is scope.connection else None


def get_current_business_id() -> uuid.UUID:
    """The business the code works for. Raises `NoActiveBusiness` outside a scope and in the platform's."""
    business_id = current_scope().business_id
    if business_id is None:
        raise NoActiveBusiness(
            "The platform scope reads across businesses and writes to none. Open `business_scope(business_id)`."
        )
    return business_id


def try_get_business_id() -> uuid.UUID | None:
    """The business the code works for, or None. Never raises."""
    scope = try_get_scope()
    return scope.business_id if scope else None


def get_current_user() -> Any:
    """The person who acts. Raises `NoActiveBusiness` if nobody is known."""
    user = _user.get()
    if user is None:
        raise NoActiveBusiness("No user is active here.")
    return user


def try_get_current_user() -> Any:
    """The person who acts, or None."""
    return _user.get()


@contextmanager
def acting_user(user: Any) -> Iterator[None]:
    """Name the person who acts until the block ends."""
    token = _user.set(user)
    try:
        yield
    finally:
        _user.reset(token)


def set_current_user(user: Any) -> None:
    """Name the person who acts until the open scope ends, which forgets them."""
    _user.set(user)


def business_scope(
    business_id: uuid.UUID | str,
    *,
    using: str = DEFAULT_DB_ALIAS,
    repeatable_read: bool = False,
) -> AbstractContextManager[Scope]:
    """Work for one business: a transaction in which the database shows and takes that business's rows alone.

    `repeatable_read` gives the whole scope one snapshot; it must then be the outermost transaction, else `ScopeError`.
    """
    if not isinstance(business_id, uuid.UUID):
        business_id = uuid.UUID(str(business_id))
    return _open("business", business_id, "", using, repeatable_read=repeatable_read)


def platform_scope(
    reason: str, *, using: str = DEFAULT_DB_ALIAS
) -> AbstractContextManager[Scope]:
    """Read across businesses, for a stated reason; tenant data can't be written here."""
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
        _tell_database(connection, kind, business_id, repeatable_read=repeatable_read)
        scope = Scope(kind, business_id, reason, connection, connection.connection)
        scope_token, user_token = _scope.set(scope), _user.set(_user.get())
        try:
            yield scope
        finally:
            _scope.reset(scope_token)
            _user.reset(user_token)
        if is_outermost:
            _refuse_to_lose(connection)
        # After an exception the rollback of the savepoint has put the settings back, and COMMIT or ROLLBACK of the
        # outermost transaction drops them: only a savepoint that is released leaves them to us.
        if not is_outermost and not connection.needs_rollback:
            _restore(connection, outer)


def _refuse_to_lose(connection: BaseDatabaseWrapper) -> None:
    """Raise if somebody swallowed an error of the database: COMMIT would roll everything back and report success."""
    session = connection.connection
    if (
        session is not None
        and not connection.needs_rollback
        and session.info.transaction_status == TRANSACTION_STATUS_INERROR
    ):
        raise ScopeError(
            "An error of the database was caught without a savepoint, so nothing of this scope can be kept. Put "
            "`transaction.atomic()` round the statement that may fail."
        )


@contextmanager
def unscoped(*, using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Let the framework write its own tables (sessions, tokens, counters) from inside a scope.

    The connection becomes the plain login, which sees no tenant row at all.
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


def _tell_database(
    connection: BaseDatabaseWrapper,
    kind: Kind,
    business_id: uuid.UUID | None,
    *,
    repeatable_read: bool = False,
) -> None:
    """Set role and business together, as one message.

    Constraints are made immediate, so that a broken reference shows where it was written and not at COMMIT.
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
    """Give the connection back the outer scope, or none."""
    if scope is not None and scope.connection is connection:
        _tell_database(connection, scope.kind, scope.business_id)
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('role', 'none', true), set_config('app.business_id', '', true)"
        )


def scope_for_business(business_id: uuid.UUID) -> AbstractContextManager[Any]:
    """Open the business's scope when on the platform; otherwise keep the current scope.

    In the scope of one business the database plans as for the business itself. In the platform's scope it expects few
    rows, and a dashboard takes four times as long.
    """
    if try_get_business_id() is None:
        return business_scope(business_id)
    return nullcontext()
