"""Routes as lines of a table: path, view, name and, for a viewset, method → action."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.http import HttpResponseBase
from django.urls import URLPattern, path
from django.views import View

from . import converters

LIST = {"get": "list", "post": "create"}
ITEM = {
    "get": "retrieve",
    "put": "update",
    "patch": "partial_update",
    "delete": "destroy",
}
READ_LIST = {"get": "list"}
READ_ITEM = {"get": "retrieve"}

assert (
    converters
)  # registers the converters <id:…> and <month:…> before the first route


def get(action: str) -> dict[str, str]:
    return {"get": action}


def post(action: str) -> dict[str, str]:
    return {"post": action}


class Route(NamedTuple):
    """A line of the table.

    `view` is a view class, a viewset class (with `actions`), a function, or the `urls` of a site.
    """

    path: str
    view: type[View] | Callable[..., HttpResponseBase] | tuple[Any, str, str]
    name: str
    actions: Mapping[str, str] | None = None

    def pattern(self, prefix: str = "") -> URLPattern:
        as_view: Any = getattr(self.view, "as_view", None)
        if as_view is None:
            view: Any = self.view
        elif self.actions is None:
            view = as_view()
        else:
            view = as_view(dict(self.actions))
        pattern: URLPattern = path(prefix + self.path, view, name=self.name)
        return pattern


def verbs(path: str, view: type[View], name: str, *words: str) -> Iterator[Route]:
    """Yield the route `POST <path>/<word>` of the action `word`, for each word."""
    for word in words:
        yield Route(f"{path}/{word}", view, f"{name}-{word}", post(word))


Table = Mapping[str, Sequence[Route]]


def patterns(table: Table, prefix: str = "") -> Iterator[URLPattern]:
    """Yield the URL patterns of a table of routes, group by group."""
    for routes in table.values():
        for route in routes:
            yield route.pattern(prefix)
