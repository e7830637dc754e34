"""Bring the Hebrew catalogue up to date with the source: `make messages`, or with `--check` say what is amiss.

Reads what Django's own `makemessages` reads, and writes what `compilemessages` writes, without the programs of GNU
gettext: the compiled catalogue is in the repository, so that a fresh clone speaks Hebrew, and every machine can check it.
"""

import argparse
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "locale" / "he" / "LC_MESSAGES"
PO, MO = FOLDER / "django.po", FOLDER / "django.mo"
MEND = "Run `make messages`, translate what is empty in locale/he/LC_MESSAGES/django.po, and run it again."

Forms = tuple[str, ...]
Key = tuple[Forms, str | None]  # what the source says, and the context

PASSED_OVER = {"tests", "migrations", "devtools", "benchmarks", "var", "static-root"}
ONE, CONTEXT_AND_ONE = None, ((1, "c"), 2)
KEYWORDS = {
    **dict.fromkeys(["_", "gettext", "gettext_lazy", "gettext_noop"], ONE),
    **dict.fromkeys(["ngettext", "ngettext_lazy"], (1, 2)),
    **dict.fromkeys(["pgettext", "pgettext_lazy"], CONTEXT_AND_ONE),
    **dict.fromkeys(["npgettext", "npgettext_lazy"], ((1, "c"), 2, 3)),
}
# `%(name)s`, `%s`, `%d`, `%%` and `{name}`.
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd%]|\{\w+(?::\w+)?\}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    is_check = parser.parse_args().check
    if not is_check:
        update()
    with MO.open("rb") as file:
        found = list(faults(read(), source(), read_mo(file)))
    sys.stdout.writelines(f"{line}\n" for line in [*found, MEND] if found)
    return 1 if found else 0


def read() -> Catalog:
    with PO.open("rb") as file:
        return read_po(file, locale="he")


def translations(catalog: Catalog) -> dict[Key, Forms]:
    """What a catalogue says for what; its head, which names the tools that wrote it, left out."""
    return {
        (_forms(message.id), message.context): _forms(message.string)
        for message in catalog
        if message.id
    }


def _forms(text: Any) -> Forms:
    """A text and its plurals, if any; one reader makes a list of these, the other a tuple, and of none at all None."""
    return (text,) if isinstance(text, str) else tuple(text or ())


def update() -> None:
    """Add what is new, drop what is gone, and compile; what is translated stays."""
    catalog, found = read(), source()
    found.creation_date = catalog.creation_date
    catalog.update(found, no_fuzzy_matching=True)
    with PO.open("wb") as file:
        write_po(file, catalog, width=100, ignore_obsolete=True, include_lineno=False)
    with MO.open("wb") as file:
        write_mo(file, catalog)


def source() -> Catalog:
    """Every message of the source, with the files that have it."""
    catalog = Catalog()
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        if path.suffix not in (".py", ".html") or any(
            part in PASSED_OVER or part.startswith(".") for part in parts
        ):
            continue
        for line, text, comments, context in _messages(path):
            catalog.add(
                text,
                locations=[("/".join(parts), line)],
                auto_comments=comments,
                context=context,
            )
    return catalog


def _messages(path: Path) -> Iterator[tuple[int, Any, list[str], str | None]]:
    text = path.read_text()
    if path.suffix == ".html":
        # Django's reading of a template gives calls between letters; indented, they would be no Python.
        text = "\n".join(line.strip() for line in templatize(text).splitlines())
    yield from extract(
        "python", io.BytesIO(text.encode()), KEYWORDS, comment_tags=["Translators:"]
    )


def faults(catalog: Catalog, found: Catalog, compiled: Catalog) -> Iterator[str]:
    """What is amiss with a catalogue, given what the source has and what was compiled; a sentence each."""
    there, wanted = translations(catalog), translations(found)
    for forms, _ in sorted(wanted.keys() - there.keys(), key=str):
        yield f"Not in the catalogue: {forms[0]!r}"
    for forms, _ in sorted(there.keys() - wanted.keys(), key=str):
        yield f"In the catalogue, but not in the source any more: {forms[0]!r}"
    for message in catalog:
        if message.id:
            yield from _faults_of(message, catalog.num_plurals)
    if translations(compiled) != {
        key: said for key, said in there.items() if all(said)
    }:
        yield "django.mo is not what django.po says."


def _faults_of(message: Message, plurals: int) -> Iterator[str]:
    originals, texts = _forms(message.id), _forms(message.string)
    if message.fuzzy:
        yield f"Fuzzy: {originals[0]!r}"
    if not all(texts) or len(texts) != (plurals if len(originals) > 1 else 1):
        yield f"Not translated: {originals[0]!r}"
        return
    # “One card” and “two cards” are words in Hebrew and may do without a figure that has a name; `%d` must be filled.
    known, used = _placeholders(originals[-1]), [_placeholders(text) for text in texts]
    nameless = known & {"%s", "%d"}
    if used[-1] != known or not all(nameless <= some <= known for some in used):
        yield f"Other placeholders than the source has: {originals[0]!r}"


def _placeholders(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text))


if __name__ == "__main__":
    settings.configure()
    sys.exit(main())
