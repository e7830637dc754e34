"""The first page of the admin: a business's month, or all businesses on the platform."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from businesses.tenancy.admin import is_on_platform

from .console_admin import console
from .home_admin import home


def front(site: Any, request: HttpRequest) -> HttpResponse:
    """Whichever of the two belongs to the scope; both only tell, whoever asks."""
    return console(site, request) if is_on_platform() else home(site, request)


admin.site.front = front  # type: ignore[attr-defined]
