"""Statistics of measurements, and their Markdown format."""

import os
import platform
from collections.abc import Iterable, Sequence
from statistics import median, quantiles
from typing import NamedTuple

from django.db import connection


class Times(NamedTuple):
    """A median and a 95th percentile, in milliseconds."""

    median: float
    p95: float

    def __str__(self) -> str:
        return f"{self.median:,.1f} ({self.p95:,.1f})"


def times(seconds: Sequence[float]) -> Times:
    """Return the statistics of at least two measurements in seconds."""
    return Times(median(seconds) * 1000, quantiles(seconds, n=20)[-1] * 1000)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def describe_machine() -> str:
    """Return versions, number of processors and load of this machine as text."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        (version,) = cursor.fetchone()
    load, _, _ = os.getloadavg()
    return f"Python {platform.python_version()}, PostgreSQL {version}, {os.cpu_count()} processors, load {load:.1f}"
