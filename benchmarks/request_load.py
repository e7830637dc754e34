"""Measure requests per second, and memory after many requests.

Sixteen clients send the requests to two web processes.
"""

import itertools
import threading
import time
from collections.abc import Iterator

from .databases import Database
from .requests import find_measured_business
from .servers import BenchmarkClient, Server, gunicorn

WORKERS, CLIENTS = 2, 16
EARLY_SHARE = 0.1
# The number of requests per access token, which is valid for fifteen minutes.
REQUESTS_PER_TOKEN = 1000


def measure(database: Database, requests: int) -> str:
    """Return a text with requests per second, errors, and memory per process.

    Memory is measured after a tenth of the requests and after all.
    """
    with gunicorn(database, workers=WORKERS, threads=CLIENTS // WORKERS) as server:
        start = time.monotonic()
        early, errors = 0, 0
        for part, count in (("early", int(requests * EARLY_SHARE)), ("late", requests)):
            already = int(requests * EARLY_SHARE) if part == "late" else 0
            errors += sum(_send_requests(database, server, count - already))
            if part == "early":
                early = server.memory()
        seconds = time.monotonic() - start
        late = server.memory()
    return (
        f"{requests:,} requests of {CLIENTS} clients to {WORKERS} processes of {CLIENTS // WORKERS} threads: "
        f"{requests / seconds:,.0f} a second, errors {errors}; a process has {early / 2**20:,.1f} MB after "
        f"{int(requests * EARLY_SHARE):,} and {late / 2**20:,.1f} MB after all ({late / early - 1:+.1%})."
    )


def _send_requests(database: Database, server: Server, count: int) -> Iterator[int]:
    """Send `count` requests, the measured ones in turn; yield the number of errors in each thousand."""
    while count > 0:
        part = min(count, REQUESTS_PER_TOKEN)
        count -= part
        measured = find_measured_business(database)
        paths = itertools.cycle([read.path for read in measured.reads()[:3]])
        batch = [next(paths) for _ in range(part)]
        errors: list[Exception] = []
        threads = [
            threading.Thread(
                target=_client,
                args=(server.client(measured.token), batch[n::CLIENTS], errors),
            )
            for n in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        yield len(errors)


def _client(client: BenchmarkClient, paths: list[str], errors: list[Exception]) -> None:
    for path in paths:
        try:
            client.send(path)
        except (OSError, RuntimeError) as error:
            errors.append(error)
    client.connection.close()
