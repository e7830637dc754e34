"""Comparison of the settings and commands in the documents with the code."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands

DOCS = Path(settings.BASE_DIR) / "docs"
OPERATIONS = (DOCS / "operations.md").read_text(encoding="utf-8")

# `_setting(<reader>, "NAME"…`, `env.str("NAME"…`, `os.environ.get("NAME"…`, and a name in a constant.
READ = re.compile(
    r'(?:_setting\(\s*[\w.]+,|env\.\w+\(|environ\.get\(|^PASSWORD_VARIABLE =)\s*"([A-Z][A-Z0-9_]+)"',
    re.MULTILINE,
)
READERS = [
    "automatehq/settings.py",
    "devtools/localpg_server.py",
    "devtools/localpg_binaries.py",
    "accounts/management/prompts.py",
]


def names_read() -> set[str]:
    return {
        name
        for reader in READERS
        for name in READ.findall((settings.BASE_DIR / reader).read_text("utf-8"))
    }


def names_listed() -> list[str]:
    section = OPERATIONS.split("\n## Settings\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([A-Z0-9_]+)` \|", section, re.MULTILINE)


def test_operations_lists_every_setting_once_and_no_other() -> None:
    assert sorted(names_listed()) == sorted(names_read())
    assert {"DEBUG", "S3_BUCKET", "AUTOMATEHQ_PG_BIN"} <= names_read()


def test_no_other_module_reads_the_environment() -> None:
    """A setting that another module reads would be missing from the list."""
    apps = [
        path
        for path in Path(settings.BASE_DIR).glob("[a-z]*/**/*.py")
        if "tests" not in path.parts and path.parts[-1] != "settings.py"
    ]
    names = {
        name
        for path in apps
        if path.relative_to(settings.BASE_DIR).parts[0] in OUR_APPS
        for name in READ.findall(path.read_text(encoding="utf-8"))
    }
    assert names <= names_read()


OUR_APPS = {
    "accounts",
    "audit",
    "automatehq",
    "businesses",
    "demo",
    "devtools",
    "exports",
    "reports",
    "workcards",
    "workforce",
}


@pytest.mark.parametrize("path", sorted(DOCS.rglob("*.md")), ids=lambda path: path.name)
def test_commands_of_the_documents_are_there(path: Path) -> None:
    named = set(re.findall(r"manage\.py ([a-z_]+)", path.read_text(encoding="utf-8")))
    assert named <= set(get_commands())


def test_operations_lists_every_command() -> None:
    """The table of commands has a row for each AutomateHQ command."""
    listed = re.findall(r"^\| `manage\.py ([a-z_]+)` \|", OPERATIONS, re.MULTILINE)
    own = {
        name
        for name, app in get_commands().items()
        if (Path(settings.BASE_DIR) / app).is_dir()
    }
    assert len(listed) == len(set(listed))
    assert own <= set(listed)
