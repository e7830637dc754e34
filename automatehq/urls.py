"""The routes of the API and of the pages, in one table.

A line is path, view, name and, for a viewset, method → action. Fixed words come before `<id:pk>`. Tests iterate over
the table: a route without a row in their tables fails.
"""

from typing import Final

from django.contrib import admin

from accounts import admin_auth, auth_views
from accounts.views import UserViewSet
from audit.views import AuditEventViewSet
from businesses.views import BusinessViewSet
from exports.profile_views import ExportProfileViewSet
from exports.views import ExportRunViewSet
from reports.dashboard_views import DashboardView
from reports.matrix_views import MatrixViewSet
from reports.missing_views import MissingCardsViewSet
from reports.month_views import MonthViewSet
from workcards.views import WorkCardViewSet
from workforce.views import EmployeeViewSet, SiteViewSet

from . import health
from .api.docs import SchemaView, docs
from .api.routes import (
    ITEM,
    LIST,
    READ_ITEM,
    READ_LIST,
    Route,
    Table,
    get,
    patterns,
    post,
    verbs,
)

SITE_SETTINGS = {
    "get": "retrieve_settings",
    "put": "update_settings",
    "patch": "partial_update_settings",
}
BUSINESS_SETTINGS = {
    "get": "retrieve_settings",
    "patch": "partial_update_settings",
}
CARD_DAYS = {"get": "days", "put": "replace_days", "patch": "edit_days"}
CARD_VERBS = ("assign", "approve", "reject", "reopen")
PERSON_VERBS = ("activate", "deactivate", "release")
ON_AND_OFF = ("activate", "deactivate")

# Under /api, without a trailing slash.
API: Final[Table] = {
    "automatehq": [
        Route("schema", SchemaView, "schema"),
        Route("docs", docs, "docs"),
    ],
    "accounts": [
        Route("auth/login", auth_views.LoginView, "login"),
        Route("auth/refresh", auth_views.RefreshView, "refresh"),
        Route("auth/logout", auth_views.LogoutView, "logout"),
        Route("auth/me", auth_views.MeView, "me"),
        Route("auth/password", auth_views.PasswordView, "password"),
        Route("auth/act-as", auth_views.ActAsView, "act-as"),
        Route("users", UserViewSet, "users", LIST),
        Route("users/<id:pk>", UserViewSet, "user", ITEM),
        *verbs("users/<id:pk>", UserViewSet, "user", *PERSON_VERBS),
        Route("businesses", BusinessViewSet, "businesses", LIST),
        Route("businesses/<id:pk>", BusinessViewSet, "business", ITEM),
        Route(
            "businesses/<id:pk>/settings",
            BusinessViewSet,
            "business-settings",
            BUSINESS_SETTINGS,
        ),
        *verbs("businesses/<id:pk>", BusinessViewSet, "business", *ON_AND_OFF),
    ],
    "audit": [
        Route("audit_events", AuditEventViewSet, "audit-events", READ_LIST),
    ],
    "workforce": [
        Route("sites", SiteViewSet, "sites", LIST),
        Route("sites/<id:pk>", SiteViewSet, "site", ITEM),
        Route("sites/<id:pk>/settings", SiteViewSet, "site-settings", SITE_SETTINGS),
        *verbs("sites/<id:pk>", SiteViewSet, "site", *ON_AND_OFF),
        Route("employees", EmployeeViewSet, "employees", LIST),
        Route("employees/export", EmployeeViewSet, "employees-export", get("export")),
        Route(
            "employees/import/preview",
            EmployeeViewSet,
            "employees-preview-import",
            post("preview_import"),
        ),
        Route(
            "employees/import/apply",
            EmployeeViewSet,
            "employees-apply-import",
            post("apply_import"),
        ),
        Route("employees/<id:pk>", EmployeeViewSet, "employee", ITEM),
        *verbs("employees/<id:pk>", EmployeeViewSet, "employee", *PERSON_VERBS),
    ],
    "workcards": [
        Route("work_cards", WorkCardViewSet, "work-cards", LIST),
        Route("work_cards/upload", WorkCardViewSet, "upload", post("upload")),
        Route(
            "work_cards/bulk-approve",
            WorkCardViewSet,
            "bulk-approve",
            post("bulk_approve"),
        ),
        Route("work_cards/pending", WorkCardViewSet, "pending", get("pending")),
        Route(
            "work_cards/unassigned", WorkCardViewSet, "unassigned", get("unassigned")
        ),
        Route("work_cards/missing", MissingCardsViewSet, "missing", get("missing")),
        Route("work_cards/<id:pk>", WorkCardViewSet, "work-card", ITEM),
        *verbs("work_cards/<id:pk>", WorkCardViewSet, "work-card", *CARD_VERBS),
        Route(
            "work_cards/<id:pk>/status",
            WorkCardViewSet,
            "work-card-status",
            {"put": "change_status"},
        ),
        Route(
            "work_cards/<id:pk>/day-entries",
            WorkCardViewSet,
            "work-card-days",
            CARD_DAYS,
        ),
        Route(
            "work_cards/<id:pk>/suggestions",
            WorkCardViewSet,
            "work-card-suggestions",
            get("suggestions"),
        ),
        Route(
            "work_cards/<id:pk>/file", WorkCardViewSet, "work-card-file", get("file")
        ),
    ],
    "exports": [
        Route("matrix", MatrixViewSet, "matrix", get("of_month")),
        Route("sites/<id:pk>/matrix", MatrixViewSet, "site-matrix", get("of_site")),
        Route("months", MonthViewSet, "months", READ_LIST),
        *verbs("months/<month:month>", MonthViewSet, "month", "close", "reopen"),
        Route("export_runs", ExportRunViewSet, "export-runs", LIST),
        Route("export_runs/<id:pk>", ExportRunViewSet, "export-run", READ_ITEM),
        Route(
            "export_runs/<id:pk>/file", ExportRunViewSet, "export-run-file", get("file")
        ),
        Route(
            "export_runs/<id:pk>/changes",
            ExportRunViewSet,
            "export-run-changes",
            get("changes"),
        ),
        Route("export_profiles", ExportProfileViewSet, "export-profiles", LIST),
        Route("export_profiles/<id:pk>", ExportProfileViewSet, "export-profile", ITEM),
        Route("dashboard", DashboardView, "dashboard"),
    ],
}

ELSEWHERE: Final[Table] = {
    "automatehq": [
        Route("healthz", health.healthz, "healthz"),
        Route("readyz", health.readyz, "readyz"),
        Route("", admin_auth.redirect_to_admin, "front-door"),
        Route("admin", admin_auth.redirect_to_admin, "admin-without-slash"),
        Route("admin/", admin.site.urls, "admin"),
    ],
}

urlpatterns = [*patterns(API, prefix="api/"), *patterns(ELSEWHERE)]

handler400 = "automatehq.api.error_views.bad_request"
handler403 = "automatehq.api.error_views.permission_denied"
handler404 = "automatehq.api.error_views.page_not_found"
handler500 = "automatehq.api.error_views.server_error"
