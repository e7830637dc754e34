"""The user and the business of a request that requires authentication."""

from typing import cast

from django.http import HttpRequest
from rest_framework.request import Request

from businesses.models import Business

from .models import User


def get_request_user(request: HttpRequest | Request) -> User:
    """Return the user of a request whose view requires authentication."""
    return cast("User", request.user)


def get_request_business(request: HttpRequest) -> Business | None:
    """Return the business in scope; None on the platform."""
    return cast("Business | None", getattr(request, "business"))  # noqa: B009 -- set by the middleware, unknown to the type
