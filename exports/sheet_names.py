"""Names for the sheets of a workbook, as Excel allows them."""

import re

MAX_LENGTH = 31  # in UTF-16 units, of which an emoji is two
_FORBIDDEN = re.compile(r"[\[\]:*?/\\\x00-\x1f\x7f\ufffe\uffff]")
_RESERVED = "history"
_NAMELESS = "Site"


class SheetNames:
    """Gives each name once: cut to Excel's length, without what it forbids, and unique whatever the case."""

    def __init__(self) -> None:
        self._taken = {_RESERVED}

    def take(self, wanted: str) -> str:
        """`wanted` as a sheet can be called; of a name that is taken already, `Name (2)`."""
        base = _trimmed(_FORBIDDEN.sub(" ", wanted), MAX_LENGTH) or _NAMELESS
        name, number = base, 1
        while name.casefold() in self._taken:
            number += 1
            suffix = f" ({number})"
            name = _trimmed(base, MAX_LENGTH - len(suffix)) + suffix
        self._taken.add(name.casefold())
        return name


def _trimmed(name: str, length: int) -> str:
    """At most `length` UTF-16 units of `name`, without spaces and apostrophes at its ends."""
    in_utf16 = name.strip(" '").encode("utf-16-le")[: 2 * length]
    # Half of an emoji that was cut through is dropped.
    return in_utf16.decode("utf-16-le", "ignore").strip(" '")
