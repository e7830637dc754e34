"""Names of classes and modules are unique in the repository, so that a search finds one place."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
# Names that Django, factory-boy and pytest give.
STANDARD_CLASSES = {"Command", "Meta", "Params"}
STANDARD_MODULES = {
    *("__init__", "__main__", "admin", "apps", "conftest", "factories", "fields"),
    *("filters", "formats", "models", "querysets", "serializers", "services"),
    *("settings", "tasks", "urls", "views"),
}


def modules() -> Iterator[Path]:
    """Yield the modules of the project, without migrations."""
    for package in ROOT.glob("*/__init__.py"):
        for path in package.parent.rglob("*.py"):
            if "migrations" not in path.parts:
                yield path


def repeated(places: dict[str, list[Path]]) -> dict[str, list[str]]:
    """Return the names with more than one place, and these places."""
    return {
        name: [str(path.relative_to(ROOT)) for path in paths]
        for name, paths in places.items()
        if len(paths) > 1
    }


def test_class_names_are_unique() -> None:
    places: dict[str, list[Path]] = defaultdict(list)
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and node.name not in STANDARD_CLASSES:
                places[node.name].append(path)
    assert repeated(places) == {}


def test_module_names_are_unique() -> None:
    places: dict[str, list[Path]] = defaultdict(list)
    for path in modules():
        # The name of a command is what an administrator types.
        if path.stem not in STANDARD_MODULES and path.parent.name != "commands":
            places[path.stem].append(path)
    assert repeated(places) == {}
