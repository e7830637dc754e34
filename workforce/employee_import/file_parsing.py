"""Parses a file's bytes into a table: the known columns, and the cells under them.

The type of a file is detected from its content, not from its name. The package `parser` reads it in a separate
process, with limits on memory, processor time, rows, columns and letters.
"""

import json
import logging
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from automatehq.api.errors import Invalid, Problem, TooMany
from automatehq.request_slots import Limits, NoFreeSlot

from .code_pages import CODECS
from .import_columns import BY_FIELD, KEYS
from .parser.parser_limits import EXIT_REJECTED, MAX_COLUMNS, MAX_ROWS

__all__ = [
    "MAX_COLUMNS",
    "MAX_FILE_BYTES",
    "MAX_ROWS",
    "Choices",
    "ParsedTable",
    "read_table",
]

MAX_FILE_BYTES = 10 * 1024 * 1024
# Elapsed time; the limit of a file's processor time is lower.
READING_SECONDS = 30
LIMITS = Limits("employee import", person=2, business=2, server=3)

_PARSER_CODE = (
    "import sys; sys.path.append(sys.argv.pop(1)); "
    "from workforce.employee_import.parser.parser_process import main; sys.exit(main())"
)
logger = logging.getLogger(__name__)
_FOLDER = str(Path(__file__).parent.parent.parent)

MESSAGES: Mapping[str, Promise] = MappingProxyType(
    {
        "empty_file": gettext_lazy("The file is empty."),
        "file_too_large": gettext_lazy("The file is larger than 10 MB."),
        "unsupported_type": gettext_lazy(
            "This file type is not supported. Send an Excel workbook (.xlsx) or a CSV file."
        ),
        "old_or_protected_workbook": gettext_lazy(
            "Old Excel files (.xls) and files with a password cannot be read. Save the file as .xlsx without a password."
        ),
        "file_encrypted": gettext_lazy(
            "The file is protected by a password. Save it again as .xlsx without a password."
        ),
        "damaged_file": gettext_lazy("The file is damaged or incomplete."),
        "open_quotes": gettext_lazy(
            "A quotation mark in the file is not closed: %(error)s."
        ),
        "file_too_complex": gettext_lazy(
            "The file takes too much memory or time to read. Copy the employee rows into a new workbook and save it as .xlsx."
        ),
        "too_many_rows": gettext_lazy(
            "The file has more than 10,000 rows. Send it in parts."
        ),
        "too_many_columns": gettext_lazy("The file has more than 100 columns."),
        "no_rows": gettext_lazy("There are no employees below the headers."),
        "duplicate_column": gettext_lazy(
            "“%(header)s” and “%(first)s” are the same column."
        ),
        "no_such_sheet": gettext_lazy(
            "The workbook does not have this sheet. Its sheets: %(sheets)s."
        ),
        "no_sheets": gettext_lazy("A CSV file has no sheets to choose from."),
        "no_encoding": gettext_lazy("An encoding can be chosen only for CSV files."),
        "encoding_does_not_fit": gettext_lazy(
            "The file is not in the encoding %(encoding)s. Choose another one."
        ),
    }
)
# A recognised file type that is not read → its name, and the advice to the user.
_SAVE_AGAIN = gettext_lazy(
    "This is %(type)s, which is not supported. Save it again as .xlsx."
)
_NO_LIST = gettext_lazy(
    "This is %(type)s, which is not supported. Send the list as an Excel workbook (.xlsx) or a CSV file."
)
FILE_TYPES: Mapping[str, tuple[Promise, Promise]] = MappingProxyType(
    {
        "xls": (gettext_lazy("an Excel 97–2003 workbook (.xls)"), _SAVE_AGAIN),
        "xlsb": (gettext_lazy("a binary Excel workbook (.xlsb)"), _SAVE_AGAIN),
        "xml_spreadsheet": (
            gettext_lazy("an XML spreadsheet of Excel 2003"),
            _SAVE_AGAIN,
        ),
        "sylk": (gettext_lazy("a SYLK spreadsheet (.slk)"), _SAVE_AGAIN),
        "ods": (gettext_lazy("an OpenDocument spreadsheet (.ods)"), _SAVE_AGAIN),
        "numbers": (
            gettext_lazy("an Apple Numbers spreadsheet (.numbers)"),
            _SAVE_AGAIN,
        ),
        "zip_method": (
            gettext_lazy("a workbook with an unusual compression"),
            _SAVE_AGAIN,
        ),
        "html": (
            gettext_lazy("a web page (HTML)"),
            _SAVE_AGAIN,
        ),
        "odt": (gettext_lazy("an OpenDocument file"), _NO_LIST),
        "docx": (gettext_lazy("a Word document (.docx)"), _NO_LIST),
        "pptx": (gettext_lazy("a PowerPoint presentation (.pptx)"), _NO_LIST),
        "pdf": (gettext_lazy("a PDF"), _NO_LIST),
        "picture": (gettext_lazy("a picture"), _NO_LIST),
        "rtf": (gettext_lazy("a rich text document (.rtf)"), _NO_LIST),
        "archive": (gettext_lazy("a compressed archive"), _NO_LIST),
        "xml": (gettext_lazy("an XML file"), _NO_LIST),
        "json": (gettext_lazy("a JSON file"), _NO_LIST),
    }
)
# A code of the parser → the code of the response, and the invalid parameter.
_API_CODES = {
    "open_quotes": ("damaged_file", "file"),
    "no_such_sheet": ("does_not_exist", "sheet"),
    "no_sheets": ("invalid", "sheet"),
    "no_encoding": ("invalid", "encoding"),
    "encoding_does_not_fit": ("invalid", "encoding"),
}
BUSY: Mapping[str, Promise] = MappingProxyType(
    {
        "person": gettext_lazy(
            "Two of your imports are in progress. Wait until one finishes."
        ),
        "business": gettext_lazy(
            "Other imports of your business are in progress. Try again in a few seconds."
        ),
        "server": gettext_lazy(
            "Too many files are being processed. Try again in a few seconds."
        ),
    }
)
# The notes about a file as a whole.
NOTES: Mapping[str, Promise] = MappingProxyType(
    {
        "other_sheet": gettext_lazy(
            "The sheet “%(sheet)s” has employees too. Only the chosen sheet is imported."
        ),
        "hidden_sheet": gettext_lazy(
            "The hidden sheet “%(sheet)s” has employees too. Only the chosen sheet is imported."
        ),
        "hidden_rows": gettext_lazy("Hidden rows are read too: %(count)s."),
    }
)


class Choices(NamedTuple):
    """The sheet and the encoding that a user chose; blank to let the parser find them."""

    sheet: str = ""
    encoding: str = ""


AUTOMATIC_CHOICES = Choices()


class TableCell(NamedTuple):
    """A cell of a column that is read.

    `kind` is `text`, `number` (also digits alone in CSV), `date`, `time`, `boolean`, `error` or `formula` (without a
    result). `is_typed` is False in CSV, where all cells are text.
    """

    text: str
    kind: str = "text"
    is_typed: bool = True

    @property
    def is_number(self) -> bool:
        return self.kind == "number"


BLANK = TableCell("")


class TableRow(NamedTuple):
    """A row: its number as a spreadsheet counts, its cells by field, and the problems of its position."""

    number: int
    cells: Mapping[str, TableCell]
    problems: Sequence[Sequence[str]] = ()

    def cell(self, field: str) -> TableCell:
        """Return the cell under the column of a field; a blank cell without such a column."""
        return self.cells.get(field, BLANK)


@dataclass(frozen=True, slots=True)
class ParsedTable:
    """The rows of a file, and the options it was read with."""

    format: str
    sheet: str | None
    sheets: Sequence[str]
    header_row: int
    columns: Mapping[str, str]  # field → the file's header
    ignored: Sequence[str]
    encoding: str | None
    is_encoding_guessed: bool
    delimiter: str | None
    notes: Sequence[Problem]
    rows: Sequence[TableRow]

    @property
    def has_names(self) -> bool:
        return "full_name" in self.columns or "first_name" in self.columns


def read_table(data: bytes, choices: Choices = AUTOMATIC_CHOICES) -> ParsedTable:
    """Return the table of a file. Raises `Invalid` on `file`, `sheet` or `encoding`."""
    if not data:
        raise file_error("empty_file")
    if len(data) > MAX_FILE_BYTES:
        raise file_error("file_too_large")
    if choices.encoding and choices.encoding not in CODECS:
        detail = _("Choose one of: %(encodings)s.") % {"encodings": ", ".join(CODECS)}
        raise Invalid("invalid_choice", detail, "encoding")
    return _table(json.loads(_run_parser(data, choices)))


def read_with_slot(
    stack: ExitStack,
    data: bytes,
    choices: Choices,
    *,
    person_id: object,
    business_id: object,
) -> ParsedTable:
    """Return `read_table`, using a slot that is held until `stack` is closed.

    Raises `TooMany` too, if no slot is free after a few seconds.
    """
    try:
        LIMITS.enter(stack, person_id=person_id, business_id=business_id)
    except NoFreeSlot as full:
        raise TooMany("too_many_imports", BUSY[full.limit], wait=5) from full
    return read_table(data, choices)


def file_error(code: str, values: Mapping[str, Any] = MappingProxyType({})) -> Invalid:
    """Return the error of a whole file, from the parser's code and values."""
    api_code, attr = _API_CODES.get(code, (code, "file"))
    if code == "missing_column":
        return Invalid(code, _missing_column(values["headers"]), attr)
    if "type" in values:
        name, sentence = FILE_TYPES[values["type"]]
        return Invalid(code, sentence % {"type": name}, attr)
    parameters = {
        name: ", ".join(value) if isinstance(value, list) else value
        for name, value in values.items()
    }
    message = str(MESSAGES[code])
    return Invalid(api_code, message % parameters if parameters else message, attr)


def _missing_column(headers: Sequence[str]) -> str:
    names = [f"“{BY_FIELD[key].english}” ({BY_FIELD[key].hebrew})" for key in KEYS]
    message = _("Add a column %(names)s to identify the employees.") % {
        "names": _(" or ").join(names)
    }
    quoted = [f"“{header}”" for header in headers if header]
    if not quoted:
        return message
    first_row = _("The first row has: %s.") % ", ".join(quoted)
    return f"{message} {first_row}"


def missing_names() -> Invalid:
    """Return the error for a file of new employees without a name."""
    full, first, last = (
        f"“{BY_FIELD[name].english}” ({BY_FIELD[name].hebrew})"
        for name in ("full_name", "first_name", "last_name")
    )
    detail = _(
        "No row matches an existing employee, and new employees need a name. Add the column %(full)s, or both %(first)s and %(last)s."
    ) % {"full": full, "first": first, "last": last}
    return Invalid("missing_column", detail, "file")


def _run_parser(data: bytes, choices: Choices) -> bytes:
    """Return the output of the parser process. Raises `Invalid`."""
    options = json.dumps(choices._asdict()).encode()
    try:
        process = subprocess.run(  # noqa: S603 -- our own code and arguments
            [sys.executable, "-I", "-S", "-c", _PARSER_CODE, _FOLDER],
            input=options + b"\n" + data,
            capture_output=True,
            env={},  # no secret is passed on
            cwd="/",
            timeout=READING_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise file_error("file_too_complex") from error
    if process.returncode == EXIT_REJECTED:
        code, values = json.loads(process.stdout)
        raise file_error(code, values)
    # Killed by a limit, or out of memory.
    if process.returncode < 0 or b"MemoryError" in process.stderr:
        raise file_error("file_too_complex")
    if process.returncode:
        failure = RuntimeError(process.stderr.decode(errors="replace"))
        logger.error("the parser of employee files failed", exc_info=failure)
        raise file_error("damaged_file") from failure
    return process.stdout


def _table(output: Mapping[str, Any]) -> ParsedTable:
    columns = dict(output["columns"])
    is_typed = output["format"] != "csv"
    return ParsedTable(
        format=output["format"],
        sheet=output["sheet"],
        sheets=output["sheets"],
        header_row=output["header_row"],
        columns=columns,
        ignored=output["ignored"],
        encoding=output["encoding"],
        is_encoding_guessed=output["is_encoding_guessed"],
        delimiter=output["delimiter"],
        notes=[Problem(code, NOTES[code] % values) for code, values in output["notes"]],
        rows=[
            TableRow(
                number,
                {
                    name: _cell(cell, is_typed=is_typed)
                    for name, cell in zip(columns, cells, strict=True)
                    if cell is not None
                },
                problems,
            )
            for number, cells, problems in output["rows"]
        ],
    )


def _cell(cell: str | Sequence[str], *, is_typed: bool) -> TableCell:
    if not isinstance(cell, str):
        kind, text = cell
        return TableCell(text, kind, is_typed)
    if is_typed:
        return TableCell(cell)
    digits = cell.strip()
    is_number = digits.isascii() and digits.isdigit()
    return TableCell(cell, "number" if is_number else "text", is_typed=False)
