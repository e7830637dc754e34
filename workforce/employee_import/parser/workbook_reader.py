"""Reads the table of one sheet of a workbook, and the names and notes of its other sheets."""

from .header_rows import (
    Cell,
    Head,
    HeaderTable,
    Merged,
    RawRow,
    build_output,
    head_of,
    header_among,
)
from .parser_limits import HEADER_WITHIN, MAX_ROWS, RejectedFile
from .xlsx_package import damage
from .xlsx_sheet import Enough, read_rows, read_text
from .xlsx_workbook import Workbook, WorkbookSheet

# After this many rows without a value the search for a header stops.
_BLANK_BEFORE_HEADER = 10_000


def read_workbook(data: bytes, chosen: str) -> object:
    """Return the result for a workbook. Raises `RejectedFile`.

    The sheet is the chosen one, or else the first visible sheet with known headers.
    """
    with damage():
        book = Workbook.open(data)
        names = [sheet.name for sheet in book.sheets if not sheet.is_hidden]
        tops = _tops(book)
        sheet = _sheet(book, tops, chosen)
        head = head_of(tops[sheet.name])
        table, merged = _read_table(book, sheet, head)
    notes = [["hidden_rows", {"count": table.hidden_rows}]] if table.hidden_rows else []
    notes += [
        ["hidden_sheet" if other.is_hidden else "other_sheet", {"sheet": other.name}]
        for other in book.sheets
        if other is not sheet and header_among(tops[other.name])
    ]
    return build_output(
        table,
        table.to_rows(merged),
        format="xlsx",
        sheet=sheet.name,
        sheets=names,
        notes=notes,
    )


def _sheet(book: Workbook, tops: dict[str, list[RawRow]], chosen: str) -> WorkbookSheet:
    if chosen:
        for normalise in (str, _plain):
            for sheet in book.sheets:
                if normalise(sheet.name) == normalise(chosen):
                    return sheet
        raise RejectedFile(
            "no_such_sheet", sheets=[sheet.name for sheet in book.sheets]
        )
    visible = [sheet for sheet in book.sheets if not sheet.is_hidden]
    with_rows = [sheet for sheet in visible if tops[sheet.name]]
    for sheet in with_rows:
        if header_among(tops[sheet.name]):
            return sheet
    if not with_rows:
        raise RejectedFile("no_rows")
    return with_rows[0]


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def _tops(book: Workbook) -> dict[str, list[RawRow]]:
    """Return the first non-blank rows of each sheet."""
    tops = {sheet.name: _top(book, sheet) for sheet in book.sheets}
    texts = book.shared_texts(
        {ref for rows in tops.values() for row in rows for ref in _refs(row)}
    )
    return {
        name: [resolved for row in rows if (resolved := _resolved(row, texts)).cells]
        for name, rows in tops.items()
    }


def _top(book: Workbook, sheet: WorkbookSheet) -> list[RawRow]:
    rows: list[RawRow] = []

    def take(row: RawRow) -> None:
        rows.append(row)
        if len(rows) == HEADER_WITHIN:
            raise Enough

    def count(number: int) -> None:
        since = rows[-1].number if rows else 0
        if number - since > _BLANK_BEFORE_HEADER:
            raise Enough

    with book.package.open(sheet.part) as stream:
        read_rows(stream, book, take, count)
    return rows


def _read_table(
    book: Workbook, sheet: WorkbookSheet, head: Head
) -> tuple[HeaderTable, list[Merged]]:
    texts: dict[int, str] = {}
    table = HeaderTable(head)
    waiting: list[RawRow] = []
    is_below = False

    def add_waiting() -> None:
        """Resolve the shared texts of the waiting rows, and add the rows that are not blank."""
        refs = {ref for row in waiting for ref in _refs(row)} - texts.keys()
        texts.update(book.shared_texts(refs))
        for row in waiting:
            resolved = _resolved(row, texts)
            if resolved.cells:
                table.add(resolved)
        waiting.clear()

    def take(row: RawRow) -> None:
        nonlocal is_below
        if not is_below:
            is_below = row.number == head.number
            return
        resolved = _resolved(head.select_cells(row), texts)
        if resolved.cells:
            waiting.append(resolved)
            if len(waiting) + len(table.rows) > MAX_ROWS:
                add_waiting()

    with book.package.open(sheet.part) as stream:
        merged = read_rows(stream, book, take, ignored=head.ignored)
    add_waiting()
    return table, merged


def _refs(row: RawRow) -> list[int]:
    return [cell for cell in row.cells.values() if isinstance(cell, int)]


def _resolved(row: RawRow, texts: dict[int, str]) -> RawRow:
    """Return a row with its shared texts resolved, without cells that are blank after that."""
    if not _refs(row):
        return row
    cells: dict[int, Cell] = {}
    for column, cell in row.cells.items():
        resolved: Cell | None = cell
        if isinstance(cell, int) and cell in texts:
            resolved = read_text(texts[cell]) if texts[cell] else None
        if resolved is not None:
            cells[column] = resolved
    return row._replace(cells=cells)
