"""Update the Hebrew catalogue from the source: `make messages`; with `--check`, report problems only.

Reads the same source as Django's `makemessages` and writes the same file as `compilemessages`, without the programs
of GNU gettext. The compiled catalogue is in the repository. So a fresh clone has Hebrew texts, and every machine can
check them.
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
ADVICE = "Run `make messages`, translate what is empty in locale/he/LC_MESSAGES/django.po, and run it again."

Forms = tuple[str, ...]
Key = tuple[Forms, str | None]  # the source text, and the context

SKIPPED = {"tests", "migrations", "devtools", "benchmarks", "var", "static-root"}
ONE, CONTEXT_AND_ONE = None, ((1, "c"), 2)
KEYWORDS = {
    **dict.fromkeys(["_", "gettext", "gettext_lazy", "gettext_noop"], ONE),
    **dict.fromkeys(["ngettext", "ngettext_lazy"], (1, 2)),
    **dict.fromkeys(["pgettext", "pgettext_lazy"], CONTEXT_AND_ONE),
    **dict.fromkeys(["npgettext", "npgettext_lazy"], ((1, "c"), 2, 3)),
}
# Matches `%(name)s`, `%s`, `%d`, `%%` and `{name}`.
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd%]|\{\w+(?::\w+)?\}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    is_check = parser.parse_args().check
    if not is_check:
        update()
    with MO.open("rb") as file:
        problems = list(faults(read(), source(), read_mo(file)))
    sys.stdout.writelines(f"{line}\n" for line in [*problems, ADVICE] if problems)
    return 1 if problems else 0


def read() -> Catalog:
    with PO.open("rb") as file:
        return read_po(file, locale="he")


def translations(catalog: Catalog) -> dict[Key, Forms]:
    """Return the translations of a catalogue, without its header, which names tools."""
    return {
        (_forms(message.id), message.context): _forms(message.string)
        for message in catalog
        if message.id
    }


def _forms(text: Any) -> Forms:
    """Return a text and its plurals as a tuple.

    One reader returns a list, the other a tuple, and None without a text.
    """
    return (text,) if isinstance(text, str) else tuple(text or ())


def update() -> None:
    """Add new messages, drop unused messages, and compile; translations stay."""
    catalog, references = read(), source()
    references.creation_date = catalog.creation_date
    catalog.update(references, no_fuzzy_matching=True)
    with PO.open("wb") as file:
        write_po(file, catalog, width=100, ignore_obsolete=True, include_lineno=False)
    with MO.open("wb") as file:
        write_mo(file, catalog)


def source() -> Catalog:
    """Return every message of the source, with the files that contain it."""
    catalog = Catalog()
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        if path.suffix not in (".py", ".html") or any(
            part in SKIPPED or part.startswith(".") for part in parts
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
        # Django's parser converts a template to calls between letters; indented, they would not be valid Python.
        text = "\n".join(line.strip() for line in templatize(text).splitlines())
    yield from extract(
        "python", io.BytesIO(text.encode()), KEYWORDS, comment_tags=["Translators:"]
    )


def faults(catalog: Catalog, references: Catalog, compiled: Catalog) -> Iterator[str]:
    """Yield a message per problem of the catalogue.

    Compares it with the source and the compiled file.
    """
    existing, current = translations(catalog), translations(references)
    for forms, _ in sorted(current.keys() - existing.keys(), key=str):
        yield f"Not in the catalogue: {forms[0]!r}"
    for forms, _ in sorted(existing.keys() - current.keys(), key=str):
        yield f"In the catalogue, but no longer in the source: {forms[0]!r}"
    for message in catalog:
        if message.id:
            yield from _faults_of(message, catalog.num_plurals)
    if translations(compiled) != {
        key: output for key, output in existing.items() if all(output)
    }:
        yield "django.mo differs from django.po."


def _faults_of(message: Message, plurals: int) -> Iterator[str]:
    originals, texts = _forms(message.id), _forms(message.string)
    if message.fuzzy:
        yield f"Fuzzy: {originals[0]!r}"
    if not all(texts) or len(texts) != (plurals if len(originals) > 1 else 1):
        yield f"Not translated: {originals[0]!r}"
        return
    # “One card” and “two cards” are words in Hebrew, without a number. So a named placeholder may be missing; `%d`
    # may not.
    known, used = _placeholders(originals[-1]), [_placeholders(text) for text in texts]
    nameless = known & {"%s", "%d"}
    if used[-1] != known or not all(nameless <= missing <= known for missing in used):
        yield f"Other placeholders than the source has: {originals[0]!r}"


def _placeholders(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text))


if __name__ == "__main__":
    settings.configure()
    sys.exit(main())
