"""Everybody is answered in their language; the admin counts in their business's time, the API in UTC."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation


def activate_user_language(user: Any) -> None:
    """For the rest of the request: the language of `user`, else of their business."""
    translation.activate(user.language or user.business.language)


class PersonalLocaleMiddleware:
    """The browser's language until it is known who asks (`activate_user_language`); under /admin the time zone of the business at hand."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with translation.override(translation.get_language_from_request(request)):
            if not request.path_info.startswith("/admin/"):
                return self.get_response(request)
            user: Any = request.user
            if not user.is_authenticated:
                return self.get_response(request)
            business = getattr(request, "business", None) or user.business
            with timezone.override(business.zone):
                return self.get_response(request)
