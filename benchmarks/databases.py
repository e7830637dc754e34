"""Databases of sample data, made once and kept under `var/bench`: the same first business among few, many and very many.

All are of `seed_demo`, with the same seed: each business has `EMPLOYEES` people and `MONTHS` months, some 2,060 cards, and the first is the
same in all but for its ids. What differs is what lies around it.
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
    """One of the benchmark's databases, on the server that the settings name."""

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
        """What a process needs to work on it."""
        return {"DATABASE_URL": self.url, "MEDIA_ROOT": self.media}

    def exists(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_database WHERE datname = %s", [self.name])
            return cursor.fetchone() is not None

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Until the block ends Django's connection leads here."""
        before = connection.settings_dict["NAME"]
        connection.close()
        connection.settings_dict["NAME"] = self.name
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict["NAME"] = before


def of_scale(cards: int) -> Database:
    """The database with about so many cards; made if it is not there, which takes a while."""
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
    """A copy to write in, or to change the rules of, until the block ends."""
    copy = Database(f"{database.name}_{suffix}")
    connection.close()  # nobody may be in a database that is copied
    _run_sql(
        f"DROP DATABASE IF EXISTS {copy.name}",
        f"CREATE DATABASE {copy.name} TEMPLATE {database.name}",
        # What a database has of grants is not copied.
        f"REVOKE CONNECT, TEMPORARY ON DATABASE {copy.name} FROM PUBLIC",
    )
    try:
        yield copy
    finally:
        _run_sql(f"DROP DATABASE {copy.name}")


def manage(database: Database, *arguments: str, **environment: str) -> None:
    """`manage.py …` on a database."""
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
