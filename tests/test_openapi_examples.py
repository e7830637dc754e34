"""The examples of the OpenAPI document conform to the schemas beside them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from jsonschema import Draft202012Validator

from automatehq.api.openapi_examples import load_examples
from tests.openapi_conformance import document

FILES = sorted(Path(settings.BASE_DIR).glob("*/openapi_examples/*.json"))
# The pattern is that of a response. A request may have spaces and dashes, or one decimal.
NORMALISED = {"passport_id", "total_hours"}
Example = tuple[str, dict[str, Any], Any]


def documented_examples(node: Any, place: str = "") -> Iterator[Example]:
    """Yield the place, schema and value of each example of a part of the document."""
    if isinstance(node, list):
        for item in node:
            yield from documented_examples(item, place)
    elif isinstance(node, dict):
        if "schema" in node:
            for name, example in node.get("examples", {}).items():
                yield f"{place} {name}", node["schema"], example["value"]
        for key, child in node.items():
            yield from documented_examples(child, f"{place}/{key}")


def test_examples_conform_to_their_schemas() -> None:
    components = document()["components"]
    found = []
    for place, schema, value in documented_examples(document()["paths"]):
        validator = Draft202012Validator({**schema, "components": components})
        found += [
            f"{place}: {error.json_path} {error.message}"
            for error in validator.iter_errors(value)
            if not ("requestBody" in place and NORMALISED & {*error.path})
        ]
    assert found == []


@pytest.mark.parametrize(
    "file", FILES, ids=lambda file: f"{file.parts[-3]}-{file.stem}"
)
def test_each_file_of_examples_is_in_the_document(file: Path) -> None:
    shown = [value for _, _, value in documented_examples(document()["paths"])]
    # A list shows the example of its rows.
    lists = [
        value.get("results") if isinstance(value, dict) else value for value in shown
    ]
    shown += [rows[0] for rows in lists if rows]
    for example in load_examples(file.parts[-3], file.stem):
        assert example.value in shown, example.name
