"""The import contract in pyproject.toml covers every module."""

import tomllib
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)


def _layers() -> set[str]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"][
        "importlinter"
    ]["contracts"]
    (layers,) = [one["layers"] for one in contracts if one["type"] == "layers"]
    return {name.strip() for layer in layers for name in layer.split(":")}


def _modules() -> set[str]:
    """Return the modules of all packages of the project, without tests."""
    found = set()
    for package in ROOT.glob("*/__init__.py"):
        for path in package.parent.rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if "tests" not in parts:
                found.add(".".join(part for part in parts if part != "__init__"))
    return found


def test_every_module_belongs_to_a_layer() -> None:
    layers = _layers()
    # Packages that are split between layers contain no code of their own.
    split = {name.rpartition(".")[0] for name in layers} - {""}
    outside = {
        module
        for module in _modules() - split
        if not any(
            module == layer or module.startswith(f"{layer}.") for layer in layers
        )
    }
    assert outside == set()
    assert all(not (ROOT / name / "__init__.py").read_text() for name in split)
