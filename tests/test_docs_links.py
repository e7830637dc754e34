"""Links and images of the documents lead to existing targets."""

from pathlib import Path

import pytest

from tests.markdown_docs import ROOT, anchors, links

DOCUMENTS = sorted(
    str(file.relative_to(ROOT))
    for file in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
)
PICTURE_LIMIT = 300_000  # bytes


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_somewhere(document: str) -> None:
    for link in links(document):
        if "://" in link:
            continue
        target, _, anchor = link.partition("#")
        file = (ROOT / document).parent / target if target else ROOT / document
        assert file.exists(), link
        if anchor:
            assert anchor in anchors(str(file.resolve().relative_to(ROOT))), link


@pytest.mark.parametrize(
    "picture", sorted((ROOT / "docs" / "images").iterdir()), ids=lambda file: file.name
)
def test_pictures_are_small_and_shown_somewhere(picture: Path) -> None:
    assert picture.stat().st_size < PICTURE_LIMIT
    assert any(
        ((ROOT / document).parent / link).resolve() == picture
        for document in DOCUMENTS
        for link in links(document)
    )
