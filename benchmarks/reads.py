"""Compare each read request with PostgreSQL returning the same JSON.

Requests and statements alternate. The application's time is measured by a client of gunicorn. PostgreSQL's time is that
of one statement of psycopg2, in a session that already has the business's scope. The responses are compared before the
measurement.
"""

import json
import os
import time
from collections import defaultdict
from functools import partial
from typing import Any

from psycopg2.extensions import cursor as Cursor  # noqa: N812 -- a class

from .databases import Database
from .measurements import Times, table, times
from .processors import application_seconds, processor_seconds
from .requests import find_measured_business, plain_session
from .servers import gunicorn

HEAD = (
    "request",
    "application, ms",
    "PostgreSQL, ms",
    "ratio",
    "ratio of processor time",
)


# Links, and what Python computes from the days that both return.
NOT_IN_SQL = ("next", "previous", "warnings", "warning_details")


def measure(database: Database, rounds: int) -> str:
    """Return a table of medians (95th percentiles) and ratios to PostgreSQL."""
    measured = find_measured_business(database)
    clock: dict[Any, list[float]] = defaultdict(list)
    processor: dict[Any, list[float]] = defaultdict(list)
    with (
        gunicorn(database) as server,
        plain_session(database, measured.business_id) as cursor,
    ):
        client = server.client(measured.token)
        requests = [(read, read.sql()) for read in measured.reads()]
        for read, statement in requests:
            compare(
                client.send(read.path)[0], run_statement(cursor, statement, read.values)
            )
        plain = cursor.connection.info.backend_pid
        busy = partial(application_seconds, server, database, but=plain)
        for _ in range(rounds):
            for read, statement in requests:
                before = busy()
                clock[read.name].append(client.send(read.path)[1])
                processor[read.name].append(busy() - before)
                own_processes = [os.getpid(), plain]
                before, start = processor_seconds(own_processes), time.perf_counter()
                run_statement(cursor, statement, read.values)
                clock[statement].append(time.perf_counter() - start)
                processor[statement].append(processor_seconds(own_processes) - before)
    rows = []
    for read, statement in requests:
        app, plain_sql = times(clock[read.name]), times(clock[statement])
        rows.append(
            (
                read.name,
                app,
                plain_sql,
                ratio(app, plain_sql),
                ratio(times(processor[read.name]), times(processor[statement])),
            )
        )
    return table(HEAD, rows)


def run_statement(cursor: Cursor, statement: str, values: dict[str, object]) -> str:
    cursor.execute(statement, values)
    row = cursor.fetchone()
    assert row is not None, "every measured statement returns one row"
    return str(row[0])


def compare(response: bytes, text: str) -> None:
    """Raise `AssertionError` unless both have the same JSON, apart from `NOT_IN_SQL`."""
    content = {
        name: value
        for name, value in json.loads(response).items()
        if name not in NOT_IN_SQL
    }
    if content != json.loads(text):
        raise AssertionError("PostgreSQL returns other JSON than the application.")


def ratio(one: Times, other: Times) -> str:
    return f"{one.median / other.median:.2f}"
