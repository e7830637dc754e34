"""Comparison of docs/architecture.md with the code: order of imports, and paths."""

import re
import tomllib

from tests.markdown_docs import ROOT, quoted, section, tables

DOCUMENT = "docs/architecture.md"


def test_the_layers_are_those_of_the_import_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"][
        "importlinter"
    ]["contracts"]
    (layers,) = [one["layers"] for one in contracts if one["type"] == "layers"]
    rows = tables(section(DOCUMENT, "Order of imports"))[0]
    assert [
        {name.split(".")[0] for name in quoted(modules)} for _, modules, _ in rows
    ] == [{name.strip().split(".")[0] for name in layer.split(":")} for layer in layers]


def test_each_path_of_the_layout_is_there() -> None:
    text = section(DOCUMENT, "Layout")
    folders = re.findall(r"^([a-z]+)/ ", text, re.MULTILINE)
    assert folders
    paths = [
        path
        for _, cell in tables(text)[0]
        for path in quoted(cell)
        if "/" in path and "<" not in path
    ]
    missing = [path for path in [*folders, *paths] if not (ROOT / path).exists()]
    assert not missing
