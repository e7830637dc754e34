"""The upload page, as a form and as JSON for the script that sends files in batches."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.request_user import get_request_user
from automatehq.admin.forms import (
    FilesField,
    FilesInput,
    MonthFormField,
    ServiceErrorsMixin,
    translate_database_errors,
    with_error_status,
)
from automatehq.api.errors import DomainError, Problem
from businesses.tenancy.admin import TenantAdmin
from businesses.tenancy.form_token import form_matches_scope
from workcards import services
from workcards.models import WorkCard
from workcards.scans.validation import MAX_FILE_BYTES, MESSAGES
from workcards.services.uploads import MAX_FILES, Uploads, default_month
from workcards.transitions import ReviewStatus
from workforce.models import Site

from .actions import employee_field

# The types that the file picker offers. The server detects the type by content.
ACCEPT = "image/*,.heic,.heif,.tif,.tiff,.pdf,application/pdf"


class UploadForm(ServiceErrorsMixin, forms.Form):
    """A form with scans and their site, employee and month."""

    site = forms.ModelChoiceField(
        label=gettext_lazy("Site"),
        queryset=Site.objects.active().not_hidden(),
        required=False,
        empty_label=gettext_lazy("The employee’s home site"),
    )
    month = MonthFormField(label=gettext_lazy("Month"), required=False)
    employee = employee_field(required=False)
    files = FilesField(  # type: ignore[assignment]  # not the form's own, which Django takes from the request
        label=gettext_lazy("Files"),
        widget=FilesInput(attrs={"accept": ACCEPT}),
        help_text=gettext_lazy(
            "JPEG, PNG, WEBP, GIF, TIFF, HEIC or PDF; at most 10 MB each. Each page becomes a card."
        ),
    )
    allow_duplicate = forms.BooleanField(
        label=gettext_lazy("Upload duplicates anyway"), required=False
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        self.request = request
        super().__init__(*args, **kwargs)

    def add_problem(self, problem: Problem) -> None:
        # On other pages the month is the card's; on this page the user has chosen it.
        attr = "month" if problem.code == "month_closed" else problem.attr
        error = forms.ValidationError(problem.detail, code=problem.code)
        self.add_error(self.form_field_name(attr), error)


class UploadPages(TenantAdmin[WorkCard]):
    """The upload page of the card admin."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.upload_view)
        return [
            path("upload/", view, name="workcards_workcard_upload"),
            *super().get_urls(),
        ]

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """Upload scans and show the result for each file, as HTML or as JSON.

        The response is JSON if the client accepts nothing else.
        """
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            form = UploadForm(initial=_presets(request), request=request)
            return self._upload_page(request, form)
        if not form_matches_scope(request):
            return self.business_changed_response(request)
        is_script = request.headers.get("Accept") == "application/json"
        form = UploadForm(request.POST, request.FILES, request=request)
        uploads: Uploads | None = None
        error: DomainError | None = None
        if form.is_valid():
            try:
                with translate_database_errors(request):
                    uploads = services.upload_cards(
                        actor=get_request_user(request), **form.cleaned_data
                    )
            except DomainError as caught:
                error = caught
                form.add_service_errors(error)
        has_cards = uploads and (uploads.uploaded or uploads.duplicates)
        response: HttpResponse
        if is_script:
            response = JsonResponse(
                {"files": file_results(uploads)}
                if uploads
                else {"fields": form.errors.get_json_data()}
            )
        else:
            response = self._upload_page(request, form, uploads)
        response.status_code = 200 if has_cards else 400
        return with_error_status(response, error) if error else response

    def _upload_page(
        self, request: HttpRequest, form: UploadForm, uploads: Uploads | None = None
    ) -> HttpResponse:
        cards = reverse("admin:workcards_workcard_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Upload work cards"),
            "opts": self.opts,
            "form": form,
            "button": _("Upload"),
            "uploads": uploads,
            "max_files": MAX_FILES,
            "max_bytes": MAX_FILE_BYTES,
            "error_messages": MESSAGES,
            "review_url": _list_url(cards, ReviewStatus.NEEDS_REVIEW),
            "assign_url": _list_url(cards, ReviewStatus.NEEDS_ASSIGNMENT),
            "media": self.media + form.media,
        }
        return TemplateResponse(
            request, "admin/workcards/workcard/upload.html", context
        )


def file_results(uploads: Uploads) -> list[dict[str, object]]:
    """Return the result for each file, in the order of the request.

    `result` is `stored`, `duplicate` or `refused`, and `text` gives details. `cards` are the new cards, or the
    existing cards of a duplicate. A file with at least one new page is `stored`.
    """
    results: dict[int, dict[str, Any]] = {}
    for duplicate in uploads.duplicates:
        results[duplicate.index] = {
            "result": "duplicate",
            "text": _describe_duplicate(duplicate.existing),
            "cards": [_card_link(card) for card in duplicate.existing],
        }
    for card in uploads.uploaded:
        index = uploads.file_indexes[card.pk]
        if results.get(index, {}).get("result") != "stored":
            results[index] = _stored_result(partly=index in results)
        results[index]["cards"].append(_card_link(card))
    for failure in uploads.failed:
        results[failure.index] = {
            "result": "refused",
            "text": failure.detail,
            "code": failure.code,
            "cards": [],
        }
    return [{"index": index, **results[index]} for index in sorted(results)]


def _card_link(card: WorkCard) -> dict[str, Any]:
    return {
        "url": reverse("admin:workcards_workcard_change", args=[card.pk]),
        "needs_assignment": card.review_status == ReviewStatus.NEEDS_ASSIGNMENT,
    }


def _stored_result(*, partly: bool) -> dict[str, Any]:
    file: dict[str, Any] = {"result": "stored", "cards": []}
    if partly:
        file["text"] = _("Only deleted pages. The others are already uploaded.")
    return file


def _describe_duplicate(cards: Sequence[WorkCard]) -> str:
    """Describe the file that a duplicate equals.

    The text has its name, its first card's month and employee, and the number of cards.
    """
    first, *others = cards
    text = _("Same file as %(file)s (%(month)s, %(employee)s)") % {
        "file": first.original_filename,
        "month": date_format(first.processing_month, "YEAR_MONTH_FORMAT"),
        "employee": first.employee or _("not assigned yet"),
    }
    if others:
        more = ngettext("and %(n)d more card", "and %(n)d more cards", len(others))
        text += f", {more % {'n': len(others)}}"
    return text


def _presets(request: HttpRequest) -> dict[str, Any]:
    """Return the form's initial values from the URL, or else defaults.

    The defaults are the site of the user's last upload and the current processing month.
    """
    own = WorkCard.objects.filter(uploaded_by=get_request_user(request))
    last = own.order_by("-created_at").values_list("site_id", flat=True).first()
    presets = {"site": last, "month": default_month()}
    query = {name: request.GET[name] for name in presets if name in request.GET}
    return presets | query


def _list_url(cards: str, status: ReviewStatus) -> str:
    return f"{cards}?review_status__exact={status.value}"
