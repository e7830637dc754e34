"""The OpenAPI document, and the page that shows it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularAPIView
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from .errors import Invalid
from .views import StrictRequestMixin


class PlainJsonRenderer(OpenApiJsonRenderer):
    """The document for clients that accept `application/json` alone."""

    media_type = "application/json"


class PlainYamlRenderer(OpenApiYamlRenderer):
    """The document for clients that accept `application/yaml` alone."""

    media_type = "application/yaml"


class SchemaNegotiation(DefaultContentNegotiation):
    """JSON unless the Accept header, or `?format=yaml`, asks for YAML; JSON also for an Accept header that asks for neither."""

    def select_renderer(
        self, request: Any, renderers: Any, format_suffix: Any = None
    ) -> Any:
        wanted = request.query_params.get("format")
        formats = {renderer.format for renderer in renderers}
        if wanted is not None and wanted not in formats:
            raise Invalid("invalid", f"One of: {', '.join(sorted(formats))}.", "format")
        try:
            return super().select_renderer(request, renderers, format_suffix or wanted)
        except NotAcceptable:
            first = next(iter(renderers))
            return first, first.media_type


class SchemaView(StrictRequestMixin, SpectacularAPIView):
    """The OpenAPI document; public, and made once a process."""

    renderer_classes = [
        OpenApiJsonRenderer,
        PlainJsonRenderer,
        OpenApiYamlRenderer,
        PlainYamlRenderer,
    ]
    content_negotiation_class = SchemaNegotiation
    extra_query_parameters = ("format",)
    _document: dict[str, Any] | None = None

    def _get_schema_response(self, request: Request) -> Response:
        if SchemaView._document is None:
            generator = self.generator_class(urlconf=self.urlconf)
            with translation.override("en"):  # whoever asks first
                SchemaView._document = generator.get_schema(request=None, public=True)
        return Response(SchemaView._document)


@csrf_exempt  # a POST is refused here anyway, and not with a page about cookies
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The API, to read and to try: Swagger UI from our own static files alone."""
    return render(request, "api/docs.html")
