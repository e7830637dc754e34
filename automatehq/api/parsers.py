"""Parsers of request bodies, and content negotiation."""

import codecs
from collections import Counter
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
from rest_framework.utils import json
from rest_framework.utils.json import strict_constant

from .errors import Invalid


class JSONObjectParser(JSONParser):
    """A parser of a JSON object with unique keys. A list or a bare value gives 400 `parse_error`.

    DRF reads the stream without Django's limit for bodies; this parser applies the limit.
    """

    def parse(
        self, stream: object, media_type: object = None, parser_context: object = None
    ) -> dict[str, object]:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if _content_length(parser_context) > limit:
            raise RequestDataTooBig
        data = _decode(stream, parser_context)
        if not isinstance(data, dict):
            raise ParseError(_("The body must be a JSON object."))
        return data


class _RepeatedKeyObject(dict[str, Any]):
    """A JSON object in which `key` occurs more than once."""

    key: str


def _decode(stream: Any, parser_context: Any) -> Any:
    """Return the JSON of `stream`.

    Raises: `ParseError`; `Invalid` with `repeated` and the path of a repeated key.
    """
    encoding = (parser_context or {}).get("encoding", settings.DEFAULT_CHARSET)
    repeated: list[_RepeatedKeyObject] = []

    def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) < len(pairs):
            counts = Counter(key for key, _value in pairs)
            result = _RepeatedKeyObject(result)
            result.key = counts.most_common(1)[0][0]
            repeated.append(result)
        return result

    text: Any = codecs.getreader(encoding)(stream)
    try:
        data = json.load(
            text,
            parse_constant=strict_constant,
            object_pairs_hook=object_of,
        )
    except ValueError as error:
        raise ParseError(f"JSON parse error - {error}") from error
    except RecursionError as error:
        raise ParseError(_("The JSON is nested too deeply.")) from error
    if repeated:
        # `data` lacks a repeated key inside a value that is itself repeated; it contains the outer one.
        path = next(filter(None, (_path_to(result, data) for result in repeated)))
        raise Invalid("repeated", _("Send this field only once."), path)
    return data


def _path_to(target: _RepeatedKeyObject, data: Any, path: tuple[str, ...] = ()) -> str:
    """Return the path of the repeated key, such as `entries.3.comment`; "" if not in `data`."""
    if data is target:
        return ".".join([*path, target.key])
    items = (
        data.items()
        if isinstance(data, dict)
        else enumerate(data)
        if isinstance(data, list)
        else ()
    )
    paths = (_path_to(target, value, (*path, str(key))) for key, value in items)
    return next(filter(None, paths), "")


def _content_length(parser_context: Any) -> int:
    request = (parser_context or {}).get("request")
    text = request.META.get("CONTENT_LENGTH", "") if request else ""
    return int(text) if text.isdecimal() else 0


class IgnoreAcceptNegotiation(DefaultContentNegotiation):
    """Content negotiation that returns the view's first renderer for any Accept header.

    The API responds in JSON only, and each file has one type. An image requested with `Accept: image/*` must not be
    rejected because errors are JSON.
    """

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type
