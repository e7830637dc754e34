"""A pytest plugin that creates the test database once and copies it for each run.

Load it with `-p isolation.reuse_db_plugin`. Each run begins with the same rows. `AUTOMATEHQ_REUSE_DB=make` with `--reuse-db
--create-db` creates the database again. `AUTOMATEHQ_REUSE_DB=copy` with `--reuse-db` copies it.
"""

import os
from contextlib import closing

import psycopg2
from django.db import connection


def pytest_runtestloop() -> None:
    database = connection.settings_dict
    name = connection.creation._get_test_db_name()  # type: ignore[attr-defined]
    parameters = {
        key: database[key.upper()] for key in ("user", "password", "host", "port")
    }
    with closing(psycopg2.connect(dbname="postgres", **parameters)) as server:
        server.autocommit = True
        with server.cursor() as cursor:
            if os.environ["AUTOMATEHQ_REUSE_DB"] == "make":
                cursor.execute(f"DROP DATABASE IF EXISTS {name}_template")
                return
            cursor.execute(
                "SELECT FROM pg_database WHERE datname = %s", [f"{name}_template"]
            )
            if not cursor.fetchall():
                cursor.execute(f"ALTER DATABASE {name} RENAME TO {name}_template")
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE {name}_template")
            # CREATE DATABASE does not copy the privileges on the template database.
            cursor.execute(f"REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC")
