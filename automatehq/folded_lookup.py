"""The lookup `folded`: text search that ignores case, accents and width.

It compares like `automatehq.text.fold`: `full_name__folded="Munoz"` finds Muñoz, MUNOZ and Ｍｕｎｏｚ. The text becomes a
regular expression with a character class per letter. PostgreSQL matches it against the stored column, without an
extension, a function or a second column.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import chain

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler

from .text import MARKS, fold

# Letters of scripts with case, accents, vowel points or other widths; dashes and quotation marks.
_LETTERS = (
    (0x21, 0x24F),
    (0x2B0, 0x2BF),
    (0x370, 0x52F),
    (0x5BE, 0x6FF),
    (0x1E00, 0x1FFF),
    (0x2010, 0x2044),
    (0x2070, 0x209C),
    (0x2100, 0x214F),
    (0x2212, 0x2212),
    (0x2460, 0x24FF),
    (0x2C60, 0x2C7F),
    (0xFB00, 0xFDFF),
    (0xFE58, 0xFEFC),
    (0xFF01, 0xFFEE),
)
_LONGEST = 3
# Characters between two letters that are ignored: marks, joiners and variation selectors.
_BETWEEN = f"[{MARKS}\u200c\u200d\ufe00-\ufe0f]*"


@cache
def _same() -> Mapping[str, str]:
    """Return folded text → the letters that fold to it. Cached; the first call takes about 30 ms."""
    letters_by_fold: dict[str, list[str]] = defaultdict(list)
    for code in chain.from_iterable(range(a, b + 1) for a, b in _LETTERS):
        letter = chr(code)
        letters_by_fold[fold(letter)].append(letter)
    return {
        folded: "".join(letters)
        for folded, letters in letters_by_fold.items()
        if folded
    }


def folded_pattern(text: str) -> str:
    """Return a PostgreSQL regular expression that matches `text`, folded.

    It ignores case, accents and width.
    """
    return _BETWEEN.join(_classes(fold(text.replace("\0", ""))))


def _classes(folded: str) -> Iterator[str]:
    same = _same()
    index = 0
    while index < len(folded):
        # Letters that fold to several letters: ß, æ, the ligature of f, f and i.
        lengths = range(min(_LONGEST, len(folded) - index), 1, -1)
        length = next((n for n in lengths if folded[index : index + n] in same), 1)
        part = folded[index : index + length]
        letters = _BETWEEN.join(_class(same.get(letter, letter)) for letter in part)
        yield letters if length == 1 else f"(?:{letters}|{_class(same[part])})"
        index += length


def _class(letters: str) -> str:
    escaped = "".join(
        letter if letter.isalnum() or not letter.isascii() else f"\\{letter}"
        for letter in letters
    )
    return f"[{escaped}]"


@models.CharField.register_lookup
@models.TextField.register_lookup
class Folded(models.Lookup):
    """Lookup `column__folded=text`: the column contains `text`, folded for comparison."""

    lookup_name = "folded"
    prepare_rhs = False

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[str | int, ...]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} ~ %s", (*params, folded_pattern(str(self.rhs)))
