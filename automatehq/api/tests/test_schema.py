"""The public OpenAPI document describes every route, without a warning."""

import json
from typing import Any

import pytest
import yaml
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from openapi_spec_validator import validate
from rest_framework import mixins, viewsets

from automatehq.api.routing import Router, api_routes, endpoint
from automatehq.api.tests.test_lists import ListedEmployeeFilterSet
from automatehq.api.tests.test_tenant_viewsets import CardSerializer
from workforce.models import Employee


class SampleViewSet(
    mixins.ListModelMixin,
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet,
):
    """Cards."""

    queryset = Employee.objects.all()
    serializer_class = CardSerializer
    filterset_class = ListedEmployeeFilterSet
    search_fields = ("full_name",)
    ordering_fields = ("full_name",)
    lookup_value_converter = "id"

    @endpoint("POST {id}/approve")
    def approve(self, request: Any, pk: Any) -> None:
        """Approve it."""


def sample_document() -> dict[str, Any]:
    router = Router()
    router.register("api/cards", SampleViewSet, "card")
    generator = SchemaGenerator(patterns=router.urls)
    document: dict[str, Any] = generator.get_schema(request=None, public=True)
    return document


def test_a_viewset_is_described_with_its_fields_filters_and_refusals() -> None:
    GENERATOR_STATS.reset()
    with GENERATOR_STATS.silence():
        document = sample_document()
    assert not GENERATOR_STATS._warn_cache
    assert not GENERATOR_STATS._error_cache
    validate(document)
    listing = document["paths"]["/api/cards"]["get"]
    assert {parameter["name"] for parameter in listing["parameters"]} == {
        "page",
        "page_size",
        "ordering",
        "search",
        "site_id",
        "is_active",
        "passport_id",
        "started_on",
        "created_from",
        "created_to",
    }
    item = document["paths"]["/api/cards/{id}"]
    assert item["get"]["parameters"][0]["schema"]["format"] == "uuid"
    assert set(item["put"]["responses"]) >= {"200", "400", "404", "409"}
    card = document["components"]["schemas"]["Card"]["properties"]
    assert card["employee_id"]["format"] == "uuid"
    assert card["employee"]["readOnly"]
    error_schema = item["put"]["responses"]["400"]["content"]["application/json"][
        "schema"
    ]
    assert error_schema == {"$ref": "#/components/schemas/Refusal"}


def test_the_whole_api_is_described_without_a_warning() -> None:
    GENERATOR_STATS.reset()
    with GENERATOR_STATS.silence():
        document = SchemaGenerator().get_schema(request=None, public=True)
    assert not GENERATOR_STATS._warn_cache, GENERATOR_STATS._warn_cache
    assert not GENERATOR_STATS._error_cache, GENERATOR_STATS._error_cache
    assert document["openapi"].startswith("3.1")
    validate(document)


@pytest.mark.parametrize(
    ("query", "read"),
    [("", json.loads), ("?format=json", json.loads), ("?format=yaml", yaml.safe_load)],
)
def test_the_document_is_public(
    client: Client, db: None, query: str, read: Any
) -> None:
    response = client.get(f"/api/schema{query}")
    assert response.status_code == 200
    assert read(response.content)["openapi"].startswith("3.1")


@pytest.mark.parametrize(
    ("accept", "content_type", "read"),
    [
        ("application/json", "application/json", json.loads),
        ("application/vnd.oai.openapi", "application/vnd.oai.openapi", yaml.safe_load),
        ("application/yaml", "application/yaml", yaml.safe_load),
        ("*/*", "application/vnd.oai.openapi+json", json.loads),
        ("text/html", "application/vnd.oai.openapi+json", json.loads),
    ],
)
def test_the_document_comes_in_the_type_that_is_accepted(
    client: Client, db: None, accept: str, content_type: str, read: Any
) -> None:
    response = client.get("/api/schema", headers={"Accept": accept})
    assert response.status_code == 200
    assert response["Content-Type"].split(";")[0] == content_type
    assert read(response.content)["openapi"].startswith("3.1")


@pytest.mark.parametrize("query", ["?format=xml", "?lang=he", "?version=2"])
def test_the_document_knows_no_other_parameter(
    client: Client, db: None, query: str
) -> None:
    response = client.get(f"/api/schema{query}")
    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == query[1:].split("=", maxsplit=1)[0]


def test_the_page_has_no_inline_script_or_style_and_no_foreign_host(
    client: Client, db: None
) -> None:
    response = client.get("/api/docs")
    page = response.content.decode()
    assert response.status_code == 200
    assert "<style" not in page
    assert "<script>" not in page
    assert "://" not in page
    assert "unsafe" not in response["Content-Security-Policy"]


def test_the_script_of_the_page_needs_no_cookie(client: Client, db: None) -> None:
    page = client.get("/api/docs").content.decode()
    assert '<script src="/api/docs?script=">' in page
    response = client.get("/api/docs?script=")
    assert response.status_code == 200
    assert response["Content-Type"] == "application/javascript"
    assert "schema" in response.content.decode()
    assert not response.cookies


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_the_page_is_read_only(client: Client, db: None, method: str) -> None:
    assert getattr(client, method)("/api/docs").status_code == 405


def test_the_page_ignores_credentials(client: Client, db: None) -> None:
    headers = {"Authorization": "Bearer malformed"}
    assert client.get("/api/docs", headers=headers).status_code == 200


def test_no_route_under_api_ends_in_a_slash() -> None:
    paths = [route.path for route in api_routes()]
    assert not [path for path in paths if path.endswith("/")]
    assert len(paths) == len(set(paths))


def test_route_names_are_unique() -> None:
    names = [route.name for route in api_routes()]
    assert len(names) == len(set(names))


def test_a_verb_is_called_by_its_name_and_making_something_create() -> None:
    document = sample_document()
    names = {
        operation["operationId"]
        for methods in document["paths"].values()
        for operation in methods.values()
    }
    assert names == {
        "cards_list",
        "cards_create",
        "cards_retrieve",
        "cards_update",
        "cards_partial_update",
        "cards_destroy",
        "cards_approve",
    }


def test_a_file_of_a_list_has_no_pages() -> None:
    document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    operation = document["paths"]["/api/employees/export"]["get"]
    parameters = {parameter["name"] for parameter in operation["parameters"]}
    assert {"type", "site_id", "search"} <= parameters
    assert not {"page", "page_size"} & parameters
    for content in operation["responses"]["200"]["content"].values():
        assert content["schema"] == {"type": "string", "format": "binary"}
