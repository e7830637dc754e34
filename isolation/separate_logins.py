"""The endpoint walk with separate logins: the login of the web process handles every request.

    python -m isolation hardened [--endpoints work_cards …] [--short] [--paths-only]

A temporary PostgreSQL server is used. The owner's login creates the rows and checks them between requests. During a
request the session belongs to the web process's login, so that PostgreSQL rejects statements without a grant. SET
SESSION AUTHORIZATION, which needs a superuser's connection, switches between the logins. Super-admins are not part of
the walk, because the web process does not serve them.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import time_machine
from django.conf import settings
from django.db import ProgrammingError, connection, transaction
from django.db.backends.signals import connection_created
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.test.utils import setup_test_environment, teardown_test_environment

from businesses.tests.clusters import Cluster, manage, own_cluster
from devtools.localpg_server import LOGIN

from .database import NOW
from .endpoint_walk import EndpointWalk, make_report, parse_options
from .report import CheckReport, log
from .tenants import make_tenants

WEB_LOGIN = f"{LOGIN}_web"
ROLES = ("ADMIN", "REVIEWER", "UPLOADER", "VIEWER", "anonymous")


class WebLoginMiddleware:
    """Middleware that handles requests with the login and settings of the web process."""

    requests = 0

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        set_session_login(WEB_LOGIN)
        type(self).requests += 1
        try:
            with override_settings(TENANCY_PROCESS="web"):
                return self.get_response(request)
        finally:
            set_session_login(LOGIN)


def set_session_login(login: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET SESSION AUTHORIZATION {login}")


def is_platform_role_denied() -> bool:
    """Return True if PostgreSQL denies the platform role to the web process's login.

    The walk proves nothing otherwise.
    """
    set_session_login(WEB_LOGIN)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL ROLE {LOGIN}_platform")
    except ProgrammingError:
        return True
    finally:
        set_session_login(LOGIN)
    return False


def _start_as_owner(connection: Any, **kwargs: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET SESSION AUTHORIZATION {LOGIN}")


@contextmanager
def database_with_separate_logins() -> Iterator[None]:
    """Provide a migrated database with separate logins.

    The block runs in one transaction that is rolled back.
    """
    setup_test_environment(debug=False)
    try:
        with own_cluster() as cluster:
            log("Creating the logins of owner, web and platform …")
            sql = manage(
                "tenancy_roles", "--sql", url=cluster.url, TENANCY_PROCESS="owner"
            )
            cluster.run(sql.printed)
            migrated = manage("migrate", url=cluster.url, TENANCY_PROCESS="owner")
            if migrated.code:
                raise RuntimeError(migrated.printed)
            with (
                tempfile.TemporaryDirectory() as media,
                _connected_to(cluster),
                override_settings(
                    MEDIA_ROOT=media,
                    TENANCY_PROCESS="owner",
                    TENANCY_OWNER=LOGIN,
                    TENANCY_TENANT_ROLE=f"{LOGIN}_tenant",
                    TENANCY_PLATFORM_ROLE=f"{LOGIN}_platform",
                    MIDDLEWARE=[f"{__name__}.WebLoginMiddleware", *settings.MIDDLEWARE],
                ),
                time_machine.travel(NOW, tick=False),
                transaction.atomic(),
            ):
                yield
                transaction.set_rollback(True)
    finally:
        teardown_test_environment()


@contextmanager
def _connected_to(cluster: Cluster) -> Iterator[None]:
    before = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(
        NAME=LOGIN,
        USER="postgres",
        PASSWORD=cluster.server.read_state("admin-password"),
        HOST="127.0.0.1",
        PORT=cluster.server.read_state("port"),
    )
    connection_created.connect(_start_as_owner)
    try:
        yield
    finally:
        connection_created.disconnect(_start_as_owner)
        connection.close()
        connection.settings_dict.update(before)


def run_check(arguments: list[str]) -> CheckReport:
    options = parse_options(["--roles", *ROLES, *arguments])
    with database_with_separate_logins():
        is_denied = is_platform_role_denied()
        log("Creating two businesses …")
        walk = EndpointWalk(
            make_tenants(),
            options.roles,
            options.endpoints,
            with_injection_points=not options.paths_only,
            is_short=options.short,
        ).run()
    report = make_report(walk)
    report.figures = {
        **report.figures,
        "requests handled with the web login": WebLoginMiddleware.requests,
    }
    if not is_denied:
        report.problems = [*report.problems, "the web login can take the platform role"]
    return report
