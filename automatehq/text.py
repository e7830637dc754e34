"""Text cleaning before storage, and folding for comparison.

Two texts that look the same are stored as the same text. Models (`text_columns.py`), serializers (`api/fields.py`),
forms (`admin/form_fields.py`), file imports and commands use these functions. This module imports no app.

Some invisible characters are preserved, because they change how the text looks:

- a joiner or non-joiner after an Indic virama,
- a non-joiner between Arabic letters (Persian),
- the joiners and variation selectors of emoji.

`fold` drops them too. Hebrew and Latin need none. NUL and lone surrogates stay, because their text is damaged: the API
and forms reject it.
"""

import re
import unicodedata

# Control characters except white space, direction marks, zero-width characters and blank fillers.
_INVISIBLE_CLASS = (
    "\x01-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_INVISIBLE = re.compile(f"[{_INVISIBLE_CLASS}]")
# Joiners and variation selectors: `_is_visible_joiner` returns True for those that change the look of the text.
_JOINER_CLASS = "\u200c\u200d\ufe00-\ufe0f"
_JOINERS = re.compile(f"[{_JOINER_CLASS}]")
_NON_JOINER, _JOINER = "\u200c", "\u200d"
_ARABIC = re.compile(
    "[\u0620-\u064a\u066e-\u06d3\u06fa-\u06ff\u0750-\u077f\u08a0-\u08c7]"
)
_VIRAMA = 9  # the canonical combining class of the virama
_KEYCAP = "\u20e3"
# A braille cell without dots, which fonts render as a space.
_BLANKS = str.maketrans({"\u2800": " "})
_SPACES = "\t-\r\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000"
# Matches composed text that cleaning may change. Migrations use it in PostgreSQL to find such text.
SUSPICIOUS = f"[{_INVISIBLE_CLASS}{_JOINER_CLASS}{_SPACES}]|^ | $|  "
_LINE_BREAKS = re.compile("\r\n?|[\v\f\x85\u2028\u2029]")

# Combining marks of Latin, Greek and Cyrillic, points and accents of Hebrew, vowel marks of Arabic. Marks of other
# scripts are left out: in Thai and Devanagari they are vowels. The syntax is valid in Python's `re` and in
# PostgreSQL.
MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
_MARKS = re.compile(f"[{MARKS}]")
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u05be\ufe58\ufe63\uff0d"
APOSTROPHES = "\u2018\u2019\u02bc\u05f3\u00b4`"
QUOTES = "\u201c\u201d\u05f4"
# Letters with a stroke and the dotless i, which normalisation does not decompose: from, to.
LETTERS = ("\u00f8\u0142\u0111\u0127\u0131\u0167\u00f0", "oldhitd")
FOLDED = (
    LETTERS[0] + DASHES + APOSTROPHES + QUOTES,
    LETTERS[1] + "-" * len(DASHES) + "'" * len(APOSTROPHES) + '"' * len(QUOTES),
)
_FOLDED = str.maketrans(*FOLDED) | {0xE6: "ae", 0x153: "oe"}


def clean_line(text: str) -> str:
    """Return a text as it is stored on one line: a name, id, code, phone number or reason.

    Invisible characters are dropped, any white space becomes one space, letters and marks are composed (NFC).
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    return _composed(" ".join(_visible(text).split()))


def clean_text(text: str) -> str:
    """Return a text of several lines in its stored form.

    As `clean_line`, but line breaks, tabs and inner spaces stay. Line breaks become `\\n`. Spaces at the end of lines
    and blank lines around the text are dropped.
    """
    lines = _LINE_BREAKS.sub("\n", _visible(_LINE_BREAKS.sub("\n", text))).split("\n")
    return _composed("\n".join(line.rstrip() for line in lines).strip())


def clean_email(text: str) -> str:
    """Return an e-mail address in its stored form: cleaned, in lower case."""
    return clean_line(text).lower()


def fold(text: str) -> str:
    """Return `text` in the form for comparison.

    It has no case, accents, vowel points, width, invisible characters or kinds of dashes.
    `automatehq/folded_lookup.py` does the same in PostgreSQL.
    """
    text = _JOINERS.sub("", clean_line(text))
    if not text.isascii():
        text = without_marks(text)
    folded = without_marks(text.casefold()).translate(_FOLDED)
    return " ".join(_composed(folded).split())


def without_marks(text: str) -> str:
    """Return `text` decomposed (NFKD), without accents and vowel points."""
    return _MARKS.sub("", unicodedata.normalize("NFKD", text))


def _visible(text: str) -> str:
    text = _INVISIBLE.sub("", text.translate(_BLANKS))
    if not _JOINERS.search(text):
        return text
    return "".join(
        letter
        for index, letter in enumerate(text)
        if not _JOINERS.match(letter) or _is_visible_joiner(text, index)
    )


def _is_visible_joiner(text: str, index: int) -> bool:
    """Return True if the joiner or variation selector at `index` changes the text's look."""
    before = text[index - 1] if index else ""
    after = text[index + 1] if index + 1 < len(text) else ""
    if not before:
        return False
    if text[index] not in (_NON_JOINER, _JOINER):
        return _is_symbol(before) or after == _KEYCAP
    if unicodedata.combining(before) == _VIRAMA:
        return True
    if text[index] == _NON_JOINER:
        return bool(_ARABIC.match(before) and _ARABIC.match(after or " "))
    return (_is_symbol(before) or bool(_JOINERS.match(before))) and _is_symbol(after)


def _is_symbol(letter: str) -> bool:
    return bool(letter) and unicodedata.category(letter) in ("So", "Sk", "Sm")


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
