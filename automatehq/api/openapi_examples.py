"""OpenAPI examples, stored as JSON in the folder `openapi_examples` of each app.

A file has the arguments of one or more `OpenApiExample`. The object `{"$ref": "<path>"}`
stands for the content of another file, with the object's other members added to it.
"""

import json
from pathlib import Path
from typing import Any

from drf_spectacular.utils import OpenApiExample

_ROOT = Path(__file__).parents[2]


def load_examples(app: str, *names: str) -> list[OpenApiExample]:
    """Return the examples of the files `<app>/openapi_examples/<name>.json`."""
    return [
        OpenApiExample(**arguments)
        for name in names
        for arguments in _read(f"{app}/openapi_examples/{name}.json")
    ]


def _read(path: str) -> Any:
    text = (_ROOT / path).read_text(encoding="utf-8")
    return json.loads(text, object_hook=_resolve_reference)


def _resolve_reference(value: dict[str, Any]) -> dict[str, Any]:
    path = value.pop("$ref", None)
    return value if path is None else {**_read(path), **value}
