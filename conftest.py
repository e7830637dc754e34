"""Pytest configuration and fixtures for all tests. Fixtures of an app are in its tests."""

import gc
import os
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models.signals import post_migrate
from django.test import override_settings
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker

from accounts.models import User
from accounts.tests.personas import Personas, make_personas, make_super_admin
from businesses.models import DEFAULT_BUSINESS_ID, PLATFORM_ID, Business
from businesses.tenancy.context import platform_scope
from tests.shared_files import create_folder
from tests.template_database import close_to_public, use_template

# The duration of an example depends more on the machine than on the code.
hypothesis_settings.register_profile("automatehq", deadline=None)
hypothesis_settings.load_profile("automatehq")

NEEDS_A_PROGRAM = ("browser", "deployment")


def pytest_configure(config: pytest.Config) -> None:
    create_folder(config)


@pytest.hookimpl(tryfirst=True)  # before `-m` selects tests
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that `make test-server` runs."""
    for item in items:
        if depends_on_server(item):
            item.add_marker("server")


def pytest_collection_finish() -> None:
    """Exclude the collected tests and modules from garbage collection; they stay until the end."""
    gc.collect()
    gc.freeze()


def depends_on_server(item: pytest.Item) -> bool:
    """Return True if another version of PostgreSQL could change the outcome of a test.

    - `businesses/` is row-level security: roles, grants, policies, constraints, migrations.
    - Tests that start a server, or that migrate, test the server and the SQL of the migrations.
    - Tests with real commits test locks, triggers that fire at the commit and concurrent transactions. Browser tests
      with real commits use the server like all others.
    - Other modules carry the marker `server` themselves: triggers of the ledger, generated columns, collation, plans.
    """
    if item.get_closest_marker("browser"):
        return False
    if item.get_closest_marker("cluster") or item.get_closest_marker("migrations"):
        return True
    database = item.get_closest_marker("django_db")
    commits = "transactional_db" in getattr(item, "fixturenames", ()) or (
        database is not None and database.kwargs.get("transaction", False)
    )
    return commits or item.path.is_relative_to(item.config.rootpath / "businesses")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings: None,
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
) -> None:
    """Let all workers copy the same migrated database."""
    with django_db_blocker.unblock():
        use_template()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Create the test database and use it with the login of production.

    A superuser would bypass row-level security.
    """
    with django_db_blocker.unblock():
        close_to_public()
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
    post_migrate.connect(
        put_back_first_businesses, sender=apps.get_app_config("businesses")
    )


def put_back_first_businesses(using: str, **kwargs: Any) -> None:
    """Insert the rows of migrations again after a test with real commits.

    Such a test ends by emptying every table.
    """
    if "plan" in kwargs:
        return  # a migration inserts the rows itself
    with platform_scope("the rows that migrations insert", using=using):
        Business.objects.get_or_create(
            id=PLATFORM_ID,
            defaults={
                "business_name": "Platform",
                "is_platform": True,
                "language": "en",
            },
        )
        Business.objects.get_or_create(
            id=DEFAULT_BUSINESS_ID,
            defaults={"business_name": settings.DEFAULT_BUSINESS_NAME},
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that is skipped without its program, if AUTOMATEHQ_REQUIRE_BROWSER=1.

    That applies to tests of a browser and of the files in `deploy/`.
    """
    report = yield
    if (
        report.skipped
        and not hasattr(report, "wasxfail")
        and any(map(item.get_closest_marker, NEEDS_A_PROGRAM))
        and os.environ.get("AUTOMATEHQ_REQUIRE_BROWSER") == "1"
    ):
        report.outcome = "failed"
        report.longrepr = (
            f"Skipped, which AUTOMATEHQ_REQUIRE_BROWSER=1 forbids: {report.longrepr}"
        )
    return report


@pytest.fixture(scope="session", autouse=True)
def _media_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Store the uploads of a test run in a temporary folder."""
    with override_settings(MEDIA_ROOT=str(tmp_path_factory.mktemp("media"))):
        yield


# The standing personas. A test that needs real commits also requests `transactional_db`.


@pytest.fixture
def acme(db: None) -> Personas:
    """Return the tested business with a user per role.

    Examples: `acme.admin`, `with acme.scope(): …`.
    """
    return make_personas("Acme")


@pytest.fixture
def globex(db: None) -> Personas:
    """Return another business, whose rows must stay separate from those of `acme`."""
    return make_personas("Globex")


@pytest.fixture
def super_admin(db: None) -> User:
    """Return a super-admin, who belongs to Platform and does not act for a business."""
    return make_super_admin()
