"""Scopes: Python and PostgreSQL agree at every moment on whose rows are at hand."""

import contextvars
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import SynchronousOnlyOperation
from django.db import (
    DatabaseError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    connection,
    connections,
    transaction,
)

from accounts.tests.personas import Personas
from businesses.tenancy.context import (
    acting_user,
    business_scope,
    current_scope,
    get_current_business_id,
    get_current_user,
    platform_scope,
    set_current_user,
    try_get_business_id,
    try_get_current_user,
    try_get_scope,
    unscoped,
)
from businesses.tenancy.errors import NoActiveBusiness, ScopeError
from businesses.tenancy.roles import platform_role, tenant_role
from workforce.models import Employee
from workforce.tests.factories import EmployeeFactory

pytestmark = pytest.mark.django_db
with_commits = pytest.mark.django_db(transaction=True)

# What PostgreSQL is asked, and what Python believes.
State = tuple[str, str, uuid.UUID | None, str | None]


def state() -> State:
    """Role and business of the connection, and business and kind of the scope; the login's role is ''."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT CASE WHEN current_user = session_user THEN '' ELSE current_user END, "
            "coalesce(current_setting('app.business_id', true), '')"
        )
        role, business_id = cursor.fetchone()
    scope = try_get_scope()
    return role, business_id, try_get_business_id(), scope.kind if scope else None


NOWHERE: State = ("", "", None, None)


def within(personas: Personas) -> State:
    return tenant_role(), str(personas.id), personas.id, "business"


def on_platform() -> State:
    return platform_role(), "", None, "platform"


def execute(sql: str, *params: object) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone() if cursor.description else cursor.rowcount


# Opening and leaving


def test_outside_every_scope_there_is_no_business() -> None:
    assert state() == NOWHERE
    for ask in (current_scope, get_current_business_id, get_current_user):
        with pytest.raises(NoActiveBusiness):
            ask()
    assert try_get_scope() is None
    assert try_get_business_id() is None
    assert try_get_current_user() is None


def test_inside_a_scope_python_and_database_agree(acme: Personas) -> None:
    with business_scope(acme.id) as scope:
        assert state() == within(acme)
        assert get_current_business_id() == acme.id
        assert current_scope() is scope
    assert state() == NOWHERE


def test_a_business_is_named_by_its_id_or_its_text(acme: Personas) -> None:
    with business_scope(str(acme.id)):
        assert state() == within(acme)


@pytest.mark.parametrize("nonsense", ["", "acme", "'; RESET ROLE; --", None])
def test_what_is_no_id_opens_nothing(nonsense: Any) -> None:
    with pytest.raises(ValueError, match="badly formed"), business_scope(nonsense):
        pytest.fail("opened")
    assert state() == NOWHERE


def test_the_platform_scope_has_no_business_and_a_reason() -> None:
    with platform_scope("looks around") as scope:
        assert state() == on_platform()
        assert scope.reason == "looks around"
        with pytest.raises(NoActiveBusiness, match="writes to none"):
            get_current_business_id()
    assert state() == NOWHERE
    with pytest.raises(ScopeError), platform_scope(" "):
        pytest.fail("opened")


def test_scopes_nest_and_leaving_one_restores_the_outer(
    acme: Personas, globex: Personas
) -> None:
    with acme.scope():
        with globex.scope():
            assert state() == within(globex)
            with acme.scope():
                assert state() == within(acme)
            assert state() == within(globex)
            with platform_scope("compares"):
                assert state() == on_platform()
                with acme.scope():
                    assert state() == within(acme)
                assert state() == on_platform()
            assert state() == within(globex)
        assert state() == within(acme)
    assert state() == NOWHERE


def test_an_exception_in_an_inner_scope_restores_the_outer(
    acme: Personas, globex: Personas
) -> None:
    with acme.scope():
        with pytest.raises(ZeroDivisionError), globex.scope():
            EmployeeFactory()
            raise ZeroDivisionError
        assert state() == within(acme)
        with (
            pytest.raises(ZeroDivisionError),
            platform_scope("fails"),
            globex.scope(),
        ):
            raise ZeroDivisionError
        assert state() == within(acme)
    assert state() == NOWHERE
    with globex.scope():
        assert not Employee.objects.exists()


def test_savepoints_leave_the_scope_as_it_was(acme: Personas, globex: Personas) -> None:
    with acme.scope():
        with transaction.atomic():
            assert state() == within(acme)
            with globex.scope():
                assert state() == within(globex)
            assert state() == within(acme)
        assert state() == within(acme)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            with globex.scope():
                pass
            raise ZeroDivisionError
        assert state() == within(acme)
        with pytest.raises(IntegrityError), transaction.atomic():
            EmployeeFactory(passport_id="not allowed")
        assert state() == within(acme)
    assert state() == NOWHERE


def test_a_rollback_that_was_asked_for_restores_the_outer(
    acme: Personas, globex: Personas
) -> None:
    with acme.scope():
        with globex.scope():
            EmployeeFactory()
            transaction.set_rollback(True)
        assert state() == within(acme)
        with globex.scope():
            assert not Employee.objects.exists()


def test_a_database_error_swallowed_in_an_inner_scope_is_not_lost(
    acme: Personas, globex: Personas
) -> None:
    with acme.scope():
        with (
            pytest.raises(DatabaseError),
            globex.scope(),
            suppress(DatabaseError),
        ):
            execute("SELECT 1 / 0")
        assert state() == within(acme)
        EmployeeFactory()


@with_commits
def test_a_database_error_swallowed_in_the_outermost_scope_is_not_lost(
    acme: Personas,
) -> None:
    with pytest.raises(ScopeError, match="savepoint"), acme.scope():
        EmployeeFactory()
        with suppress(DatabaseError):
            execute("SELECT 1 / 0")
    assert state() == NOWHERE
    with acme.scope():
        assert not Employee.objects.exists()


# Without a scope, inside one


def test_unscoped_is_the_plain_login_and_gives_the_scope_back(acme: Personas) -> None:
    with acme.scope():
        EmployeeFactory()
        with unscoped():
            assert state() == NOWHERE
            assert execute("SELECT count(*) FROM employees") == (0,)
            with acme.scope():
                assert state() == within(acme)
            assert state() == NOWHERE
        assert state() == within(acme)
        with pytest.raises(ZeroDivisionError), unscoped():
            raise ZeroDivisionError
        assert state() == within(acme)
    with unscoped():
        assert state() == NOWHERE


def test_unscoped_writes_framework_tables_that_a_business_may_not(
    acme: Personas,
) -> None:
    statement = (
        "INSERT INTO django_session VALUES ('a', 'b', now()) ON CONFLICT DO NOTHING"
    )
    with acme.scope():
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
        ):
            execute(statement)
        with unscoped():
            execute(statement)


# One connection for many


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
    """Somebody closes the connection in the middle and goes on: the new one knows no business."""
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
    """What `work` gives or raises in a thread, which has a connection of its own."""
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
            lambda: Employee.objects.create(full_name="Nobody"),
            lambda: Employee.objects.update(full_name="Nobody"),
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


# Who acts


def test_the_acting_user_is_known_until_the_block_ends(acme: Personas) -> None:
    with acting_user(acme.admin):
        assert get_current_user() == acme.admin
        with acting_user(acme.viewer):
            assert get_current_user() == acme.viewer
        assert get_current_user() == acme.admin
    assert try_get_current_user() is None


def test_a_scope_forgets_the_user_that_was_set_in_it(
    acme: Personas, globex: Personas
) -> None:
    with acme.scope():
        set_current_user(acme.admin)
        with globex.scope():
            assert get_current_user() == acme.admin
            set_current_user(globex.admin)
        assert get_current_user() == acme.admin
    assert try_get_current_user() is None


def test_the_user_is_forgotten_after_a_failure_too(acme: Personas) -> None:
    with suppress(ZeroDivisionError), acme.scope():
        set_current_user(acme.admin)
        raise ZeroDivisionError
    assert try_get_current_user() is None
