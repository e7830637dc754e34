"""Tests of the owner, web and console logins, in processes on a private server."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg2
import pytest
import requests
from django.conf import settings
from pytest_django import DjangoDbBlocker

from businesses.tenancy.verification import failed_preconditions, verify_database
from devtools.localpg_server import LOGIN
from devtools.process_group import bind_free_port
from tests.api_session import Front

from .clusters import (
    STATIC_ROOT,
    Cluster,
    Done,
    empty_server,
    in_process,
    manage,
    own_cluster,
    prepared_server,
)

pytestmark = pytest.mark.cluster

LOGINS = {"web": "automatehq_web", "console": "automatehq_console"}
PRODUCTION = {
    "DEBUG": "0",
    "SECRET_KEY": "s" * 50,
    "ALLOWED_HOSTS": "127.0.0.1",
    "SECURE_SSL_REDIRECT": "off",
}
PASSWORD = "chalk-and-cheese-9"
ADMIN, SUPER_ADMIN = "admin@mizhav.example.com", "root@platform.example.com"
MIZHAV = "00000000-0000-7000-8000-000000000002"
SECONDS = 60


@dataclass(frozen=True)
class Hardened:
    cluster: Cluster

    def url(self, process: str) -> str:
        if process == "owner":
            return self.cluster.url
        return self.cluster.url_of(LOGINS[process], "automatehq")

    def manage(self, process: str, *arguments: str, **environment: str) -> Done:
        return manage(
            *arguments,
            url=self.url(process),
            TENANCY_PROCESS=process,
            **environment,
        )

    def start(self, process: str, url: str = "") -> Done:
        """Run the checks of the web server before it serves requests."""
        return in_process(
            *("-c", "import automatehq.wsgi"),
            url=url or self.url(process),
            TENANCY_PROCESS=process,
            **PRODUCTION,
        )

    @contextlib.contextmanager
    def serving(self, process: str) -> Iterator[str]:
        """Yield the address of a private gunicorn."""
        with bind_free_port(18000) as listener:
            server = subprocess.Popen(
                [
                    *(sys.executable, "-m", "gunicorn", "automatehq.wsgi:application"),
                    *("--bind", f"fd://{listener.fileno()}", "--no-control-socket"),
                    *("--log-level", "warning", "--threads", "2"),
                ],
                cwd=settings.BASE_DIR,
                pass_fds=[listener.fileno()],
                env={
                    "PATH": os.environ["PATH"],
                    "ENV_FILE": os.devnull,
                    "DATABASE_URL": self.url(process),
                    "TENANCY_PROCESS": process,
                    "STATIC_ROOT": STATIC_ROOT,
                    **PRODUCTION,
                },
            )
            address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            _wait_until_ready(address)
            yield address
        finally:
            server.terminate()
            server.wait(timeout=SECONDS)


def _wait_until_ready(address: str) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(requests.ConnectionError, socket.timeout):
            if requests.get(f"{address}/readyz", timeout=SECONDS).ok:
                return
        time.sleep(0.2)
    pytest.fail(f"{address} is not ready")


@pytest.fixture(scope="module")
def hardened() -> Iterator[Hardened]:
    server = prepared_server("hardened-server", harden, original=empty_server())
    with own_cluster(server) as cluster:
        yield Hardened(cluster)


def harden(cluster: Cluster) -> None:
    """Create the separate logins as docs/operations.md describes."""
    found = Hardened(cluster)
    stopped = found.manage("owner", "migrate")
    assert stopped.code == 1
    assert "The role automatehq_web does not exist" in stopped.printed
    cluster.run(found.manage("owner", "tenancy_roles", "--sql").printed)
    for login in LOGINS.values():
        cluster.run(f"ALTER ROLE {login} PASSWORD '{login}'")
    for command in ("migrate", "seed"):
        done = found.manage(
            "owner",
            command,
            ADMIN_EMAIL=ADMIN,
            ADMIN_PASSWORD=PASSWORD,
            SUPERADMIN_EMAIL=SUPER_ADMIN,
            SUPERADMIN_PASSWORD=PASSWORD,
        )
        assert done.code == 0, done.printed


def test_the_set_up_may_be_made_again_and_over_an_old_one(hardened: Hardened) -> None:
    """An installation with one login gets separate logins later."""
    sql = hardened.manage("owner", "tenancy_roles", "--sql")
    hardened.cluster.run(sql.printed)
    hardened.cluster.run(
        "; ".join(f"DROP OWNED BY {login}" for login in LOGINS.values())
    )
    assert hardened.manage("owner", "tenancy_proof").code == 1
    # DROP OWNED removes grants, but not memberships.
    hardened.cluster.run(sql.printed)
    repaired = hardened.manage("owner", "tenancy_roles", "--repair")
    assert repaired.code == 0, repaired.printed
    proof = hardened.manage("web", "tenancy_proof")
    assert proof.code == 0, proof.printed


# Attempts of injected SQL on a web process's connection.

AS_TENANT = (
    f"BEGIN; SET ROLE automatehq_tenant; SET LOCAL app.business_id = '{MIZHAV}'; "
)
ATTEMPTS = [
    "SET ROLE automatehq_platform",
    "SET ROLE automatehq",
    "SET ROLE automatehq_console",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION automatehq",
    "SELECT set_config('role', 'automatehq_platform', true)",
    "SELECT * FROM users",
    "SELECT * FROM businesses",
    "SELECT * FROM sites",
    "SELECT * FROM audit_events",
    "SELECT * FROM django_tasks_database_dbtaskresult",
    "DELETE FROM django_migrations",
    "INSERT INTO businesses (id) VALUES (gen_random_uuid())",
    "ALTER TABLE users DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE users NO FORCE ROW LEVEL SECURITY",
    "DROP POLICY tenant_rows ON users",
    "CREATE POLICY open ON users USING (true)",
    "ALTER TABLE users OWNER TO automatehq_web",
    "GRANT SELECT ON users TO automatehq_web",
    "GRANT automatehq_platform TO automatehq_web",
    "CREATE ROLE mine",
    "ALTER ROLE automatehq_web BYPASSRLS",
    "CREATE TABLE mine (id int)",
    "CREATE TEMPORARY TABLE users (id int)",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE OR REPLACE FUNCTION public.account_lookup(wanted text) RETURNS uuid LANGUAGE sql AS 'SELECT id FROM accounts'",
    "DROP FUNCTION account_lookup(text)",
    "TRUNCATE users",
    "SET session_replication_role = replica",
    "SELECT pg_read_file('PG_VERSION')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "SELECT rolpassword FROM pg_authid",
    f"{AS_TENANT} SELECT * FROM django_session",
    f"{AS_TENANT} TRUNCATE users",
    f"{AS_TENANT} UPDATE audit_events SET actor_label = 'unknown'",
    f"{AS_TENANT} DELETE FROM audit_events",
    f"{AS_TENANT} DELETE FROM users",
    f"{AS_TENANT} CREATE TEMPORARY TABLE users (id int)",
    f"{AS_TENANT} SET ROLE automatehq_platform",
    f"{AS_TENANT} SELECT account_lookup('{ADMIN}')",
    f"{AS_TENANT} SELECT * FROM users_of_account(NULL)",
    f"{AS_TENANT} SELECT id FROM accounts",
    "DELETE FROM accounts",
]


@pytest.mark.parametrize("sql", ATTEMPTS)
def test_the_webs_login_is_refused(hardened: Hardened, sql: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        hardened.cluster.run(sql, url=hardened.url("web"))


def test_the_webs_login_can_be_the_tenant_and_sign_people_in(
    hardened: Hardened,
) -> None:
    """The control for the rejections above: permitted statements succeed."""
    url, run = hardened.url("web"), hardened.cluster.run
    assert run(f"{AS_TENANT} SELECT email FROM users", url=url) == [(ADMIN,)]
    found = run(f"SELECT account_lookup('{SUPER_ADMIN}') IS NOT NULL", url=url)
    assert found == [(True,)]
    assert run("SELECT * FROM accounts", url=url) == []
    assert run("SELECT count(*) >= 0 FROM django_session", url=url) == [(True,)]


def test_the_consoles_login_reads_across_and_owns_nothing(hardened: Hardened) -> None:
    url, run = hardened.url("console"), hardened.cluster.run
    seen = run("SET ROLE automatehq_platform; SELECT email FROM users", url=url)
    assert {ADMIN, SUPER_ADMIN} <= {email for (email,) in seen}
    for sql in (
        "SELECT * FROM users",
        "SET ROLE automatehq",
        "DROP POLICY tenant_rows ON users",
        "CREATE TEMPORARY TABLE users (id int)",
        "SET ROLE automatehq_platform; DELETE FROM users",
        "SET ROLE automatehq_platform; UPDATE employees SET full_name = ''",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            run(sql, url=url)


# Conditions that prevent the start: SQL of the superuser → process that does not start
# → message → SQL that undoes it.

FAULTS = {
    "the web may become the platform": (
        "GRANT automatehq_platform TO automatehq_web",
        "web",
        "automatehq_web can become automatehq_platform, which TENANCY_PROCESS=web forbids",
        "REVOKE automatehq_platform FROM automatehq_web",
    ),
    "the web may become the owner": (
        "GRANT automatehq TO automatehq_web",
        "web",
        "automatehq_web can become automatehq, which TENANCY_PROCESS=web forbids",
        "REVOKE automatehq FROM automatehq_web",
    ),
    "the console may become another role": (
        "CREATE ROLE reader; GRANT reader TO automatehq_console",
        "console",
        "automatehq_console can become reader, which TENANCY_PROCESS=console forbids",
        "DROP ROLE reader",
    ),
    "the web may no longer become the tenant": (
        "REVOKE automatehq_tenant FROM automatehq_web",
        "web",
        "automatehq_web is not a member of automatehq_tenant",
        "GRANT automatehq_tenant TO automatehq_web",
    ),
    "the web bypasses": (
        "ALTER ROLE automatehq_web BYPASSRLS",
        "web",
        "The login has BYPASSRLS",
        "ALTER ROLE automatehq_web NOBYPASSRLS",
    ),
    "the web may make tables of its own for a while": (
        "GRANT TEMPORARY ON DATABASE automatehq TO automatehq_web",
        "web",
        "automatehq_web has TEMPORARY on database automatehq",
        "REVOKE TEMPORARY ON DATABASE automatehq FROM automatehq_web",
    ),
    "the web reads users outside every business": (
        "GRANT SELECT ON users TO automatehq_web",
        "web",
        "automatehq_web has SELECT on table users",
        "REVOKE SELECT ON users FROM automatehq_web",
    ),
    "the web cannot sign people in": (
        "REVOKE EXECUTE ON FUNCTION account_lookup(text) FROM automatehq_web",
        "web",
        "automatehq_web lacks EXECUTE on function account_lookup",
        "GRANT EXECUTE ON FUNCTION account_lookup(text) TO automatehq_web",
    ),
    "the web owns a table": (
        "ALTER TABLE employees OWNER TO automatehq_web",
        "web",
        "The table employees belongs to automatehq_web, not to automatehq",
        "ALTER TABLE employees OWNER TO automatehq",
    ),
    "row-level security is off": (
        "ALTER TABLE employees NO FORCE ROW LEVEL SECURITY",
        "web",
        "does not apply to the owner of employees",
        "ALTER TABLE employees FORCE ROW LEVEL SECURITY",
    ),
    "a policy too many": (
        "CREATE POLICY open ON employees USING (true)",
        "web",
        "The policy open on employees is not declared",
        "DROP POLICY open ON employees",
    ),
    "a stranger may become the platform": (
        "CREATE ROLE stranger; GRANT automatehq_platform TO stranger",
        "console",
        "stranger can become automatehq_platform, which only automatehq and automatehq_console may use",
        "DROP ROLE stranger",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_login_may_too_much_is_named(
    hardened: Hardened, fault: str, django_db_blocker: DjangoDbBlocker
) -> None:
    plant, process, sentence, undo = FAULTS[fault]
    hardened.cluster.run(plant)
    try:
        with django_db_blocker.unblock():
            faults = faults_of(hardened, process)
            found_by_owner = faults_of(hardened, "owner")
    finally:
        hardened.cluster.run(undo)
    assert any(sentence in found for found in faults), faults
    # The owner's daily verification also reports every fault that prevents a start.
    assert found_by_owner


def faults_of(hardened: Hardened, process: str) -> list[str]:
    """Return the faults that prevent a process from starting."""
    login = LOGINS.get(process, LOGIN)
    with hardened.cluster.connected(login, process) as connection:
        return failed_preconditions(connection) or verify_database(connection).faults


def test_without_these_faults_nothing_is_named(
    hardened: Hardened, django_db_blocker: DjangoDbBlocker
) -> None:
    with django_db_blocker.unblock():
        for process in ("owner", "web", "console"):
            assert faults_of(hardened, process) == []


def test_a_web_process_that_could_become_the_platform_does_not_start(
    hardened: Hardened,
) -> None:
    hardened.cluster.run("GRANT automatehq_platform TO automatehq_web")
    try:
        done = hardened.start("web")
    finally:
        hardened.cluster.run("REVOKE automatehq_platform FROM automatehq_web")
    assert done.code == 1
    assert "AutomateHQ does not start" in done.printed
    assert 'REVOKE "automatehq_platform" FROM "automatehq_web"' in done.printed


def test_a_process_with_another_ones_login_does_not_start(hardened: Hardened) -> None:
    for process, login in (("web", "owner"), ("console", "web")):
        done = hardened.start(process, hardened.url(login))
        assert done.code == 1
        assert f"TENANCY_PROCESS is {process}: the login in DATABASE_URL" in (
            done.printed
        )
    done = hardened.start("owner")
    assert done.code == 1
    assert "The owner login is for migrations and commands" in done.printed


def test_web_and_console_serve_their_own_and_the_worker_sees_who_reached_across(
    hardened: Hardened,
) -> None:
    with hardened.serving("web") as web, hardened.serving("console") as console:
        rejected = requests.post(
            f"{web}/api/auth/login",
            json={"email": SUPER_ADMIN, "password": PASSWORD},
            timeout=SECONDS,
        )
        assert (rejected.status_code, rejected.json()["errors"][0]["code"]) == (
            403,
            "console_only",
        )
        platform = Front.signed_in(console, SUPER_ADMIN, PASSWORD)
        new = {
            "email": "admin@other.example.com",
            "full_name": "Other's Admin",
            "password": PASSWORD,
        }
        other = platform.create("businesses", business_name="Other", admin=new)
        acting = platform.post(
            "auth/act-as", {"business_id": other["id"], "reason": "set up"}
        )
        inside = Front(console)
        inside.headers["Authorization"] = f"Bearer {acting['access']}"
        site = inside.create("sites", site_name="Harbour")
        theirs = inside.create("employees", full_name="Theirs", site_id=site["id"])
        inside.address = web
        assert inside.ask("GET", "auth/me", status=401).json()["errors"][0]["code"] == (
            "console_only"
        )

        own = Front.signed_in(web, ADMIN, PASSWORD)
        mine = own.create("employees", full_name="Mine", site_id=site["id"])
        assert [row["id"] for row in own.rows("employees")] == [mine["id"]]
        own.get(f"employees/{theirs['id']}", status=404)
        own.get("businesses")
        own.post("employees", {"full_name": "", "site_id": site["id"]}, status=400)

        worked = hardened.manage(
            "console", "db_worker", "--batch", "--no-startup-delay"
        )
        assert worked.code == 0, worked.printed
        attempts = platform.get(
            "audit_events", platform_only="true", event_type="cross_business_attempt"
        )["results"]
        assert [event["entity_id"] for event in attempts] == [theirs["id"]]
        assert not re.search("Theirs", own.ask("GET", "audit_events").text)
