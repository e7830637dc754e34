"""gunicorn with production settings, and a client with a persistent connection."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection

import psutil
from django.conf import settings

from devtools.process_group import bind_free_port

from .databases import Database, manage

PATIENCE = 120.0


class BenchmarkClient:
    """A persistent connection of one user to a server."""

    def __init__(self, port: int, token: str = "") -> None:
        self.token = token
        self.connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

    def send(
        self,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        content_type: str = "application/json",
    ) -> tuple[bytes, float]:
        """Send a request; return the body of the response and the seconds.

        Raises `RuntimeError` for a status of 400 or more.
        """
        headers = {"Authorization": f"Bearer {self.token}"}
        if body is not None:
            headers["Content-Type"] = content_type
        start = time.perf_counter()
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        content = response.read()
        seconds = time.perf_counter() - start
        if response.status >= 400:
            raise RuntimeError(f"{method} {path}: {response.status} {content[:300]!r}")
        return content, seconds


class Server:
    """A running gunicorn."""

    def __init__(self, port: int, process: psutil.Process) -> None:
        self.port = port
        self.process = process

    def client(self, token: str) -> BenchmarkClient:
        return BenchmarkClient(self.port, token)

    def memory(self) -> int:
        """Return the average resident memory of the web processes, in bytes."""
        sizes = [child.memory_info().rss for child in self.process.children()]
        return sum(sizes) // len(sizes)


@contextmanager
def gunicorn(
    database: Database,
    *,
    application: str = "automatehq.wsgi",
    workers: int = 1,
    threads: int = 4,
    **environment: str,
) -> Iterator[Server]:
    """Run a server on `database` until the block ends.

    Settings and static files are those of production.
    """
    manage(database, "collectstatic", "-v0", "--no-input", DEBUG="0")
    listener = bind_free_port(8400)
    port = listener.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", application]
    command += [f"--bind=fd://{listener.fileno()}", f"--workers={workers}"]
    command += [f"--threads={threads}", "--keep-alive=60", "--no-control-socket"]
    process = subprocess.Popen(  # noqa: S603 -- our own command line
        [*command, "--log-level=warning"],
        pass_fds=[listener.fileno()],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            **database.environment,
            **production(),
            **environment,
        },
    )
    listener.close()
    try:
        _wait_for(port)
        yield Server(port, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(60)


def production() -> dict[str, str]:
    """Return production settings without TLS, which a proxy terminates in production."""
    return {
        "DEBUG": "0",
        "ALLOWED_HOSTS": "127.0.0.1",
        "SECURE_SSL_REDIRECT": "0",
        "LOG_LEVEL": "WARNING",
        "PYTHONWARNINGS": "ignore",
    }


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            BenchmarkClient(port).send("/readyz")
        except OSError as error:
            if time.monotonic() > deadline:
                raise TimeoutError("gunicorn did not come up") from error
            time.sleep(0.2)
        else:
            return
