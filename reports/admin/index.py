"""The index page of the admin: home of a business, or platform dashboard."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from businesses.tenancy.admin import is_on_platform
from reports.side_bar import side_bar

from .home import home
from .platform import platform_view


def index_view(site: Any, request: HttpRequest) -> HttpResponse:
    """Render the home page of the business in scope, or the platform dashboard.

    Both pages are read-only and open to all users of the scope.
    """
    return platform_view(site, request) if is_on_platform() else home(site, request)


admin.site.front = index_view  # type: ignore[attr-defined]
admin.site.navigation = side_bar  # type: ignore[attr-defined]
