"""Formulas are written as text, and an import restores the original text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automatehq.spreadsheet_escape import (
    BREAKS,
    FORMULA_PREFIXES,
    text,
    typed,
)

FULL_WIDTH = ("\uff1d", "\uff0b", "\uff0d", "\uff20", "\ufe66", "\ufe62", "\ufe63")
HIDDEN = (" =", "\xa0=", "\ufeff+", "\u200f-", "\u202e@", "\n=", " \uff1d")


@pytest.mark.parametrize(
    "start", [*FORMULA_PREFIXES, *BREAKS, *FULL_WIDTH, *HIDDEN], ids=ascii
)
def test_text_that_a_spreadsheet_would_run_is_written_as_text(start):
    assert text(f"{start}cmd()") == f"'{start}cmd()"
    assert text(f"a{start}") == f"a{start}"


def test_an_apostrophe_of_its_own_stays():
    assert text("'Abd") == "'Abd"
    assert typed("'Abd") == "'Abd"


@given(st.text(alphabet="='+-@\t\r\na \uff1d\u200f"))
def test_every_text_comes_back_as_it_was(value):
    assert typed(text(value)) == value
    assert not text(value).startswith((*FORMULA_PREFIXES, *BREAKS, *FULL_WIDTH))
