"""Outages of a real PostgreSQL under a web server and a worker.

It stops, restarts, rejects connections, and turns read-only.
"""

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg2
import pytest

from businesses.tests.clusters import (
    Cluster,
    manage,
    migrated_server,
    own_cluster,
    start_process,
)
from businesses.tests.test_clusters import PRODUCTION
from tests.shared_files import shared_path

pytestmark = pytest.mark.cluster

EMAIL, PASSWORD = "dana@mizhav.example", "four other random words"
HEALTH = ("/healthz", "/readyz")
WEB = {
    **PRODUCTION,
    "ALLOWED_HOSTS": "127.0.0.1",
    "SECURE_SSL_REDIRECT": "off",
    # Output would fill the pipe, which is read at the end.
    "LOG_LEVEL": "CRITICAL",
}
DEFAULT_BUSINESS = "00000000-0000-7000-8000-000000000002"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with own_cluster(migrated_server()) as cluster:
        done = manage(
            "seed", url=cluster.url, ADMIN_EMAIL=EMAIL, ADMIN_PASSWORD=PASSWORD
        )
        assert done.code == 0, done.printed
        yield cluster


@dataclass
class Web:
    """A web server with production settings, and its responses."""

    port: int
    token: str = ""
    cookie: str = ""

    def ask(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, Any, str]:
        """Return status, Retry-After and body."""
        if self.token and path.startswith("/api"):
            headers["Authorization"] = f"Bearer {self.token}"
        kind = "application/json"
        data = None if body is None else json.dumps(body)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, data, {"Content-Type": kind, **headers})
            response = connection.getresponse()
            text = response.read().decode()
            return response.status, response.getheader("Retry-After"), text

    def sign_in(self) -> int:
        body = {"email": EMAIL, "password": PASSWORD}
        self.token = ""
        status, _, text = self.ask("POST", "/api/auth/login", body)
        if status == 200:
            self.token = json.loads(text)["access"]
        return status


@pytest.fixture(scope="module")
def web(cluster: Cluster) -> Iterator[Web]:
    with shared_path("static-files") as folder:
        environment = {**WEB, "STATIC_ROOT": str(folder)}
        if not folder.exists():
            done = manage("collectstatic", "--noinput", url=cluster.url, **environment)
            assert done.code == 0, done.printed
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = start_process(
        "-m",
        "gunicorn",
        "automatehq.wsgi",
        f"--bind=127.0.0.1:{port}",
        "--threads=4",
        "--no-control-socket",
        url=cluster.url,
        **environment,
    )
    web = Web(port)
    try:
        wait_until(lambda: _answers(web))
        assert web.sign_in() == 200
        yield web
    finally:
        running.process.terminate()
        running.finish()


def _answers(web: Web) -> bool:
    with contextlib.suppress(OSError):
        return web.ask("GET", "/readyz")[0] == 200
    return False


def wait_until(holds: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.2)


@contextlib.contextmanager
def stopped(cluster: Cluster) -> Iterator[None]:
    cluster.server.stop()
    try:
        yield
    finally:
        cluster.server.start()


@contextlib.contextmanager
def shutting_down(cluster: Cluster) -> Iterator[None]:
    """Yield while the server rejects new sessions (57P03).

    It waits for an open session to end.
    """
    held = psycopg2.connect(cluster.superuser_url)
    process = cluster.server._process()
    assert process is not None
    process.send_signal(signal.SIGTERM)
    _end_sessions_of_login(held)
    try:
        yield
    finally:
        held.close()
        process.wait(60)
        cluster.server.start()


def _end_sessions_of_login(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'automatehq'"
        )


@contextlib.contextmanager
def full(cluster: Cluster) -> Iterator[None]:
    """Yield while the server has no free connection for the login (53300)."""
    cluster.run("ALTER ROLE automatehq CONNECTION LIMIT 0")
    with contextlib.closing(psycopg2.connect(cluster.superuser_url)) as connection:
        _end_sessions_of_login(connection)
    try:
        yield
    finally:
        cluster.run("ALTER ROLE automatehq CONNECTION LIMIT -1")


@contextlib.contextmanager
def read_only(cluster: Cluster) -> Iterator[None]:
    set_to = "ALTER DATABASE automatehq SET default_transaction_read_only = {}"
    cluster.run(set_to.format("on"))
    with contextlib.closing(psycopg2.connect(cluster.superuser_url)) as connection:
        _end_sessions_of_login(connection)
    try:
        yield
    finally:
        cluster.run(set_to.format("off"), database="postgres")
        with contextlib.closing(psycopg2.connect(cluster.superuser_url)) as connection:
            _end_sessions_of_login(connection)


OUTAGES = {"stopped": stopped, "shutting down": shutting_down, "full": full}
NEW = {"full_name": "New"}


@pytest.mark.parametrize("outage", OUTAGES)
def test_every_endpoint_is_503_during_an_outage_and_recovers(
    cluster: Cluster, web: Web, outage: str
) -> None:
    requests: list[tuple[str, str, Any]] = [
        ("GET", "/api/auth/me", None),
        ("GET", "/api/employees", None),
        ("POST", "/api/employees", NEW),
        ("POST", "/api/auth/login", {"email": EMAIL, "password": PASSWORD}),
        ("POST", "/api/auth/login", {"email": "x@y.example", "password": PASSWORD}),
        ("GET", "/admin/", None),
    ]
    assert web.sign_in() == 200
    with OUTAGES[outage](cluster):
        for method, path, body in requests:
            headers = {"Cookie": f"sessionid={'s' * 32}"} if "admin" in path else {}
            status, retry_after, text = web.ask(method, path, body, **headers)
            assert (status, retry_after) == (503, "5"), (path, text)
            if path.startswith("/api"):
                assert json.loads(text)["errors"][0]["code"] == "database_unavailable"
            else:
                assert "Not available right now" in text
        assert [web.ask("GET", path)[0] for path in HEALTH] == [200, 503]
        command = manage("seed", url=cluster.url)
        assert command.code == 1
        assert "The database is not available: " in command.printed
        assert "Traceback" not in command.printed
    wait_until(lambda: _answers(web))
    assert web.ask("GET", "/api/employees")[0] == 200
    assert web.ask("POST", "/api/employees", NEW)[0] == 201
    assert web.sign_in() == 200


def test_a_read_only_server_is_read_and_not_written(cluster: Cluster, web: Web) -> None:
    assert web.sign_in() == 200
    token = web.token
    with read_only(cluster):
        assert web.ask("GET", "/api/employees")[0] == 200
        for path, body in (
            ("/api/employees", NEW),
            ("/api/auth/login", {"email": EMAIL, "password": PASSWORD}),
            ("/api/auth/login", {"email": EMAIL, "password": "wrong"}),
        ):
            web.token = "" if "login" in path else token
            status, retry_after, text = web.ask("POST", path, body)
            assert (status, retry_after) == (503, "5"), text
            assert json.loads(text)["errors"][0]["code"] == "database_read_only"
    assert web.sign_in() == 200


# The worker

QUEUE = """
import sys, django
django.setup()
from datetime import date
from accounts.models import User
from businesses.tenancy.context import business_scope
from exports.models import ExportRun
from exports.services import request_run
with business_scope("%s"):
    run = request_run(processing_month=date(2026, 3, 1), kind="days_csv", actor=User.objects.get(email=%r))
    print(run.pk)
"""


@contextlib.contextmanager
def working(cluster: Cluster) -> Iterator["subprocess.Popen[str]"]:
    running = start_process(
        "manage.py", "db_worker", "--no-startup-delay", "--no-reload", url=cluster.url
    )
    try:
        yield running.process
        assert running.process.poll() is None, running.finish().printed
    finally:
        running.process.terminate()
        running.finish()


def queue_export(cluster: Cluster) -> str:
    done = start_process(
        "-c", QUEUE % (DEFAULT_BUSINESS, EMAIL), url=cluster.url
    ).finish()
    assert done.code == 0, done.printed
    return done.printed.split()[-1]


def statuses(cluster: Cluster, run_id: str) -> tuple[str, list[str]]:
    """Return the status of a run, and those of its tasks."""
    ((run,),) = cluster.run(f"SELECT status FROM export_runs WHERE id = '{run_id}'")
    tasks = cluster.run(
        "SELECT status FROM django_tasks_database_dbtaskresult "
        f"WHERE args_kwargs -> 'kwargs' ->> 'run_id' = '{run_id}'"
    )
    return run, [status for (status,) in tasks]


def test_an_idle_worker_survives_restarts(cluster: Cluster) -> None:
    with working(cluster):
        for _ in range(2):
            with stopped(cluster):
                time.sleep(2)
            run_id = queue_export(cluster)
            wait_until(
                lambda: statuses(cluster, run_id) == ("DONE", ["SUCCESSFUL"])  # noqa: B023
            )


def test_a_job_under_way_is_done_again_after_a_restart(cluster: Cluster) -> None:
    run_id = queue_export(cluster)
    blocker = psycopg2.connect(cluster.superuser_url)
    with contextlib.closing(blocker), blocker.cursor() as cursor:
        # The task cannot read the ledger until the restart ends this session.
        cursor.execute("LOCK TABLE approved_days IN ACCESS EXCLUSIVE MODE")
        with working(cluster):
            wait_until(lambda: statuses(cluster, run_id) == ("RUNNING", ["RUNNING"]))
            time.sleep(1)
            with stopped(cluster):
                time.sleep(2)
            wait_until(lambda: statuses(cluster, run_id) == ("DONE", ["SUCCESSFUL"]))
    ((attempts,),) = cluster.run(
        f"SELECT attempts FROM export_runs WHERE id = '{run_id}'"
    )
    assert attempts == 2


def test_a_worker_waits_for_a_read_only_server_to_take_writes(cluster: Cluster) -> None:
    run_id = queue_export(cluster)
    with working(cluster) as worker, read_only(cluster):
        time.sleep(3)
        assert worker.poll() is None
        assert statuses(cluster, run_id)[0] == "QUEUED"
    with working(cluster):
        wait_until(lambda: statuses(cluster, run_id) == ("DONE", ["SUCCESSFUL"]))


def test_a_worker_ends_on_sigterm_while_the_database_is_away(cluster: Cluster) -> None:
    running = start_process(
        "manage.py", "db_worker", "--no-startup-delay", "--no-reload", url=cluster.url
    )
    try:
        assert any("worker_started" in line for line in running.process.stdout)
        with stopped(cluster):
            time.sleep(2)
            running.process.terminate()
            assert running.process.wait(20) == 0
    finally:
        running.process.kill()
        printed = running.finish().printed
    assert "database_away" in printed
