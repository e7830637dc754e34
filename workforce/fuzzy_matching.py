"""Matches the text that a user read off a card to employees. Pure functions: no database, no request.

A passport is read letter by letter from handwriting: O for 0, I for 1, S for 5, B for 8, and transposed neighbours. A
name comes in any order, in Hebrew or Latin, with or without accents and vowel points, and with a typing error.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from .identifiers import normalise_passport

# Shorter words that differ in one letter are different words, not typing errors.
SHORTEST_WITH_TYPO = 4
# A shorter beginning of a number or of a single word matches too many employees.
SHORTEST_BEGINNING = 2

_LOOKALIKES = str.maketrans("OISB", "0158")
# The final forms of Hebrew letters, and their regular forms.
_FINAL_LETTERS = str.maketrans("ךםןףץ", "כמנפצ")
# Inside a word: J. O'Neil, ג׳ורג׳.
_APOSTROPHES = dict.fromkeys(map(ord, "'’‘`´׳״\""))


class Reason(models.TextChoices):
    """The reason why an employee matches, from the best to the weakest."""

    PASSPORT_EXACT = "passport_exact", _("Same passport")
    EXTERNAL_ID = "external_id", _("Same external ID")
    PASSPORT_FORMER = (
        "passport_former",
        _("Former passport (released)"),
    )
    PASSPORT_LOOKALIKE = (
        "passport_lookalike",
        _("Passport, similar letters and digits"),
    )
    PASSPORT_TRANSPOSED = (
        "passport_transposed",
        _("Passport, two characters swapped"),
    )
    PASSPORT_BEGINNING = "passport_beginning", _("Passport starts with this")
    EXTERNAL_ID_BEGINNING = (
        "external_id_beginning",
        _("External ID starts with this"),
    )
    NAME = "name", _("All words in the name")
    NAME_BEGINNING = "name_beginning", _("Start of each word in the name")
    NAME_SIMILAR = (
        "name_similar",
        _("Name, one letter different"),
    )
    NAME_PARTIAL = "name_partial", _("Most words in the name")


RANK = {reason: rank for rank, reason in enumerate(Reason)}
# The similarity of two words, as a reason of names; a smaller number is better.
_EQUAL, _BEGINNING, _SIMILAR = range(3)
_BY_LEVEL = (Reason.NAME, Reason.NAME_BEGINNING, Reason.NAME_SIMILAR)


class Identity(NamedTuple):
    """The names and numbers of an employee that a card may contain."""

    full_name: str
    passport_id: str | None
    former_passport_id: str | None
    external_employee_id: str | None


@dataclass(frozen=True)
class Clue:
    """A typed text, prepared for the comparison with many employees."""

    external_id: str
    passport: str
    words: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Self:
        text = _visible(text)
        # Match the longest word first; shorter words then match the remaining words of the name.
        words = sorted(words_of(text), key=len, reverse=True)
        return cls(text.strip(), normalise_passport(text), tuple(words))

    def reason_for(self, known: Identity) -> Reason | None:
        """Return the best reason why this employee matches, or None."""
        return (
            self._by_number(known)
            or self._by_passport(known.passport_id)
            or self._by_beginning(known)
            or self._by_name(known.full_name)
        )

    def _by_number(self, known: Identity) -> Reason | None:
        if self.passport and self.passport == known.passport_id:
            return Reason.PASSPORT_EXACT
        if self.external_id and self.external_id == known.external_employee_id:
            return Reason.EXTERNAL_ID
        if self.passport and self.passport == known.former_passport_id:
            return Reason.PASSPORT_FORMER
        return None

    def _by_passport(self, passport_id: str | None) -> Reason | None:
        if passport_id is None or len(passport_id) != len(self.passport):
            return None
        typed, stored = (
            passport.translate(_LOOKALIKES) for passport in (self.passport, passport_id)
        )
        if typed == stored:
            return Reason.PASSPORT_LOOKALIKE
        return Reason.PASSPORT_TRANSPOSED if are_transposed(typed, stored) else None

    def _by_beginning(self, known: Identity) -> Reason | None:
        """Return a reason if a number of the employee begins with the text, unchanged."""
        if _begins(known.passport_id, self.passport):
            return Reason.PASSPORT_BEGINNING
        if _begins(known.external_employee_id, self.external_id):
            return Reason.EXTERNAL_ID_BEGINNING
        return None

    def _by_name(self, full_name: str) -> Reason | None:
        name_words = words_of(full_name)
        # A single letter narrows a longer word down; alone it begins too many names.
        has_longer = bool(self.words) and len(self.words[0]) > 1
        shortest = 1 if has_longer else SHORTEST_BEGINNING
        levels = []
        for word in self.words:
            level, matched = min(
                ((_level(word, other, shortest), other) for other in name_words),
                default=(None, ""),
                key=lambda pair: len(_BY_LEVEL) if pair[0] is None else pair[0],
            )
            if level is not None:
                levels.append(level)
                name_words.remove(matched)
        if levels and len(levels) == len(self.words):
            return _BY_LEVEL[max(levels)]
        return Reason.NAME_PARTIAL if len(levels) * 2 > len(self.words) else None


def words_of(text: str) -> list[str]:
    """Return the words of a name for comparison: without case, accents, vowel points and apostrophes."""
    bare = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text.translate(_APOSTROPHES))
        if not unicodedata.combining(letter)
    )
    folded = bare.casefold().translate(_FINAL_LETTERS)
    return "".join(letter if letter.isalnum() else " " for letter in folded).split()


def are_transposed(one: str, other: str) -> bool:
    """Return True if the only difference is two transposed neighbours."""
    differing = _differing(one, other)
    if len(one) != len(other) or len(differing) != 2:
        return False
    first, second = differing
    return (
        second == first + 1 and one[first : second + 1] == other[second] + other[first]
    )


def is_one_typo(one: str, other: str) -> bool:
    """Return True if a letter was added, omitted or replaced, or two neighbours transposed."""
    shorter, longer = sorted((one, other), key=len)
    if len(longer) - len(shorter) > 1:
        return False
    if len(shorter) == len(longer):
        return len(_differing(one, other)) == 1 or are_transposed(one, other)
    index = next(iter(_differing(shorter, longer)), len(shorter))
    return shorter[index:] == longer[index + 1 :]


def _begins(number: str | None, beginning: str) -> bool:
    return (
        number is not None
        and len(beginning) >= SHORTEST_BEGINNING
        and number.startswith(beginning)
    )


def _level(word: str, name_word: str, shortest: int) -> int | None:
    if word == name_word:
        return _EQUAL
    if len(word) >= shortest and name_word.startswith(word):
        return _BEGINNING
    if min(len(word), len(name_word)) >= SHORTEST_WITH_TYPO and is_one_typo(
        word, name_word
    ):
        return _SIMILAR
    return None


def _differing(one: Iterable[str], other: Iterable[str]) -> list[int]:
    """Return the positions where two words differ, up to the end of the shorter."""
    return [
        index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b
    ]


def _visible(text: str) -> str:
    """Return the text without direction marks, which are copied along with text."""
    return "".join(
        letter
        for letter in unicodedata.normalize("NFKC", text)
        if unicodedata.category(letter) != "Cf"
    )
