"""For pytest (`-p isolation.reuse_db_plugin`): the tests' database made once, and copied for each run, so that the next begins as the first.

`AUTOMATEHQ_KEPT=make` makes it anew, beside `--reuse-db --create-db`; `AUTOMATEHQ_KEPT=copy`, beside `--reuse-db`, copies it.
"""

import os
from contextlib import closing

import psycopg2
from django.db import connection


def pytest_runtestloop() -> None:
    said = connection.settings_dict
    name = connection.creation._get_test_db_name()  # type: ignore[attr-defined]
    login = {key: said[key.upper()] for key in ("user", "password", "host", "port")}
    with closing(psycopg2.connect(dbname="postgres", **login)) as server:
        server.autocommit = True
        with server.cursor() as cursor:
            if os.environ["AUTOMATEHQ_KEPT"] == "make":
                cursor.execute(f"DROP DATABASE IF EXISTS {name}_sound")
                return
            cursor.execute(
                "SELECT FROM pg_database WHERE datname = %s", [f"{name}_sound"]
            )
            if not cursor.fetchall():
                cursor.execute(f"ALTER DATABASE {name} RENAME TO {name}_sound")
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE {name}_sound")
            # What is granted on a database itself isn't copied with it.
            cursor.execute(f"REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC")
