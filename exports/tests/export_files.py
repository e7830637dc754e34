"""Helpers that write export files and parse them."""

import csv
import io
from datetime import date
from typing import Any

import openpyxl

from exports.export_options import ExportOptions
from exports.models import ExportProfile
from exports.profiles import Profile
from exports.writers import WRITERS
from workcards.month_rows import month_rows
from workcards.tests.factories import MONTH


def made(
    kind: str,
    *,
    month: date = MONTH,
    language: str = "en",
    include_unapproved: bool = False,
    site_id: Any = None,
    profile: ExportProfile | None = None,
) -> bytes:
    """Return the file of a kind from the rows in scope."""
    writer = WRITERS[kind]
    rows = month_rows(
        month,
        site_id=site_id,
        include_unapproved=include_unapproved,
        include_expected=writer.with_expected,
        order=writer.order,
    )
    options = ExportOptions(
        month, language, include_unapproved, Profile.of(profile) if profile else None
    )
    file = io.BytesIO()
    writer.write(rows, file, options)
    return file.getvalue()


def csv_lines(
    content: bytes, *, encoding: str = "utf-8-sig", delimiter: str = ","
) -> list[list[str]]:
    text = content.decode(encoding)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def sheets(content: bytes) -> dict[str, list[tuple[Any, ...]]]:
    """Return name → rows of cells, in the workbook's order."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    return {sheet.title: list(sheet.iter_rows()) for sheet in book}


def values(rows: list[tuple[Any, ...]]) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in rows]
