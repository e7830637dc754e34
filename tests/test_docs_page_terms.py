"""Comparison of the bold words in the user documents with the pages' texts."""

import re

import pytest
from django.utils.translation import trans_real

from .markdown_docs import ROOT

BOLD = re.compile(r"\*\*([^*]+)\*\*")
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd]")


def page_texts() -> re.Pattern[str]:
    """Return a pattern that matches every translatable text.

    A placeholder matches any value.
    """
    catalog = trans_real.translation("he")._catalog
    # A key is a text, or a text with the number of its plural form. A context precedes \x04.
    keys = {key[0] if isinstance(key, tuple) else key for key in catalog.keys()}  # noqa: SIM118
    texts = [PLACEHOLDER.split(key.rpartition("\x04")[2]) for key in keys]
    patterns = (
        ".+".join(map(re.escape, parts))
        for parts in texts
        if any(map(str.isalpha, "".join(parts)))
    )
    return re.compile(f"(?:{'|'.join(patterns)})s?", re.IGNORECASE)


@pytest.mark.parametrize(
    "document", ["docs/administrators.md", "docs/payroll-month.md"]
)
def test_bold_words_are_texts_of_the_pages(document: str) -> None:
    text = (ROOT / document).read_text()
    terms = {" ".join(term.split()) for term in BOLD.findall(text)} - {"Bold"}
    pattern = page_texts()
    assert terms
    assert [term for term in sorted(terms) if not pattern.fullmatch(term)] == []
