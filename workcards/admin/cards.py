"""Work cards in the admin."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from automatehq.admin_forms import (
    MonthField,
    ServiceForm,
    refusing,
    told_plainly,
)
from automatehq.marks import badge_of
from automatehq.rest.errors import DomainError
from businesses.tenancy.seal import is_sealed_for_this_business
from workcards import services
from workcards.downloads import RENDITIONS, scan_response
from workcards.hours import sum_hours
from workcards.models import DayEntry, WorkCard
from workcards.months import month_text
from workcards.serializers import ManualCardSerializer
from workcards.states import ReviewStatus
from workcards.suggestions import QUERY_LENGTH, suggest

from .approval import approve_selected, version_field
from .days import VersionForm, day_formset, rows_of
from .filters import MonthFilter
from .uploads import UploadPages
from .verbs import VERBS, who_changed_it


class ManualCardForm(ServiceForm):
    processing_month = MonthField(label=gettext_lazy("Month"))


@admin.register(WorkCard)
class WorkCardAdmin(UploadPages):
    add_form = ManualCardForm
    add_serializer_class = ManualCardSerializer
    rights = {
        "view": "cards.see",
        "add": "cards.upload",
        "change": "cards.review",
        "delete": "cards.upload",
    }
    verbs = VERBS
    list_display = (
        "card",
        "site",
        "employee",
        "status",
        "days",
        "hours",
        "uploader",
        "created",
    )
    list_filter = ("review_status", MonthFilter, "site")
    search_fields = ("employee__full_name", "original_filename", "notes")
    fields = ("site", "employee", "processing_month", "notes")
    autocomplete_fields = ("employee",)

    # The list

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).with_figures()

    @admin.display(description=gettext_lazy("card"), ordering="processing_month")
    def card(self, card: WorkCard) -> SafeString:
        name = card.original_filename or _("by hand")
        month = month_text(card.processing_month)
        return format_html('<span class="month">{}</span> · <bdi>{}</bdi>', month, name)

    @admin.display(description=gettext_lazy("status"), ordering="review_status")
    def status(self, card: WorkCard) -> SafeString:
        return badge_of(ReviewStatus(card.review_status))

    @admin.display(description=gettext_lazy("days"))
    def days(self, card: Any) -> int:
        return int(card.day_count)

    @admin.display(description=gettext_lazy("hours"))
    def hours(self, card: Any) -> str:
        return f"{card.total_hours:.2f}"

    @admin.display(description=gettext_lazy("uploaded by"))
    def uploader(self, card: WorkCard) -> str:
        # The name that is stored beside the reference: a join would lose the cards of super-admins.
        return card.uploaded_by_name or "–"

    @admin.display(description=gettext_lazy("at"), ordering="created_at")
    def created(self, card: WorkCard) -> str:
        return date_format(localtime(card.created_at), "SHORT_DATETIME_FORMAT")

    def action_checkbox(self, card: WorkCard) -> SafeString:
        return format_html("{}{}", super().action_checkbox(card), version_field(card))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        if self.may(request, "cards.review"):
            label = _("Approve selected")
            actions["approve_selected"] = (approve_selected, "approve_selected", label)
        return actions

    # Whole cards

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Unapproved cards: one's own, or with the right to delete any."""
        if not super().has_delete_permission(request, obj):
            return False
        user: Any = request.user
        return obj is None or (
            obj.review_status != ReviewStatus.APPROVED
            and (user.may("cards.delete_any") or obj.uploaded_by_id == user.pk)
        )

    def write(
        self, request: Any, obj: WorkCard, values: Mapping[str, Any], *, is_new: bool
    ) -> WorkCard:
        card, is_made = services.create_manual_card(
            site=values["site"],
            employee=values["employee"],
            month=values["processing_month"],
            notes=values.get("notes") or "",
            actor=request.user,
        )
        if not is_made:
            messages.info(request, _("Such a card was waiting already; here it is."))
        return card

    def remove(self, request: Any, obj: WorkCard) -> None:
        services.delete_card(card_id=obj.pk, actor=request.user)

    # Pages of our own

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view
        return [
            path(
                "<path:object_id>/file/",
                guarded(self.file_view, cacheable=True),
                name="workcards_workcard_file",
            ),
            *super().get_urls(),
        ]

    def file_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The picture of the card."""
        card = self._card(request, object_id)
        rendition = request.GET.get("rendition", "original")
        if rendition not in RENDITIONS:
            raise Http404
        try:
            return scan_response(request, card, rendition)
        except DomainError as refusal:
            return told_plainly(refusal)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The card: its picture beside the days of its month, and what can be done with it."""
        card = self._card(request, object_id)
        if request.method != "POST":
            return self._card_page(request, card)
        if not self.has_change_permission(request, card):
            raise PermissionDenied
        if not is_sealed_for_this_business(request):
            return self.refuse_other_business(request)
        return self._save_days(request, card)

    def _card(self, request: HttpRequest, object_id: str) -> WorkCard:
        card: WorkCard | None = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, card):
            raise PermissionDenied
        if card is None:
            raise Http404
        return card

    def _save_days(self, request: Any, card: WorkCard) -> HttpResponse:
        formset = day_formset(card, {}, request.POST)
        version = VersionForm(request.POST)
        if not (formset.is_valid() and version.is_valid()):
            return self._card_page(request, card, formset, status=400)
        try:
            with refusing(request):
                saved = services.set_day_entries(
                    card_id=card.pk,
                    version=version.cleaned_data["version"],
                    entries=formset.entries,
                    actor=request.user,
                )
        except DomainError as refusal:
            problems = formset.refuse(refusal)
            problems += filter(None, [who_changed_it(refusal)])
            return self._card_page(
                request, card, formset, problems, status=refusal.status_code
            )
        if "_approve" in request.POST:
            approval = reverse("admin:workcards_workcard_approve", args=[card.pk])
            return HttpResponseRedirect(f"{approval}?version={saved.version}")
        messages.success(request, _("The days are saved."))
        return HttpResponseRedirect(self.url_of(card))

    def _card_page(
        self,
        request: HttpRequest,
        card: WorkCard,
        formset: Any = None,
        problems: Any = (),
        status: int = 200,
    ) -> HttpResponse:
        found = DayEntry.objects.filter(work_card=card).with_ledger()
        entries = {entry.work_date: entry for entry in found}
        is_closed = card.month_is_closed  # type: ignore[attr-defined]
        is_open = card.review_status in ReviewStatus.pending() and not is_closed
        if formset is None and is_open and self.has_change_permission(request, card):
            formset = day_formset(card, entries)
        # What the person saw, not what is now: a change that came between must show when something is sent.
        version = request.POST.get("version", card.version)
        verbs = self.offered_verbs(request, card)
        context = {
            **self.admin_site.each_context(request),
            "title": self.card(card),
            "opts": self.opts,
            "original": card,
            "verbs": verbs,
            **_suggestions(request, card, verbs),
            "formset": formset,
            "version": version,
            "verb_query": urlencode({"version": version}),
            "rows": rows_of(card, entries, formset),
            "total_hours": sum_hours(entry.total_hours for entry in entries.values()),
            "problems": problems,
            "can_approve": is_open and card.employee_id is not None,
            "can_delete": not is_closed and self.has_delete_permission(request, card),
            "month_is_closed": is_closed,
            "may_see_history": self.offers_history(request),
            "media": self.media,
        }
        return TemplateResponse(
            request, "admin/workcards/workcard/card.html", context, status=status
        )


def _suggestions(
    request: HttpRequest, card: WorkCard, verbs: list[dict[str, Any]]
) -> dict[str, Any]:
    """What the search box of a card's page shows, for those who may assign the card as it is now."""
    urls = {verb["name"]: verb["url"] for verb in verbs}
    if "assign" not in urls:
        return {}
    asked = request.GET.get("q", "").strip()[:QUERY_LENGTH]
    return {
        "assign_url": urls["assign"],
        "asked": asked,
        "query_length": QUERY_LENGTH,
        "suggestions": suggest(card, asked) if asked else (),
    }
