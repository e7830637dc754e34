"""Text in the cells of a CSV file: never a formula, and the same text again when the file comes back."""

import unicodedata

from .text import clean_line

# What a spreadsheet would run as a formula if a cell began with it, also in its full-width form.
FORMULA_PREFIXES = ("=", "+", "-", "@")
# With these first, some spreadsheets look for a formula behind them.
BREAKS = ("\t", "\r", "\n")
APOSTROPHE = "'"


def text(value: str | None) -> str:
    """A cell that stays text in a spreadsheet, whatever it begins with.

    What has such apostrophes already gets one more, so that `typed` gives back what was written.
    """
    value = value or ""
    return f"{APOSTROPHE}{value}" if _would_run(value) else value


def typed(cell: str) -> str:
    """What `text` has made this cell of."""
    is_guarded = cell.startswith(APOSTROPHE) and _would_run(cell)
    return cell[1:] if is_guarded else cell


def _would_run(value: str) -> bool:
    if value[:1].isascii() and value[:1].isalnum():
        return False  # most cells, which nothing skips or folds
    shown = value.lstrip(APOSTROPHE)
    # Full-width and small forms of the signs become the signs themselves; spaces and invisible characters are skipped.
    folded = clean_line(unicodedata.normalize("NFKC", shown))
    return shown.startswith(BREAKS) or folded.startswith(FORMULA_PREFIXES)
