"""Databases of sample data under `var/bench`, with few and with many businesses.

`seed_demo` creates them once, with the same seed. Each business has `EMPLOYEES` employees and `MONTHS` months, about
1,800 cards. The first business is the same in all databases, apart from its ids.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg2
from django.conf import settings
from django.db import connection

EMPLOYEES, MONTHS, PICTURES = 100, 12, 5
# Cards → businesses.
SCALES = {10_000: 5, 100_000: 49, 1_000_000: 490}


@dataclass(frozen=True)
class Database:
    """A database of the benchmarks, on the PostgreSQL server in the settings."""

    name: str

    @property
    def url(self) -> str:
        server = connection.settings_dict
        return (
            "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/".format(**server) + self.name
        )

    @property
    def media(self) -> str:
        return str(settings.VAR_DIR / "media" / self.name)

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment variables of a process that uses the database."""
        return {"DATABASE_URL": self.url, "MEDIA_ROOT": self.media}

    def exists(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_database WHERE datname = %s", [self.name])
            return cursor.fetchone() is not None

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Connect Django to this database until the block ends."""
        before = connection.settings_dict["NAME"]
        connection.close()
        connection.settings_dict["NAME"] = self.name
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict["NAME"] = before


def of_scale(cards: int) -> Database:
    """Return the database with about `cards` cards.

    Creates the database if it does not exist, which takes several minutes.
    """
    database = Database(f"cards_{cards}")
    if not database.exists():
        making = Database(f"{database.name}_unfinished")
        _run_sql(
            f"DROP DATABASE IF EXISTS {making.name}",
            f"CREATE DATABASE {making.name}",
        )
        manage(making, "migrate", "--verbosity=0")
        manage(
            making,
            *("seed_demo", f"--businesses={SCALES[cards]}", f"--pictures={PICTURES}"),
            *(f"--employees={EMPLOYEES}", f"--months={MONTHS}"),
        )
        with making.entered(), connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")
        manage(making, "tenancy_proof")
        _run_sql(f"ALTER DATABASE {making.name} RENAME TO {database.name}")
    manage(database, "migrate", "--verbosity=0")
    return database


@contextmanager
def copy_of(database: Database, suffix: str) -> Iterator[Database]:
    """Copy a database for writes or changes of its schema; drop the copy when the block ends."""
    copy = Database(f"{database.name}_{suffix}")
    connection.close()  # PostgreSQL does not copy a database with open connections
    _run_sql(
        f"DROP DATABASE IF EXISTS {copy.name}",
        f"CREATE DATABASE {copy.name} TEMPLATE {database.name}",
        # CREATE DATABASE does not copy the privileges on the template database.
        f"REVOKE CONNECT, TEMPORARY ON DATABASE {copy.name} FROM PUBLIC",
    )
    try:
        yield copy
    finally:
        _run_sql(f"DROP DATABASE {copy.name}")


def manage(database: Database, *arguments: str, **environment: str) -> None:
    """Run a command of `manage.py` on a database."""
    subprocess.run(  # noqa: S603 -- our own command line
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env={**os.environ, **database.environment, **environment},
        check=True,
    )


def _run_sql(*statements: str) -> None:
    session = psycopg2.connect(Database(connection.settings_dict["NAME"]).url)
    session.autocommit = True
    with session.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    session.close()
