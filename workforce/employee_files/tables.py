"""The bytes of a file → its table: which columns it has, and the cells under them.

What a file is, its content decides; its name says nothing. Nothing of it is trusted: a workbook is read in a process
apart, and rows, columns and bytes are counted before there are too many.
"""

import csv
import itertools
import json
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from automatehq.cells import typed
from automatehq.rest.errors import Invalid

from . import csv_reader, xlsx_reader
from .headers import BY_FIELD, KEYS, field_of

MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_ROWS = 10_000
MAX_COLUMNS = 100
# Above the headers may stand a title.
HEADER_WITHIN = 10
XLSX_TIMEOUT_SECONDS = 60
# Workbooks that one process of ours has read at the same time; others wait, or all would be slower.
_free_readers = threading.BoundedSemaphore(2)

ZIP = b"PK"
# What Excel wrote before 2007, and what it still writes around a workbook with a password.
OLE = b"\xd0\xcf\x11\xe0"

MESSAGES: Mapping[str, Promise] = MappingProxyType(
    {
        "empty_file": gettext_lazy("The file is empty."),
        "file_too_large": gettext_lazy("The file is larger than 10 MB."),
        "unsupported_type": gettext_lazy(
            "This is not a list of employees: send XLSX, or CSV in UTF-8, UTF-16 or Windows-1255."
        ),
        "old_or_protected_workbook": gettext_lazy(
            "This is an old Excel file (.xls) or one with a password. Save it as XLSX without a password."
        ),
        "file_encrypted": gettext_lazy("The file is protected by a password."),
        "damaged_file": gettext_lazy("The file is damaged or not complete."),
        "file_too_complex": gettext_lazy("The file takes too much memory to read."),
        "too_many_rows": gettext_lazy(
            "The file has more than 10,000 rows. Send it in parts."
        ),
        "too_many_columns": gettext_lazy("The file has more than 100 columns."),
        "no_rows": gettext_lazy("There is no employee under the headers."),
    }
)


def refused(code: str) -> Invalid:
    """The refusal of a whole file."""
    return Invalid(code, MESSAGES[code], "file")


class Cell(NamedTuple):
    """What stands in a cell. `is_number`: a number in XLSX, in CSV nothing but digits. `is_error`: no value at all."""

    text: str
    is_number: bool = False
    is_error: bool = False


BLANK = Cell("")


class Row(NamedTuple):
    """A row and its number as a spreadsheet counts, from 1."""

    number: int
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Table:
    """A file that can be imported: field → the index of its column, the rows under the headers, unknown headers."""

    columns: Mapping[str, int]
    rows: Sequence[Row]
    unknown: Sequence[str] = field(default=())

    def cell(self, row: Row, name: str) -> Cell:
        """The cell of `row` under the column of a field; blank where there is no such column or cell."""
        index = self.columns.get(name)
        if index is None or index >= len(row.cells):
            return BLANK
        return row.cells[index]


def read_table(data: bytes) -> Table:
    """The table of a file. Raises `Invalid` on `file`."""
    if not data:
        raise refused("empty_file")
    if len(data) > MAX_FILE_BYTES:
        raise refused("file_too_large")
    if data.startswith(OLE):
        raise refused("old_or_protected_workbook")
    sheets = _read_xlsx(data) if data.startswith(ZIP) else _read_csv(data)
    if not any(sheets):
        raise refused("no_rows")
    # The first sheet with headers that are known, else the first: to say what it lacks.
    with_headers = (sheet for sheet in sheets if _header_of(sheet) is not None)
    return _table(next(with_headers, next(filter(None, sheets))))


def _table(sheet: Sequence[Row]) -> Table:
    at = _header_of(sheet) or 0
    columns, unknown = _columns(sheet[at])
    rows = sheet[at + 1 :]
    if not rows:
        raise refused("no_rows")
    if len(rows) > MAX_ROWS:
        raise refused("too_many_rows")
    return Table(columns, rows, unknown)


def _header_of(sheet: Sequence[Row]) -> int | None:
    """Where the headers stand: the first row among the first few that names somebody's key or name, and more."""
    for index, row in enumerate(sheet[:HEADER_WITHIN]):
        fields = {field_of(cell.text) for cell in row.cells} - {None}
        if fields & {*KEYS, "full_name"} and len(fields) > 1:
            return index
    return None


def _columns(header: Row) -> tuple[dict[str, int], list[str]]:
    columns: dict[str, int] = {}
    unknown = []
    for index, cell in enumerate(header.cells):
        name = field_of(cell.text)
        if name is None:
            if cell.text.strip():
                unknown.append(cell.text.strip()[:100])
        elif name in columns:
            first = header.cells[columns[name]].text.strip()
            raise Invalid(
                "duplicate_column",
                _("“%(header)s” and “%(first)s” are the same column twice.")
                % {"header": cell.text.strip(), "first": first},
                "file",
            )
        else:
            columns[name] = index
    if not set(KEYS) & set(columns):
        names = [f"“{BY_FIELD[key].english}” ({BY_FIELD[key].hebrew})" for key in KEYS]
        raise Invalid(
            "missing_column",
            _("There is no column %s: one of them says who a row is about.")
            % _(" or ").join(names),
            "file",
        )
    return columns, unknown


# CSV


def _read_csv(data: bytes) -> list[list[Row]]:
    try:
        text = csv_reader.decode(data)
    except csv_reader.NotText as error:
        raise refused("unsupported_type") from error
    said, text = csv_reader.said_delimiter(text)
    delimiter = said or _sniff(text)
    try:
        return [list(_csv_rows(text, delimiter))]
    except csv.Error as error:
        raise Invalid(
            "damaged_file",
            _("The quotes of the file do not close: %s.") % error,
            "file",
        ) from error


def _sniff(text: str) -> str:
    """The delimiter that makes the most headers that are known."""

    def known_headers(delimiter: str) -> int:
        head = itertools.islice(csv_reader.records(text, delimiter), HEADER_WITHIN)
        try:
            return max(sum(map(bool, map(field_of, cells))) for cells in head)
        except (csv.Error, ValueError):
            return 0

    return max(csv_reader.DELIMITERS, key=known_headers)


def _csv_rows(text: str, delimiter: str) -> Iterator[Row]:
    found = 0
    for number, cells in enumerate(csv_reader.records(text, delimiter), start=1):
        while cells and not cells[-1].strip():
            cells.pop()
        if not cells:
            continue
        if len(cells) > MAX_COLUMNS:
            raise refused("too_many_columns")
        found += 1
        if found > MAX_ROWS + HEADER_WITHIN:
            raise refused("too_many_rows")
        yield Row(number, [_csv_cell(cell) for cell in cells])


def _csv_cell(cell: str) -> Cell:
    text = typed(cell)
    digits = text.strip()
    return Cell(text, is_number=digits.isascii() and digits.isdigit())


# XLSX


def _read_xlsx(data: bytes) -> list[list[Row]]:
    answer = _ask_reader(data)
    sheets = [
        [Row(number, [_xlsx_cell(cell) for cell in cells]) for number, cells in sheet]
        for sheet in json.loads(answer)
    ]
    return [
        [row for row in sheet if any(cell.text.strip() for cell in row.cells)]
        for sheet in sheets
    ]


def _ask_reader(data: bytes) -> bytes:
    """The answer of `xlsx_reader`, in a process of its own."""
    sizes: Iterable[int] = (MAX_ROWS + HEADER_WITHIN, MAX_COLUMNS)
    try:
        with _free_readers:
            answer = subprocess.run(  # noqa: S603 -- our own script and arguments
                [sys.executable, "-I", xlsx_reader.__file__, *map(str, sizes)],
                input=data,
                capture_output=True,
                env={},  # our secrets are none of its business
                cwd="/",
                timeout=XLSX_TIMEOUT_SECONDS,
                check=False,
            )
    except subprocess.TimeoutExpired as error:
        raise refused("file_too_complex") from error
    if answer.returncode == xlsx_reader.EXIT_REFUSED:
        raise refused(answer.stdout.decode())
    if answer.returncode < 0 or b"MemoryError" in answer.stderr:  # killed, or no memory
        raise refused("file_too_complex")
    if answer.returncode:
        raise refused("damaged_file") from RuntimeError(answer.stderr.decode())
    return answer.stdout


def _xlsx_cell(cell: Any) -> Cell:
    if cell is None:
        return BLANK
    if isinstance(cell, str):
        return Cell(cell)
    kind, text = cell
    return Cell(text, is_number=kind == "number", is_error=kind == "error")
