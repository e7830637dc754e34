"""Validation of the API's responses against the OpenAPI document."""

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator


@cache
def document() -> dict[str, Any]:
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return made


def complaints(path: str, method: str, response: Any) -> list[str]:
    """Return the differences of a response from the document.

    `path` is a key of the document, such as `/api/sites/{id}`.
    """
    operation = document()["paths"][path][method]
    described = operation["responses"].get(str(response.status_code))
    if described is None:
        return [f"{method} {path}: {response.status_code} is not in the document"]
    content = described.get("content")
    if content is None:
        return [f"{method} {path}: a body is not in the document"] * bool(
            response.content
        )
    schema = {
        **content["application/json"]["schema"],
        "components": document()["components"],
    }
    validator = Draft202012Validator(schema)
    return [
        f"{method} {path}: {error.json_path} {error.message}"
        for error in validator.iter_errors(response.json())
    ]
