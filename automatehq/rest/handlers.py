"""What Django itself answers when no view does: JSON under /api, its pages elsewhere."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views import defaults
from rest_framework.exceptions import (
    APIException,
    NotFound,
    ParseError,
    PermissionDenied,
)
from rest_framework.renderers import JSONRenderer


def _answers_json(request: HttpRequest) -> bool:
    return request.path == "/api" or request.path.startswith("/api/")


def _refusal(error: APIException) -> HttpResponse:
    """The body that `exception_handler` gives, so that nobody can tell them apart."""
    is_ours = error.status_code >= 500
    problem = {"code": error.get_codes(), "detail": error.detail, "attr": None}
    body = {"type": "server_error" if is_ours else "client_error", "errors": [problem]}
    return HttpResponse(
        JSONRenderer().render(body),
        status=error.status_code,
        content_type="application/json",
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _answers_json(request):
        return _refusal(ParseError())
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _answers_json(request):
        return _refusal(PermissionDenied())
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _answers_json(request):
        return _refusal(NotFound())
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest, *args: Any) -> HttpResponse:
    if _answers_json(request):
        return _refusal(APIException("Server Error (500)"))
    return defaults.server_error(request)
