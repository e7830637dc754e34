"""Reads an XLSX workbook in a process of its own: `python -I xlsx_reader.py <rows> <columns>`, the workbook on stdin.

A workbook is a zip of XML that strangers send: a few kilobytes of it can ask for gigabytes of memory. What its parts
will unpack to is looked at first; then the process has limits of memory and time, and when it dies nobody else does.
This file is run as a script: it imports nothing of ours.

Answers with JSON: `[sheet, …]`, each a list of `[row number, [cell, …]]`, without the rows that are blank. A cell is
null, text, or a pair: `["number", "123"]`, `["date", "2026-03-05"]`, `["error", "#N/A"]`. Of each sheet there is one row
more than asked for if it has them. Exit status 3 is a refusal, its code on stdout.
"""

import datetime
import json
import re
import sys
import zipfile
from contextlib import suppress
from io import BytesIO
from typing import Any

import openpyxl

MAX_MEMORY_BYTES = 1024**3
MAX_CPU_SECONDS = 30
# What 10,000 rows need is a few megabytes.
MAX_UNPACKED_BYTES = 100 * 1024**2
MAX_PART_BYTES = 8 * 1024**2  # of the parts that are read as a whole
MAX_SHEETS = 20
MAX_ROW_NUMBER = (
    2**20
)  # Excel's own; a few letters of XML claim a million times as many
# Of all cells together. A workbook keeps a text once and names it in as many cells as it likes; who reads our answer
# would have it as often.
MAX_LETTERS = 8 * 1000**2
EXIT_REFUSED = 3
_LARGE_PARTS = ("xl/worksheets/", "xl/sharedstrings", "xl/media/")
# How a workbook writes what XML can't, such as the carriage return of a line break, and an underscore before such a thing.
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
# Larger whole numbers are not exact in a spreadsheet.
MAX_EXACT = 10**15


class Refusal(Exception):
    """Carries the code of the refusal."""


def limit_resources() -> None:
    """Take memory and time away from this process, where the system can."""
    try:
        import resource  # noqa: PLC0415 -- Unix has it
    except ImportError:
        return
    for what, most in (
        (resource.RLIMIT_AS, MAX_MEMORY_BYTES),
        (resource.RLIMIT_CPU, MAX_CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)  # noqa: PLW2901
        with suppress(ValueError, OSError):  # macOS knows some limits in name only
            resource.setrlimit(what, (most, most))


def check_parts(data: bytes) -> None:
    """Refuse what would unpack to too much, by what the zip says: nothing unpacks to more than it says."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        parts = archive.infolist()
    if any(part.flag_bits & 1 for part in parts):
        raise Refusal("file_encrypted")
    if "[Content_Types].xml" not in {part.filename for part in parts}:
        raise Refusal("unsupported_type")
    if sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES or any(
        part.file_size > MAX_PART_BYTES
        for part in parts
        if not part.filename.lower().startswith(_LARGE_PARTS)
    ):
        raise Refusal("file_too_complex")


def read_sheets(data: bytes, rows: int, columns: int) -> list[Any]:
    # By formulas' last results, and without what it refers to elsewhere.
    book = openpyxl.load_workbook(
        BytesIO(data), read_only=True, data_only=True, keep_links=False
    )
    visible = [
        sheet
        for sheet in book.worksheets[:MAX_SHEETS]
        if sheet.sheet_state == "visible"
    ]
    sheets, letters = [], 0
    for sheet in visible:
        found, more = read_sheet(sheet, rows, columns, MAX_LETTERS - letters)
        sheets.append(found)
        letters += more
    return sheets


def read_sheet(
    sheet: Any, rows: int, columns: int, most_letters: int
) -> tuple[list[Any], int]:
    """The rows of a sheet, and how many letters stand in them."""
    # What a sheet says of its own size may be anything.
    sheet.reset_dimensions()
    found: list[Any] = []
    letters = 0
    for number, row in enumerate(sheet.iter_rows(), start=1):
        if number > MAX_ROW_NUMBER:
            raise Refusal("file_too_complex")
        cells = [read_cell(cell) for cell in row]
        while cells and cells[-1] is None:
            cells.pop()
        if not cells:
            continue
        if len(cells) > columns:
            raise Refusal("too_many_columns")
        letters += sum(map(letters_of, cells))
        if letters > most_letters:
            raise Refusal("file_too_complex")
        found.append([number, cells])
        if len(found) > rows:
            break
    return found, letters


def letters_of(cell: Any) -> int:
    text = cell[1] if isinstance(cell, list) else cell
    return len(text or "")


def read_cell(cell: Any) -> Any:
    value = cell.value
    if value is None:
        return None
    if cell.data_type == "e":
        return ["error", str(value)]
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return read_number(value)
    if isinstance(value, datetime.date):  # a datetime is one, too
        return ["date", value.strftime("%Y-%m-%d")]
    return _ESCAPED.sub(_unescaped, str(value))


def _unescaped(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    is_character = code and not 0xD800 <= code <= 0xDFFF
    return chr(code) if is_character else match[0]


def read_number(value: float) -> list[str]:
    if abs(value) >= MAX_EXACT:
        return ["error", f"{value:.15g}"]
    whole = int(value)
    return ["number", str(whole) if whole == value else repr(value)]


def main(rows: str, columns: str) -> int:
    limit_resources()
    try:
        data = sys.stdin.buffer.read()
        check_parts(data)
        sheets = read_sheets(data, int(rows), int(columns))
    except Refusal as refusal:
        sys.stdout.write(str(refusal))
        return EXIT_REFUSED
    sys.stdout.write(json.dumps(sheets))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
