"""Names for the sheets of a workbook that Excel accepts."""

import re

MAX_LENGTH = 31  # in UTF-16 units, of which an emoji takes two
_FORBIDDEN = re.compile(r"[\[\]:*?/\\\x00-\x1f\x7f\ufffe\uffff]")
_RESERVED = "history"
_NAMELESS = "Site"


class SheetNames:
    """The names used in a workbook.

    Each name fits Excel's length, has no forbidden character, and is unique regardless of case.
    """

    def __init__(self) -> None:
        self._taken = {_RESERVED}

    def take(self, title: str) -> str:
        """Return `title` as a valid sheet name; `Name (2)` if the name is already used."""
        base = _trimmed(_FORBIDDEN.sub(" ", title), MAX_LENGTH) or _NAMELESS
        name, number = base, 1
        while name.casefold() in self._taken:
            number += 1
            suffix = f" ({number})"
            name = _trimmed(base, MAX_LENGTH - len(suffix)) + suffix
        self._taken.add(name.casefold())
        return name


def _trimmed(name: str, length: int) -> str:
    """Return the first `length` UTF-16 units of `name`.

    Spaces and apostrophes at the ends are removed.
    """
    in_utf16 = name.strip(" '").encode("utf-16-le")[: 2 * length]
    # Drop half of an emoji that was cut.
    return in_utf16.decode("utf-16-le", "ignore").strip(" '")
