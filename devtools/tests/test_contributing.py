"""The files, commands and names that CONTRIBUTING.md mentions exist."""

import re
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from devtools import prose

ROOT = Path(settings.BASE_DIR)
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SPANS = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", TEXT)
# Paths that Git does not track, or examples.
UNTRACKED = {".env", "var/", "var/tests", ".venv", "templates/admin/reports/"}
PATH = re.compile(r"[\w.-]*/[\w./-]*|[\w.-]+\.(?:json|lock|md|mo|po|py|toml|txt|yaml)")
NAME = re.compile(r"@?((?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*)(?:\(.*\))?")
# Examples of forbidden words, and of the subject of a commit.
PROSE = {text for text in SPANS if any(prose.find_in_text(text))} | {
    "area: imperative summary"
}


@pytest.fixture(scope="module")
def tracked():
    """Return the paths that Git tracks."""
    command = ["git", "ls-files"]
    return subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()


def paths_mentioned():
    """Return the paths in the text and in its commands."""
    commands = re.findall(r'ARGS="([^"]+)"|pytest (\S+)', TEXT)
    words = [word for command in commands for part in command for word in part.split()]
    candidates = [*SPANS, *(word for word in words if "/" in word)]
    return sorted(
        {text for text in candidates if PATH.fullmatch(text) and text not in UNTRACKED}
    )


def test_paths_exist(tracked):
    missing = [
        text
        for text in paths_mentioned()
        if not (ROOT / text).exists()
        and not any(path.endswith(f"/{text}") for path in tracked)
    ]
    assert len(paths_mentioned()) > 40
    assert missing == []


def test_make_targets_exist():
    targets = set(
        re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    )
    mentioned = set(re.findall(r"(?:`|^    )make ([a-z-]+)", TEXT, re.MULTILINE))
    assert len(mentioned) > 10
    assert mentioned <= targets


def test_markers_are_those_of_the_tests():
    configured = set(
        re.findall(r"^    (\w+): ", (ROOT / "pytest.ini").read_text(), re.MULTILINE)
    )
    table = TEXT.split("| marker |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == configured


def test_names_exist(tracked):
    code = "\n".join(
        (ROOT / path).read_text() for path in tracked if path.endswith(".py")
    )
    words = set(re.findall(r"\w+", code))
    spans = set(SPANS) - PROSE - UNTRACKED - set(paths_mentioned())
    names = {match[1] for text in spans if (match := NAME.fullmatch(text))}
    parts = {
        part
        for name in names
        for part in name.split(".")
        if part.strip("_") == part or part.startswith("__")
    }
    assert len(parts) > 30
    assert parts - words == set()
