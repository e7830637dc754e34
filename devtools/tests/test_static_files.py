"""The formatter of style sheets and scripts."""

import pytest

from devtools import static_files


@pytest.mark.parametrize(
    ("suffix", "text", "expected"),
    [
        (".css", "a{color:red;margin:0}", "a {\n  color: red;\n  margin: 0\n}\n"),
        (
            ".js",
            "for (const a of b) if (a) c(a);\n",
            "for (const a of b)\n  if (a) c(a);\n",
        ),
        (
            ".js",
            "const a = (b) => b?.c ?? `${d}`;\n",
            "const a = (b) => b?.c ?? `${d}`;\n",
        ),
    ],
)
def test_one_declaration_or_statement_a_line(tmp_path, suffix, text, expected):
    path = tmp_path / f"file{suffix}"
    path.write_text(text)
    assert static_files.formatted(path) == expected


def test_formatting_twice_changes_nothing():
    for path in static_files.static_files():
        once = static_files.formatted(path)
        assert static_files.FORMATTERS[path.suffix](once) == once


@pytest.fixture
def style_sheet(tmp_path, monkeypatch):
    """Return an unformatted style sheet, the only file of its repository."""
    path = tmp_path / "page.css"
    path.write_text("a{color:red}")
    monkeypatch.setattr(static_files, "ROOT", tmp_path)
    monkeypatch.setattr(static_files, "static_files", lambda: [path])
    return path


def test_the_check_names_the_file_and_changes_nothing(style_sheet, monkeypatch, capsys):
    monkeypatch.setattr(static_files.sys, "argv", ["static_files.py", "--check"])
    assert static_files.main() == 1
    assert "page.css is not formatted." in capsys.readouterr().out
    assert style_sheet.read_text() == "a{color:red}"


def test_without_the_check_the_file_is_formatted(style_sheet, monkeypatch):
    monkeypatch.setattr(static_files.sys, "argv", ["static_files.py"])
    assert static_files.main() == 0
    assert style_sheet.read_text() == "a {\n  color: red\n}\n"
    assert static_files.main() == 0
