"""The units and the proxy configuration in `deploy/`.

The programs of systemd and nginx check them.
"""

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import settings

from workcards.scans.storage import DISPLAY_LIMITS
from workcards.services.uploads import LIMITS as UPLOAD_LIMITS
from workforce.employee_import.file_parsing import LIMITS as IMPORT_LIMITS

DEPLOY = Path(settings.BASE_DIR) / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
SYSTEMD_ANALYZE = shutil.which("systemd-analyze")
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
OPENSSL = shutil.which("openssl")
BODY_TIMEOUT = 2  # seconds; 30 in the file


def test_every_unit_is_there() -> None:
    assert [unit.name for unit in UNITS] == [
        "automatehq-daily.service",
        "automatehq-daily.timer",
        "automatehq-web.service",
        "automatehq-worker@.service",
    ]


@pytest.mark.deployment
@pytest.mark.skipif(SYSTEMD_ANALYZE is None, reason="systemd is not installed")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        (tmp_path / unit.name).write_text(_with_programs_of_this_checkout(unit))
    assert _verify(tmp_path) == ""


@pytest.mark.deployment
@pytest.mark.skipif(SYSTEMD_ANALYZE is None, reason="systemd is not installed")
def test_systemd_names_a_misspelt_directive(tmp_path: Path) -> None:
    for unit in UNITS:
        text = _with_programs_of_this_checkout(unit).replace("Restart=", "Restrat=")
        (tmp_path / unit.name).write_text(text)
    assert "'Restrat'" in _verify(tmp_path)


def _with_programs_of_this_checkout(unit: Path) -> str:
    """Return the unit's text with this checkout's path.

    systemd checks that each program exists.
    """
    text = unit.read_text()
    text = text.replace("/srv/automatehq/.venv/bin", str(Path(sys.executable).parent))
    return text.replace("/srv/automatehq", str(settings.BASE_DIR))


def _verify(folder: Path) -> str:
    done = subprocess.run(
        [SYSTEMD_ANALYZE, "verify", "--man=no", *map(str, sorted(folder.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
    )
    # Only lines about these units: the machine's own units may be incomplete.
    lines = (done.stdout + done.stderr).splitlines()
    return "\n".join(line for line in lines if "automatehq" in line)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_that_can_be_enabled_says_when_it_starts(unit: Path) -> None:
    text = unit.read_text()
    is_started_by_timer = unit.name == "automatehq-daily.service"
    assert ("WantedBy=" in text) is not is_started_by_timer


@pytest.mark.parametrize(
    "unit",
    [unit for unit in UNITS if unit.suffix == ".service"],
    ids=lambda unit: unit.name,
)
def test_a_service_waits_for_the_database_first(unit: Path) -> None:
    assert "ExecStartPre=" in unit.read_text()
    assert "manage.py wait_for_database" in unit.read_text()


# gunicorn

SLOW_APPLICATION = """
import time

def application(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        time.sleep(4)
    start_response("200 OK", [("Content-Length", "0")])
    return [b""]
"""


def _option(command: str, name: str) -> int:
    found = re.search(rf"--{name} (\d+)", command)
    assert found, f"{name} is not in the unit"
    return int(found.group(1))


@pytest.fixture
def command() -> str:
    """Return the command line of gunicorn in the unit."""
    text = (DEPLOY / "systemd" / "automatehq-web.service").read_text()
    (line,) = re.findall(r"ExecStart=\S+/gunicorn (.*)", text)
    return str(line)


def test_threads_are_free_while_all_places_for_files_are_taken(command: str) -> None:
    limits = [UPLOAD_LIMITS, DISPLAY_LIMITS, IMPORT_LIMITS]
    occupied = sum(limit.server + limit.waiting_server for limit in limits)
    threads = _option(command, "threads")
    assert _option(command, "workers") * threads >= occupied + 4
    assert _option(command, "worker-connections") == threads


def test_the_last_free_thread_answers_while_all_others_are_busy(
    tmp_path: Path, command: str
) -> None:
    (tmp_path / "slow.py").write_text(SLOW_APPLICATION)
    port = _free_port()
    options = command.replace("automatehq.wsgi", "slow").replace("8000", str(port))
    gunicorn = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--log-level=error", *options.split()],
        cwd=tmp_path,
    )
    threads = _option(command, "workers") * _option(command, "threads")
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(port)
        requests.get(f"{url}/fast", timeout=30)
        with ThreadPoolExecutor(threads) as clients:
            for _ in range(threads - 1):
                clients.submit(requests.get, f"{url}/slow", timeout=30)
            time.sleep(1)
            answers = [requests.get(f"{url}/fast", timeout=30) for _ in range(8)]
        assert max(answer.elapsed.total_seconds() for answer in answers) < 1
    finally:
        gunicorn.terminate()
        gunicorn.wait(30)


# nginx


@dataclass(frozen=True)
class Proxy:
    port: int
    certificate: Path
    log: Path

    def get(self, path: str) -> requests.Response:
        url = f"https://127.0.0.1:{self.port}{path}"
        return requests.get(url, verify=str(self.certificate), timeout=30)

    def begin(self, path: str, *, length: int, body: bytes = b"") -> ssl.SSLSocket:
        """Open a connection that has sent headers of a `length` bytes POST, and `body`."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        client = context.wrap_socket(raw, server_hostname="127.0.0.1")
        client.sendall(
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {length}\r\n\r\n".encode()
            + body
        )
        return client


class Echo(BaseHTTPRequestHandler):
    """A handler that returns the headers and body of each request.

    It serves one connection at a time.
    """

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        received = {"headers": dict(self.headers), "body": ""}
        received["body"] = self.rfile.read(length).decode()
        content = json.dumps(received).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *args: Any) -> None:
        """Write no log, since the test reads nginx's log."""


@pytest.fixture
def upstream() -> Iterator[str]:
    """Yield the address of a single-threaded server.

    One slow request blocks all other requests.
    """
    with HTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def proxy(tmp_path: Path, upstream: str) -> Iterator[Proxy]:
    """Run a real nginx with `deploy/nginx/automatehq.conf` in front of `upstream`."""
    port = _free_port()
    configuration = _configuration(tmp_path, upstream, port)
    subprocess.run(
        [NGINX, "-t", "-c", str(configuration), "-p", str(tmp_path)],
        check=True,
        capture_output=True,
    )
    nginx = subprocess.Popen([NGINX, "-c", str(configuration), "-p", str(tmp_path)])
    try:
        _wait_for(port)
        yield Proxy(port, tmp_path / "cert.pem", tmp_path / "access.log")
    finally:
        nginx.terminate()
        nginx.wait(30)


def _configuration(folder: Path, upstream: str, port: int) -> Path:
    """Write a complete configuration that includes the file.

    The ports and paths are those of this test.
    """
    subprocess.run(
        [
            *(OPENSSL, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
            *("-subj", "/CN=hours.example", "-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    text = (DEPLOY / "nginx" / "automatehq.conf").read_text()
    for pattern, replacement in (
        (r"server 127\.0\.0\.1:8000;", f"server {upstream};"),
        (r"listen 80;", f"listen 127.0.0.1:{_free_port()};"),
        (r"listen 443 ssl http2;", f"listen 127.0.0.1:{port} ssl http2;"),
        (r"listen \[::\].*;", ""),
        (r"/etc/ssl/hours\.example/fullchain\.pem", str(folder / "cert.pem")),
        (r"/etc/ssl/hours\.example/privkey\.pem", str(folder / "key.pem")),
        (r"/var/log/nginx/automatehq\.log", str(folder / "access.log")),
        (r"client_body_timeout 30s;", f"client_body_timeout {BODY_TIMEOUT}s;"),
    ):
        text, count = re.subn(pattern, replacement, text)
        assert count, f"{pattern} is not in the file"
    temporary = "\n".join(
        f"{kind}_temp_path {folder / kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = folder / "nginx.conf"
    # For root: nginx's default user cannot write into the test's folder.
    user = "user root;" if os.geteuid() == 0 else ""
    path.write_text(
        f"daemon off;\n{user}\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{\n{temporary}\n{text}\n}}\n"
    )
    return path


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    for _ in range(100):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the server did not start")


@pytest.mark.deployment
@pytest.mark.skipif(
    NGINX is None or OPENSSL is None, reason="nginx or openssl is not installed"
)
class TestNginx:
    def test_stalled_bodies_do_not_reach_the_application(self, proxy: Proxy) -> None:
        with ExitStack() as stack:
            stalled = [
                stack.enter_context(
                    proxy.begin("/api/auth/login", length=100_000, body=b"{")
                )
                for _ in range(60)
            ]
            assert proxy.get("/healthz").status_code == 200
            answers = [client.recv(100) for client in stalled]
        assert all(one == b"" or b" 408 " in one for one in answers)

    def test_a_slow_body_that_goes_on_arrives_whole(self, proxy: Proxy) -> None:
        body = b"7 lines of a card: " * 4
        with proxy.begin("/api/auth/login", length=len(body)) as client:
            for start in range(0, len(body), 20):
                time.sleep(BODY_TIMEOUT / 2)
                client.sendall(body[start : start + 20])
            answer = client.recv(4096).decode()
        assert answer.startswith("HTTP/1.1 200 ")
        assert json.loads(answer.partition("\r\n\r\n")[2])["body"] == body.decode()

    def test_the_application_learns_address_scheme_and_host(self, proxy: Proxy) -> None:
        headers = proxy.get("/healthz").json()["headers"]
        assert headers["X-Forwarded-For"] == "127.0.0.1"
        assert headers["X-Forwarded-Proto"] == "https"
        assert headers["Host"] == "127.0.0.1"

    def test_a_body_above_the_limit_is_refused_by_the_proxy(self, proxy: Proxy) -> None:
        with proxy.begin("/api/work_cards/upload", length=600_000_000) as client:
            assert client.recv(100).startswith(b"HTTP/1.1 413 ")

    def test_the_log_has_no_query_string(self, proxy: Proxy) -> None:
        proxy.get("/healthz?search=K7654321")
        deadline = time.monotonic() + 10
        while "/healthz" not in proxy.log.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert "K7654321" not in proxy.log.read_text()
