"""The declared properties of endpoints, which permissions and filters read at each request.

The decorator `endpoint` in `routing.py` attaches them to the methods of views. The permission class, which the settings
of Django REST framework name, imports this module. So this module must not import that framework.
"""

from typing import Any, NamedTuple


class EndpointDeclaration(NamedTuple):
    """The permission, the query parameters and the kind of response of an endpoint."""

    right: str | None = None
    query_parameters: frozenset[str] = frozenset()
    is_list: bool = False


# The methods of viewsets whose permission the class may declare.
_CLASS_RIGHTS = {
    "list": "read_right",
    "retrieve": "read_right",
    "create": "write_right",
    "update": "write_right",
    "partial_update": "write_right",
    "destroy": "write_right",
}


def method_name(view: Any) -> str:
    """Return the name of the view's method that answers its request."""
    return getattr(view, "action", None) or str(view.request.method).lower()


def declaration_of(view: object, name: str) -> EndpointDeclaration:
    """Return the declaration of the method `name` of a view or of its class; empty without one."""
    method = getattr(view, name, None)
    declaration: EndpointDeclaration = getattr(
        method, "declaration", EndpointDeclaration()
    )
    return declaration


def right_of(view: object, name: str) -> str | None:
    """Return the permission that the method `name` requires, or None if it is undeclared."""
    right = declaration_of(view, name).right
    if right is None and name in _CLASS_RIGHTS:
        right = getattr(view, _CLASS_RIGHTS[name], None)
    return right
