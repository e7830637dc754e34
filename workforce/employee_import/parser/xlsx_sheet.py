"""The rows of a worksheet, streamed; blank rows cost almost no time."""

import contextlib
import re
from collections.abc import Callable, Container, Iterator
from typing import IO, Any

from .header_rows import Cell, Merged, RawRow
from .number_formats import read_iso, read_number
from .parser_limits import MAX_CELL_LETTERS, MAX_LETTERS, MAX_ROW_NUMBER, RejectedFile
from .xlsx_package import CHUNK, feed, local, new_parser
from .xlsx_workbook import Runs, Workbook

_MAX_COLUMN = 16_384
_MAX_MERGED = 100_000
_COLUMN = re.compile("[A-Za-z]{1,3}")
_RANGE = re.compile(r"([A-Z]{1,3})([0-9]{1,7}):[A-Z]{1,3}([0-9]{1,7})")
# The escape in workbooks for characters that XML cannot contain, such as the carriage return of a line break, and for
# an underscore before an escape.
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")

# Rows without a value. Spreadsheet programs write a million of them to store their format.
_ATTRIBUTES = rb'(?: [A-Za-z0-9:]++="[^"<>&]*+")*+'
_PREFIX = rb"(?:[A-Za-z0-9]++:)?+"
_BLANK_CELL = (
    rb"<" + _PREFIX + rb"c" + _ATTRIBUTES + rb" ?+"
    rb"(?:/>|>(?:<" + _PREFIX + rb"v ?+/>)?+</" + _PREFIX + rb"c>)\s*+"
)
_BLANK_ROW = (
    rb"<" + _PREFIX + rb'row r="[0-9]++"' + _ATTRIBUTES + rb" ?+"
    rb"(?:/>|>\s*+(?:" + _BLANK_CELL + rb")*+</" + _PREFIX + rb"row>)\s*+"
)
_BLANK_ROWS = re.compile(rb"(?:" + _BLANK_ROW + rb"){2,}+")
_OTHER_ENCODING = re.compile(rb"""\A[^>]*encoding=["'](?!utf-?8|us-ascii)""", re.I)


class Enough(Exception):
    """Raised by the `take` callback of `read_rows` to stop reading."""


def read_rows(
    stream: IO[bytes],
    book: Workbook,
    take: Callable[[RawRow], object],
    count_row: Callable[[int], object] | None = None,
    ignored: Container[int] = (),
) -> list[Merged]:
    """Call `take` with each non-blank row in the order of the file; return the merged ranges.

    `count_row` is called with the number of each row, blank or not, except for runs of blank rows. Cells of `ignored`
    columns are skipped if their row has another cell.

    Raises `RejectedFile`, and the errors that `xlsx_package.damage` converts.
    """
    reader = _Reader(book, take, count_row, ignored)
    parser = new_parser()
    reader.attach(parser)
    with contextlib.suppress(Enough):
        feed(parser, _without_blank_rows(stream))
    return reader.merged


def _without_blank_rows(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the stream with only the last row of each run of blank rows.

    Parsing a million blank rows takes five seconds; finding them takes half a second. Nothing is removed after the
    first possible comment or section, which may contain text that looks like rows. Nothing is removed in an encoding
    in which the bytes may have another meaning.
    """
    first = chunk = stream.read(CHUNK)
    is_plain = not _OTHER_ENCODING.match(first)
    before = b""
    while chunk:
        window = before + chunk
        if b"<!" in window or window.count(b"<?") > window.startswith(b"<?"):
            is_plain = False
        before = b"<" if chunk.endswith(b"<") else b""
        yield _BLANK_ROWS.sub(_last_of_run, chunk) if is_plain else chunk
        chunk = stream.read(CHUNK)


def _last_of_run(match: re.Match[bytes]) -> bytes:
    run = match[0]
    return run[run.rfind(b"<", 0, run.rfind(b'row r="')) :]


class _Reader:
    """The handlers of a worksheet's elements."""

    def __init__(
        self,
        book: Workbook,
        take: Callable[[RawRow], object],
        count_row: Callable[[int], object] | None,
        ignored: Container[int],
    ) -> None:
        self.merged: list[Merged] = []
        self._book = book
        self._take = take
        self._count_row = count_row
        self._parser: Any = None
        self._names: dict[str, str] = {}
        self._columns: dict[str, int] = {}
        self._ignored = ignored
        self._is_passed_over = False
        self._in_data = False
        self._row, self._column = 0, -1
        self._is_hidden = False
        self._cells: dict[int, Cell] = {}
        self._letters = 0
        # The state of the current cell.
        self._type = "n"
        self._style: str | None = None
        self._has_formula = self._in_inline = False
        self._phonetic = 0
        self._runs = Runs()

    def attach(self, parser: Any) -> None:
        self._parser = parser
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end

    def _local(self, tag: str) -> str:
        name = self._names.get(tag)
        if name is None:
            name = local(tag)
            if len(self._names) < 1000:
                self._names[tag] = name
        return name

    def _start(self, tag: str, attrs: dict[str, str]) -> None:
        name = self._names.get(tag) or self._local(tag)
        if name == "c" and self._in_data:
            self._start_cell(attrs)
        elif self._is_passed_over and name != "row":
            return
        elif not self._in_data:
            if name == "sheetData":
                self._in_data = True
            elif name == "mergeCell":
                self._merge(attrs.get("ref", ""))
        elif name == "row":
            self._start_row(attrs)
        elif name == "f":
            self._has_formula = True
        elif name == "is":
            self._in_inline = True
        elif name == "rPh":
            self._phonetic += 1
        elif name == "v" or (name == "t" and self._in_inline and not self._phonetic):
            self._parser.CharacterDataHandler = self._runs.add

    def _end(self, tag: str) -> None:
        if not self._in_data:
            return
        name = self._names.get(tag) or self._local(tag)
        if name == "c":
            if not self._is_passed_over:
                self._end_cell()
        elif name in ("v", "t"):
            self._parser.CharacterDataHandler = None
        elif name == "row":
            if self._cells:
                self._take(RawRow(self._row, self._cells, self._is_hidden))
                self._cells, self._letters = {}, 0
        elif name == "rPh":
            self._phonetic -= 1
        elif name == "is":
            self._in_inline = False
        elif name == "sheetData":
            self._in_data = False

    def _start_row(self, attrs: dict[str, str]) -> None:
        number = attrs.get("r", "")
        self._row = int(number[:10]) if number.isdecimal() else self._row + 1
        if self._row > MAX_ROW_NUMBER:
            raise RejectedFile("file_too_complex")
        self._column = -1
        self._is_passed_over = False
        self._is_hidden = attrs.get("hidden", "0") in ("1", "true")
        if self._count_row is not None:
            self._count_row(self._row)

    def _start_cell(self, attrs: dict[str, str]) -> None:
        letters = attrs.get("r", "").rstrip("0123456789")
        column = self._columns.get(letters)
        self._column = self._find_column(letters) if column is None else column
        self._is_passed_over = bool(self._cells) and self._column in self._ignored
        if self._is_passed_over:
            return
        self._type = attrs.get("t", "n")
        self._style = attrs.get("s")
        self._has_formula = self._in_inline = False
        self._runs.clear()

    def _find_column(self, letters: str) -> int:
        """Return the index of a column; by default the index after the last column."""
        is_proper = _COLUMN.fullmatch(letters)
        column = column_of(letters) if is_proper else self._column + 1
        if column >= _MAX_COLUMN:
            raise RejectedFile("too_many_columns")
        if is_proper:
            self._columns[letters] = column
        return column

    def _end_cell(self) -> None:
        text = self._runs.text()
        cell = self._read(text) if text else None
        if cell is None and self._has_formula and self._type != "str":
            cell = ["formula", ""]
        if cell is not None:
            self._cells[self._column] = cell
            self._letters += len(text)
            if self._letters > MAX_LETTERS:
                raise RejectedFile("file_too_complex")

    def _read(self, text: str) -> Cell | None:
        kind = self._type
        if kind == "s":
            return int(text)
        if kind in ("str", "inlineStr"):
            return read_text(text)
        if not text.strip():
            return None
        if kind == "b":
            return ["boolean", "TRUE" if text.strip() in ("1", "true") else "FALSE"]
        if kind == "e":
            return ["error", text[:40]]
        if kind == "d":
            return read_iso(text)
        shown = self._book.format_of(self._style)
        return read_number(text.strip(), shown, is_1904=self._book.is_1904)

    def _merge(self, ref: str) -> None:
        match = _RANGE.fullmatch(ref.replace("$", ""))
        if match and len(self.merged) < _MAX_MERGED:
            left, top, bottom = match.groups()
            self.merged.append((column_of(left), int(top), int(bottom)))


def read_text(text: str) -> Cell | None:
    """Return the cell of a text; None for blank text, an error for one that is too long."""
    if len(text) > MAX_CELL_LETTERS:
        return ["error", f"{text[:30]}…"]
    if text.isspace():
        return None
    return _ESCAPED.sub(_unescaped, text) if "_x" in text else text


def column_of(letters: str) -> int:
    """Return the index of a column from 0: A is 0, AA is 26."""
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - 64
    return index - 1


def _unescaped(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    is_character = code and not 0xD800 <= code <= 0xDFFF
    return chr(code) if is_character else match[0]
