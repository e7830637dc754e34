"""PostgreSQL's log contains no passport and no password hash of a rejected write."""

from collections.abc import Iterator

import pytest

from businesses.tests.clusters import (
    Cluster,
    in_process,
    manage,
    migrated_server,
    own_cluster,
)
from devtools.localpg_server import LOGIN

pytestmark = pytest.mark.cluster

TAKEN, PHONE, HASH = "AB123456", "+972541234567", "hash-of-a-password"

# Two businesses; users of the first try to write values of the second.
PREPARE = f"""
import django; django.setup()
from accounts.tests.personas import make_personas
from workforce.tests.factories import EmployeeFactory
acme, globex = make_personas("Acme"), make_personas("Globex")
with globex.scope():
    EmployeeFactory(passport_id="{TAKEN}")
    globex.viewer.phone_number = "{PHONE}"
    globex.viewer.save()
with acme.scope():
    EmployeeFactory(passport_id="CD123456", external_employee_id="77")
"""

# Requests that a service rejects, at every endpoint.
ASK = f"""
import django; django.setup()
from django.conf import settings; settings.ALLOWED_HOSTS = ["*"]
from django.core.management import call_command
from accounts.models import User
from accounts.tests.api_clients import client_of
from tests.admin_clients import admin_client_for
from businesses.models import Business
from businesses.tenancy.context import business_scope, platform_scope
from workforce.models import Employee
from workforce.tests.employee_import.import_files import HEADER, as_csv, preview
with platform_scope("test"):
    acme = Business.objects.get(business_name="Acme").pk
with business_scope(acme):
    admin = User.objects.select_related("business").get(email="admin@acme.example.com")
    own = Employee.objects.get(passport_id="CD123456")
api, page = client_of(admin), admin_client_for(admin)
user = {{"full_name": "X", "role": "VIEWER", "password": "four other random words"}}
taken = {{"full_name": "X", "passport_id": "{TAKEN}"}}
form = {{"full_name": "X", "role": "VIEWER", "new_password": "four other random words"}}
for answer in (
    api.post("/api/employees", taken),
    api.post("/api/employees", {{"full_name": "X", "passport_id": "EF123456", "external_employee_id": "77"}}),
    api.patch(f"/api/employees/{{own.pk}}", {{"passport_id": "{TAKEN}"}}),
    api.post("/api/users", user | {{"email": "viewer@globex.example.com"}}),
    api.post("/api/users", user | {{"email": "x@example.com", "phone_number": "{PHONE}"}}),
    api.patch(f"/api/users/{{admin.pk}}", {{"email": "viewer@globex.example.com"}}),
):
    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"][0]["code"] == "already_in_use", answer.content
for path, body in (
    ("/admin/workforce/employee/add/", taken),
    (f"/admin/workforce/employee/{{own.pk}}/change/", taken),
    ("/admin/accounts/user/add/", form | {{"email": "viewer@globex.example.com"}}),
):
    answer = page.send(path, body)
    assert "already in use" in answer.content.decode(), path
seen = preview(api, as_csv(HEADER, ("{TAKEN}", "", "X", ""), ("GH123456", "", "Y", "")))
assert seen.json()["summary"]["error"] == 1, seen.content
"""

# Writes that pass the check while another request writes the value: the unique index rejects them.
RACE = f"""
import django; django.setup()
from django.db import IntegrityError, transaction
from accounts.credentials import create_account
from businesses.models import Business
from businesses.tenancy.context import business_scope, platform_scope
from workforce.models import Employee
with platform_scope("test"):
    acme = Business.objects.get(business_name="Acme").pk
def rejects(write):
    try:
        with business_scope(acme):
            write()
    except IntegrityError:
        return
    raise AssertionError("not rejected")
rejects(lambda: Employee(full_name="X", passport_id="{TAKEN}").save())
rejects(lambda: Employee.objects.filter(passport_id="CD123456").update(passport_id="{TAKEN}"))
rejects(lambda: create_account(email="viewer@globex.example.com", password_hash="{HASH}"))
"""
SECRETS = (TAKEN, "EF123456", "GH123456", PHONE, HASH, "argon2", "viewer@globex")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with own_cluster(migrated_server()) as cluster:
        run(cluster, PREPARE)
        yield cluster


def run(cluster: Cluster, code: str) -> None:
    done = in_process("-c", code, url=cluster.url)
    assert done.code == 0, done.printed


def logged(cluster: Cluster, code: str) -> str:
    """Run `code` and return the lines that the server logs meanwhile."""
    path = cluster.server.data / "server.log"
    before = path.stat().st_size
    run(cluster, code)
    return path.read_text()[before:]


def found(log: str) -> list[str]:
    return [secret for secret in SECRETS if secret in log]


@pytest.fixture
def _default_log_settings(cluster: Cluster) -> Iterator[None]:
    """Reset the log settings, as on a server where the administrator may not set them."""
    cluster.run(f"ALTER ROLE {LOGIN} RESET ALL")
    yield
    cluster.run(manage("tenancy_roles", "--sql", url=cluster.url).printed)


@pytest.mark.usefixtures("_default_log_settings")
def test_a_value_in_use_is_found_before_the_write(
    cluster: Cluster,
) -> None:
    log = logged(cluster, ASK)
    assert found(log) == []
    assert "duplicate key" not in log
    assert "violates" not in log


@pytest.mark.usefixtures("_default_log_settings")
def test_without_the_settings_a_refused_write_is_logged_with_its_values(
    cluster: Cluster,
) -> None:
    assert {TAKEN, HASH} <= set(found(logged(cluster, RACE)))
    result = manage("tenancy_roles", url=cluster.url)
    assert result.code == 0
    assert 'ALTER ROLE "automatehq" SET log_min_error_statement' in result.printed


def test_with_the_settings_of_the_set_up_a_refused_write_leaves_no_value(
    cluster: Cluster,
) -> None:
    log = logged(cluster, RACE)
    assert log.count("duplicate key value violates unique constraint") == 3
    assert found(log) == []
    result = manage("tenancy_roles", url=cluster.url)
    assert "log_min_error_statement" not in result.printed


def test_an_administrator_who_may_not_set_them_is_warned(cluster: Cluster) -> None:
    cluster.run("CREATE ROLE dba LOGIN PASSWORD 'dba' CREATEROLE CREATEDB")
    dba = cluster.url_of("dba", "postgres")
    cluster.run("CREATE ROLE later LOGIN PASSWORD 'later'", url=dba)
    sql = manage("tenancy_roles", "--sql", url=cluster.url_of("later", "later"))
    settings = sql.printed[sql.printed.index("DO $$ BEGIN\n  ALTER ROLE") :]
    cluster.run(settings, url=dba)
    ((config,),) = cluster.run("SELECT rolconfig FROM pg_roles WHERE rolname = 'later'")
    assert config is None
    cluster.run(settings)
    ((config,),) = cluster.run("SELECT rolconfig FROM pg_roles WHERE rolname = 'later'")
    assert sorted(config) == [
        "log_error_verbosity=terse",
        "log_min_error_statement=panic",
    ]
