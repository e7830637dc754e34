"""The first page of the admin: a business's month, or all businesses on the platform."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from businesses.tenancy.admin import is_on_platform
from reports.side_bar import side_bar

from .home import home
from .platform import console


def front(site: Any, request: HttpRequest) -> HttpResponse:
    """Whichever of the two belongs to the scope; both only tell, whoever asks."""
    return console(site, request) if is_on_platform() else home(site, request)


admin.site.front = front  # type: ignore[attr-defined]
admin.site.navigation = side_bar  # type: ignore[attr-defined]
