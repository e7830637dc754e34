"""The Hebrew catalogue has every text of the source, translated and compiled."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
_spec = importlib.util.spec_from_file_location(
    "messages", ROOT / "devtools/messages.py"
)
assert _spec is not None
assert _spec.loader is not None
messages: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(messages)

ONE_CARD = ("%(n)d card", "%(n)d cards")


def catalog(*entries: tuple[Any, Any], fuzzy: bool = False) -> Catalog:
    made = Catalog(locale="he")
    for text, said in entries:
        made.add(text, said, flags={"fuzzy"} if fuzzy else set())
    return made


def test_the_catalogue_is_whole() -> None:
    with messages.MO.open("rb") as file:
        found = list(messages.faults(messages.read(), messages.source(), read_mo(file)))
    assert found == [], "\n".join([*found, messages.MEND])


def test_hebrew_counts_one_two_and_many() -> None:
    assert messages.read().num_plurals == 3


@pytest.mark.parametrize(
    ("text", "said", "complaint"),
    [
        ("Save", "", "Not translated: 'Save'"),
        (ONE_CARD, ("כרטיס אחד", "", "%(n)d כרטיסים"), "Not translated: '%(n)d card'"),
        (ONE_CARD, ("כרטיס אחד", "%(n)d כרטיסים"), "Not translated: '%(n)d card'"),
        ("%(who)s left", "הלך", "Other placeholders than the source has: '%(who)s left'"),
        ("{all} done", "{col} בוצע", "Other placeholders than the source has: '{all} done'"),
        (
            ("%d card", "%d cards"),
            ("כרטיס אחד", "%d כרטיסים", "%d כרטיסים"),
            "Other placeholders than the source has: '%d card'",
        ),
        (ONE_CARD, ("כרטיס אחד", "שני כרטיסים", "%(n)d כרטיסים"), None),
    ],
)  # fmt: skip
def test_a_translation_that_would_not_do_is_named(
    text: Any, said: Any, complaint: str | None
) -> None:
    made = catalog((text, said))
    whole = (isinstance(said, str) and said) or (
        not isinstance(said, str) and all(said)
    )
    compiled = catalog((text, said)) if whole else catalog()
    found = list(messages.faults(made, catalog((text, "")), compiled))
    assert found == ([complaint] if complaint else [])


def test_new_gone_fuzzy_and_uncompiled_messages_are_named() -> None:
    there = catalog(("Save", "שמירה"), fuzzy=True)
    found = list(messages.faults(there, catalog(("Open", "")), catalog()))
    assert found == [
        "Not in the catalogue: 'Open'",
        "In the catalogue, but no longer in the source: 'Save'",
        "Fuzzy: 'Save'",
        "django.mo differs from django.po.",
    ]


def test_messages_of_templates_and_modules_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "page.html").write_text(
        '{% load i18n %}\n  {% translate "From" context "date" %}\n    {% blocktranslate count n=n %}{{ n }} card'
        "{% plural %}{{ n }} cards{% endblocktranslate %}"
    )
    (tmp_path / "module.py").write_text('def f():\n    return _("Two " "lines")\n')
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "module.py").write_text('_("Not this")\n')
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    assert set(messages.translations(messages.source())) == {
        (("From",), "date"),
        (("%(n)s card", "%(n)s cards"), None),
        (("Two lines",), None),
    }
