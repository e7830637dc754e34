"""Finds the header row of a file, and reads the cells under known columns."""

import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from workforce.employee_import.import_columns import (
    KEYS,
    NAME_PARTS,
    field_of,
    is_plain_name,
)

from .parser_limits import (
    HEADER_WITHIN,
    MAX_COLUMNS,
    MAX_LETTERS,
    MAX_ROWS,
    RejectedFile,
)

# A text, `[kind, text]`, or the number of a shared text that is not resolved yet.
Cell = str | list[str] | int
# The first column, the first and the last row.
Merged = tuple[int, int, int]

_HEADER_LETTERS = 100
# Cells without a column that are stored, to report the first with a text.
_STRAY_CELLS = 3


class RawRow(NamedTuple):
    """A row's number as a spreadsheet counts, from 1, and its cells that are not blank, by column from 0."""

    number: int
    cells: dict[int, Cell]
    is_hidden: bool = False


def text_of(cell: Cell | None) -> str:
    if isinstance(cell, list):
        return cell[1]
    return cell if isinstance(cell, str) else ""


def fields_in(row: RawRow) -> dict[int, str]:
    """Return the fields that the cells of a row name, by column."""
    named = {column: field_of(text_of(cell)) for column, cell in row.cells.items()}
    return {column: name for column, name in named.items() if name}


def is_header(row: RawRow) -> bool:
    """Return True for a row that names an employee's key or name, and another column."""
    fields = set(fields_in(row).values())
    return len(fields) > 1 and bool(fields & {*KEYS, "full_name", *NAME_PARTS})


def header_among(rows: Sequence[RawRow]) -> RawRow | None:
    return next(filter(is_header, rows[:HEADER_WITHIN]), None)


@dataclass
class Head:
    """The header row: the columns that are read, in the file's order, and the ignored columns."""

    number: int
    columns: list[tuple[int, str, str]]  # index, field, header
    ignored: dict[int, str]

    @classmethod
    def of(cls, row: RawRow) -> "Head":
        """Return the head of a table.

        Raises `RejectedFile` `missing_column`, `duplicate_column`, `too_many_columns`.
        """
        headers = {
            column: " ".join(text_of(cell).split())[:_HEADER_LETTERS]
            for column, cell in sorted(row.cells.items())
        }
        if max(headers, default=0) >= MAX_COLUMNS:
            raise RejectedFile("too_many_columns")
        fields = _without_lone_parts(fields_in(row), headers)
        first: dict[str, int] = {}
        for column, name in sorted(fields.items()):
            if name in first:
                raise RejectedFile(
                    "duplicate_column",
                    header=headers[column],
                    first=headers[first[name]],
                )
            first[name] = column
        if not set(KEYS) & set(first):
            raise RejectedFile("missing_column", headers=list(headers.values())[:10])
        return cls(
            row.number,
            [(column, name, headers[column]) for name, column in first.items()],
            {
                column: text
                for column, text in headers.items()
                if text and column not in fields
            },
        )

    def select_cells(self, row: RawRow) -> RawRow:
        """Return a row with the cells of known columns, and a few without a header.

        If the row has cells of ignored columns only, a few of them stay, because the row is not blank.
        """
        known = {
            column: row.cells[column]
            for column, _field, _header in self.columns
            if column in row.cells
        }
        others = [column for column in row.cells if column not in known]
        strays = [column for column in others if column not in self.ignored]
        for column in strays[:_STRAY_CELLS] or others[: 0 if known else _STRAY_CELLS]:
            known[column] = row.cells[column]
        return row._replace(cells=known)


def _without_lone_parts(
    fields: dict[int, str], headers: dict[int, str]
) -> dict[int, str]:
    """Return the fields without incomplete or redundant parts of the name.

    First and last name count only together, and a full name replaces both. “Name” beside “Surname” is a first name.
    """
    names = set(fields.values())
    if "last_name" in names and "first_name" not in names:
        fields = {
            column: "first_name"
            if name == "full_name" and is_plain_name(headers[column])
            else name
            for column, name in fields.items()
        }
        names = set(fields.values())
    if "full_name" in names or not {"first_name", "last_name"} <= names:
        return {
            column: name for column, name in fields.items() if name not in NAME_PARTS
        }
    return fields


@dataclass
class HeaderTable:
    """The rows under a head."""

    head: Head
    rows: list[RawRow] = field(default_factory=list)
    hidden_rows: int = 0
    letters: int = 0

    def add(self, row: RawRow) -> None:
        """Add a row with resolved texts.

        Raises `RejectedFile` `too_many_rows`, `file_too_complex`.
        """
        if len(self.rows) >= MAX_ROWS:
            raise RejectedFile("too_many_rows")
        self.letters += sum(len(text_of(cell)) for cell in row.cells.values())
        if self.letters > MAX_LETTERS:
            raise RejectedFile("file_too_complex")
        self.hidden_rows += row.is_hidden
        self.rows.append(row)

    def to_rows(self, merged: Iterable[Merged] = ()) -> list[Any]:
        """Return `[number, cells in the order of the columns, problems]` for each row.

        Raises `RejectedFile` `no_rows`.
        """
        if not self.rows:
            raise RejectedFile("no_rows")
        covered = self._covered(merged)
        is_misplaced = False
        output = []
        for row in self.rows:
            problems: list[list[str]] = []
            other = self._is_other_header(row)
            if other is not None:
                is_misplaced = other
            if other is False:
                problems.append(["repeated_header"])
            elif is_misplaced:
                problems.append(["other_header"])
            else:
                problems += self._strays(row)
                problems += [
                    ["merged_cells", one] for one in covered.get(row.number, ())
                ]
            cells = [
                row.cells.get(column) for column, _field, _header in self.head.columns
            ]
            output.append([row.number, cells, problems])
        return output

    def _is_other_header(self, row: RawRow) -> bool | None:
        """Return False for a repeated header row, True for a different one, None for other rows."""
        named = fields_in(row)
        if not named:
            return None
        expected = {column: name for column, name, _header in self.head.columns}
        names = {*NAME_PARTS, "full_name"}
        is_same = set(row.cells) <= {*named, *self.head.ignored} and all(
            expected.get(column) == name or {expected.get(column), name} <= names
            for column, name in named.items()
        )
        if is_same:
            return False
        return True if is_header(row) else None

    def _strays(self, row: RawRow) -> Iterator[list[str]]:
        columns = {column for column, _field, _header in self.head.columns}
        strays = [
            text_of(cell)
            for column, cell in row.cells.items()
            if column not in columns and column not in self.head.ignored
        ]
        if strays:
            yield ["extra_cells", strays[0][:40]]

    def _covered(self, merged: Iterable[Merged]) -> dict[int, list[str]]:
        """Return the blank fields of each row that are merged with a filled cell above."""
        by_number = {row.number: row for row in self.rows}
        numbers = sorted(by_number)
        covered: dict[int, list[str]] = {}
        for left, top, bottom in merged:
            if bottom == top or top not in by_number:
                continue
            filled = by_number[top].cells
            fields = [
                name
                for column, name, _header in self.head.columns
                if column == left and column in filled
            ]
            if not fields:
                continue
            since = bisect.bisect_right(numbers, top)
            for number in numbers[since : bisect.bisect_right(numbers, bottom)]:
                if left not in by_number[number].cells:
                    covered.setdefault(number, []).extend(fields)
        return covered


def head_of(rows: list[RawRow]) -> Head:
    """Return the head of a table. Without a header row, the first row is taken, so that the error lists its columns."""
    if not rows:
        raise RejectedFile("no_rows")
    return Head.of(header_among(rows) or rows[0])


def build_output(
    table: HeaderTable, rows: list[object], **values: object
) -> dict[str, object]:
    """Return the parser's output: how the file was read, and the rows."""
    return {
        "sheet": None,
        "sheets": [],
        "encoding": None,
        "is_encoding_guessed": False,
        "delimiter": None,
        "notes": [],
        **values,
        "header_row": table.head.number,
        "columns": [[name, header] for _index, name, header in table.head.columns],
        "ignored": list(table.head.ignored.values()),
        "rows": rows,
    }
