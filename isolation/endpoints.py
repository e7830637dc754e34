"""Every way in, read from Django's URL resolver: what it is called, which methods it answers, and whose row it names."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_NAMED_GROUP = re.compile(r"\(\?P<\w+>[^)]*\)")
_HANDLERS = ("get", "post", "put", "patch", "delete")


class Door(NamedTuple):
    """`path` as it is written in the table of routes; `name` is the path where the route has none."""

    path: str
    name: str
    methods: tuple[str, ...]
    callback: Any

    @property
    def is_api(self) -> bool:
        return self.path.startswith("api/")

    @property
    def parameter(self) -> str:
        """What stands for a row in the path: `pk`, `object_id`, `month` …; "" if it names none."""
        found = _PARAMETER.search(self.path)  # also inside a named group
        return found.group(1) if found else ""

    @property
    def names_row(self) -> bool:
        return self.parameter in ("pk", "object_id")

    @property
    def model(self) -> str:
        """The label of the model whose admin this page belongs to, or ""."""
        words = self.path.split("/")
        if self.is_api or len(words) < 4:
            return ""
        label = f"{words[1]}.{words[2]}"
        known = {model._meta.label_lower for model in apps.get_models()}
        return label if label in known else ""

    def at(self, value: object) -> str:
        """The address, with `value` for the row."""
        plain = self.path.replace("^", "").replace("$", "")
        plain = _NAMED_GROUP.sub(lambda _match: str(value), plain)
        return "/" + _PARAMETER.sub(lambda _match: str(value), plain)


def doors() -> list[Door]:
    """All of them, in the resolver's order."""
    return [
        Door(path, pattern.name or path, methods_of(pattern.callback), pattern.callback)
        for path, pattern in _walk(get_resolver())
    ]


def _walk(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, path)
        else:
            yield path, pattern


def methods_of(callback: Any) -> tuple[str, ...]:
    """GET and POST of a function; of a view class what it defines."""
    if actions := getattr(callback, "actions", None):
        # rest_framework answers HEAD like GET, once it has been asked.
        return tuple(method.upper() for method in actions if method != "head")
    view = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
    if view is None:
        return ("GET", "POST")
    return tuple(name.upper() for name in _HANDLERS if hasattr(view, name))
