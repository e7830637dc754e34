"""The URL configuration: the routes of the apps, the admin, and the state of the server."""

from django.contrib import admin
from django.urls import include, path

from accounts import admin_auth

from . import health
from .api.docs import DocsView, SchemaView

urlpatterns = [
    path("api/schema", SchemaView.as_view(), name="schema"),
    path("api/docs", DocsView.as_view(), name="docs"),
    path("api/", include("accounts.urls")),
    path("api/", include("businesses.urls")),
    path("api/", include("audit.urls")),
    path("api/", include("workforce.urls")),
    # Before the work cards: the first match counts, and `work_cards/missing` is no id.
    path("api/", include("reports.urls")),
    path("api/", include("workcards.urls")),
    path("api/", include("exports.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("", admin_auth.redirect_to_admin, name="root"),
    path("admin", admin_auth.redirect_to_admin, name="admin-without-slash"),
    path("admin/", admin.site.urls, name="admin"),
]

handler400 = "automatehq.api.error_views.bad_request"
handler403 = "automatehq.api.error_views.permission_denied"
handler404 = "automatehq.api.error_views.page_not_found"
handler500 = "automatehq.api.error_views.server_error"
