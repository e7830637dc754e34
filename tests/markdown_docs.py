"""Parsers of the documents under docs/, for comparison with the code."""

import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
_QUOTED = re.compile(r"`([^`]+)`")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)|<img[^>]* src=\"([^\"]+)\"")


def section(document: str, heading: str) -> str:
    """Return the text under a heading, until the next heading of its rank or above."""
    text = (ROOT / document).read_text()
    match = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert match, f"{document} has no heading “{heading}”"
    rest = text[match.end() :]
    end = re.search(rf"^#{{1,{len(match[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def tables(text: str) -> list[list[list[str]]]:
    """Return the body rows of each table in `text`, as the text of their cells."""
    return [rows for _, rows in tables_with_heads(text)]


def tables_with_heads(text: str) -> list[tuple[list[str], list[list[str]]]]:
    """Return the head and the rows of each table in `text`, as the text of their cells."""
    found: list[list[list[str]]] = []
    before = ""
    for line in text.splitlines():
        if line.startswith("|"):
            if not before.startswith("|"):
                found.append([])
            # A bar inside `code` is written \| and separates no cells.
            cells = re.split(r"(?<!\\)\|", line.strip()[1:-1])
            found[-1].append([cell.strip() for cell in cells])
        before = line
    return [(rows[0], rows[2:]) for rows in found]


def quoted(cell: str) -> list[str]:
    """Return the strings `between backticks`."""
    return _QUOTED.findall(cell)


def blocks(text: str) -> list[tuple[str, str]]:
    """Return the fenced blocks of `text`, each with its language."""
    return _FENCE.findall(text)


def links(document: str) -> list[str]:
    """Return the targets of a document's links and images."""
    text = _FENCE.sub("", (ROOT / document).read_text())
    return [target or source for target, source in _LINK.findall(text)]


def anchors(document: str) -> set[str]:
    """Return the fragments that a link to a document may have.

    These are its headings in GitHub's notation.
    """
    headings = re.findall(r"^#+ (.+)$", (ROOT / document).read_text(), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")
        for heading in headings
    }


def own_code() -> Iterator[Path]:
    """Yield the modules of AutomateHQ's apps.

    Tests, migrations, verification programs and benchmarks are excluded.
    """
    for package in sorted(ROOT.glob("*/apps.py")):
        for file in sorted(package.parent.rglob("*.py")):
            if not {"tests", "migrations"} & set(file.relative_to(ROOT).parts):
                yield file
