"""How the identifiers of people are written."""

import re

PASSPORT_PATTERN = r"^[A-Z0-9]{5,15}$"
_SEPARATORS = re.compile(r"[\s.\-/,]+")


def normalise_passport(text: str) -> str:
    """Upper-case, without spaces and `. - / ,`."""
    return _SEPARATORS.sub("", text).upper()
