"""The admin of export runs: request, progress and download."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.request_user import get_request_user
from automatehq.admin.badges import status_badge
from automatehq.admin.forms import MonthFormField, ServiceForm, plain_error_response
from automatehq.api.errors import DomainError
from workcards.admin.filters import MonthListFilter
from workcards.month_math import format_month
from workcards.services.uploads import default_month

from . import profile_admin as _profile_admin  # noqa: F401 -- registers profiles
from . import services
from .models import ExportProfile, ExportRun
from .preview import build_preview
from .run_diff_admin import ChangesPage
from .serializers import ExportRequestSerializer
from .views import file_response

UNDER_WAY = (ExportRun.Status.QUEUED, ExportRun.Status.RUNNING)
REFRESH_SECONDS = 3


class ExportRequestForm(ServiceForm):
    processing_month = MonthFormField(label=_("Month"))
    include_unapproved = forms.BooleanField(
        label=_("Include unapproved days (marked DRAFT)"), required=False
    )
    profile = forms.ModelChoiceField(
        label=_("Profile"),
        queryset=ExportProfile.objects.all(),
        required=False,
        empty_label=_("None"),
        help_text=_("Only for payroll exports."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        site: Any = self.fields["site"]
        site.empty_label = _("All sites")


def _retry_url(run: ExportRun) -> str:
    """Return the URL of the form of a new run, prefilled with the options of `run`."""
    options = {
        "kind": run.kind,
        "profile": run.filters.get("profile", {}).get("id", ""),
        "processing_month": format_month(run.processing_month),
        "site": str(run.site_id or ""),
        "include_unapproved": "on" if run.filters.get("include_unapproved") else "",
    }
    query = urlencode({name: value for name, value in options.items() if value})
    return f"{reverse('admin:exports_exportrun_add')}?{query}"


@admin.register(ExportRun)
class ExportRunAdmin(ChangesPage):
    change_list_template = "admin/exports/exportrun/change_list.html"
    add_form_template = "admin/exports/exportrun/add.html"
    add_form = ExportRequestForm
    add_serializer_class = ExportRequestSerializer
    rights = {"view": "exports.see", "add": "exports.create"}
    add_label = _("New export")
    add_button = _("Create export")
    list_display = (
        "run",
        "kind",
        "month",
        "where",
        "state",
        "download",
        "since_then",
        "row_count",
        "requester",
        "created_at",
    )
    list_select_related = ("site",)
    list_filter = ("status", MonthListFilter, "kind", "site")
    search_fields = ("generated_file_name", "exported_by_name")
    readonly_fields = (
        "month",
        "where",
        "profile_then",
        "state",
        "requester",
        "digest",
        "download",
    )

    def get_fields(
        self, request: HttpRequest, obj: ExportRun | None = None
    ) -> tuple[str, ...]:
        if obj is None:
            return (
                "kind",
                "profile",
                "processing_month",
                "site",
                "include_unapproved",
            )
        return (
            "generated_file_name",
            "kind",
            *(("profile_then",) if "profile" in obj.filters else ()),
            "month",
            "where",
            "state",
            "progress",
            "row_count",
            "error",
            "requester",
            "created_at",
            "finished_at",
            "digest",
            "download",
        )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {
            "kind": ExportRun.Kind.DAYS_CSV,
            "processing_month": default_month(),
            **super().get_changeform_initial_data(request),
        }

    def extra_links(self, request: HttpRequest, obj: object) -> list[dict[str, object]]:
        if obj is not None:
            return []
        url = reverse("admin:exports_exportprofile_changelist")
        return [{"url": url, "icon": "settings", "label": _("Payroll profiles")}]

    @admin.display(description=_("file"))
    def run(self, run: ExportRun) -> str:
        return str(run)

    @admin.display(description="SHA-256")
    def digest(self, run: ExportRun) -> str:
        return run.sha256 or "–"

    @admin.display(description=_("month"), ordering="processing_month")
    def month(self, run: ExportRun) -> str:
        return format_month(run.processing_month)

    @admin.display(description=_("site"), ordering="site__site_name")
    def where(self, run: ExportRun) -> str:
        if run.site is None:
            return gettext("All sites")
        return format_html("<bdi>{}</bdi>", run.site.site_name)

    @admin.display(description=_("profile"))
    def profile_then(self, run: ExportRun) -> str:
        return str(run.filters["profile"]["name"])

    @admin.display(description=_("status"), ordering="status")
    def state(self, run: ExportRun) -> SafeString:
        badge = status_badge(ExportRun.Status(run.status))
        if run.status == ExportRun.Status.FAILED and run.error:
            return format_html(
                '{} <span class="export-error">{}</span>', badge, run.error
            )
        if run.status not in UNDER_WAY:
            return badge
        # The script of the list polls rows with this mark.
        return format_html(
            '<span class="in-progress" data-in-progress>{}<progress max="100" value="{}" aria-label="{}"></progress></span>',
            badge,
            run.progress,
            _("Progress of %(file)s") % {"file": run},
        )

    @admin.display(description=_("requested by"))
    def requester(self, run: ExportRun) -> str:
        return run.exported_by_name or "–"

    @admin.display(description=_("changes since export"))
    def since_then(self, run: ExportRun) -> SafeString | str:
        if run.status != ExportRun.Status.DONE:
            return "–"
        url = reverse("admin:exports_exportrun_changes", args=[run.pk])
        return format_html('<a href="{}">{}</a>', url, _("Changes"))

    @admin.display(description=_("download"))
    def download(self, run: ExportRun) -> SafeString | str:
        if run.status == ExportRun.Status.FAILED:
            return format_html('<a href="{}">{}</a>', _retry_url(run), _("Try again"))
        if run.status != ExportRun.Status.DONE:
            return "–"
        url = reverse("admin:exports_exportrun_file", args=[run.pk])
        return format_html('<a href="{}">{}</a>', url, _("Download"))

    def save_object(
        self,
        request: HttpRequest,
        obj: ExportRun,
        values: Mapping[str, Any],
        *,
        is_new: bool,
    ) -> ExportRun:
        return services.request_run(actor=get_request_user(request), **values)

    def response_add(
        self, request: HttpRequest, obj: ExportRun, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Redirect to the page of the run, which shows its progress."""
        super().response_add(request, obj, post_url_continue)
        return HttpResponseRedirect(self.url_of(obj))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        response = super().render_change_form(request, context, *args, **kwargs)
        original = context.get("original")
        if original is not None and original.status in UNDER_WAY:
            # The browser reloads the page, so that no script is needed.
            response["Refresh"] = str(REFRESH_SECONDS)
        return response

    def get_urls(self) -> list[URLPattern]:
        admin_view = self.admin_site.admin_view
        return [
            path(
                "add/preview/",
                admin_view(self.preview_view),
                name="exports_exportrun_preview",
            ),
            path(
                "<path:object_id>/file/",
                admin_view(self.file_view, cacheable=True),
                name="exports_exportrun_file",
            ),
            *super().get_urls(),
        ]

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """Render the preview of the options in the form, as a part of the page of a new run."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = self.get_form(request)(request.GET)
        context = {
            "preview": build_preview(**form.values) if form.is_valid() else None,
            "problems": [
                message for errors in form.errors.values() for message in errors
            ],
        }
        return TemplateResponse(
            request, "admin/exports/exportrun/preview.html", context
        )

    def file_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Return the file of a run that is done."""
        run = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        if run is None:
            raise Http404
        try:
            return file_response(run, request.headers.get("If-None-Match"))
        except DomainError as error:
            return plain_error_response(error)
