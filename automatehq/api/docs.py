"""Views of the OpenAPI document and of the page that shows it."""

from collections.abc import Iterable
from typing import Any

from django.utils import translation
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.utils import OpenApiParameter
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from .errors import Invalid
from .routing import endpoint
from .views import StrictRequestMixin


class PlainJsonRenderer(OpenApiJsonRenderer):
    """A renderer for clients that accept `application/json` only."""

    media_type = "application/json"


class PlainYamlRenderer(OpenApiYamlRenderer):
    """A renderer for clients that accept `application/yaml` only."""

    media_type = "application/yaml"


class SchemaNegotiation(DefaultContentNegotiation):
    """Content negotiation of the document: YAML on request, else JSON.

    The Accept header or `?format=yaml` requests YAML.
    """

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        requested_format = request.query_params.get("format")
        formats = {renderer.format for renderer in renderers}
        if requested_format is not None and requested_format not in formats:
            raise Invalid("invalid", f"One of: {', '.join(sorted(formats))}.", "format")
        try:
            selected: tuple[BaseRenderer, str] = super().select_renderer(
                request, renderers, format_suffix or requested_format
            )
        except NotAcceptable:
            first = next(iter(renderers))
            return first, first.media_type
        return selected


class SchemaView(StrictRequestMixin, SpectacularAPIView):
    """The OpenAPI document. Public, and generated once per process."""

    renderer_classes = [
        OpenApiJsonRenderer,
        PlainJsonRenderer,
        OpenApiYamlRenderer,
        PlainYamlRenderer,
    ]
    content_negotiation_class = SchemaNegotiation
    _document: dict[str, Any] | None = None

    @endpoint(parameters=[OpenApiParameter("format")], exclude=True)
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        response: Response = super().get(request, *args, **kwargs)
        return response

    def _get_schema_response(self, request: Request) -> Response:
        if SchemaView._document is None:
            generator = self.generator_class(urlconf=self.urlconf)
            with translation.override(
                "en"
            ):  # independent of the first request's language
                SchemaView._document = generator.get_schema(request=None, public=True)
        return Response(SchemaView._document)


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI, public, from static files of this server.

    The content security policy blocks inline scripts, so `/api/docs?script` returns the script that starts it. The
    script of drf-spectacular would contain a CSRF token, which no endpoint needs.
    """

    template_name = "api/docs.html"
    template_name_js = "api/docs.js.template"
