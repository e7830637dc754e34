"""Comparison of docs/glossary.md with the code: unique words, existing names."""

from tests.markdown_docs import ROOT, own_code, quoted, tables

ROWS = [
    row
    for table in tables((ROOT / "docs/glossary.md").read_text("utf-8"))
    for row in table
]


def test_each_word_has_one_meaning() -> None:
    words = [word for word, *_ in ROWS]
    assert sorted(set(words)) == sorted(words)
    assert all(meaning for _, meaning, _ in ROWS)


def test_each_code_name_is_in_the_code() -> None:
    code = "\n".join(file.read_text("utf-8") for file in own_code())
    names = [name for *_, cell in ROWS for name in quoted(cell)]
    assert len(names) == len(ROWS)
    unknown = [
        name for name in names if name not in code and not (ROOT / name).exists()
    ]
    assert not unknown
