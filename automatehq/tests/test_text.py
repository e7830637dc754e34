"""Cleaning and folding of text, case by case."""

import pytest

from automatehq.text import clean_email, clean_line, clean_text, fold

NEPALI = "राज्\u200dय"  # a joiner after a virama shows the half form
PERSIAN = "می\u200cخواهم"  # a non-joiner between two Arabic letters
FAMILY = "👨\u200d👩\u200d👧"

LINES = [
    ("M-1\u200f", "M-1"),
    ("\u202bM-1\u202c", "M-1"),
    ("M\u200b-\u20601", "M-1"),
    ("M\u00ad-\u200d1", "M-1"),
    ("\ufeffDana\u2066 Levi\u2069", "Dana Levi"),
    ("Dana\x1b \x07Levi\x9f", "Dana Levi"),
    ("  Dana\u00a0\t Levi\u3000\n", "Dana Levi"),
    ("Dana\u2028Levi", "Dana Levi"),
    ("Mun\u0303oz", "Mu\u00f1oz"),
    ("Mun\u200b\u0303oz", "Mu\u00f1oz"),
    ("דנה\u200f לוי\u200e", "דנה לוי"),
    ("דנ\u200dה", "דנה"),
    ("da\u200cna", "dana"),
    ("\u3164\u2800\u115f", ""),
    (NEPALI, NEPALI),
    (PERSIAN, PERSIAN),
    (FAMILY, FAMILY),
    ("❤\ufe0f", "❤\ufe0f"),
    ("1\ufe0f\u20e3", "1\ufe0f\u20e3"),
    ("a\ufe0f", "a"),
    ("Dana's  – “Levi”", "Dana's – “Levi”"),
]


@pytest.mark.parametrize(("typed", "stored"), LINES)
def test_a_line_is_stored_as_it_looks(typed: str, stored: str) -> None:
    assert clean_line(typed) == stored
    assert clean_line(stored) == stored


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("\n  a\tb  c \u200f\n\n d\n", "a\tb  c\n\n d"),
        ("a\x07b\x1bc", "abc"),
        ("e\u0301", "\u00e9"),
    ],
)
def test_text_of_several_lines_keeps_its_line_breaks(typed: str, stored: str) -> None:
    assert clean_text(typed) == stored
    assert clean_text(stored) == stored


@pytest.mark.parametrize("damaged", ["a\x00b", "a\ud800b"])
def test_damaged_text_stays_damaged_so_that_it_is_refused(damaged: str) -> None:
    assert clean_line(damaged) == damaged
    assert clean_text(damaged) == damaged


def test_an_email_address_is_cleaned_and_in_small_letters() -> None:
    assert clean_email(" Dana@Example.com\u200b ") == "dana@example.com"


ALIKE = [
    ("Café  Moka", "CAFE MOKA"),
    ("Muñoz", "munoz"),
    ("Ｂａｕ １２", "bau 12"),
    ("Łódź", "lodz"),
    ("Straße", "STRASSE"),
    ("İstanbul", "istanbul"),
    ("שִׁפְרָה", "שפרה"),
    ("ח\u200fיפה – נמל", "חיפה - נמל"),
    ("תל־אביב", "תל-אביב"),
    ("צה״ל", 'צה"ל'),
    ("O’Neil", "o'neil"),
    (PERSIAN, PERSIAN.replace("\u200c", "")),
    ("مُحَمَّد", "محمد"),
    ("Ǆ", "dz"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_names_that_look_the_same_fold_to_the_same_text(one: str, other: str) -> None:
    assert fold(one) == fold(other)
    assert fold(fold(one)) == fold(one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Site 1", "Site 2"),
        ("Site 1", "Site1"),
        ("กิน", "กัน"),  # Thai vowels are marks, and their change gives another word
        ("कि", "की"),
        ("が", "か"),
        ("שלום", "שלומ"),
        ("Site A", "Site А"),  # Latin and Cyrillic
    ],
)
def test_other_names_fold_to_other_text(one: str, other: str) -> None:
    assert fold(one) != fold(other)
