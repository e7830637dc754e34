"""The workbook: its sheets, the number formats of its cells, and their shared texts."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from .number_formats import PLAIN, Format, built_in_format, format_of
from .parser_limits import MAX_CELL_LETTERS, MAX_SHEETS, RejectedFile
from .xlsx_package import Package, chunks_of, feed, local, new_parser

# Excel's limit.
_MAX_STYLES = 65_490
_MAX_FORMATS = 10_000


class WorkbookSheet(NamedTuple):
    """A worksheet's name and part."""

    name: str
    part: str
    is_hidden: bool


@dataclass
class Workbook:
    """The parts of a workbook that are read before its worksheets."""

    package: Package
    sheets: list[WorkbookSheet] = field(default_factory=list)
    formats: list[Format] = field(default_factory=list)
    strings: str | None = None
    is_1904: bool = False

    @classmethod
    def open(cls, data: bytes) -> "Workbook":
        """Return the workbook in these bytes.

        Raises `RejectedFile`, and the errors that `xlsx_package.damage` converts.
        """
        book = cls(Package(data))
        part = book.package.workbook()
        related = book.package.related(part)
        styles = None
        for kind, path in related.values():
            if kind == "sharedStrings":
                book.strings = path
            elif kind == "styles":
                styles = path

        def on_element(tag: str, attrs: dict[str, str]) -> None:
            if tag == "workbookPr":
                book.is_1904 = attrs.get("date1904", "0") in ("1", "true", "on")
            elif tag == "sheet":
                book.add_sheet(attrs, related)

        book.package.walk(part, on_element)
        if not book.sheets:
            raise RejectedFile("no_rows" if related else "damaged_file")
        if styles is not None and book.package.has(styles):
            book.formats = _read_formats(book.package, styles)
        return book

    def add_sheet(
        self, attrs: dict[str, str], related: dict[str, tuple[str, str]]
    ) -> None:
        """Add a `<sheet>`, unless it is a chart or a dialog."""
        for name, value in attrs.items():
            if ":" in name and local(name) == "id" and value in related:
                kind, path = related[value]
                if kind == "worksheet":
                    is_hidden = attrs.get("state", "visible") != "visible"
                    self.sheets.append(
                        WorkbookSheet(attrs.get("name", ""), path, is_hidden)
                    )
                if len(self.sheets) > MAX_SHEETS:
                    raise RejectedFile("file_too_complex")

    def format_of(self, style: str | None) -> Format:
        """Return the number format of a cell's style."""
        if style is None or not style.isdigit():
            return PLAIN
        index = int(style[:9])
        return self.formats[index] if index < len(self.formats) else PLAIN

    def shared_texts(self, numbers: Iterable[int]) -> dict[int, str]:
        """Return the shared texts with these numbers; stream the table no further than needed."""
        needed = set(numbers)
        if not needed:
            return {}
        if self.strings is None:
            raise RejectedFile("damaged_file")
        texts = _read_texts(self.package, self.strings, needed)
        if len(texts) < len(needed):
            raise RejectedFile("damaged_file")
        return texts


def _read_formats(package: Package, part: str) -> list[Format]:
    """Return the number format of each cell style. Other properties of styles are ignored."""
    custom: dict[str, Format] = {}
    styles: list[str] = []
    inside = False

    def on_start(tag: str, attrs: dict[str, str]) -> None:
        nonlocal inside
        name = local(tag)
        if name == "cellXfs":
            inside = True
        elif name == "xf" and inside and len(styles) < _MAX_STYLES:
            styles.append(attrs.get("numFmtId", "0"))
        elif name == "numFmt" and len(custom) < _MAX_FORMATS:
            code = attrs.get("formatCode", "")[:255]
            custom.setdefault(attrs.get("numFmtId", ""), format_of(code))

    def on_end(tag: str) -> None:
        nonlocal inside
        if local(tag) == "cellXfs":
            inside = False

    parser = new_parser()
    parser.StartElementHandler = on_start
    parser.EndElementHandler = on_end
    with package.open(part) as stream:
        feed(parser, chunks_of(stream))
    return [
        custom.get(style)
        or (built_in_format(int(style)) if style.isdecimal() else PLAIN)
        for style in styles
    ]


class _Enough(Exception):
    """All needed texts have been found."""


def _read_texts(package: Package, part: str, needed: set[int]) -> dict[int, str]:
    """Return the texts of the `<si>` elements with these numbers, without phonetic hints.

    A text consists of all its runs.
    """
    reader = _Texts(needed)
    try:
        with package.open(part) as stream:
            feed(reader.parser, chunks_of(stream))
    except _Enough:
        pass
    return reader.texts


class _Texts:
    """The handlers of the table of shared texts."""

    def __init__(self, needed: set[int]) -> None:
        self.texts: dict[int, str] = {}
        self.parser = new_parser()
        self.parser.StartElementHandler = self._start
        self._needed = needed
        self._last = max(needed)
        self._number = -1
        self._is_needed = False
        self._phonetic = 0
        self._runs = Runs()

    def _start(self, tag: str, _attrs: dict[str, str]) -> None:
        if tag[-2:] == "si" and local(tag) == "si":
            self._number += 1
            if self._number > self._last:
                raise _Enough
            self._is_needed = self._number in self._needed
            self._runs.clear()
            self.parser.EndElementHandler = self._end if self._is_needed else None
        elif self._is_needed:
            name = local(tag)
            if name == "rPh":
                self._phonetic += 1
            elif name == "t" and not self._phonetic:
                self.parser.CharacterDataHandler = self._runs.add

    def _end(self, tag: str) -> None:
        name = local(tag)
        if name == "t":
            self.parser.CharacterDataHandler = None
        elif name == "rPh":
            self._phonetic -= 1
        elif name == "si":
            self.texts[self._number] = self._runs.text()
            self._is_needed = False


class Runs:
    """The text of a cell, collected from its runs, up to one letter more than a cell can have."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._left = MAX_CELL_LETTERS + 1

    def clear(self) -> None:
        if self._parts:
            self._parts = []
            self._left = MAX_CELL_LETTERS + 1

    def add(self, text: str) -> None:
        if self._left > 0:
            self._parts.append(text[: self._left])
            self._left -= len(text)

    def text(self) -> str:
        return "".join(self._parts)
