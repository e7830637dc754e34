"""Tests of matching text from a card to employees, without a database."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workforce.fuzzy_matching import (
    RANK,
    Clue,
    Identity,
    Reason,
    are_transposed,
    is_one_typo,
    words_of,
)

PAIRS = dict(["O0", "0O", "I1", "1I", "S5", "5S", "B8", "8B"])
# Letters and digits that resemble no other.
PLAIN = "ACDEFGHJKLMNPQRTUVWXYZ234679"

passports = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=5, max_size=15)
names = st.lists(
    st.text("abcdefghijklmnopqrstuvwxyzאבגדהוזחטילסעפקרשת", min_size=4, max_size=9),
    min_size=1,
    max_size=4,
    unique=True,
)


def reason(typed: str, **known: str) -> Reason | None:
    nothing = dict.fromkeys(Identity._fields, "")
    nothing |= {"passport_id": None, "former_passport_id": None}  # type: ignore[dict-item]
    nothing |= {"external_employee_id": None}  # type: ignore[dict-item]
    return Clue.of(typed).reason_for(Identity(**{**nothing, **known}))


def misread(passport: str, chance: random.Random) -> str:
    return "".join(
        PAIRS[letter] if letter in PAIRS and chance.random() < 0.5 else letter
        for letter in passport
    )


def transposed(passport: str, at: int) -> str:
    return passport[:at] + passport[at + 1] + passport[at] + passport[at + 2 :]


# Passports and numbers


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("AB123456", Reason.PASSPORT_EXACT),
        (" ab-123.456/ ", Reason.PASSPORT_EXACT),
        ("\u200fAB\u200e123456\u202c", Reason.PASSPORT_EXACT),
        ("ＡＢ１２３４５６", Reason.PASSPORT_EXACT),
        ("A8I234S6", Reason.PASSPORT_LOOKALIKE),
        ("AB124356", Reason.PASSPORT_TRANSPOSED),
        ("BA123456", Reason.PASSPORT_TRANSPOSED),
        ("8A1234S6", Reason.PASSPORT_TRANSPOSED),
        ("BA124356", None),  # twice
        ("AB321456", None),  # not neighbours
        ("AB12345", Reason.PASSPORT_BEGINNING),
        ("ab-1", Reason.PASSPORT_BEGINNING),
        ("AB", Reason.PASSPORT_BEGINNING),
        ("A", None),
        (
            "A8",
            None,
        ),  # a beginning matches unchanged only, otherwise it fits too many
        ("B123", None),
        ("AB1234567", None),
        ("AB123457", None),
        ("7701", Reason.EXTERNAL_ID),
        ("770", Reason.EXTERNAL_ID_BEGINNING),
        ("7", None),
        ("07701", None),
        ("OLD-12345", Reason.PASSPORT_FORMER),
        ("OLD1", None),
        ("0LD12345", None),
        ("-./", None),
    ],
)
def test_numbers_are_told_apart(typed: str, found: Reason | None) -> None:
    known = {
        "passport_id": "AB123456",
        "former_passport_id": "OLD12345",
        "external_employee_id": "7701",
    }
    assert reason(typed, **known) == found


@given(passports, st.randoms(use_true_random=False))
def test_any_number_of_lookalikes_is_seen_through(
    passport: str, chance: random.Random
) -> None:
    typed = misread(passport, chance)
    found = reason(typed, passport_id=passport)
    assert found == (
        Reason.PASSPORT_EXACT if typed == passport else Reason.PASSPORT_LOOKALIKE
    )
    assert found == reason(passport, passport_id=typed)


@given(passports, st.data(), st.randoms(use_true_random=False))
def test_one_transposition_is_seen_through_also_beside_lookalikes(
    passport: str, data: st.DataObject, chance: random.Random
) -> None:
    at = data.draw(st.integers(0, len(passport) - 2))
    typed = misread(transposed(passport, at), chance)
    # A transposition of equal or similar neighbours is not visible.
    assert reason(typed, passport_id=passport) in {
        Reason.PASSPORT_EXACT,
        Reason.PASSPORT_LOOKALIKE,
        Reason.PASSPORT_TRANSPOSED,
    }


@given(st.text(PLAIN, min_size=5, max_size=15), st.data())
def test_another_letter_is_another_passport(passport: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(passport) - 1))
    other = data.draw(st.sampled_from(PLAIN.replace(passport[at], "")))
    typed = passport[:at] + other + passport[at + 1 :]
    assert reason(typed, passport_id=passport) is None


# Names


@pytest.mark.parametrize(
    ("typed", "full_name", "found"),
    [
        ("john smith", "John Adam Smith", Reason.NAME),
        ("Smith, John", "John Adam Smith", Reason.NAME),
        ("ONeil", "Sean O'Neil", Reason.NAME),
        ("Ionut Tanase", "Ionuț Tănase", Reason.NAME),
        ("Straße", "Anna Strasse", Reason.NAME),
        ("שָׁלוֹם כהן", "כהן שלום", Reason.NAME),
        ("ג׳ורג׳ לוי", "ג'ורג' לוי", Reason.NAME),
        ("בן־עמי", "דוד בן עמי", Reason.NAME),
        ("jo sm", "John Adam Smith", Reason.NAME_BEGINNING),
        ("john s", "John Adam Smith", Reason.NAME_BEGINNING),
        ("Dana L", "Dana Levi", Reason.NAME_BEGINNING),
        ("l dana", "Dana Levi", Reason.NAME_BEGINNING),
        ("דנה ל", "דנה לוי", Reason.NAME_BEGINNING),
        ("Dana M", "Dana Levi", None),
        ("j", "John Adam Smith", None),
        ("j s", "John Adam Smith", None),
        ("Jonh Smith", "John Adam Smith", Reason.NAME_SIMILAR),
        (
            "Jon Smith",
            "John Smith",
            None,
        ),  # a short name with a different letter is a different name
        ("Smiht", "John Smith", Reason.NAME_SIMILAR),
        ("Smithe", "John Smith", Reason.NAME_SIMILAR),
        ("שמעןן גורן", "שמעון גורן", Reason.NAME_SIMILAR),
        ("John Paul Smith", "John Smith", Reason.NAME_PARTIAL),
        ("John Miller", "John Smith", None),
        ("John John", "John Smith", None),
        ("John John", "John John Smith", Reason.NAME),
        ("Jo John", "John Joseph", Reason.NAME_BEGINNING),
        ("Xavier", "John Smith", None),
        ("...", "John Smith", None),
    ],
)
def test_names_are_told_apart(typed: str, full_name: str, found: Reason | None) -> None:
    assert reason(typed, full_name=full_name) == found


@given(names, st.randoms(use_true_random=False))
def test_a_name_is_found_by_any_of_its_words_in_any_order(
    words: list[str], chance: random.Random
) -> None:
    typed = chance.sample(words, chance.randint(1, len(words)))
    assert reason(" ".join(typed).upper(), full_name=" ".join(words)) == Reason.NAME


@given(names, st.data())
def test_a_name_is_found_in_spite_of_a_letter(
    words: list[str], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(words) - 1))
    word = data.draw(st.integers(0, len(words[at]) - 1))
    typo = words[at][:word] + "ж" + words[at][word + 1 :]
    typed = " ".join([*words[:at], typo, *words[at + 1 :]])
    assert reason(typed, full_name=" ".join(words)) == Reason.NAME_SIMILAR


def test_the_best_reason_counts() -> None:
    assert (
        reason("AB12345", passport_id="AB12345", full_name="AB12345")
        == Reason.PASSPORT_EXACT
    )
    assert list(RANK) == list(Reason)


# Helper functions


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_a_typo_is_one_step_of_editing(one: str, other: str) -> None:
    steps = {one[:at] + one[at + 1 :] for at in range(len(one))}
    steps |= {one[:at] + x + one[at:] for at in range(len(one) + 1) for x in "abc"}
    steps |= {one[:at] + x + one[at + 1 :] for at in range(len(one)) for x in "abc"}
    swapped = {transposed(one, at) for at in range(len(one) - 1)}
    if one != other:
        assert is_one_typo(one, other) == (other in steps | swapped)
        assert are_transposed(one, other) == (other in swapped)
        assert is_one_typo(one, other) == is_one_typo(other, one)


@given(st.text())
def test_any_text_has_words(text: str) -> None:
    assert all(word and not word.isspace() for word in words_of(text))
    assert Clue.of(text).reason_for(Identity("John", "AB12345", None, "1")) in (
        None,
        *Reason,
    )
