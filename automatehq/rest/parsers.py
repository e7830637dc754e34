"""Reading a request's body, and the choice of what to answer in."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class JSONObjectParser(JSONParser):
    """A JSON object. A list or a bare value is no request of ours: 400 `parse_error`.

    DRF reads the stream itself, past Django's limit for bodies; here it holds again.
    """

    def parse(
        self, stream: Any, media_type: Any = None, parser_context: Any = None
    ) -> dict[str, Any]:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if _content_length(parser_context) > limit:
            raise RequestDataTooBig
        try:
            data = super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError(_("The JSON is nested too deeply.")) from error
        if not isinstance(data, dict):
            raise ParseError(_("The body must be a JSON object."))
        return data


def _content_length(parser_context: Any) -> int:
    request = (parser_context or {}).get("request")
    text = request.META.get("CONTENT_LENGTH", "") if request else ""
    return int(text) if text.isdecimal() else 0


class FirstRenderer(DefaultContentNegotiation):
    """Always the view's first renderer, whatever the Accept header.

    The API speaks JSON alone, and files have one type each: a picture asked for with
    `Accept: image/*` must not be refused because errors are JSON.
    """

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type
