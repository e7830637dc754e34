"""Error responses outside the views: JSON under /api, HTML pages elsewhere."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.views import defaults
from rest_framework.exceptions import (
    APIException,
    NotFound,
    ParseError,
    PermissionDenied,
)

from .errors import Invalid, Unavailable
from .exception_handler import RequestTooLarge
from .renderers import JSONRenderer


def _answers_json(request: HttpRequest) -> bool:
    return request.path == "/api" or request.path.startswith("/api/")


def json_error_response(error: APIException) -> HttpResponse:
    """Return the response that `exception_handler` would give, for code outside the views."""
    kind = "server_error" if error.status_code >= 500 else "client_error"
    if isinstance(error, Invalid):
        kind = "validation_error"
    problem = {
        "code": error.get_codes(),
        "detail": error.detail,
        "attr": getattr(error, "attr", None),
    }
    body = {"type": kind, "errors": [problem]}
    response = HttpResponse(
        JSONRenderer().render(body),
        status=error.status_code,
        content_type="application/json",
        headers={"Cache-Control": "private, no-store", **_challenge(error)},
    )
    if isinstance(error, Unavailable):
        response["Retry-After"] = str(error.wait)
    return response


def _challenge(error: APIException) -> dict[str, str]:
    header = getattr(error, "auth_header", None)
    return {"WWW-Authenticate": header} if header else {}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _answers_json(request):
        if isinstance(exception, TooManyFilesSent):
            # The error occurs while the form is parsed, before a view could name the field.
            limit = settings.DATA_UPLOAD_MAX_NUMBER_FILES
            detail = _("Send at most %(limit)s files at once.") % {"limit": limit}
            return json_error_response(Invalid("too_many_files", detail, "files"))
        if isinstance(exception, RequestDataTooBig):
            return json_error_response(RequestTooLarge())
        return json_error_response(ParseError())
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _answers_json(request):
        return json_error_response(PermissionDenied())
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _answers_json(request):
        return json_error_response(NotFound())
    return defaults.page_not_found(request, exception)


def unavailable(request: HttpRequest, outage: Unavailable) -> HttpResponse:
    """Return the 503 for a request that the database could not serve. Uses no database."""
    if _answers_json(request):
        return json_error_response(outage)
    with translation.override(translation.get_language_from_request(request)):
        page = render_to_string("503.html", {"detail": outage.problems[0].detail})
    return HttpResponse(
        page,
        status=outage.status_code,
        headers={"Retry-After": str(outage.wait), "Cache-Control": "no-store"},
    )


def server_error(request: HttpRequest, *args: object) -> HttpResponse:
    if _answers_json(request):
        return json_error_response(APIException("Server Error (500)"))
    return defaults.server_error(request)
