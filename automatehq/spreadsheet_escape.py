"""Escaping of CSV cells against formulas; an import restores the text."""

import unicodedata

from .text import clean_line

# Characters that start a formula in a spreadsheet, also in their full-width form.
FORMULA_PREFIXES = ("=", "+", "-", "@")
# Some spreadsheets look for a formula after these characters.
BREAKS = ("\t", "\r", "\n")
APOSTROPHE = "'"


def escape_cell(value: str | None) -> str:
    """Return a cell that a spreadsheet reads as text.

    Text that already starts with escaping apostrophes gets another, so that `unescape_cell` restores the original.
    """
    value = value or ""
    return f"{APOSTROPHE}{value}" if _would_run(value) else value


def unescape_cell(cell: str) -> str:
    """Return the original text of a cell that `escape_cell` has escaped."""
    is_guarded = cell.startswith(APOSTROPHE) and _would_run(cell)
    return cell[1:] if is_guarded else cell


def _would_run(value: str) -> bool:
    if value[:1].isascii() and value[:1].isalnum():
        return False  # most cells contain no such characters
    shown = value.lstrip(APOSTROPHE)
    # Full-width and small signs are normalised; spaces and invisible characters are skipped.
    folded = clean_line(unicodedata.normalize("NFKC", shown))
    return shown.startswith(BREAKS) or folded.startswith(FORMULA_PREFIXES)
