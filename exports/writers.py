"""Files from rows. The same rows give the same bytes: nothing in a file depends on when it was made."""

import csv
import io
from collections.abc import Iterator
from typing import IO

from .columns import DAYS_CSV, Column
from .models import ExportRun
from .rows import DayRow


def write_days_csv(rows: Iterator[DayRow], file: IO[bytes]) -> None:
    """A row a day, employee and site; UTF-8 with a byte order mark, so that spreadsheets read Hebrew."""
    _write_csv(DAYS_CSV, rows, file, encoding="utf-8-sig")


def _write_csv(
    columns: tuple[Column, ...],
    rows: Iterator[DayRow],
    file: IO[bytes],
    *,
    encoding: str,
) -> None:
    out = io.TextIOWrapper(file, encoding=encoding, newline="", write_through=True)
    writer = csv.writer(out)
    writer.writerow([column.header for column in columns])
    for row in rows:
        writer.writerow([column.value(row) for column in columns])
    out.flush()
    out.detach()  # the caller's file stays open


WRITERS = {ExportRun.Kind.DAYS_CSV: (write_days_csv, "csv", "text/csv")}
