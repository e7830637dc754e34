"""The database that the tests of migrations share, the rows that those of the admin do, and the desk of a reviewer."""

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests.admin_rows import rows_of_acme, rows_of_globex  # noqa: F401
from tests.migration_roundtrip import Journey, travel
from tests.review_fixtures import card, complaints, john, sit_down  # noqa: F401
from tests.scratch_database import (
    connected_to,
    create_database,
    drop_database,
    scratch_database,
)


@pytest.fixture(scope="module")
def unblocked(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Allow access to databases; each test makes its own.

    The test database is set up before, and not for a later test while the connection leads elsewhere.
    """
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="session")
def travelled(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[tuple[str, Journey]]:
    """Migrate a populated database forward, back and forward; return its name and what was seen. Takes long: once a worker."""
    with django_db_blocker.unblock():
        name = create_database()
        with connected_to(name):
            journey = travel()
    yield name, journey
    with django_db_blocker.unblock():
        drop_database(name)


@pytest.fixture(scope="module")
def journey(unblocked: None, travelled: tuple[str, Journey]) -> Iterator[Journey]:
    """A populated database went forward, back and forward; the connection leads to it."""
    name, journey = travelled
    with connected_to(name):
        yield journey


@pytest.fixture
def copy(journey: Journey) -> Iterator[None]:
    """The connection leads to a copy of the migrated database, for the test to spoil."""
    with scratch_database(copy=True):
        yield
