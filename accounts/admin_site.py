"""The admin site: Django's admin with authentication, scopes and audit trail.

Apps register their admin classes in the usual way. Admin classes of libraries are skipped, because they would query
tables that the role of a business cannot access.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from django.contrib.admin import AdminSite, ModelAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.db.models.options import Options
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.descriptions import describe_events
from audit.models import AuditEvent
from audit.querysets import CARDS_AND_EMPLOYEES
from automatehq.admin.search import search_view
from automatehq.api.converters import parse_uuid
from businesses.tenancy.admin import PermissionTableMixin
from businesses.tenancy.form_token import (
    FORM_BUSINESS_FIELD,
    form_is_for_other_business,
    form_matches_scope,
    sign_form_token,
)

from .admin_auth import AuthAdminSite, no_items
from .authentication import InvalidCredentials
from .request_user import get_request_user

EVENTS_A_PAGE = 50
# In the order of the work of a month.
APPS = ("workcards", "exports", "workforce", "accounts", "businesses", "audit")
# Model → filter of the audit list that selects the events related to a row of the model.
EVENTS_AROUND = {"employee": "employee", "site": "site", "user": "actor"}
# Names of Django's URLs that the site leaves out or replaces.
REPLACED_URLS = {
    "login",
    "logout",
    "password_change",
    "password_change_done",
    "view_on_site",
}


class AdminPage(Protocol):
    """An admin page that is not a list of rows."""

    path: str
    name: str
    title: Any
    right: str

    def view(
        self, site: "AutomateHQAdminSite", request: HttpRequest
    ) -> HttpResponse: ...


class AutomateHQAdminSite(AuthAdminSite):
    """The admin site of an installation."""

    site_header = "AutomateHQ"
    site_title = "AutomateHQ"
    index_title = gettext_lazy("Home")
    site_url = None
    empty_value_display = "–"
    enable_nav_sidebar = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reports: list[AdminPage] = []
        # Higher apps set the index view, the side bar, and the description of a posted form for error pages.
        self.index_view: Callable[[Any, HttpRequest], HttpResponse] = _default_index
        self.navigation: Callable[[HttpRequest], Sequence[object]] = no_items

    def register_page(self, report: AdminPage) -> None:
        """Add a page outside the model admins. Its `view` checks the permission."""
        self.reports.append(report)

    def register(
        self, model_or_iterable: Any, admin_class: Any = None, **options: Any
    ) -> None:
        """Register admin classes that use the role table; skip other classes."""
        if admin_class is not None and issubclass(admin_class, PermissionTableMixin):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active)

    # Pages

    def get_urls(self) -> list[URLResolver | URLPattern]:
        stock = [
            pattern
            for pattern in super().get_urls()
            if getattr(pattern, "name", None) not in REPLACED_URLS
        ]
        reports = [
            path(
                report.path,
                self.admin_view(partial(report.view, self)),
                name=report.name,
            )
            for report in self.reports
        ]
        finding = path(
            "find/", self.admin_view(partial(search_view, self)), name="find"
        )
        return [*self.get_auth_urls(), finding, *reports, *stock]

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        inner: Any = super().admin_view(self._with_error_pages(view), cacheable)

        def check_session(request: Any, *args: Any, **kwargs: Any) -> Any:
            # Reading an attribute of `request.user` loads the row and detects an invalid session.
            is_active = request.user.is_active
            error: InvalidCredentials | None = request.invalid_credentials
            if error is None and not is_active and request.method == "POST":
                error = InvalidCredentials(
                    "not_authenticated", _("You are not signed in.")
                )
            if error is not None:
                return self.session_expired_response(request, error)
            return inner(request, *args, **kwargs)

        check_session.__dict__.update(inner.__dict__)
        return check_session

    def _with_error_pages(self, view: Any) -> Any:
        """Wrap `view`: render 403 and 404 as admin pages that are the same for all rows."""

        def with_error_pages(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            try:
                return view(request, *args, **kwargs)
            except (Http404, PermissionDenied) as error:
                if form_is_for_other_business(request):
                    # The form belongs to another scope, where its row may exist and may be editable.
                    return self.business_changed_response(request)
                if isinstance(error, Http404):
                    return self._error_page(
                        request, 404, _("This page does not exist.")
                    )
                return self._error_page(
                    request, 403, _("You don’t have permission to do this.")
                )

        with_error_pages.__dict__.update(getattr(view, "__dict__", {}))
        return with_error_pages

    def each_context(self, request: Any) -> dict[str, Any]:
        user = request.user
        acting = getattr(user, "acting", None)
        return {
            **super().each_context(request),
            "business": getattr(request, "business", None),
            "acting": acting,
            "acting_seconds_left": acting and _seconds_until(acting.expires_at),
            # Lazy: only the page template reads it.
            "navigation": SimpleLazyObject(lambda: self.navigation(request)),
            "may": getattr(user, "rights", frozenset()),
            "form_token_field": FORM_BUSINESS_FIELD,
            "form_token": sign_form_token(),
        }

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[Any]:
        """Return the apps in the order of the work of a month."""
        order = {label: place for place, label in enumerate(APPS)}
        apps = super().get_app_list(request, app_label)
        return sorted(apps, key=lambda app: order.get(app["app_label"], len(order)))

    def get_log_entries(self, request: HttpRequest) -> Any:
        """Return no entries: the audit trail replaces Django's log."""
        return ()

    def index(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """Return the home page of a business or the dashboard of the platform.

        Django's list of models is part of the page.
        """
        return self.index_view(self, request)

    def app_list_context(self, request: HttpRequest) -> dict[str, object]:
        """Return the lists and reports that the user may see. The home page ends with them."""
        return {
            "app_list": self.get_app_list(request),
            "reports": [
                report
                for report in self.reports
                if get_request_user(request).may(report.right)
            ],
        }

    def object_history(
        self, request: HttpRequest, model_admin: ModelAdmin[Model], obj: Model
    ) -> HttpResponse:
        """Render the audit events of an object, newest first.

        `?before=<event id>` selects an older page.
        """
        if not self.may_see_history(request, model_admin.opts):
            raise PermissionDenied
        events = AuditEvent.objects.of_entity(obj._meta.model_name, obj.pk)
        before = parse_uuid(request.GET.get("before"))
        if before is not None:
            events = events.filter(pk__lt=before)
        page = list(events.order_by("-id")[: EVENTS_A_PAGE + 1])
        context = {
            **self.each_context(request),
            "title": _("History of %s") % obj,
            "opts": model_admin.opts,
            "object": obj,
            "events": describe_events(page[:EVENTS_A_PAGE]),
            "more_url": self._events_around(request, model_admin.opts, obj),
            "older_than": page[EVENTS_A_PAGE - 1].pk
            if len(page) > EVENTS_A_PAGE
            else None,
        }
        return TemplateResponse(request, "admin/object_history.html", context)

    def _events_around(self, request: Any, opts: Any, obj: Any) -> str:
        """Return the URL of the audit list with all events related to `obj`.

        Such events are those of an employee's cards, or the actions of a user. "" if there is no such list.
        """
        parameter = EVENTS_AROUND.get(opts.model_name)
        if parameter is None or not request.user.may("audit.see_cards_and_employees"):
            return ""
        url = reverse("admin:audit_auditevent_changelist")
        return f"{url}?{parameter}={obj.pk}"

    def may_see_history(self, request: HttpRequest, opts: Options[Model]) -> bool:
        """Return True if the user may see the history of objects of this model."""
        user = get_request_user(request)
        if user.may("audit.see"):
            return True
        is_theirs = opts.model_name in CARDS_AND_EMPLOYEES
        return is_theirs and user.may("audit.see_cards_and_employees")

    def form_matches_scope(self, request: HttpRequest) -> bool:
        """Return whether a posted form was rendered for the business in scope."""
        return form_matches_scope(request)

    # Error pages

    def business_changed_response(self, request: HttpRequest) -> HttpResponse:
        """Return 409 `business_changed` and show the posted values; nothing is saved."""
        return self._error_page(
            request,
            409,
            _("This form belongs to another business"),
            unsaved_values=self.describe_posted_form(request),
            # The business in scope has the same form, but not the same row.
            is_here=not (request.resolver_match and request.resolver_match.kwargs),
        )

    def _error_page(
        self, request: HttpRequest, status: int, title: str, **more: Any
    ) -> HttpResponse:
        context = {**self.each_context(request), "title": title, "status": status}
        response = TemplateResponse(
            request, f"admin/{status}.html", {**context, **more}, status=status
        )
        add_never_cache_headers(response)
        return response


def _default_index(site: AutomateHQAdminSite, request: HttpRequest) -> HttpResponse:
    """Render Django's index page."""
    response: HttpResponse = AdminSite.index(site, request)
    return response


def _seconds_until(moment: datetime) -> int:
    return max(0, round((moment - timezone.now()).total_seconds()))
