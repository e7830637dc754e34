"""Tests of scopes: Python and PostgreSQL always agree on the business in scope."""

from contextlib import suppress
from typing import Any

import pytest
from django.db import (
    DatabaseError,
    IntegrityError,
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
from businesses.tenancy.exceptions import NoActiveBusiness, ScopeError
from tests.api_helpers import statements
from workforce.models import Employee
from workforce.tests.factories import EmployeeFactory

from .samples import execute
from .scope_probe import NOWHERE, on_platform, state, within

pytestmark = pytest.mark.django_db
with_commits = pytest.mark.django_db(transaction=True)

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
def test_an_outermost_scope_is_one_message_to_the_database(acme: Personas) -> None:
    """The scope sends nothing at its end, because its settings end with the transaction."""

    def enter_and_leave() -> None:
        with acme.scope():
            pass

    scope_statements = [
        sql for sql in statements(enter_and_leave) if "set_config" in sql
    ]
    assert len(scope_statements) == 1
    assert state() == NOWHERE


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


@with_commits
def test_where_everything_is_to_be_rolled_back_nothing_is_lost(acme: Personas) -> None:
    """A caller that catches an error and requests the rollback gets no second error.

    A request that is rejected does so.
    """
    with acme.scope():
        with suppress(DatabaseError):
            execute("SELECT 1 / 0")
        transaction.set_rollback(True)
    assert state() == NOWHERE


# Leaving the scope for a block


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


# The acting user


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
