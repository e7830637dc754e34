"""A private PostgreSQL server of this clone, for `make demo` and `make test`.

`settings.py` requests its address when DEBUG is on and no DATABASE_URL is set. The first call creates the server
under `var/pg`. Later calls start it unless it runs. It keeps running until `manage.py localpg stop`.

    var/pg.lock              locked during checks, creation and start: other processes wait
    var/pg/port              the last port, on 127.0.0.1 only
    var/pg/password          of the login `automatehq`, the only login that AutomateHQ uses
    var/pg/admin-password    of the superuser `postgres`, which only tests use
    var/pg/data/             PostgreSQL's data folder, with its log `server.log`

PostgreSQL does not run as root, so root runs it as an unprivileged user. That user cannot reach the data when the
clone is in a closed folder such as /root. Opening /root would be unsafe, so `var/pg` is then a link to a folder below
`/var/lib/automatehq`. Programs inside a closed virtual environment are copied beside the data.
"""

import contextlib
import fcntl
import functools
import hashlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2

from . import localpg_binaries as programs
from .localpg_binaries import LocalPostgresError

LOGIN = "automatehq"
ROOT_DATA = Path("/var/lib/automatehq")
TIMEOUT = 60  # the time limit for a response, and for a stop
ATTEMPTS = 8  # of a start, a second apart

# One statement a line. The last two keep values of failed statements out of the log.
SETUP = f"""\
CREATE ROLE {LOGIN} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE CREATEDB PASSWORD '%(password)s'
CREATE ROLE {LOGIN}_tenant NOLOGIN
CREATE ROLE {LOGIN}_platform NOLOGIN
GRANT {LOGIN}_tenant, {LOGIN}_platform TO {LOGIN} %(options)s
CREATE DATABASE {LOGIN} OWNER {LOGIN}
ALTER ROLE {LOGIN} SET log_min_error_statement = 'panic'
ALTER ROLE {LOGIN} SET log_error_verbosity = 'terse'
"""
INITDB = "--username=postgres --auth=scram-sha-256 --data-checksums --encoding=UTF8 --locale=C.UTF-8"
SERVER = (
    "-c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200"
)
FAST = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off"


def database_url(directory: Path, *, start: bool = True) -> str:
    """Return the address of the server at `directory` for its unprivileged login.

    Starts the server unless `start` is False.
    """
    server = LocalPostgres(directory)
    if start:
        server.start()
    return server.url


class LocalPostgres:
    """The server at `directory` (usually `var/pg`). The constructor has no side effects."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()

    @property
    def data(self) -> Path:
        """Return the real path of the data folder; its user may lack access to a link's folder."""
        return self.directory.resolve() / "data"

    @property
    def url(self) -> str:
        """Return the value for DATABASE_URL; the port is 0 until the first start."""
        login = f"{LOGIN}:{self.read_state('password')}"
        return f"postgres://{login}@127.0.0.1:{self.read_state('port') or 0}/{LOGIN}"

    def start(self) -> None:
        """Create the server if it is absent, start it if it does not respond, and wait for it."""
        with self._lock():
            self._make_directory()
            folder = self._programs()
            if not self.data.exists():
                self._build(folder)
            deadline, attempts = time.monotonic() + TIMEOUT, 0
            while not self.is_running():
                if time.monotonic() > deadline:
                    raise LocalPostgresError(
                        f"PostgreSQL in {self.directory} does not answer; its log is {self.data}/server.log."
                    )
                if self._process():  # it is starting, recovering or stopping
                    time.sleep(0.1)
                    continue
                try:
                    self._launch(folder)
                except LocalPostgresError:
                    # Another process has just taken the port, or the last sessions of a killed server are still
                    # ending.
                    attempts += 1
                    if attempts == ATTEMPTS:
                        raise
                    time.sleep(1)

    def stop(self) -> bool:
        """Stop the server and roll back open transactions; return False if it was not running."""
        with self._lock():
            process = self._process()
            if process is None:
                return False
            process.send_signal(signal.SIGINT)  # PostgreSQL's "fast" shutdown
            try:
                process.wait(TIMEOUT)
            except psutil.TimeoutExpired as error:
                raise LocalPostgresError(
                    f"PostgreSQL in {self.directory} has not stopped after {TIMEOUT} seconds."
                ) from error
            return True

    def remove(self) -> None:
        """Stop the server and delete it with all its data."""
        self.stop()
        with self._lock():
            if self.data.parent.exists():
                shutil.rmtree(self.data.parent)
            self.directory.unlink(missing_ok=True)  # if it was a link

    def status(self) -> str:
        """Return a message about the server's state."""
        with self._lock():
            if not self.is_running():
                return f"Not running; its place is {self.directory}."
            major = (self.data / "PG_VERSION").read_text().strip()
            return f"PostgreSQL {major} runs on port {self.read_state('port')}; its data are in {self.data}."

    def is_running(self) -> bool:
        """Return True if this clone's server accepts connections."""
        if self._process() is None:  # another server may have the port by now
            return False
        try:
            psycopg2.connect(self.url, connect_timeout=5).close()
        except psycopg2.OperationalError:
            return False
        return True

    # Folder, user and programs

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        try:
            self.directory.parent.mkdir(parents=True, exist_ok=True)
            with self.directory.with_suffix(".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except PermissionError as error:
            raise LocalPostgresError(
                f"{error.filename} belongs to another user, who made this server. Run as that user, or set "
                "AUTOMATEHQ_VAR to a folder of your own."
            ) from error

    def _make_directory(self) -> None:
        if not self.directory.is_symlink():
            self.directory.mkdir(exist_ok=True)
            self.directory.chmod(0o711 if self._user else 0o700)
            if self.data.exists() or programs.can_run(
                self._user, "test", "-x", self.directory
            ):
                return
            self.directory.rmdir()
            # The name depends only on the path, so that the data are found again after `rm -r var`.
            name = hashlib.sha256(bytes(self.directory)).hexdigest()[:16]
            self.directory.symlink_to(ROOT_DATA / name)
        for folder in (self.directory.readlink().parent, self.directory.readlink()):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o711)

    @functools.cached_property
    def _user(self) -> programs.Account:
        """Return the server's user if this process is root, else None.

        It is the owner of the data, else `postgres`, else `nobody`.
        """
        if os.geteuid() != 0:
            return None
        if self.data.exists():
            return pwd.getpwuid(self.data.stat().st_uid)
        accounts = {account.pw_name: account for account in pwd.getpwall()}
        return accounts.get("postgres") or accounts["nobody"]

    def _programs(self) -> Path:
        """Return the folder of programs; copy them if the server's user cannot run them."""
        folder = programs.find_programs(self.data)
        if programs.can_run(self._user, folder / "postgres", "--version"):
            return folder
        copy = self.data.with_name(f"postgresql-{programs.version_text(folder)}")
        if not copy.exists():
            with self._staging_folder() as staging:
                try:
                    programs.copy_wheel(folder, staging / "copy")
                except FileNotFoundError as error:
                    raise LocalPostgresError(
                        f"The user {self._user and self._user.pw_name}, who runs PostgreSQL for root, cannot reach {folder}."
                    ) from error
                (staging / "copy").rename(copy)
        return copy / programs.WHEEL_PROGRAMS

    # Creating and starting

    @contextlib.contextmanager
    def _staging_folder(self) -> Iterator[Path]:
        """Yield a temporary folder. Finished items are moved out, so that no unfinished item remains."""
        home = self.data.parent
        for leftover in home.glob("unfinished-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix="unfinished-", dir=home) as folder:
            yield Path(folder)

    def _build(self, folder: Path) -> None:
        """Create the data folder with its roles and database; an error leaves no partial folder."""
        for name in ("password", "admin-password"):
            self._write_state(name, secrets.token_urlsafe(24))
        with self._staging_folder() as staging:
            data, secret = staging / "data", staging / "secret"
            shutil.copy(self.directory / "admin-password", secret)  # with its mode
            if self._user:
                for path in (staging, secret):
                    os.chown(path, self._user.pw_uid, self._user.pw_gid)
            options = [*INITDB.split(), *(["--no-sync"] if _is_fast() else [])]
            initdb = (folder / "initdb", "-D", data, f"--pwfile={secret}", *options)
            programs.run(*initdb, user=self._user)
            is_new = programs.version(folder) >= (16,)
            feed = SETUP % {
                "password": self.read_state("password"),
                "options": "WITH INHERIT FALSE, SET TRUE" if is_new else "",
            }
            # Single-user mode accepts no other connection, and each line is a statement.
            single = (folder / "postgres", "--single", "-D", data, "postgres")
            programs.run(*single, "-c", "exit_on_error=on", user=self._user, feed=feed)
            data.rename(self.data)

    def _launch(self, folder: Path) -> None:
        """Start the server, which has no running process."""
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        port = _free_port(preferred=int(self.read_state("port") or 0))
        self._write_state("port", str(port))
        options = f"-p {port} {SERVER} {FAST if _is_fast() else ''}"
        log = self.data / "server.log"
        start = (folder / "pg_ctl", "start", "-w", "-D", self.data, "-l", log)
        try:
            programs.run(*start, "-o", options, user=self._user)
        except LocalPostgresError as error:
            lines = log.read_text(errors="replace").splitlines() if log.exists() else []
            raise LocalPostgresError(
                "\n".join([str(error), f"{log}:", *lines[-10:]])
            ) from None

    def _process(self) -> psutil.Process | None:
        """Return the server's main process, or None.

        After a crash, the pid in the pid file may belong to another process, and a copied clone has the pid file of the
        original. So the command line is checked too.
        """
        try:
            pid = (self.data / "postmaster.pid").read_text().split("\n")[0]
            process = psutil.Process(int(pid))
            return process if str(self.data) in process.cmdline() else None
        except (FileNotFoundError, ValueError, psutil.Error):
            return None

    def read_state(self, name: str) -> str:
        path = self.directory / name
        return path.read_text() if path.exists() else ""

    def _write_state(self, name: str, value: str) -> None:
        new = self.directory / f"{name}.new"
        new.touch(mode=0o600)
        new.write_text(value)
        new.replace(self.directory / name)


def _is_fast() -> bool:
    """Return True if a crash of the machine may lose data, as in tests."""
    return os.environ.get("AUTOMATEHQ_PG_FAST") == "1"


def _free_port(*, preferred: int) -> int:
    """Return a free port of 127.0.0.1, the preferred port if possible."""
    for port in (preferred, 0):
        with (
            contextlib.suppress(OSError),
            socket.create_server(("127.0.0.1", port)) as probe,
        ):
            return int(probe.getsockname()[1])
    raise LocalPostgresError("No port of 127.0.0.1 is free.")
