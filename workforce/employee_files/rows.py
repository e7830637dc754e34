"""Rows of cells → rows of values: what each row says of somebody, and what is wrong in its cells."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from django.utils.translation import gettext as _

from automatehq.rest.errors import Problem
from automatehq.text import clean_line
from workforce.identifiers import normalise_passport

from .headers import COLUMNS
from .tables import BLANK, Cell, Row, Table

# Fields whose cells hold dates, and how people write those here; `DateField` reads the ISO form alone.
DATES = ("started_on", "left_on")
_DAY_FIRST = re.compile(r"([0-9]{1,2})[/.]([0-9]{1,2})[/.]([0-9]{4})")
# What a spreadsheet makes of a long number in a narrow mind: 3.05123E+08.
_SHORTENED = re.compile(r"[0-9]+([.,][0-9]+)?E\+?[0-9]+", re.IGNORECASE)
_TRUE = {"1", "true", "yes", "y", "כן", "v", "✓", "active", "פעיל"}
_FALSE = {"0", "false", "no", "n", "לא", "inactive", "לא פעיל"}


class Key(NamedTuple):
    """A passport or external id. One that was a number may have lost its leading zeros."""

    text: str = ""
    is_number: bool = False


@dataclass(slots=True)
class PersonRow:
    """What a row says: the keys, and of the other fields those whose cells are not blank, as text."""

    number: int
    passport: Key
    external: Key
    values: dict[str, str]
    is_active: bool | None = None
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


def person_rows(table: Table) -> Iterator[PersonRow]:
    return (_person_row(table, row) for row in table.rows)


def visible(text: str) -> str:
    """Return the text of a cell as the API would store it."""
    return clean_line(text)


def _person_row(table: Table, row: Row) -> PersonRow:
    person = PersonRow(row.number, Key(), Key(), {})
    for column in COLUMNS:
        cell = table.cell(row, column.field)
        if cell is BLANK or not visible(cell.text):
            continue
        if cell.is_error:
            person.errors.append(
                Problem(
                    "cell_error",
                    _(
                        "“%s” is an error of the spreadsheet, or a number too long for it."
                    )
                    % cell.text[:40],
                    column.field,
                )
            )
        else:
            _take(person, column.field, cell)
    return person


def _take(person: PersonRow, name: str, cell: Cell) -> None:
    if name in ("passport_id", "external_employee_id"):
        _take_key(person, name, cell)
    elif name in DATES:
        person.values[name] = iso_date(cell.text)
    elif name == "is_active":
        person.is_active = _truth(cell.text)
    elif name in ("phone_number", "site_code"):
        person.values[name] = visible(cell.text)
    else:
        person.values[name] = cell.text.strip()


def _take_key(person: PersonRow, name: str, cell: Cell) -> None:
    text = visible(cell.text)
    if _SHORTENED.fullmatch(text) or (cell.is_number and not text.isdigit()):
        person.errors.append(
            Problem(
                "not_a_whole_number",
                _("“%s” is what a spreadsheet has made of a number. Write it as text.")
                % text[:40],
                name,
            )
        )
    elif name == "passport_id":
        person.passport = Key(normalise_passport(text), cell.is_number)
        if not person.passport.text:
            person.errors.append(Problem("invalid", _("This is not a passport."), name))
    else:
        person.external = Key(cell.text.strip(), cell.is_number)


def iso_date(text: str) -> str:
    """`5/3/2026` and `05.03.2026` as `2026-03-05`; anything else as it is, for the field to judge."""
    text = visible(text)
    match = _DAY_FIRST.fullmatch(text)
    if match is None:
        return text
    day, month, year = match.groups()
    return f"{year}-{month:0>2}-{day:0>2}"


def _truth(text: str) -> bool | None:
    word = visible(text).casefold()
    return True if word in _TRUE else False if word in _FALSE else None
