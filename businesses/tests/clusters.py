"""Private PostgreSQL servers for tests, with a superuser.

Roles belong to the whole server, so tests must not damage roles on a server that other
tests use.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.test import override_settings

from devtools.localpg_server import LOGIN, LocalPostgres
from tests.shared_files import shared_path

# A manifest without files lets a web process start and serve everything except pages.
STATIC_ROOT = str(Path(__file__).parent / "static_root")


@dataclass(frozen=True)
class Cluster:
    """A running server.

    `url` is the address of the database and login `automatehq`, which are ready to be
    migrated.
    """

    server: LocalPostgres

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def superuser_url(self) -> str:
        password = self.server.read_state("admin-password")
        return f"postgres://postgres:{password}@{self._address}/{LOGIN}"

    @property
    def _address(self) -> str:
        return f"127.0.0.1:{self.server.read_state('port')}"

    def url_of(self, login: str, database: str) -> str:
        """Return the address of `database` for a login that `run` created.

        The password of the login is its name.
        """
        return f"postgres://{login}:{login}@{self._address}/{database}"

    def run(
        self, sql: str, *, url: str = "", database: str = ""
    ) -> list[tuple[Any, ...]]:
        """Run SQL, as the superuser without a `url`, and return its rows."""
        url = url or self.superuser_url
        if database:
            url = f"{url.rsplit('/', 1)[0]}/{database}"
        connection = psycopg2.connect(url)
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    @contextlib.contextmanager
    def connected(
        self, login: str = LOGIN, process: str = ""
    ) -> Iterator[DatabaseWrapper]:
        """Yield Django's connection to `url` in this process.

        With separate logins, the process has the role `process`.
        """
        alias = "cluster"
        connection = DatabaseWrapper(
            {
                **connections[DEFAULT_DB_ALIAS].settings_dict,
                "NAME": LOGIN,
                "USER": login,
                "PASSWORD": self.server.read_state("password")
                if login == LOGIN
                else login,
                "HOST": "127.0.0.1",
                "PORT": self.server.read_state("port"),
            },
            alias,
        )
        connections[alias] = connection
        try:
            with override_settings(
                TENANCY_PROCESS=process,
                TENANCY_OWNER=LOGIN,
                TENANCY_TENANT_ROLE=f"{LOGIN}_tenant",
                TENANCY_PLATFORM_ROLE=f"{LOGIN}_platform",
            ):
                yield connection
        finally:
            connection.close()
            del connections[alias]


@contextlib.contextmanager
def own_cluster(original: Path | None = None) -> Iterator[Cluster]:
    """Create a server in a folder that any user can read, and delete it afterwards.

    The server is a copy of the stopped server at `original`, if given.
    """
    folder = Path(tempfile.mkdtemp(prefix="automatehq-cluster-"))
    folder.chmod(0o711)
    server = LocalPostgres(folder / "pg")
    try:
        if original:
            copy_server(original, server.directory)
            # Without it, all copies prefer one port, and a copy takes the port of another that a test has stopped.
            (server.directory / "port").unlink(missing_ok=True)
        server.start()
        yield Cluster(server)
    finally:
        server.stop()
        shutil.rmtree(folder)


def copy_server(original: Path, place: Path) -> None:
    """Copy the stopped server at `original`, with the owner of its files."""
    subprocess.run(["cp", "-a", original, place], check=True)


def prepared_server(
    name: str, prepare: Callable[[Cluster], None], *, original: Path | None = None
) -> Path:
    """Return the place of a stopped server to copy, which the first worker prepares."""
    with shared_path(name) as place:
        if not place.exists():
            with own_cluster(original) as cluster:
                prepare(cluster)
                cluster.server.stop()
                copy_server(cluster.server.directory, place)
    return place


def empty_server() -> Path:
    """Return the place of a stopped server to copy, with an empty database."""
    return prepared_server("empty-server", lambda cluster: None)


def migrated_server() -> Path:
    """Return the place of a stopped server to copy, with a migrated database."""
    return prepared_server("migrated-server", migrate_server, original=empty_server())


def migrate_server(cluster: Cluster) -> None:
    done = manage("migrate", url=cluster.url)
    assert done.code == 0, done.printed


def manage(*arguments: str, url: str, **environment: str) -> "Done":
    """Run `manage.py` on the database at `url` in another process.

    Return its exit code and its output.
    """
    return in_process("manage.py", *arguments, url=url, **environment)


def in_process(*arguments: str, url: str, **environment: str) -> "Done":
    """Run Python with `arguments` on the database at `url`, in another process.

    DEBUG is on unless `environment` sets it.
    """
    return start_process(*arguments, url=url, **environment).finish()


@dataclass(frozen=True)
class Done:
    code: int
    printed: str


@dataclass(frozen=True)
class Running:
    process: "subprocess.Popen[str]"

    def finish(self) -> Done:
        printed, _ = self.process.communicate(timeout=120)
        return Done(self.process.returncode, printed)


def start_process(*arguments: str, url: str, **environment: str) -> Running:
    """Start the process of `in_process` without waiting for its end."""
    return Running(
        subprocess.Popen(
            [sys.executable, *arguments],
            cwd=settings.BASE_DIR,
            env={
                "PATH": os.environ["PATH"],
                "ENV_FILE": os.devnull,
                "DEBUG": "1",
                "DATABASE_URL": url,
                "STATIC_ROOT": STATIC_ROOT,
                "DJANGO_SETTINGS_MODULE": "automatehq.settings",
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    )
