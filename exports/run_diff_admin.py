"""The admin page of the diff between a run and the current data."""

from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from automatehq.admin.forms import plain_error_response, with_error_status
from automatehq.api.errors import DomainError
from businesses.tenancy.admin import TenantAdmin

from .models import ExportRun
from .run_diff import NO_HOURS, Change, diff_run
from .run_diff_views import csv_response

# Changes on the page; the file contains all.
SHOWN = 500


class ChangesPage(TenantAdmin[ExportRun]):
    """The page "Changes since this export" of the admin of export runs, and its button."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.changes_view, cacheable=True)
        name = "exports_exportrun_changes"
        return [
            path("<path:object_id>/changes/", view, name=name),
            *super().get_urls(),
        ]

    def available_actions(
        self, request: HttpRequest, obj: Model
    ) -> list[dict[str, object]]:
        """Return the buttons of a run, with a link to its changes.

        The link changes nothing, so it is no object action.
        """
        buttons = super().available_actions(request, obj)
        if not isinstance(obj, ExportRun) or obj.status != ExportRun.Status.DONE:
            return buttons
        url = reverse("admin:exports_exportrun_changes", args=[quote(obj.pk)])
        return [
            *buttons,
            {"name": "changes", "label": _("Changes since this export"), "url": url},
        ]

    def changes_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Render the diff of a run, or with `?type=csv` return it as a file."""
        run: ExportRun | None = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        if run is None:
            raise Http404
        is_file = request.GET.get("type") == "csv"
        changes: list[Change] = []
        service_error: DomainError | None = None
        try:
            changes = diff_run(run)
        except DomainError as error:
            if is_file:
                return plain_error_response(error)
            service_error = error
        if is_file:
            return csv_response(run, changes)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Changes since this export"),
            "subtitle": str(run),
            "opts": self.opts,
            "original": run,
            "problem": service_error and service_error.problems[0].detail,
            "changes": changes[:SHOWN],
            "count": len(changes),
            "difference": sum((change.difference for change in changes), NO_HOURS),
            "back_url": self.url_of(run),
            "media": self.media,
        }
        response = TemplateResponse(
            request, "admin/exports/exportrun/run_diff.html", context
        )
        return with_error_status(response, service_error) if service_error else response
