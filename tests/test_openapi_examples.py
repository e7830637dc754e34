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
Example = tuple[str, dict[str, Any], Any]


def documented_examples(node: Any, place: str = "") -> Iterator[Example]:
    """Yield the place, schema and value of each example of a part of the document."""
    if isinstance(node, list):
        for item in node:
            yield from documented_examples(item, place)
    elif isinstance(node, dict):
        for name, example in (
            (node.get("examples") or {}).items() if "schema" in node else ()
        ):
            yield f"{place} {name}", node["schema"], example["value"]
        for key, child in node.items():
            yield from documented_examples(child, f"{place}/{key}")


def test_examples_conform_to_their_schemas() -> None:
    components = document()["components"]
    found = [
        f"{place}: {error.json_path} {error.message}"
        for place, schema, value in documented_examples(document()["paths"])
        for error in Draft202012Validator(
            {**schema, "components": components}
        ).iter_errors(value)
    ]
    assert found == []


@pytest.mark.parametrize(
    "file", FILES, ids=lambda file: f"{file.parts[-3]}-{file.stem}"
)
def test_each_file_of_examples_is_in_the_document(file: Path) -> None:
    shown = [value for _, _, value in documented_examples(document()["paths"])]
    # A list shows the example of its rows inside `results`.
    shown += [value["results"][0] for value in shown if "results" in value]
    for example in load_examples(file.parts[-3], file.stem):
        assert example.value in shown, example.name
