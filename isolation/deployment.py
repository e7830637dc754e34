"""A temporary installation for the fault checks.

It consists of PostgreSQL, pgbouncer, a web server with two processes, two workers and a small disk. All its files are
in one temporary folder, which is deleted afterwards. A thread restarts processes that have exited, as an operator's
supervisor does. gunicorn restarts its own child processes.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import psycopg2

from devtools.localpg_server import LocalPostgres
from devtools.process_group import bind_free_port

ROOT = Path(__file__).resolve().parent.parent
DISK_MEGABYTES = 48
WORKERS = ("worker-1", "worker-2")
SUPER_ADMIN = ("root@platform.example.com", "chalk-and-cheese-9")
POLL_INTERVAL = 0.2  # seconds between two reads of the clock file by a process
START_TIMEOUT = 60.0  # seconds until a start counts as failed


class ProgramMissing(RuntimeError):
    """A required program is not installed. The message names the package to install."""


class Deployment:
    """A temporary installation. `with Deployment() as deployment:` sets it up, `deployment.serve()` starts it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="automatehq-faults-"))
        self.folder.chmod(
            0o711
        )  # an unprivileged user runs PostgreSQL and pgbouncer for root
        self.postgres = LocalPostgres(self.folder / "pg")
        self.media = self.folder / "media"
        self.clock = self.folder / "clock"
        self.secret = secrets.token_urlsafe(50)
        self.url = ""
        self.address = ""
        self.restarts = 0
        self._commands: dict[str, list[str]] = {}
        self._processes: dict[str, psutil.Popen] = {}
        self._environment: dict[str, str] = {}
        self._is_running = threading.Event()

    def __enter__(self) -> "Deployment":
        # Committed data must survive a crash. The fast settings of the tests would lose it.
        os.environ.pop("AUTOMATEHQ_PG_FAST", None)
        self.media.mkdir()
        self.has_own_disk = os.geteuid() == 0 and _succeeds(
            "mount",
            *("-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m"),
            *("tmpfs", str(self.media)),
        )
        self.set_clock(0)
        self.postgres.start()
        self.url = self.postgres.url
        for command in (["migrate"], ["seed"], ["collectstatic", "--noinput"]):
            self.manage(*command)
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        self.postgres.stop()
        if self.has_own_disk:
            _succeeds("umount", str(self.media))
        shutil.rmtree(self.folder, ignore_errors=True)

    # Setting up

    def environment(self) -> dict[str, str]:
        """Return the environment variables of a production process."""
        email, password = SUPER_ADMIN
        return {
            "PATH": os.environ["PATH"],
            "ENV_FILE": os.devnull,
            "DEBUG": "0",
            "SECRET_KEY": self.secret,
            "ALLOWED_HOSTS": "127.0.0.1",
            "SECURE_SSL_REDIRECT": "off",
            "LOG_LEVEL": "WARNING",
            "DATABASE_URL": self.url,
            "MEDIA_ROOT": str(self.media),
            "STATIC_ROOT": str(self.folder / "static"),
            "AUTOMATEHQ_VAR": str(self.folder),
            "SUPERADMIN_EMAIL": email,
            "SUPERADMIN_PASSWORD": password,
            "PROOF_CLOCK": str(self.clock),
        }

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 -- a command of this project
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"manage.py {arguments[0]}: {done.stdout}{done.stderr}")
        return done.stdout

    def set_clock(self, minutes: int) -> None:
        """Set the clocks of web server and workers `minutes` ahead of the real time.

        The processes read the offset from a file (see `isolation.faults.fake_clock`). PostgreSQL's clock does not
        change.
        """
        new = self.clock.with_suffix(".new")
        new.write_text(str(minutes))
        new.replace(self.clock)
        time.sleep(5 * POLL_INTERVAL)

    # Start and stop

    def serve(self, *, through_pgbouncer: bool = False) -> None:
        """Start web server and workers, and restart them when they exit, until `stop`."""
        self.url = self.postgres.url
        if through_pgbouncer:
            self._start_pgbouncer()
        self._environment = self.environment()
        self._is_running.set()
        with bind_free_port(18000) as listener:
            self.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
            self._listener = os.dup(listener.fileno())
        os.set_inheritable(self._listener, True)  # noqa: FBT003
        self._commands["web"] = [
            *(
                sys.executable,
                "-m",
                "gunicorn",
                "isolation.faults.fake_clock:application",
            ),
            *("--bind", f"fd://{self._listener}", "--workers", "2", "--threads", "4"),
            *("--log-level", "error", "--no-control-socket", "--timeout", "60"),
            *("--graceful-timeout", "5", "--keep-alive", "30"),
        ]
        for name in WORKERS:
            self._commands[name] = [
                *(sys.executable, "-m", "isolation.faults.fake_clock", "db_worker"),
                *("--worker-id", name),
                *("--interval", "0.2", "--no-startup-delay"),
            ]
        for name in self._commands:
            self._start(name)
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)
        self._supervisor.start()

    def stop(self) -> None:
        """Stop all processes and wait until they have exited."""
        if not self._is_running.is_set():
            return
        self._is_running.clear()
        self._supervisor.join()
        for process in self._processes.values():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()
        for process in self._processes.values():
            try:
                process.wait(timeout=20)
            except psutil.TimeoutExpired:
                _kill_process_tree(process)
        os.close(self._listener)
        self._processes.clear()
        self._commands.clear()

    def _start(self, name: str) -> None:
        as_user = _unprivileged() if name == "pgbouncer" else None
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = psutil.Popen(
                self._commands[name],
                cwd=ROOT if as_user is None else "/",
                env=self._environment if as_user is None else {"PATH": os.defpath},
                stdout=log,
                stderr=log,
                pass_fds=[self._listener] if name == "web" else [],
                start_new_session=True,
                user=as_user.pw_uid if as_user else None,
                group=as_user.pw_gid if as_user else None,
                extra_groups=[] if as_user else None,
            )

    def _supervise(self) -> None:
        while self._is_running.is_set():
            for name, process in list(self._processes.items()):
                if process.poll() is not None:
                    self.restarts += 1
                    self._start(name)
            time.sleep(0.5)

    def _start_pgbouncer(self) -> None:
        program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            raise ProgramMissing(
                "pgbouncer is not on this machine: apt-get install pgbouncer"
            )
        login, password, port, database = _parse_url(self.postgres.url)
        home = self.folder / "pgbouncer"
        home.mkdir(exist_ok=True)
        with bind_free_port(16432) as listener:
            own = listener.getsockname()[1]
        (home / "users.txt").write_text(f'"{login}" "{password}"\n')
        (home / "pgbouncer.ini").write_text(
            f"[databases]\n{database} = host=127.0.0.1 port={port} dbname={database}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {own}\nunix_socket_dir =\n"
            f"auth_type = scram-sha-256\nauth_file = {home}/users.txt\npool_mode = transaction\n"
            "default_pool_size = 6\nserver_login_retry = 1\n"
        )
        if user := _unprivileged():
            for path in (home, *home.iterdir()):
                os.chown(path, user.pw_uid, user.pw_gid)
        self._commands["pgbouncer"] = [program, str(home / "pgbouncer.ini")]
        self.url = f"postgres://{login}:{password}@127.0.0.1:{own}/{database}"

    # Faults

    def web_processes(self) -> list[psutil.Process]:
        """Return the processes that serve requests: gunicorn's children."""
        children: list[psutil.Process] = self._processes["web"].children()
        return children

    def kill(self, name: str) -> None:
        """Send SIGKILL to a worker or to pgbouncer."""
        self._processes[name].send_signal(signal.SIGKILL)

    def pause(self, name: str, *, is_paused: bool) -> None:
        self._processes[name].send_signal(
            signal.SIGSTOP if is_paused else signal.SIGCONT
        )

    def kill_postgres(self) -> None:
        """Send SIGKILL to PostgreSQL's postmaster process."""
        pid = (self.postgres.data / "postmaster.pid").read_text().split("\n")[0]
        os.kill(int(pid), signal.SIGKILL)

    @contextlib.contextmanager
    def full_disk(self) -> Iterator[str]:
        """Make storing a file fail until the block ends; yield a description of the method."""
        if self.has_own_disk:
            ballast = self.media / "ballast"
            with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                while file.write(b"\0" * 65536):
                    pass
            try:
                yield f"a disk of {DISK_MEGABYTES} MB (tmpfs) that is full"
            finally:
                ballast.unlink()
            return
        # Without the right to mount a disk, limit the size of files that the web server's processes may write.
        for process in self.web_processes():
            process.rlimit(psutil.RLIMIT_FSIZE, (4096, psutil.RLIM_INFINITY))
        try:
            yield "files of more than 4 kB forbidden to the web server (RLIMIT_FSIZE)"
        finally:
            for process in self.web_processes():
                process.rlimit(
                    psutil.RLIMIT_FSIZE, (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY)
                )

    # Inspection

    def ask_database(self, sql: str, *parameters: object) -> list[tuple[object, ...]]:
        """Return the rows of an SQL query made as the login.

        Outside a scope the login sees no rows of any business.
        """
        connection = psycopg2.connect(self.postgres.url, connect_timeout=5)
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall()

    def files(self) -> set[str]:
        """Return the paths of all stored scans and exports."""
        return {str(path) for path in self.media.rglob("*") if path.is_file()}

    def log_of(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")


def wait_until(
    condition: Callable[[], bool], what: str, *, timeout: float = START_TIMEOUT
) -> float:
    """Wait until `condition()` is true; return the seconds waited.

    Raises `TimeoutError` after `timeout` seconds.
    """
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > timeout:
            raise TimeoutError(f"{what}: not within {timeout:.0f} seconds")
        time.sleep(0.05)
    return time.monotonic() - start


def _unprivileged() -> pwd.struct_passwd | None:
    """Return an unprivileged account if this process runs as root, else None.

    pgbouncer does not start as root.
    """
    if os.geteuid() != 0:
        return None
    accounts = {account.pw_name: account for account in pwd.getpwall()}
    return accounts.get("postgres") or accounts["nobody"]


def _parse_url(url: str) -> tuple[str, str, str, str]:
    """Return login, password, port and database name of a database URL."""
    login, rest = url.removeprefix("postgres://").split(":", 1)
    password, place = rest.split("@", 1)
    port, database = place.split(":", 1)[1].split("/", 1)
    return login, password, port, database


def _succeeds(*command: str) -> bool:
    with contextlib.suppress(OSError):
        return not subprocess.run(command, capture_output=True, check=False).returncode  # noqa: S603
    return False


def _kill_process_tree(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        processes: Sequence[psutil.Process] = [
            *process.children(recursive=True),
            process,
        ]
        for member in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        process.wait(timeout=20)
