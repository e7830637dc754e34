"""The decorator that declares an endpoint, the router, and the list of all routes."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.routers import Route, SimpleRouter

from . import converters
from .declarations import EndpointDeclaration

# Registers the converters <id:…> and <month:…> before the first route.
assert converters

PREFIX = "api/"

Function = TypeVar("Function", bound=Callable[..., Any])


def endpoint(
    route: str = "",
    *,
    right: str | None = None,
    parameters: Sequence[Any] = (),
    is_list: bool = False,
    **schema: Any,
) -> Callable[[Function], Function]:
    """Declare the endpoint that a method of a view serves.

    `route` is the HTTP method and the path below the viewset's, such as "POST {id}/approve". `list`, `retrieve`, `create`,
    `update`, `partial_update`, `destroy` and the methods of an `APIView` have their routes already.

    `right` is a permission of `accounts/roles.py`. Of the six methods above, it overrides `read_right` or `write_right`
    of the viewset. `parameters` are query parameters: others are rejected. With `is_list` the response is a filtered,
    ordered, paged list. `schema` holds arguments of `extend_schema`: `request`, `responses`, `examples`.
    """
    query_parameters = frozenset(
        name for parameter in parameters for name in _query_names(parameter)
    )
    if is_list:
        schema["filters"] = True

    def declare(function: Function) -> Function:
        described: Any = function
        described.declaration = EndpointDeclaration(right, query_parameters, is_list)
        if route:
            http_method, _, path = route.partition(" ")
            row, _, words = path.rpartition("}/")
            add_route: Any = action(
                methods=[http_method],  # type: ignore[list-item]
                detail=bool(row),
                url_path=words,
                url_name=words.replace("/", "-"),
            )
            add_route(described)
        return extend_schema(parameters=[*parameters], **schema)(function)

    return declare


def _query_names(parameter: Any) -> Sequence[str]:
    """Return the names of an `OpenApiParameter` or of the fields of a `QuerySerializer`."""
    if not isinstance(parameter, OpenApiParameter):
        return tuple(parameter._declared_fields)
    return [parameter.name] if parameter.location == OpenApiParameter.QUERY else []


class Router(SimpleRouter):
    """A router without trailing slashes and format suffixes.

    Methods that are declared with the same path share its route.

    Raises: `ImproperlyConfigured` if two methods declare the same path and HTTP method.
    """

    def __init__(self) -> None:
        super().__init__(trailing_slash=False, use_regex_path=False)

    def get_routes(self, viewset: Any) -> list[Route]:
        routes: dict[str, Route] = {}
        for route in super().get_routes(viewset):
            first = routes.get(route.url)
            mapping = first.mapping if first else {}
            if twice := mapping.keys() & route.mapping.keys():
                raise ImproperlyConfigured(
                    f"{viewset.__name__} declares {route.url} twice for {', '.join(sorted(twice))}."
                )
            routes[route.url] = (first or route)._replace(
                mapping={**mapping, **route.mapping}, initkwargs={}
            )
        return list(routes.values())


class ApiRoute(NamedTuple):
    """A path of the API, such as `work_cards/<id:pk>/approve`.

    `view` is a class, or a function that answers GET. `methods` maps HTTP methods to methods of the class.
    """

    path: str
    name: str
    view: Any
    methods: dict[str, str]


def api_routes() -> list[ApiRoute]:
    """Return all routes of the API in the order of resolution."""
    return [
        ApiRoute(
            path.removeprefix(PREFIX),
            pattern.name or "",
            getattr(pattern.callback, "cls", pattern.callback),
            methods_of(pattern.callback),
        )
        for path, pattern in url_patterns()
        if path.startswith(PREFIX)
    ]


def url_patterns(
    resolver: URLResolver | None = None, prefix: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    """Yield the path and the pattern of each URL of the installation."""
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from url_patterns(pattern, path)
        else:
            yield path, pattern


def methods_of(callback: object) -> dict[str, str]:
    """Return the HTTP methods of a view with the names of their methods; of a function none."""
    if actions := getattr(callback, "actions", None):
        # Django REST framework adds "head" to `actions` at the first request.
        return {http.upper(): name for http, name in actions.items() if http != "head"}
    view = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
    names = ("get", "post", "put", "patch", "delete")
    return {name.upper(): name for name in names if hasattr(view, name)}
