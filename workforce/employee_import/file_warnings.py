"""Detects text that was probably read or saved in a wrong encoding."""

import re

_LATIN = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
_HEBREW_LETTERS = "\u05d0-\u05ea\u05ef-\u05f2"
_POINTS = "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
# The characters of Windows-1252 in place of the second byte of a UTF-8 letter.
_SECOND = (
    "\u0080-\u00bf\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039"
    "\u0152\u017d\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u017e\u0178"
)
_DOUBTFUL = re.compile(
    "|".join(
        (
            # Hebrew letters inside a Latin word: Windows-1252 read as Windows-1255.
            f"[{_LATIN}][{_HEBREW_LETTERS}{_POINTS}]",
            f"[{_HEBREW_LETTERS}{_POINTS}][{_LATIN}]",
            # A vowel point without a letter.
            f"(?<![{_HEBREW_LETTERS}{_POINTS}])[{_POINTS}]",
            # Windows-1255 read as Windows-1252: words of accented letters alone.
            "[\u00c0-\u00ff]{3,}",
            # UTF-8 read as a code page.
            f"[\u00c2\u00c3\u00d0\u00d1\u00d7\u00d8\u00d9\u00e2\u05f3][{_SECOND}]",
            # Letters that a program could not save.
            r"\?{2,}",
            r"\w\?(?=\w)",
            # Characters that are no letters.
            "[\u0080-\u009f\ufffd\ue000-\uf8ff]",
        )
    )
)


def is_doubtful(text: str) -> bool:
    """Return True if `text` looks as if it was read or saved in a wrong encoding."""
    return bool(_DOUBTFUL.search(text))


def count_doubtful(text: str) -> int:
    """Return the number of places in `text` that look like a wrong encoding."""
    return sum(1 for _ in _DOUBTFUL.finditer(text))
