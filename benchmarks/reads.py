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

from .databases import Database
from .measurements import Times, table, times
from .processors import application_seconds, processor_seconds
from .requests import measured, plain_session
from .servers import gunicorn

HEAD = (
    "request",
    "application, ms",
    "PostgreSQL, ms",
    "ratio",
    "ratio of processor time",
)


def measure(database: Database, rounds: int) -> str:
    """Return a table of medians (95th percentiles) and ratios to PostgreSQL."""
    ours = measured(database)
    clock: dict[Any, list[float]] = defaultdict(list)
    processor: dict[Any, list[float]] = defaultdict(list)
    with (
        gunicorn(database) as server,
        plain_session(database, ours.business_id) as cursor,
    ):
        client = server.client(ours.token)
        requests = [(read, read.sql()) for read in ours.reads()]
        for read, statement in requests:
            compare(client.ask(read.path)[0], asked(cursor, statement, read.values))
        plain = cursor.connection.info.backend_pid
        busy = partial(application_seconds, server, database, but=plain)
        for _ in range(rounds):
            for read, statement in requests:
                before = busy()
                clock[read.name].append(client.ask(read.path)[1])
                processor[read.name].append(busy() - before)
                here = [os.getpid(), plain]
                before, began = processor_seconds(here), time.perf_counter()
                asked(cursor, statement, read.values)
                clock[statement].append(time.perf_counter() - began)
                processor[statement].append(processor_seconds(here) - before)
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


def asked(cursor: Any, statement: str, values: dict[str, Any]) -> str:
    cursor.execute(statement, values)
    (text,) = cursor.fetchone()
    return str(text)


def compare(answer: bytes, text: str) -> None:
    """Raise `AssertionError` unless both have the same JSON, apart from links."""
    ours = {
        name: value
        for name, value in json.loads(answer).items()
        if name not in ("next", "previous")
    }
    if ours != json.loads(text):
        raise AssertionError("PostgreSQL answers otherwise than the application.")


def ratio(one: Times, other: Times) -> str:
    return f"{one.median / other.median:.2f}"
