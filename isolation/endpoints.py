"""All endpoints of the URL resolver: their paths, names, methods, and the rows that their paths identify."""

import re
from typing import Any, NamedTuple

from django.apps import apps

from automatehq.api.routing import methods_of, url_patterns

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_NAMED_GROUP = re.compile(r"\(\?P<\w+>[^)]*\)")


class Endpoint(NamedTuple):
    """An endpoint.

    `path` is the pattern of the URL. `name` equals `path` if the route has no name.
    """

    path: str
    name: str
    methods: tuple[str, ...]
    callback: Any

    @property
    def is_api(self) -> bool:
        return self.path.startswith("api/")

    @property
    def parameter(self) -> str:
        """Return the path parameter, such as `pk`, `object_id` or `month`, or ""."""
        found = _PARAMETER.search(self.path)  # also inside a named group
        return found.group(1) if found else ""

    @property
    def has_row_id(self) -> bool:
        return self.parameter in ("pk", "object_id")

    @property
    def is_site(self) -> bool:
        """Return True if the endpoint refers to a site, which all businesses share."""
        return self.path.startswith(("api/sites/", "admin/workforce/site/"))

    @property
    def model(self) -> str:
        """Return the label of the model that this admin page belongs to, or ""."""
        words = self.path.split("/")
        if self.is_api or len(words) < 4:
            return ""
        label = f"{words[1]}.{words[2]}"
        known = {model._meta.label_lower for model in apps.get_models()}
        return label if label in known else ""

    def url_for(self, value: object) -> str:
        """Return the URL path with `value` as its parameter."""
        plain = self.path.replace("^", "").replace("$", "")
        plain = _NAMED_GROUP.sub(lambda _match: str(value), plain)
        return "/" + _PARAMETER.sub(lambda _match: str(value), plain)


def list_endpoints() -> list[Endpoint]:
    """Return all endpoints in the resolver's order. A view function has GET and POST."""
    return [
        Endpoint(
            path,
            pattern.name or path,
            tuple(methods_of(pattern.callback)) or ("GET", "POST"),
            pattern.callback,
        )
        for path, pattern in url_patterns()
    ]
