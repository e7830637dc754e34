"""CSV: the chosen or guessed encoding, the delimiter, and the records."""

import csv
import io
import itertools
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from automatehq.spreadsheet_escape import unescape_cell
from workforce.employee_import.code_pages import CODECS
from workforce.employee_import.file_warnings import count_doubtful
from workforce.employee_import.import_columns import field_of

from .header_rows import Cell, RawRow
from .parser_limits import HEADER_WITHIN, MAX_COLUMNS, MAX_ROWS, RejectedFile

# Characters of binary files. Tab, line feed, carriage return and the like occur in text files.
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")
_BYTE_ORDER_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
# The code pages that are guessed, the most likely first. The others cannot be distinguished from these.
_GUESSED = ("windows-1255", "windows-1252", "cp862")
_GUESSED_LETTERS = 1_000_000
_SNIFFED_LETTERS = 100_000
DELIMITERS = (",", ";", "\t", "|")
# The form of a number that Excel must not change: ="0012".
_EXCEL_TEXT = re.compile(r"\A=\"([^\"]*)\"\Z")
# Excel's line that declares the delimiter.
_SEPARATOR_LINE = re.compile(r"sep=([^\r\n\"])\r?\n", re.IGNORECASE)


class Text(NamedTuple):
    """A decoded file. `is_guess` is True if its encoding was neither chosen nor certain."""

    text: str
    encoding: str
    is_guess: bool


def decode(data: bytes, chosen: str = "") -> Text:
    """Return the text of a file. Raises `RejectedFile` `unsupported_type` for binary data."""
    if chosen:
        return _decode_as_chosen(data, chosen)
    certain = _certain_encoding(data)
    for encoding in (certain,) if certain else (*_utf_16_of(data), "utf-8"):
        text = _text_or_none(data, encoding)
        if text is not None:
            is_guess = not certain and encoding != "utf-8"
            return _checked(Text(text, encoding, is_guess))
    return _checked(_guess(data))


def _decode_as_chosen(data: bytes, chosen: str) -> Text:
    encoding = chosen
    if chosen == "utf-16" and _certain_encoding(data) != "utf-16":
        (encoding,) = _utf_16_of(data) or ("utf-16-le",)
    text = _text_or_none(data, encoding)
    if text is None or _BINARY.search(text):
        raise RejectedFile("encoding_does_not_fit", encoding=chosen)
    return Text(text.removeprefix("\ufeff"), encoding, is_guess=False)


def _certain_encoding(data: bytes) -> str | None:
    """Return the encoding that a byte order mark declares."""
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            return encoding
    return None


def _utf_16_of(data: bytes) -> tuple[str, ...]:
    """Return the UTF-16 encoding of data without a byte order mark, or an empty tuple.

    In UTF-16 an ASCII character has a zero byte: the second in little-endian order, the first in big-endian order.
    Delimiters and line ends alone make zero bytes frequent.
    """
    if b"\x00" not in data:
        return ()
    first, second = data[::2].count(0), data[1::2].count(0)
    if min(first, second) or max(first, second) * 20 < len(data):
        return ()
    return ("utf-16-le",) if second else ("utf-16-be",)


def _guess(data: bytes) -> Text:
    """Return the text in the most likely code page.

    It has the most known headers, and among equals the fewest doubtful words.
    """

    def fitness(text: str) -> tuple[int, int]:
        head = text[:_GUESSED_LETTERS]
        known = max(_known_headers(head, delimiter) for delimiter in DELIMITERS)
        return known, -count_doubtful(head)

    candidates = [
        Text(text, encoding, is_guess=True)
        for encoding in _GUESSED
        if (text := _text_or_none(data, encoding)) is not None
    ]
    if not candidates:
        raise RejectedFile("unsupported_type")
    return max(candidates, key=lambda one: fitness(one.text))


def _text_or_none(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(CODECS[encoding])
    except UnicodeDecodeError:
        return None


def _checked(decoded: Text) -> Text:
    text = decoded.text.removeprefix("\ufeff")
    if _BINARY.search(text):
        raise RejectedFile("unsupported_type")
    return decoded._replace(text=text)


def split_separator_line(text: str) -> tuple[str, str]:
    """Return the delimiter of a first line `sep=;` or the likeliest one, and the other lines."""
    match = _SEPARATOR_LINE.match(text)
    if match:
        return match[1], text[match.end() :]
    return max(DELIMITERS, key=lambda one: _known_headers(text, one)), text


def _known_headers(text: str, delimiter: str) -> int:
    """Return the highest number of known headers in one of the first readable rows."""
    most = 0
    with suppress(csv.Error):
        for cells in itertools.islice(
            _records(text[:_SNIFFED_LETTERS], delimiter), HEADER_WITHIN
        ):
            most = max(most, sum(map(bool, map(field_of, cells[:MAX_COLUMNS]))))
    return most


def rows(text: str, delimiter: str) -> list[RawRow]:
    """Return the rows that are not blank. Raises `RejectedFile` `open_quotes` for unclosed quotes."""
    raw_rows: list[RawRow] = []
    try:
        for number, record in enumerate(_records(text, delimiter), start=1):
            cells: dict[int, Cell] = {
                column: unescape_cell(_EXCEL_TEXT.sub(r"\1", cell))
                for column, cell in enumerate(record)
                if cell and not cell.isspace()
            }
            if not cells:
                continue
            if max(cells) >= MAX_COLUMNS:
                raise RejectedFile("too_many_columns")
            if len(raw_rows) >= MAX_ROWS + HEADER_WITHIN:
                raise RejectedFile("too_many_rows")
            raw_rows.append(RawRow(number, cells))
    except csv.Error as error:
        raise RejectedFile("open_quotes", error=str(error)) from error
    return raw_rows


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
