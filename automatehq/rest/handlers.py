"""What Django itself answers when no view does: JSON under /api, its pages elsewhere."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views import defaults
from rest_framework.renderers import JSONRenderer


def _answers_json(request: HttpRequest) -> bool:
    return request.path == "/api" or request.path.startswith("/api/")


def _refusal(status: int, code: str, detail: str) -> HttpResponse:
    """The body that `exception_handler` gives, so that nobody can tell them apart."""
    error_type = "server_error" if status >= 500 else "client_error"
    errors = [{"code": code, "detail": detail, "attr": None}]
    body = JSONRenderer().render({"type": error_type, "errors": errors})
    return HttpResponse(body, status=status, content_type="application/json")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _answers_json(request):
        return _refusal(400, "parse_error", "Malformed request.")
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _answers_json(request):
        detail = "You do not have permission to perform this action."
        return _refusal(403, "permission_denied", detail)
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _answers_json(request):
        return _refusal(404, "not_found", "Not found.")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest, *args: Any) -> HttpResponse:
    if _answers_json(request):
        return _refusal(500, "error", "Server Error (500)")
    return defaults.server_error(request)
