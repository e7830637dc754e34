"""Formulas are written as text, and an import restores the original text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automatehq.spreadsheet_escape import (
    BREAKS,
    FORMULA_PREFIXES,
    escape_cell,
    unescape_cell,
)

FULL_WIDTH = ("\uff1d", "\uff0b", "\uff0d", "\uff20", "\ufe66", "\ufe62", "\ufe63")
HIDDEN = (" =", "\xa0=", "\ufeff+", "\u200f-", "\u202e@", "\n=", " \uff1d")


@pytest.mark.parametrize(
    "start", [*FORMULA_PREFIXES, *BREAKS, *FULL_WIDTH, *HIDDEN], ids=ascii
)
def test_text_that_a_spreadsheet_would_run_is_written_as_text(start):
    assert escape_cell(f"{start}cmd()") == f"'{start}cmd()"
    assert escape_cell(f"a{start}") == f"a{start}"


def test_an_apostrophe_of_its_own_stays():
    assert escape_cell("'Abd") == "'Abd"
    assert unescape_cell("'Abd") == "'Abd"


@given(st.text(alphabet="='+-@\t\r\na \uff1d\u200f"))
def test_every_text_comes_back_as_it_was(value):
    assert unescape_cell(escape_cell(value)) == value
    assert not escape_cell(value).startswith((*FORMULA_PREFIXES, *BREAKS, *FULL_WIDTH))
