"""All endpoints of the URL resolver: their paths, names, methods, and the rows that their paths identify."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_NAMED_GROUP = re.compile(r"\(\?P<\w+>[^)]*\)")
_HANDLERS = ("get", "post", "put", "patch", "delete")


class Endpoint(NamedTuple):
    """An endpoint.

    `path` is the pattern in the table of routes. `name` equals `path` if the route has no name.
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
    """Return all endpoints in the resolver's order."""
    return [
        Endpoint(
            path, pattern.name or path, methods_of(pattern.callback), pattern.callback
        )
        for path, pattern in _list_patterns(get_resolver())
    ]


def _list_patterns(
    resolver: URLResolver, prefix: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _list_patterns(pattern, path)
        else:
            yield path, pattern


def methods_of(callback: Any) -> tuple[str, ...]:
    """Return the methods that a view class defines; for a view function GET and POST."""
    if actions := getattr(callback, "actions", None):
        # Django REST framework adds "head" to `actions` at the first request.
        return tuple(method.upper() for method in actions if method != "head")
    view = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
    if view is None:
        return ("GET", "POST")
    return tuple(name.upper() for name in _HANDLERS if hasattr(view, name))
