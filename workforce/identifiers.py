"""Normalisation of employees' identifiers."""

import re
import string

from automatehq.text import DASHES, clean_line

PASSPORT_PATTERN = r"^[A-Z0-9]{5,15}$"
_SEPARATORS = re.compile(rf"[\s.\-/,{DASHES}]+")
# Only the letters of passports: `str.upper` would turn ß into SS and ı into I, which are other letters.
_CAPITALS = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)


def normalise_passport(text: str) -> str:
    """Return a passport number cleaned, in capitals, without spaces and punctuation.

    The removed punctuation is dots, commas, slashes and dashes. Letters other than A to Z stay unchanged and do not
    match `PASSPORT_PATTERN`.
    """
    return _SEPARATORS.sub("", clean_line(text)).translate(_CAPITALS)
