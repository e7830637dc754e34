"""The main function of the parser process.

stdin contains a line of options as JSON, then the file. stdout receives the result as JSON. Exit status 3 means that
the file was rejected: stdout has the error code and the values of its message.
"""

import json
import sys
from typing import Any

from automatehq.process_limits import limit_resources

from . import rejected_types
from .header_rows import HeaderTable, build_output, head_of
from .parser_limits import (
    EXIT_REJECTED,
    MAX_CPU_SECONDS,
    MAX_MEMORY_BYTES,
    RejectedFile,
)


def main() -> int:
    limit_resources(memory_bytes=MAX_MEMORY_BYTES, cpu_seconds=MAX_CPU_SECONDS)
    options = json.loads(sys.stdin.buffer.readline())
    data = sys.stdin.buffer.read()
    try:
        output, status = read(data, **options), 0
    except RejectedFile as error:
        output, status = [error.code, error.values], EXIT_REJECTED
    sys.stdout.buffer.write(json.dumps(output, ensure_ascii=False).encode())
    return status


def read(data: bytes, *, sheet: str, encoding: str) -> object:
    """Return the result for a file. Raises `RejectedFile`."""
    rejected_types.reject_other_types(data)
    if data.startswith(rejected_types.ZIP):
        if encoding:
            raise RejectedFile("no_encoding")
        from .workbook_reader import read_workbook  # noqa: PLC0415 -- CSV need not wait for it

        return read_workbook(data, sheet)
    if sheet:
        raise RejectedFile("no_sheets")
    return _read_csv(data, encoding)


def _read_csv(data: bytes, chosen: str) -> Any:
    from . import csv_text  # noqa: PLC0415 -- a workbook need not wait for it

    decoded = csv_text.decode(data, chosen)
    delimiter, content = csv_text.split_separator_line(decoded.text)
    rows = csv_text.rows(content, delimiter)
    head = head_of(rows)
    table = HeaderTable(head)
    for row in rows:
        if row.number > head.number:
            table.add(head.select_cells(row))
    return build_output(
        table,
        table.to_rows(),
        format="csv",
        encoding=decoded.encoding,
        is_encoding_guessed=decoded.is_guess,
        delimiter=delimiter,
    )
