"""The base of views that are not about one model's rows."""

from typing import Any

from rest_framework import views
from rest_framework.request import Request
from rest_framework.response import Response

from .filters import allowed_query_parameters, refuse_unknown_parameters
from .serializers import StrictSerializer


class Conventions:
    """Mixin of all views: undeclared query parameters are refused, answers not cached.

    Put before APIView or a viewset. `extra_query_parameters` names them: a tuple, or a
    table action → names. Filters, pages, `ordering` and `search` of lists count as declared.
    """

    extra_query_parameters: Any = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        refuse_unknown_parameters(request, allowed_query_parameters(self))

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        final: Response = super().finalize_response(  # type: ignore[misc]
            request, response, *args, **kwargs
        )
        final.headers.setdefault("Cache-Control", "private, no-store")
        return final


class APIView(Conventions, views.APIView):
    """rest_framework's APIView, with our conventions."""


def refuse_body(request: Request) -> None:
    """400 that names each field of a body, for a verb that takes none."""
    StrictSerializer(data=request.data).is_valid(raise_exception=True)
