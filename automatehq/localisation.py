"""The admin speaks its user's language and counts in their business's time."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation


class PersonalLocaleMiddleware:
    """Under /admin: the user's language, else their business's, else the browser's; the time zone of the business at hand.

    The API writes English and UTC.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith("/admin/"):
            return self.get_response(request)
        user: Any = request.user
        if not user.is_authenticated:
            language = translation.get_language_from_request(request)
            with translation.override(language):
                return self.get_response(request)
        business = getattr(request, "business", None) or user.business
        language = user.language or user.business.language
        with translation.override(language), timezone.override(business.zone):
            return self.get_response(request)
