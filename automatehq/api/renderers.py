"""Renderers of responses."""

from collections.abc import Mapping

import orjson
from rest_framework import renderers
from rest_framework.utils.encoders import JSONEncoder

# Formats dates and times like DRF; keys may be enumeration members.
OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS
INDENTED = OPTIONS | orjson.OPT_INDENT_2


class JSONRenderer(renderers.JSONRenderer):
    """DRF's JSON renderer with an encoder that takes a sixth of the time."""

    def render(
        self,
        data: object,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, object] | None = None,
    ) -> bytes:
        if data is None:
            return b""
        indent = self.get_indent(accepted_media_type or "", renderer_context or {})
        return orjson.dumps(
            data, JSONEncoder().default, INDENTED if indent else OPTIONS
        )
