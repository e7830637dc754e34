"""The base of views that are not about one model's rows."""

from typing import Any

from rest_framework import views
from rest_framework.request import Request

from .filters import allowed_query_parameters, refuse_unknown_parameters


class StrictQuery:
    """Mixin: every method refuses query parameters that the view does not declare.

    Put before APIView or a viewset. `extra_query_parameters` names them: a tuple, or a
    table action → names. Filters, pages, `ordering` and `search` of lists count as declared.
    """

    extra_query_parameters: Any = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        refuse_unknown_parameters(request, allowed_query_parameters(self))


class APIView(StrictQuery, views.APIView):
    """rest_framework's APIView, strict about query parameters."""
