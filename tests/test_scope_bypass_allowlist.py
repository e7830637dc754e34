"""The allowlist of calls that bypass the scope of one business.

Each has its purpose. A new call fails until it is listed.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.api_clients import client_of
from accounts.tests.factories import PASSWORD
from accounts.tests.personas import Personas
from accounts.token_sessions import start_sign_in
from businesses.tenancy.database_roles import platform_role
from tests.api_helpers import statements

# `platform_scope`: reads across businesses.
PLATFORM = {
    "accounts/authentication.py": 1,  # a super-admin who acts, and the business they act for
    "businesses/services.py": 1,  # a new business, which has no scope yet
    "accounts/idempotency.py": 1,  # the businesses with expired keys
    "accounts/management/commands/seed.py": 1,  # the first businesses
    "audit/cross_business.py": 1,  # the owner of the requested row, looked up by the worker
    "demo/seed.py": 5,  # creates and finds the demo's businesses
    "demo/demo_accounts.py": 1,  # the accounts to sign in to each business
    "businesses/management/commands/check_names.py": 1,  # names and texts of all businesses
    "businesses/orphaned_files.py": 1,  # the list of businesses
    "businesses/management/commands/tenancy_proof.py": 1,  # counts rows
    "businesses/tenancy/middleware.py": 1,  # a super-admin's request
    "exports/services.py": 2,  # runs and tasks with a dead worker, of all businesses
    "workcards/management/commands/check_ledger.py": 1,  # the businesses to check
}
# `unscoped`: the framework's own tables, as the login, which sees no tenant row.
FRAMEWORK = {
    "businesses/services.py": 1,  # a clash with another business's name
    "accounts/account_scope.py": 1,  # one row of the accounts, which belong to no business
    "accounts/credentials.py": 2,  # the account of an address, and the users of an account
    "accounts/lockout.py": 3,  # counts of failures
    "businesses/tenancy/rate_limits.py": 4,  # counts in the cache
    "demo/card_steps.py": 1,  # statistics, which the owner of the tables updates
    "exports/services.py": 1,  # a run's task in the queue
    "businesses/tenancy/definer_functions.py": 2,  # a look-up of values in use, as the login
    "businesses/tenancy/verification.py": 1,  # the view of a login outside every scope: no rows
}


def calls(name: str) -> Iterator[str]:
    """Yield the files, without tests, that call `name`, once for each call."""
    for config in apps.get_app_configs():
        if Path(config.path).parent != settings.BASE_DIR:
            continue  # a library
        for file in sorted(Path(config.path).rglob("*.py")):
            if "tests" in file.parts:
                continue
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and name == getattr(
                    node.func, "id", getattr(node.func, "attr", None)
                ):
                    yield str(file.relative_to(settings.BASE_DIR))


@pytest.mark.parametrize(
    ("name", "listed"), [("platform_scope", PLATFORM), ("unscoped", FRAMEWORK)]
)
def test_every_escape_is_listed(name: str, listed: dict[str, int]) -> None:
    assert dict(Counter(calls(name))) == listed


def test_a_businesss_people_never_need_the_platforms_role(
    acme: Personas, globex: Personas
) -> None:
    """A web process without the platform role serves a business's users completely."""
    admin, anonymous = client_of(acme.admin), APIClient()
    credentials = {"email": acme.admin.email, "password": PASSWORD}
    refresh = {"refresh": start_sign_in(acme.admin).refresh}
    new = {
        "email": globex.admin.email,
        "full_name": "New",
        "role": "VIEWER",
        "password": "four other random words",
    }
    requests: list[tuple[APIClient, str, str, Any]] = [
        (anonymous, "post", "auth/login", credentials),
        (anonymous, "post", "auth/login", credentials | {"password": "wrong"}),
        (anonymous, "post", "auth/login", credentials | {"email": "x@example.com"}),
        (anonymous, "post", "auth/refresh", refresh),
        (anonymous, "post", "auth/refresh", refresh),
        (anonymous, "post", "auth/logout", refresh),
        (admin, "get", "auth/me", None),
        (admin, "get", "users", None),
        (admin, "post", "users", new),
        (admin, "get", f"users/{globex.viewer.pk}", None),
        (admin, "patch", f"users/{acme.viewer.pk}", {"role": "UPLOADER"}),
        (admin, "delete", f"users/{acme.viewer.pk}", None),
        (admin, "patch", f"businesses/{acme.id}", {"business_name": "Globex"}),
        (admin, "patch", f"businesses/{acme.id}", {"language": "he"}),
        (admin, "post", "auth/act-as", {"business_id": str(globex.id), "reason": "x"}),
        (admin, "get", "audit_events", None),
        (admin, "post", "auth/password", {"current_password": "wrong"}),
    ]
    for client, method, path, body in requests:
        sent = statements(
            lambda client=client, method=method, path=path, body=body: getattr(
                client, method
            )(f"/api/{path}", body)
        )
        assert not any(platform_role() in sql for sql in sent), (method, path)


def test_the_measure_above_notices_the_platforms_role(super_admin: User) -> None:
    client = client_of(super_admin)
    assert any(
        platform_role() in sql for sql in statements(lambda: client.get("/api/users"))
    )
