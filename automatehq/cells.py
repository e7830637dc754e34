"""Text in the cells of a CSV file: never a formula, and the same text again when the file comes back."""

import unicodedata

# What a spreadsheet would run as a formula if a cell began with it, also in its full-width form.
RUNS_IN_A_SPREADSHEET = ("=", "+", "-", "@")
# With these first, some spreadsheets look for a formula behind them.
BREAKS = ("\t", "\r", "\n")
# What is skipped, or not to be seen, before a sign: spaces, a byte order mark, marks of direction and of no width.
_SKIPPED = (
    " \t\r\n\v\f\xa0\ufeff\u200b\u200c\u200d\u200e\u200f"
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
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
    # Full-width and small forms of the signs become the signs themselves.
    folded = unicodedata.normalize("NFKC", shown).lstrip(_SKIPPED)
    return shown.startswith(BREAKS) or folded.startswith(RUNS_IN_A_SPREADSHEET)
