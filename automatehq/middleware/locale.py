"""Language and time zone of a request. The API uses UTC."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

if TYPE_CHECKING:
    # The Django plugin of mypy resolves this alias to `accounts.models.User`.
    from django.contrib.auth.models import _User


def activate_user_language(user: "_User") -> None:
    """Activate the language of `user`, else of the business, for the rest of the request."""
    translation.activate(user.language or user.business.language)


class PersonalLocaleMiddleware:
    """Middleware that activates the language and, under /admin, the business's time zone.

    The language is the browser's until the user is authenticated (`activate_user_language`).
    """

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
