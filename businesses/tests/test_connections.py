"""Tests of scopes on reused and dropped connections and in other threads."""

import contextvars
import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import SynchronousOnlyOperation
from django.db import (
    IntegrityError,
    InterfaceError,
    OperationalError,
    connection,
    connections,
    transaction,
)

from accounts.tests.personas import Personas
from businesses.tenancy.context import (
    business_scope,
    current_scope,
    get_current_business_id,
    try_get_scope,
    unscoped,
)
from businesses.tenancy.exceptions import NoActiveBusiness, ScopeError
from workforce.models import Employee
from workforce.tests.factories import EmployeeFactory

from .samples import execute
from .scope_probe import NOWHERE, State, state, within

pytestmark = pytest.mark.django_db
with_commits = pytest.mark.django_db(transaction=True)


# One connection for many scopes


@with_commits
def test_nothing_is_carried_over_to_the_next_use_of_a_connection(
    acme: Personas, globex: Personas
) -> None:
    backend = execute("SELECT pg_backend_pid()")
    with acme.scope():
        pass
    assert state() == NOWHERE
    with pytest.raises(ZeroDivisionError), acme.scope():
        raise ZeroDivisionError
    assert state() == NOWHERE
    with acme.scope():
        transaction.set_rollback(True)
    assert state() == NOWHERE
    with globex.scope():
        assert state() == within(globex)
    assert execute("SELECT pg_backend_pid()") == backend


@with_commits
def test_a_refused_commit_leaves_no_scope(acme: Personas) -> None:
    with pytest.raises(IntegrityError), acme.scope():
        execute("SET CONSTRAINTS ALL DEFERRED")
        execute(
            "INSERT INTO employees (id, business_id, site_id, full_name, phone_number, is_active, created_at, updated_at) "
            "VALUES (%s, %s, %s, '', '', true, now(), now())",
            uuid.uuid4(),
            acme.id,
            uuid.uuid4(),
        )
    assert state() == NOWHERE


@with_commits
def test_a_connection_dropped_in_the_middle_ends_the_scope(acme: Personas) -> None:
    with pytest.raises((OperationalError, InterfaceError)), acme.scope():
        (backend,) = execute("SELECT pg_backend_pid()")
        on_another_connection(
            lambda: execute("SELECT pg_terminate_backend(%s)", backend)
        )
        execute("SELECT 1")
    assert try_get_scope() is None
    assert state() == NOWHERE
    with acme.scope():
        assert state() == within(acme)


@with_commits
def test_a_connection_dropped_and_replaced_has_not_the_scope(acme: Personas) -> None:
    """The connection is closed inside the scope; the new connection has no business."""
    with pytest.raises((OperationalError, InterfaceError)), acme.scope():
        connection.connection.close()
        with pytest.raises((OperationalError, InterfaceError)):
            execute("SELECT 1")
        connection.in_atomic_block = False
        connection.close()
        connection.connect()
        assert try_get_scope() is None
        with pytest.raises(NoActiveBusiness, match="another connection"):
            list(Employee.objects.all())
        with transaction.atomic():
            assert try_get_scope() is None, "nor in a transaction of the new one"
        assert execute("SELECT count(*) FROM users") == (0,)
        raise OperationalError
    connection.close()


@with_commits
def test_callbacks_after_commit_have_no_scope(acme: Personas) -> None:
    seen: list[Any] = []
    with acme.scope():
        transaction.on_commit(lambda: seen.append(state()))
    assert seen == [NOWHERE]


# Threads and event loops


def on_another_connection(
    work: Callable[[], Any], context: contextvars.Context | None = None
) -> Any:
    """Run `work` in a thread with its own connection; return its result or error."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(work())
        except Exception as error:  # noqa: BLE001  it is handed back
            outcome.append(error)
        finally:
            connections.close_all()

    target = run if context is None else lambda: context.run(run)
    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    return outcome[0]


@with_commits
def test_a_thread_has_no_scope(acme: Personas) -> None:
    with acme.scope():
        EmployeeFactory()
        found = on_another_connection(lambda: list(Employee.objects.all()))
        assert isinstance(found, NoActiveBusiness)
        assert on_another_connection(state) == NOWHERE


@with_commits
def test_a_thread_with_a_copied_context_has_no_scope(acme: Personas) -> None:
    with acme.scope():
        EmployeeFactory()
        for work in (
            lambda: list(Employee.objects.all()),
            current_scope,
            get_current_business_id,
            lambda: Employee.objects.create(full_name="Unknown"),
            lambda: Employee.objects.update(full_name="Unknown"),
        ):
            found = on_another_connection(work, contextvars.copy_context())
            assert isinstance(found, NoActiveBusiness)
            assert "another connection" in str(found)
        assert on_another_connection(state, contextvars.copy_context()) == NOWHERE


@with_commits
def test_a_thread_opens_its_own_scope(acme: Personas, globex: Personas) -> None:
    def in_globex() -> State:
        with globex.scope():
            return state()

    with acme.scope():
        found = on_another_connection(in_globex, contextvars.copy_context())
        assert found == within(globex)
        assert state() == within(acme)


@with_commits
@pytest.mark.parametrize("opened", ["a scope", "none"])
def test_a_thread_gets_nothing_of_the_scope_that_its_context_tells_of(
    acme: Personas, globex: Personas, opened: str
) -> None:
    """The thread's own connection returns to no scope, not to the scope of the context."""

    def inside_a_transaction() -> State:
        with transaction.atomic():
            with globex.scope() if opened == "a scope" else unscoped():
                pass
            return state()

    with acme.scope():
        context = contextvars.copy_context()
        assert on_another_connection(inside_a_transaction, context) == NOWHERE
        assert state() == within(acme)


def test_an_event_loop_opens_no_scope(acme: Personas) -> None:
    async def work() -> None:
        with acme.scope():
            pass

    with pytest.raises(SynchronousOnlyOperation):
        async_to_sync(work)()
    assert state() == NOWHERE


# One snapshot


@with_commits
def test_a_repeatable_read_scope_sees_one_moment(acme: Personas) -> None:
    def add() -> None:
        with acme.scope():
            EmployeeFactory()

    with business_scope(acme.id, repeatable_read=True):
        assert Employee.objects.count() == 0
        on_another_connection(add)
        assert Employee.objects.count() == 0
    with acme.scope():
        assert Employee.objects.count() == 1
        on_another_connection(add)
        assert Employee.objects.count() == 2


def test_a_repeatable_read_scope_must_be_the_outermost(acme: Personas) -> None:
    with (
        acme.scope(),
        pytest.raises(ScopeError, match="outermost"),
        business_scope(acme.id, repeatable_read=True),
    ):
        pytest.fail("opened")
