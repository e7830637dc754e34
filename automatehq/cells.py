"""Text in the cells of a CSV file: never a formula, and the same text again when the file comes back."""

# What a spreadsheet would run as a formula if a cell began with it.
RUNS_IN_A_SPREADSHEET = ("=", "+", "-", "@", "\t", "\r")
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
    return value.lstrip(APOSTROPHE).startswith(RUNS_IN_A_SPREADSHEET)
