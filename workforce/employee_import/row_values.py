"""Converts rows of cells to rows of values, with the errors and warnings of their cells."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from django.utils.translation import gettext as _

from automatehq.api.errors import Problem
from automatehq.text import clean_line
from workforce.identifiers import normalise_passport

from .file_parsing import BLANK, ParsedTable, TableCell, TableRow
from .file_warnings import is_doubtful
from .import_columns import KEYS, NAME_PARTS, READ_COLUMNS

# Fields with dates, and the local way to write a date; `DateField` parses the ISO form alone.
DATES = ("started_on", "left_on")
_DAY_FIRST = re.compile(r"([0-9]{1,2})[/.]([0-9]{1,2})[/.]([0-9]{4})")
# A long number as a spreadsheet shows it in a narrow column: 3.05123E+08.
_SHORTENED = re.compile(r"[0-9]+([.,][0-9]+)?E\+?[0-9]+", re.IGNORECASE)
# Dates and times as spreadsheets write them into CSV: 3-Dec, Dec-26, 03/12/2026, 2026-12-03, 7:30.
_MONTHS = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_MOMENT = re.compile(
    rf"[0-9]{{1,2}}[-/ ]{_MONTHS}(?:[-/ ][0-9]{{2,4}})?|{_MONTHS}[-/ ][0-9]{{2,4}}"
    r"|[0-9]{1,2}([-/.])[0-9]{1,2}\1[0-9]{4}|[0-9]{4}([-/.])[0-9]{1,2}\2[0-9]{1,2}"
    r"|[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?: ?[ap]m)?",
    re.IGNORECASE,
)
# Kinds of cells that are not text, and the fields that may have them.
CHANGED_KINDS = ("date", "time", "boolean")
NOT_TEXT = (*DATES, "is_active")
_TRUE = {"1", "true", "yes", "y", "כן", "v", "✓", "active", "פעיל"}
_FALSE = {"0", "false", "no", "n", "לא", "inactive", "לא פעיל"}


class Key(NamedTuple):
    """A passport or external id.

    `is_number` is True for a number, which may have lost its leading zeros. `looks_changed` is True for text that
    looks like a date or time that a spreadsheet has made of an id.
    """

    text: str = ""
    is_number: bool = False
    looks_changed: bool = False


@dataclass(slots=True)
class PersonRow:
    """The values of a row: the keys, and the other fields with a non-blank cell, as text.

    `is_header` marks repeated headers. `is_part_of_name` means that `full_name` is the first or last name alone.
    `looks_changed` contains the fields with a text that a spreadsheet may have changed. The text is accepted if it
    equals the stored value.
    """

    number: int
    passport: Key
    external: Key
    values: dict[str, str]
    is_active: bool | None = None
    is_header: bool = False
    is_part_of_name: bool = False
    looks_changed: set[str] = field(default_factory=set)
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


def person_rows(table: ParsedTable) -> Iterator[PersonRow]:
    return (_person_row(table, row) for row in table.rows)


def visible(text: str) -> str:
    """Return the text of a cell as the API would store it."""
    return clean_line(text)


def _person_row(table: ParsedTable, row: TableRow) -> PersonRow:
    person = PersonRow(row.number, Key(), Key(), {})
    for code, *details in row.problems:
        _add_problem(person, code, *details)
    if person.is_header:
        return person
    for column in READ_COLUMNS:
        cell = row.cell(column.field)
        if cell is BLANK or (cell.kind != "formula" and not visible(cell.text)):
            continue
        problem = _problem_of(cell, column.field)
        if problem is not None:
            person.errors.append(problem)
        else:
            _set_value(person, column.field, cell)
    if "first_name" in table.columns:
        _join_names(person)
    return person


def _add_problem(person: PersonRow, code: str, subject: str = "") -> None:
    """Add the error or warning for the position of a row or its cells."""
    if code == "repeated_header":
        person.is_header = True
        detail = _("The headers are repeated here. The row is skipped.")
        person.warnings.append(Problem(code, detail))
    elif code == "merged_cells":
        detail = _(
            "This cell is merged with the cell above it. Unmerge them and fill in both."
        )
        person.errors.append(Problem(code, detail, subject))
    elif code == "extra_cells":
        detail = _(
            "“%s” is in a column without a header. Add the header, or remove the cell."
        )
        person.errors.append(Problem(code, detail % subject))
    else:
        detail = _(
            "This row or one above it has other headers. Send that table as a separate file."
        )
        person.errors.append(Problem(code, detail))


def _problem_of(cell: TableCell, name: str) -> Problem | None:
    """Return the problem of a cell of the wrong kind, or None."""
    if cell.kind == "formula":
        detail = _(
            "This is a formula without a stored result. Open the file in a spreadsheet program, save it there, and send it again."
        )
        return Problem("formula_without_result", detail, name)
    if cell.kind == "error":
        detail = _("“%s” is a spreadsheet error or a number that is too long.")
        return Problem("cell_error", detail % cell.text[:40], name)
    if name not in NOT_TEXT and cell.kind in CHANGED_KINDS:
        return changed(cell.text, name)
    return None


def changed(text: str, name: str) -> Problem:
    """Return the error of a value that a spreadsheet program has changed."""
    detail = _(
        "A spreadsheet program changed this value to “%s”. Format the column as text and enter the value again."
    )
    return Problem("changed_by_spreadsheet", detail % text[:40], name)


def _looks_changed(cell: TableCell) -> bool:
    """Return True for text of CSV that a spreadsheet may have made of another value."""
    text = visible(cell.text)
    return not cell.is_typed and (
        text in ("TRUE", "FALSE") or bool(_MOMENT.fullmatch(text))
    )


def _set_value(person: PersonRow, name: str, cell: TableCell) -> None:
    if name not in NOT_TEXT and is_doubtful(cell.text):
        detail = _(
            "“%s” may be in a wrong encoding. Check that all letters are correct."
        )
        person.warnings.append(Problem("doubtful_text", detail % cell.text[:40], name))
    if name in KEYS:
        _set_key(person, name, cell)
        return
    if name not in NOT_TEXT and _looks_changed(cell):
        person.looks_changed.add("full_name" if name in NAME_PARTS else name)
    if name in DATES:
        person.values[name] = iso_date(cell.text)
    elif name == "is_active":
        person.is_active = _truth(cell.text)
    elif name in ("phone_number", "site_code"):
        person.values[name] = visible(cell.text)
    else:
        person.values[name] = cell.text.strip()


def _join_names(person: PersonRow) -> None:
    """Set the full name from first and last name."""
    parts = {name: person.values.pop(name, "") for name in NAME_PARTS}
    if not any(parts.values()):
        return
    person.values["full_name"] = " ".join(filter(None, parts.values()))
    if not (parts["first_name"] and parts["last_name"]):
        person.is_part_of_name = True
        detail = _("The name is incomplete.")
        name = "last_name" if parts["first_name"] else "first_name"
        person.warnings.append(Problem("part_of_name", detail, name))


def _set_key(person: PersonRow, name: str, cell: TableCell) -> None:
    text = visible(cell.text)
    looks_changed = _looks_changed(cell)
    if _SHORTENED.fullmatch(text) or (cell.is_number and not text.isdigit()):
        person.errors.append(
            Problem(
                "not_a_whole_number",
                _("A spreadsheet program changed a number to “%s”. Enter it as text.")
                % text[:40],
                name,
            )
        )
    elif name == "passport_id":
        person.passport = Key(normalise_passport(text), cell.is_number, looks_changed)
        if not person.passport.text:
            person.errors.append(
                Problem("invalid", _("Enter a valid passport number."), name)
            )
    else:
        person.external = Key(cell.text.strip(), cell.is_number, looks_changed)


def iso_date(text: str) -> str:
    """Return a date with the day first in ISO form.

    `5/3/2026` and `05.03.2026` become `2026-03-05`. Other text stays unchanged, for the field to validate.
    """
    text = visible(text)
    match = _DAY_FIRST.fullmatch(text)
    if match is None:
        return text
    day, month, year = match.groups()
    return f"{year}-{month:0>2}-{day:0>2}"


def _truth(text: str) -> bool | None:
    word = visible(text).casefold()
    return True if word in _TRUE else False if word in _FALSE else None
