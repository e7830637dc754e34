"""Repeated and blank query parameters, JSON keys and form fields are rejected."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from automatehq.api.filters import FREE_TEXT
from tests.api_helpers import problem

SITES = "/api/sites"
VALUES = {"id": str(uuid.uuid4()), "month": "2026-03", "page": "1"}


def _parameters() -> Iterator[tuple[str, str]]:
    document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    for path, operations in document["paths"].items():
        for parameter in operations.get("get", {}).get("parameters", ()):
            if parameter["in"] == "query":
                yield path, parameter["name"]


def _url(path: str) -> str:
    for name, value in VALUES.items():
        path = path.replace(f"{{{name}}}", value)
    return path


@pytest.fixture(scope="module")
def parameters() -> list[tuple[str, str]]:
    return list(_parameters())


def test_a_parameter_that_is_sent_twice_is_refused_at_every_endpoint(
    acme: Personas, parameters: list[tuple[str, str]]
) -> None:
    client = client_of(acme.admin)
    assert len(parameters) > 60
    for path, name in parameters:
        answer = client.get(f"{_url(path)}?{name}=1&{name}=2")
        assert problem(answer) == (400, "repeated", name), (path, name)


def test_a_blank_parameter_is_refused_at_every_endpoint(
    acme: Personas, parameters: list[tuple[str, str]]
) -> None:
    client = client_of(acme.admin)
    for path, name in parameters:
        for blank in ("", "%20", "%E2%80%8F"):
            answer = client.get(f"{_url(path)}?{name}={blank}")
            if name in FREE_TEXT:
                assert "blank" not in answer.content.decode(), (path, name)
            else:
                assert problem(answer) == (400, "blank", name), (path, name)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ('{"site_name": "A", "site_name": "B"}', "site_name"),
        ('{"site_name": "A", "site_name": "A"}', "site_name"),
        (
            '{"site_name": "A", "settings": {"is_hidden": 1, "is_hidden": 2}}',
            "settings.is_hidden",
        ),
        ('{"entries": [{}, {"comment": "a", "comment": "b"}]}', "entries.1.comment"),
        ('{"a": {"b": 1, "b": 2}, "a": 3}', "a"),
    ],
)
def test_a_key_that_stands_twice_in_a_json_body_is_named(
    acme: Personas, body: str, path: str
) -> None:
    answer = client_of(acme.admin).post(SITES, body, content_type="application/json")
    assert problem(answer) == (400, "repeated", path)


def test_a_field_that_stands_twice_in_a_form_is_named(acme: Personas) -> None:
    boundary = "b"
    parts = [("site_id", str(uuid.uuid4())), ("site_id", str(uuid.uuid4()))]
    body = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parts
    )
    answer = client_of(acme.admin).post(
        "/api/work_cards/upload",
        f"{body}--{boundary}--\r\n",
        content_type=f"multipart/form-data; boundary={boundary}",
    )
    found = [
        (error["code"], error["attr"]) for error in json.loads(answer.content)["errors"]
    ]
    assert answer.status_code == 400
    assert ("repeated", "site_id") in found
