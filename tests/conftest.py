"""Fixtures of several modules: migrated databases, admin rows, the review page."""

import pickle
from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests.admin_rows import rows_of_acme, rows_of_globex  # noqa: F401
from tests.migration_roundtrip import RoundTrip, run_roundtrip
from tests.review_fixtures import card, complaints, john, open_review_page  # noqa: F401
from tests.scratch_database import (
    connected_to,
    create_database,
    drop_database,
    scratch_database,
)
from tests.shared_files import shared_path


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
def round_trip_database(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[tuple[str, RoundTrip]]:
    """Return the name of a populated database that was migrated forward, back and forward, and the snapshots.

    Slow: once per test run. Each worker has a copy. The original stays on the server, and the next run replaces it.
    """
    original = "scratch_roundtrip"
    with django_db_blocker.unblock(), shared_path("roundtrip") as file:
        if not file.exists():
            drop_database(original)
            create_database(name=original)
            with connected_to(original):
                file.write_bytes(pickle.dumps(run_roundtrip()))
        round_trip = pickle.loads(file.read_bytes())
        name = create_database(template=original)
    yield name, round_trip
    with django_db_blocker.unblock():
        drop_database(name)


@pytest.fixture(scope="module")
def round_trip(
    unblocked: None, round_trip_database: tuple[str, RoundTrip]
) -> Iterator[RoundTrip]:
    """Yield the snapshots of the migrated database while the connection leads to it."""
    name, round_trip = round_trip_database
    with connected_to(name):
        yield round_trip


@pytest.fixture
def copy(round_trip: RoundTrip) -> Iterator[None]:
    """Connect to a copy of the migrated database that the test may change."""
    with scratch_database(copy=True):
        yield
