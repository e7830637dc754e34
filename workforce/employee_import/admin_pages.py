"""Import and export of employees in the admin: upload, preview and apply."""

from functools import partial
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.request_user import get_request_user
from automatehq.admin.forms import (
    ServiceErrorsMixin,
    plain_error_response,
    translate_database_errors,
    with_error_status,
)
from automatehq.api.converters import parse_uuid
from automatehq.api.errors import DomainError, Invalid
from businesses.models import Business
from businesses.tenancy.admin import TenantAdmin
from businesses.tenancy.context import try_get_business_id
from businesses.tenancy.form_token import form_matches_scope
from workforce.models import Employee

from . import pending_files
from .code_pages import CODECS
from .employee_export import KINDS
from .file_parsing import Choices, ParsedTable
from .import_plan import RowPlan
from .services import Import, RowsInvalid, Stale, apply_import, preview_import
from .views import export_response, on_in_use, read_upload

# Rows on a page; rows with errors come first.
SHOWN_ROWS = 500
_URGENCY = {"error": 0, "update": 2, "create": 3}


AUTOMATIC = gettext_lazy("Detect automatically")


class ImportForm(ServiceErrorsMixin, forms.Form):
    """A file of employees."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        allow_empty_file=True,
        max_length=None,
        help_text=gettext_lazy(
            "Excel (XLSX) or CSV, at most 10 MB and 10,000 rows, with headers in English or Hebrew. You see a preview before anything is saved."
        ),
    )
    encoding = forms.ChoiceField(
        label=gettext_lazy("Encoding"),
        required=False,
        choices=[("", AUTOMATIC), *((name, name) for name in CODECS)],
        help_text=gettext_lazy(
            "Only for CSV. Choose one if letters are wrong in the preview."
        ),
    )


class PreviewCell(NamedTuple):
    """A field of a row: the new and the old value, or the file's value if nothing changes."""

    label: str
    old: Any = ""
    new: Any = ""
    file_value: str = ""


class ShownRow(NamedTuple):
    """A row of the preview's table."""

    number: int
    action: str
    label: Any
    colour: str
    mark: str
    name: PreviewCell
    employee_id: Any
    cells: list[PreviewCell]
    problems: list[Any]
    warnings: list[Any]


# The columns beside the name, in order.
SHOWN_FIELDS = (
    "passport_id",
    "external_employee_id",
    "site",
    "phone_number",
    "started_on",
    "left_on",
)
# The action of a row → its colour and its icon.
ACTION_MARKS = {
    "create": ("approved", "plus"),
    "update": ("assign", "arrow"),
    "unchanged": ("neutral", "minus"),
    "error": ("rejected", "alert"),
}


# The displayed names of the delimiters of a CSV file.
DELIMITERS = {
    ",": gettext_lazy("comma"),
    ";": gettext_lazy("semicolon"),
    "\t": gettext_lazy("tab"),
    "|": gettext_lazy("vertical bar"),
}
# Fields of a file that the form of an employee lacks.
FIELD_LABELS = {
    "first_name": gettext_lazy("first name"),
    "middle_name": gettext_lazy("middle name"),
    "last_name": gettext_lazy("last name"),
    "site_name": gettext_lazy("site name"),
    "site_code": gettext_lazy("site code"),
}
ACTION_LABELS = {
    "create": gettext_lazy("new"),
    "update": gettext_lazy("changed"),
    "unchanged": gettext_lazy("unchanged"),
    "error": gettext_lazy("error"),
}


class EmployeeFilesAdmin(TenantAdmin[Employee]):
    """The pages `import/` and `export/<type>/` of the admin of employees."""

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view
        return [
            path(
                "import/",
                guarded(self.import_view),
                name="workforce_employee_import",
            ),
            *(
                path(
                    f"export/{kind}/",
                    guarded(partial(self.export_view, kind=kind)),
                    name=f"workforce_employee_export_{kind}",
                )
                for kind in KINDS
            ),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        query = request.GET.urlencode()
        exports = {
            kind: reverse(f"admin:workforce_employee_export_{kind}")
            + (f"?{query}" if query else "")
            for kind in KINDS
        }
        can_export = _business_of(request) is not None
        context = {**(extra_context or {}), "exports": exports if can_export else {}}
        return super().changelist_view(request, context)

    # Export

    def export_view(self, request: HttpRequest, *, kind: str) -> HttpResponse:
        """Export the employees of the filtered and searched list."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        business = _business_of(request)
        if business is None:
            return plain_error_response(
                Invalid("required", _("Choose one business first."))
            )
        try:
            employees = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return plain_error_response(Invalid("invalid", _("Unknown filter.")))
        return export_response(employees, kind, business)

    # Import

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Show the upload form; preview the uploaded file; apply a preview."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return self._import_page(request, ImportForm())
        if not form_matches_scope(request):
            return self.business_changed_response(request)
        if "ticket" in request.POST:
            return self._apply(request)
        form = ImportForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._import_page(request, form, status=400)
        data = read_upload(form.cleaned_data["file"])
        choices = Choices(encoding=form.cleaned_data["encoding"])
        try:
            with translate_database_errors(request):
                result = self._preview(request, data, choices)
        except DomainError as error:
            form.add_service_errors(error)
            return with_error_status(self._import_page(request, form), error)
        stored = pending_files.store(data, user=get_request_user(request))
        return self._preview_page(request, result, stored, choices)

    @staticmethod
    def _preview(request: HttpRequest, data: bytes, choices: Choices) -> Import:
        return preview_import(
            data=data,
            choices=choices,
            actor=get_request_user(request),
            on_in_use=on_in_use(request),
        )

    def _read_again(
        self, request: HttpRequest, pending: pending_files.PendingFile
    ) -> HttpResponse:
        """Preview a pending file again with another sheet or encoding."""
        choices = Choices(
            request.POST.get("sheet", ""), request.POST.get("encoding", "")
        )
        try:
            with translate_database_errors(request):
                result = self._preview(request, pending.data, choices)
        except DomainError as error:
            form = ImportForm(initial={"encoding": choices.encoding})
            message = "; ".join(problem.detail for problem in error.problems)
            return with_error_status(
                self._import_page(request, form, problem=message), error
            )
        return self._preview_page(request, result, pending.path, choices)

    def _apply(self, request: HttpRequest) -> HttpResponse:
        pending = pending_files.load(
            request.POST["ticket"], user=get_request_user(request)
        )
        if pending is None:
            form = ImportForm()
            message = _(
                "This preview has expired or was already imported. Choose a file."
            )
            return self._import_page(request, form, problem=message, status=409)
        if "read_again" in request.POST:
            return self._read_again(request, pending)
        try:
            with translate_database_errors(request):
                result = apply_import(
                    data=pending.data,
                    hash=pending.hash,
                    choices=pending.choices,
                    skip_errors="skip_errors" in request.POST,
                    actor=get_request_user(request),
                    on_in_use=on_in_use(request),
                )
        except (Stale, RowsInvalid) as error:
            page = self._preview_page(
                request,
                error.result,
                pending.path,
                pending.choices,
                problem=error.problems[0].detail,
            )
            return with_error_status(page, error)
        except DomainError as error:
            message = "; ".join(problem.detail for problem in error.problems)
            return with_error_status(
                self._import_page(request, ImportForm(), problem=message), error
            )
        transaction.on_commit(partial(pending_files.delete, pending.path), robust=True)
        message = _("%(create)d new, %(update)d changed, %(unchanged)d unchanged.")
        messages.success(request, message % result.summary)
        if result.summary["error"]:
            left_out = _("%d rows with errors were skipped.") % result.summary["error"]
            messages.warning(request, left_out)
        return HttpResponseRedirect(reverse("admin:workforce_employee_changelist"))

    def _import_page(
        self, request: HttpRequest, form: Any, *, problem: str = "", status: int = 200
    ) -> HttpResponse:
        context = {
            **self._import_context(request),
            "form": form,
            "problem": problem,
            "button": _("Preview"),
            "media": self.media + form.media,
        }
        return TemplateResponse(
            request, "admin/workforce/employee/import.html", context, status=status
        )

    def _preview_page(
        self,
        request: HttpRequest,
        result: Import,
        stored: str,
        choices: Choices,
        *,
        problem: str = "",
    ) -> HttpResponse:
        plans = [plan for plan in result.plans if _is_shown(plan)]
        plans.sort(key=_urgency)
        summary = result.summary
        context = {
            **self._import_context(request),
            "problem": problem,
            "ticket": pending_files.sign_reference(
                stored, result.hash, choices, user=get_request_user(request)
            ),
            "counts": [
                (name, *ACTION_MARKS[name], ACTION_LABELS[name], n)
                for name, n in summary.items()
            ],
            "heads": [_label(name) for name in SHOWN_FIELDS],
            "to_write": summary["create"] + summary["update"],
            "table": result.table,
            "columns": [
                (header, _field_label(name))
                for name, header in result.table.columns.items()
            ],
            "sheets": _sheets_to_choose(result.table),
            "delimiter": DELIMITERS.get(
                result.table.delimiter or "", result.table.delimiter
            ),
            "encodings": list(CODECS),
            "rows": [_preview_row(plan) for plan in plans[:SHOWN_ROWS]],
            "more": max(0, len(plans) - SHOWN_ROWS),
            "errors": summary["error"],
            "can_apply": bool(summary["create"] + summary["update"]),
            "media": self.media,
        }
        return TemplateResponse(
            request, "admin/workforce/employee/import_preview.html", context
        )

    def _import_context(self, request: HttpRequest) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "title": _("Import employees"),
            "opts": self.opts,
        }


def _business_of(request: HttpRequest) -> Business | None:
    """Return the business in scope, or on the platform the business of the list's filter."""
    business_id = try_get_business_id() or parse_uuid(request.GET.get("business"))
    business: Business | None = Business.objects.filter(pk=business_id).first()
    return business


def _is_shown(plan: RowPlan) -> bool:
    return plan.action != "unchanged" or bool(plan.row.warnings)


def _urgency(plan: RowPlan) -> tuple[int, int]:
    urgency = 1 if plan.row.warnings else 4
    return min(urgency, _URGENCY.get(plan.action, 4)), plan.row.number


def _preview_row(plan: RowPlan) -> ShownRow:
    file_values = {
        **plan.row.values,
        "passport_id": plan.row.passport.text,
        "external_employee_id": plan.row.external.text,
        "site": plan.row.values.get("site_name") or plan.row.values.get("site_code"),
    }
    changes = {one["field"]: one for one in plan.changes}

    def cell(name: str) -> PreviewCell:
        change = changes.get(name)
        if change is None:
            return PreviewCell(_label(name), file_value=file_values.get(name) or "")
        return PreviewCell(_label(name), change["old"], change["new"])

    name = cell("full_name")
    if not name.new and plan.employee:
        name = name._replace(file_value=plan.employee.full_name)
    colour, mark = ACTION_MARKS[plan.action]
    return ShownRow(
        number=plan.row.number,
        action=plan.action,
        label=ACTION_LABELS[plan.action],
        colour=colour,
        mark=mark,
        name=name,
        employee_id=plan.employee_id,
        cells=[cell(name) for name in SHOWN_FIELDS],
        problems=plan.row.errors,
        warnings=plan.row.warnings,
    )


def _label(name: str) -> str:
    """Return the label of a field in the forms."""
    column: Any = Employee._meta.get_field(name)
    return str(column.verbose_name)


def _sheets_to_choose(table: ParsedTable) -> list[str]:
    """Return the visible sheets and the sheet that was read, if there is a choice."""
    names = list(dict.fromkeys([*table.sheets, *filter(None, [table.sheet])]))
    return names if len(names) > 1 else []


def _field_label(name: str) -> str:
    """Return the name of a field that a column of the file fills."""
    return str(FIELD_LABELS[name]) if name in FIELD_LABELS else _label(name)
