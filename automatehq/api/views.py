"""Base classes of views that do not serve the rows of one model."""

from rest_framework import views
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request, is_form_media_type
from rest_framework.response import Response
from rest_framework.utils.mediatypes import media_type_matches

from .filters import allowed_query_parameters, check_parameters
from .serializers import StrictSerializer


class StrictRequestMixin:
    """Mixin of all views: query parameters are checked, responses are not cached.

    Put it before APIView or a viewset. `endpoint` declares the query parameters. Filters, paging, `ordering` and
    `search` of lists count as declared.
    """

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        check_parameters(request, allowed_query_parameters(self))
        _reject_form(request)

    def finalize_response(
        self, request: Request, response: Response, *args: object, **kwargs: object
    ) -> Response:
        final: Response = super().finalize_response(  # type: ignore[misc]
            request, response, *args, **kwargs
        )
        final.headers.setdefault("Cache-Control", "private, no-store")
        return final


class APIView(StrictRequestMixin, views.APIView):
    """DRF's APIView with this project's conventions."""


def _reject_form(request: Request) -> None:
    """Raise 415 for a form body where forms are not accepted.

    A form is parsed before the view is called, and DRF then sees an empty body.
    """
    plain = request._request
    media_type = plain.content_type or ""
    has_body = plain.method == "POST" and plain.META.get("CONTENT_LENGTH") not in (
        None,
        "",
        "0",
    )
    is_accepted = any(
        media_type_matches(parser.media_type, media_type)
        for parser in request.parsers or ()
    )
    if has_body and is_form_media_type(media_type) and not is_accepted:
        raise UnsupportedMediaType(media_type)


def require_empty_body(request: Request) -> None:
    """Raise 400 with the fields of a body, for an action without a body."""
    StrictSerializer(data=request.data).is_valid(raise_exception=True)
