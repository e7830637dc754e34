"""The check for forbidden words, and its baseline, which only decreases."""

import json
import subprocess

import pytest

from devtools import prose

CATALOGUE = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "Say why."
msgstr "x"

msgid "%(n)d door"
msgid_plural "%(n)d doors"
msgstr[0] "x"
msgstr[1] "x"

msgid "Enter a reason."
msgstr "x"

#~ msgid "Nobody"
#~ msgstr "x"
"""


def words(findings):
    return [finding.text for finding in findings]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Whoever is slower waits; nobody is told.", ["Whoever", "nobody"]),
        ("It is not any more.", ["not any more"]),
        ("The user cannot sign in any more.", ["any more"]),
        ("There are not any more rows.", ["not any more"]),
        ("Read any more rows.", []),
        ("It is taken as it is.", ["as it is"]),
        ("The row is locked as it is created.", []),
        ("The door refuses; doors are sealed.", ["door", "refuses", "doors", "sealed"]),
        ("Connection refused.", []),
        ("Indoors, a shallow outdoors and hours.", []),
        ("Lock the row.", []),
        ("The column `nobody` and the word `shall`.", []),
    ],
)
def test_words_in_text(text, expected):
    assert words(prose.find_in_text(text)) == expected


def test_findings_have_a_line_and_advice():
    assert list(prose.find_in_text("One.\nIt shall lock.\n")) == [
        (2, "shall", "write “must”, “should” or “will”")
    ]


@pytest.mark.parametrize("pattern", prose.WORDS)
def test_every_pattern_is_one_group(pattern):
    assert prose.re.compile(pattern).groups == 0


@pytest.mark.parametrize(
    "opening",
    [
        "What it gives.",
        "Who may.",
        "Whose row.",
        "Whether it is.",
        "Say why.",
        "Tell it.",
    ],
)
@pytest.mark.parametrize(
    "frame",
    [
        '"""{}"""',
        'class A:\n    """{}"""',
        'def f():\n    """{}"""',
        'async def f():\n    """{}"""',
    ],
)
def test_docstring_begins_with_a_verb_or_a_noun(frame, opening):
    assert words(prose.find_in_python(frame.format(opening))) == [opening.split()[0]]
    assert (
        words(prose.find_in_python(frame.format("Return the row whose id is given.")))
        == []
    )


@pytest.mark.parametrize(
    "source",
    [
        "told = 1",
        "def told(): ...",
        "def f(told): ...",
        "class told: ...",
        "for told in []: ...",
        "told: int = 1",
    ],
)
def test_forbidden_names_are_found_where_they_are_defined(source):
    assert words(prose.find_in_python(source)) == ["told"]
    assert words(prose.find_in_python("print(told, row.told)")) == []


def test_catalogue_is_read_for_its_english(tmp_path):
    path = tmp_path / "django.po"
    path.write_text(CATALOGUE)
    assert sorted(words(prose.find(path))) == ["Say", "door", "doors"]


@pytest.mark.parametrize(
    ("counts", "baseline", "excess"),
    [
        ({"a.py": 2}, {"a.py": 2}, []),
        ({"a.py": 1}, {"a.py": 2}, []),
        ({"a.py": 3}, {"a.py": 2}, ["a.py"]),
        ({"a.py": 1}, {}, ["a.py"]),
        ({"a.py": 0}, {}, []),
        ({"moved.py": 2}, {"a.py": 2}, []),
        ({"moved.py": 3}, {"a.py": 2}, ["moved.py"]),
        ({"half.py": 1, "other.py": 1}, {"a.py": 2}, []),
        ({"a.py": 1, "new.py": 1}, {"a.py": 2}, ["new.py"]),
    ],
)
def test_a_file_has_no_more_than_its_number(counts, baseline, excess):
    assert prose.find_excess(counts, baseline) == excess


@pytest.mark.parametrize(
    ("counts", "baseline", "lowered"),
    [
        ({"a.py": 1}, {"a.py": 2}, {"a.py": 1}),
        ({"a.py": 3}, {"a.py": 2}, {"a.py": 2}),
        ({"a.py": 0}, {"a.py": 2}, {}),
        ({"moved.py": 2}, {"a.py": 2}, {"moved.py": 2}),
    ],
)
def test_update_only_lowers(counts, baseline, lowered):
    assert prose.lower(counts, baseline) == lowered


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """Return a repository with a page of two findings, of which the baseline allows two."""
    page = tmp_path / "page.md"
    page.write_text("Nobody shall.\n")
    (tmp_path / "ignored.md").write_text("Nobody.\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "page.md"], cwd=tmp_path, check=True)
    monkeypatch.setattr(prose, "ROOT", tmp_path)
    monkeypatch.setattr(prose, "BASELINE", tmp_path / "baseline.json")
    monkeypatch.setattr(prose, "list_files", lambda: _list_files(tmp_path))
    prose.BASELINE.write_text('{"page.md": 2}')
    return page


_list_files = prose.list_files


def test_only_tracked_files_are_checked_and_old_findings_pass(clone, capsys):
    assert prose.main([]) == 0
    assert "2 forbidden words in 1 of 1 files" in capsys.readouterr().out


def test_a_new_finding_fails_with_its_line(clone, capsys):
    clone.write_text("Nobody shall.\nWhoever.\n")
    assert prose.main([]) == 1
    out = capsys.readouterr().out
    assert "page.md:2: “Whoever”: name the user" in out
    assert "page.md: 3 forbidden words, 2 allowed" in out
    assert prose.main(["--update"]) == 1
    assert json.loads(prose.BASELINE.read_text()) == {"page.md": 2}


def test_fewer_findings_pass_and_update_lowers_the_number(clone, capsys):
    clone.write_text("Nobody.\n")
    assert prose.main([]) == 0
    assert "prose.py --update" in capsys.readouterr().out
    assert prose.main(["--update"]) == 0
    assert json.loads(prose.BASELINE.read_text()) == {"page.md": 1}
    clone.write_text("Nobody shall.\n")
    assert prose.main([]) == 1


@pytest.mark.parametrize(
    ("name", "is_checked"),
    [
        ("Makefile", True),
        ("a/views.py", True),
        ("a/migrations/operations.py", True),
        ("a/migrations/0001_initial.py", False),
        ("a/static/page.js", True),
        ("a/templates/page.html", True),
        ("locale/he/LC_MESSAGES/django.po", True),
        ("page.css", False),
        ("devtools/prose.py", False),
    ],
)
def test_which_files_are_checked(name, is_checked):
    assert prose._is_checked(name) is is_checked
