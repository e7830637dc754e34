"""The harness: what every test can rely on. Fixtures of a subject live beside its tests."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import override_settings
from pytest_django import DjangoDbBlocker


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """The test database, used as production uses its own: a superuser would walk through row-level security unseen."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
        )
        (is_privileged,) = cursor.fetchone()
    if is_privileged:
        pytest.exit(
            "The tests' database login must be NOSUPERUSER NOBYPASSRLS NOCREATEROLE: change DATABASE_URL or leave it unset.",
            returncode=1,
        )


@pytest.fixture(scope="session", autouse=True)
def _media_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Uploads of a test run go to a folder of its own."""
    with override_settings(MEDIA_ROOT=str(tmp_path_factory.mktemp("media"))):
        yield
