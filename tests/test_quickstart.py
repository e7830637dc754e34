"""`manage.py quickstart` with real processes, signals and occupied ports.

It uses a separate database.
"""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from django.conf import settings
from django.db import connection

from .scratch_database import scratch_database

pytestmark = pytest.mark.cluster

SECONDS = 120
ADMIN = {"email": "boss@example.com", "password": "chalk-and-cheese-9"}


class Quickstart:
    """A running quickstart and its output."""

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        self._log = tempfile.NamedTemporaryFile()  # noqa: SIM115 -- lives as long as this
        self.process = psutil.Popen(
            [sys.executable, "manage.py", "quickstart", *arguments],
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self.family: list[psutil.Process] = []

    @property
    def output(self) -> str:
        return Path(self._log.name).read_text()

    @property
    def port(self) -> int:
        found = re.search(r"http://127\.0\.0\.1:(\d+)/admin/", self.output)
        assert found, self.output
        return int(found[1])

    def wait_until_it_runs(self) -> None:
        wait_for(
            lambda: (
                "Stop with Ctrl-C" in self.output or self.process.poll() is not None
            ),
            lambda: self.output,
        )
        assert self.process.poll() is None, self.output
        # The web server's first process, its two workers, and the task worker.
        wait_for(lambda: len(self._children()) == 4, lambda: str(self._children()))
        self.family = self._children()

    def _children(self) -> list[psutil.Process]:
        found: list[psutil.Process] = self.process.children(recursive=True)
        return found

    def child(self, word: str) -> psutil.Process:
        return next(one for one in self.family if word in " ".join(one.cmdline()))

    def wait_until_all_are_gone(self) -> int:
        code = self.process.wait(timeout=SECONDS)
        wait_for(lambda: not any(map(is_alive, self.family)), lambda: self.output)
        return int(code)

    def ask(
        self, method: str, path: str, body: object = None
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(asking):
            headers = {"Content-Type": "application/json"}
            asking.request(method, path, json.dumps(body), headers)
            reply = asking.getresponse()
            return reply.status, reply.read(), reply.headers


def is_alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def wait_for(condition: Callable[[], bool], explain: Callable[[], str]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.1)


@pytest.fixture(scope="module")
def environment(unblocked: None) -> Iterator[dict[str, str]]:
    """Yield the environment of an empty database and a media folder.

    The folder's name has a space.
    """
    folder = tempfile.mkdtemp(prefix="auto mate ")
    with scratch_database():
        found = connection.settings_dict
        url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**found)
        yield {
            **os.environ,
            "PYTHONUNBUFFERED": "",
            "DEBUG": "1",
            "ENV_FILE": os.devnull,
            "DJANGO_SETTINGS_MODULE": "automatehq.settings",
            "DATABASE_URL": url,
            "AUTOMATEHQ_VAR": folder,
            "ADMIN_EMAIL": ADMIN["email"],
            "ADMIN_PASSWORD": ADMIN["password"],
        }
    shutil.rmtree(folder)


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Callable[..., Quickstart]]:
    """Yield a function that starts quickstart, by default without demo data.

    Processes that still run at the end are killed.
    """
    begun: list[Quickstart] = []

    def start(*arguments: str, **variables: str) -> Quickstart:
        begun.append(Quickstart({**environment, **variables}, *arguments))
        return begun[-1]

    yield start
    for one in begun:
        for process in [one.process, *one.family]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def test_two_at_once_on_an_empty_database_both_serve_and_stop_when_told(
    start: Callable[..., Quickstart],
) -> None:
    both = [start("--no-demo"), start("--no-demo")]
    for one in both:
        one.wait_until_it_runs()
    assert len({one.port for one in both}) == 2
    for one in both:
        assert one.ask("GET", "/healthz")[0] == 200
        assert one.ask("GET", "/readyz")[0] == 200
        status, _css, headers = one.ask("GET", "/static/admin/css/base.css")
        assert (status, headers["Content-Type"]) == (200, 'text/css; charset="utf-8"')
        assert ADMIN["password"] not in one.output
        assert re.search(r"boss@example\.com +\(ADMIN_PASSWORD\)", one.output)
        assert re.search(
            r"super-admin@automatehq\.example +work-cards-demo", one.output
        )
        status, reply, _ = one.ask("POST", "/api/auth/login", ADMIN)
        assert status == 200, reply
        wrong = {**ADMIN, "password": "wrong"}
        assert one.ask("POST", "/api/auth/login", wrong)[0] == 401
    for one, number in zip(both, (signal.SIGINT, signal.SIGTERM), strict=True):
        one.process.send_signal(number)
        assert one.wait_until_all_are_gone() == 0, one.output
        assert "Stopped." in one.output
        assert "Traceback" not in one.output


def test_a_port_that_is_taken_is_left_alone(start: Callable[..., Quickstart]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        one = start("--no-demo", "--port", str(port))
        one.wait_until_it_runs()
        assert one.port > port
        listening = {
            found.laddr.ip
            for process in one.family
            for found in process.net_connections("tcp4")
            if found.status == psutil.CONN_LISTEN
        }
        assert listening == {"127.0.0.1"}
        # Ctrl-C on a terminal goes to the whole process group that make started.
        one.process.send_signal(signal.SIGINT)
        assert one.wait_until_all_are_gone() == 0


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("db_worker", "The worker has ended (signal 9)."),
        ("gunicorn", "The web server has ended (signal 9)."),
    ],
)
def test_if_one_dies_all_end_and_it_says_so(
    start: Callable[..., Quickstart], word: str, says: str
) -> None:
    one = start("--no-demo")
    one.wait_until_it_runs()
    one.child(word).kill()
    assert one.wait_until_all_are_gone() == 1
    assert says in one.output


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the children")
def test_none_is_left_when_it_is_killed(start: Callable[..., Quickstart]) -> None:
    one = start("--no-demo")
    one.wait_until_it_runs()
    one.process.kill()
    assert one.wait_until_all_are_gone() == -signal.SIGKILL


def test_it_only_prepares_if_told_so_and_finds_what_is_there(
    start: Callable[..., Quickstart], environment: dict[str, str]
) -> None:
    small = ["--employees=1", "--months=1", "--pictures=0", "--sites=2"]
    # The tables may not exist yet, and several processes seed many businesses.
    for command in (["migrate"], ["seed_demo", "--businesses=9", *small]):
        subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=settings.BASE_DIR,
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    one = start("--no-serve")
    assert one.process.wait(SECONDS) == 0, one.output
    assert (
        one.output.count("Administrator") == 4
    )  # the first business, and three of nine
    assert "work-cards-demo" in one.output


def test_a_weak_first_password_is_refused_in_production(
    start: Callable[..., Quickstart],
) -> None:
    one = start(
        "--no-serve",
        DEBUG="0",
        SECRET_KEY="x" * 50,
        ALLOWED_HOSTS="127.0.0.1",
        SUPERADMIN_EMAIL="root@example.com",
        SUPERADMIN_PASSWORD="12345",
    )
    assert one.process.wait(SECONDS) == 1
    assert "SUPERADMIN_PASSWORD" in one.output
    assert "Traceback" not in one.output
