"""Reads CSV in whatever encoding and with whatever delimiter spreadsheets write it here."""

import csv
import io
import re
from collections.abc import Iterator

# What is no text at all. Tab, line feed, carriage return and the like stand in files of text.
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")
_ENCODINGS = ("utf-8", "cp1255")
_BYTE_ORDER_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
DELIMITERS = (",", ";", "\t", "|")
# Excel's own way to say which delimiter follows.
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


class NotText(Exception):
    """These bytes are text in no encoding that is read here."""


def decode(data: bytes) -> str:
    """The text of a file: UTF-8 or UTF-16, with a mark or without, else Windows-1255. Raises `NotText`."""
    for encoding in _candidates(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        text = text.removeprefix("\ufeff")
        if not _BINARY.search(text):
            return text
    raise NotText


def _candidates(data: bytes) -> tuple[str, ...]:
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            return (encoding,)
    if b"\x00" in data:
        # In UTF-16 the zeros are halves of ASCII: all of them second halves where the small half comes first, and
        # delimiters and line ends alone make many.
        first, second = data[::2].count(0), data[1::2].count(0)
        if min(first, second) or max(first, second) * 20 < len(data):
            return ()
        return ("utf-16-le",) if second else ("utf-16-be",)
    return _ENCODINGS


def said_delimiter(text: str) -> tuple[str | None, str]:
    """The delimiter of a first line `sep=;` and the text after it; None where there is no such line."""
    match = _SEPARATOR_LINE.match(text)
    return (match[1], text[match.end() :]) if match else (None, text)


def records(text: str, delimiter: str) -> Iterator[list[str]]:
    """The records of a file, a cell may hold line ends. Raises `csv.Error` for quotes that do not close."""
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
