"""The index page of the admin: home of a business, or platform dashboard."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from accounts.admin_site import AutomateHQAdminSite
from accounts.request_user import get_request_business
from reports.side_bar import side_bar

from .home import home
from .platform import platform_view


def index_view(site: AutomateHQAdminSite, request: HttpRequest) -> HttpResponse:
    """Render the home page of the business in scope, or the platform dashboard.

    Both pages are read-only and open to all users of the scope.
    """
    business = get_request_business(request)
    if business is None:
        return platform_view(site, request)
    return home(site, request, business)


admin.site.index_view = index_view  # type: ignore[attr-defined]
admin.site.navigation = side_bar  # type: ignore[attr-defined]
