"""OpenAPI 3.1 of the API, and the page that shows it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.contrib.django_filters import DjangoFilterExtension
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema as SpectacularSchema
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularAPIView
from rest_framework import serializers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from .errors import Invalid
from .filters import is_list_action, ordering_table
from .views import StrictQuery


class ProblemSerializer(serializers.Serializer[Any]):
    """One thing that is wrong."""

    code = serializers.CharField(help_text="For programs; never translated.")
    detail = serializers.CharField(help_text="For people.")
    attr = serializers.CharField(
        allow_null=True,
        help_text="Path of the field, such as entries.3.from_time; null: all of it.",
    )


class RefusalSerializer(serializers.Serializer[Any]):
    """Why a request was refused. Some errors add members beside `errors`."""

    type = serializers.ChoiceField(["validation_error", "client_error", "server_error"])
    errors = ProblemSerializer(many=True)  # type: ignore[assignment]


class AutoSchema(SpectacularSchema):
    """Adds the refusals that every view may answer with."""

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction=direction)
        if direction == "response":
            for status in self._refusals():
                if status not in bodies:
                    bodies[status] = self._get_response_for_code(
                        RefusalSerializer, status
                    )
        return bodies

    def _refusals(self) -> list[str]:
        """Status codes: what this kind of request can be refused with."""
        has_sign_in = any(self.get_auth())
        writes = self.method not in ("GET", "HEAD", "OPTIONS")
        return [
            "400",
            *(["401", "403"] if has_sign_in else []),
            *(["404"] if "{" in self.path else []),
            *(["409", "429"] if writes else []),
        ]

    def _is_list_view(self, serializer: Any = None) -> bool:
        """A viewset names itself which other actions answer with a list."""
        is_named = self.method == "GET" and is_list_action(self.view)
        return is_named or bool(super()._is_list_view(serializer))


class FilterExtension(DjangoFilterExtension):
    """The query parameters of a list: filters, `ordering`, `search`."""

    target_class = "automatehq.rest.filters.StrictFilterBackend"
    match_subclasses = True
    priority = 1

    def get_schema_operation_parameters(
        self, auto_schema: Any, *args: Any, **kwargs: Any
    ) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(
            auto_schema, *args, **kwargs
        )
        if names := ordering_table(auto_schema.view):
            known = ", ".join(f"`{name}`" for name in names)
            parameters.append(
                _parameter("ordering", f"Any of {known}; a minus before it reverses.")
            )
        if getattr(auto_schema.view, "search_fields", ()):
            parameters.append(_parameter("search", "Words that all must be found."))
        return parameters


def _parameter(name: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": {"type": "string"},
    }


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.authentication.BearerAuthentication"
    name = "bearer"
    match_subclasses = True

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class SchemaNegotiation(DefaultContentNegotiation):
    """JSON unless the Accept header, or `?format=yaml`, asks for YAML."""

    def select_renderer(
        self, request: Any, renderers: Any, format_suffix: Any = None
    ) -> Any:
        wanted = request.query_params.get("format")
        formats = {renderer.format for renderer in renderers}
        if wanted is not None and wanted not in formats:
            raise Invalid("invalid", f"One of: {', '.join(sorted(formats))}.", "format")
        return super().select_renderer(request, renderers, format_suffix or wanted)


class SchemaView(StrictQuery, SpectacularAPIView):
    """The OpenAPI document; public, and made once a process."""

    renderer_classes = [OpenApiJsonRenderer, OpenApiYamlRenderer]
    content_negotiation_class = SchemaNegotiation
    extra_query_parameters = ("format",)
    _document: dict[str, Any] | None = None

    def _get_schema_response(self, request: Request) -> Response:
        if SchemaView._document is None:
            generator = self.generator_class(urlconf=self.urlconf)
            SchemaView._document = generator.get_schema(request=None, public=True)
        return Response(SchemaView._document)


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The API, to read and to try: Swagger UI from our own static files alone."""
    return render(request, "rest/docs.html")
