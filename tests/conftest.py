"""Fixtures of several modules: migrated databases, admin rows, the review page."""

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
    """Allow access to databases for tests that create their own.

    The test database is set up first, so that a later test does not set it up during a connection to another database.
    """
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="session")
def travelled(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[tuple[str, Journey]]:
    """Migrate a populated database forward, back and forward.

    Return its name and the snapshots. Slow: once per worker.
    """
    with django_db_blocker.unblock():
        name = create_database()
        with connected_to(name):
            journey = travel()
    yield name, journey
    with django_db_blocker.unblock():
        drop_database(name)


@pytest.fixture(scope="module")
def journey(unblocked: None, travelled: tuple[str, Journey]) -> Iterator[Journey]:
    """Yield the snapshots of the migrated database while the connection leads to it."""
    name, journey = travelled
    with connected_to(name):
        yield journey


@pytest.fixture
def copy(journey: Journey) -> Iterator[None]:
    """Connect to a copy of the migrated database that the test may change."""
    with scratch_database(copy=True):
        yield
