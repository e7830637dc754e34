"""The admin of work cards: the list, and the URLs of a card's pages."""

from collections.abc import Mapping
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.request_user import get_request_user
from automatehq.admin.badges import closed_month_badge, status_badge
from automatehq.admin.forms import MonthFormField, ServiceForm, plain_error_response
from automatehq.api.errors import DomainError
from businesses.tenancy.form_token import form_matches_scope
from workcards import services
from workcards.models import WorkCard
from workcards.querysets import WorkCardQuerySet
from workcards.scans.responses import RENDITIONS, scan_response
from workcards.serializers import ManualCardSerializer
from workcards.services.uploads import default_month
from workcards.transitions import ReviewStatus

from .actions import CARD_ACTIONS
from .bulk_approve_page import approve_selected, version_field
from .filters import CardMonthFilter
from .review_page import ReviewPage, card_title
from .upload_page import UploadPages


class ManualCardForm(ServiceForm):
    processing_month = MonthFormField(label=gettext_lazy("Month"))


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
    object_actions = CARD_ACTIONS
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
    is_sorted_within_a_business = True
    list_filter = ("review_status", CardMonthFilter, "site")
    search_fields = ("employee__full_name", "original_filename", "notes")
    fields = ("site", "employee", "processing_month", "notes")
    autocomplete_fields = ("employee",)

    def get_changeform_initial_data(self, request: Any) -> dict[str, Any]:
        return {
            "processing_month": default_month(request.business),
            **super().get_changeform_initial_data(request),
        }

    # The list

    def get_changelist(
        self, request: HttpRequest, **kwargs: object
    ) -> type[ChangeList]:
        """Return the changelist class, or the one that a queue has set on its request."""
        changelist: type[ChangeList] | None = getattr(request, "changelist_class", None)
        return changelist or super().get_changelist(request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> WorkCardQuerySet:
        cards = cast(WorkCardQuerySet, super().get_queryset(request))
        return cards.with_figures()

    @admin.display(description=gettext_lazy("card"), ordering="processing_month")
    def card(self, card: Any) -> SafeString:
        return card_title(card, closed_month_badge() if card.month_is_closed else "")

    @admin.display(description=gettext_lazy("status"), ordering="review_status")
    def status(self, card: WorkCard) -> SafeString:
        return status_badge(ReviewStatus(card.review_status))

    @admin.display(description=gettext_lazy("days"))
    def days(self, card: Any) -> int:
        return int(card.day_count)

    @admin.display(description=gettext_lazy("hours"))
    def hours(self, card: Any) -> str:
        return f"{card.total_hours:.2f}"

    @admin.display(description=gettext_lazy("uploaded by"))
    def uploader(self, card: WorkCard) -> str:
        # The name stored in the row: a join would omit the names of super-admins.
        return card.uploaded_by_name or "–"

    @admin.display(description=gettext_lazy("at"), ordering="created_at")
    def created(self, card: WorkCard) -> str:
        return date_format(localtime(card.created_at), "SHORT_DATETIME_FORMAT")

    def action_checkbox(self, card: WorkCard) -> SafeString:
        return format_html("{}{}", super().action_checkbox(card), version_field(card))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        if self.has_right(request, "cards.review"):
            label = _("Approve selected")
            actions["approve_selected"] = (approve_selected, "approve_selected", label)
        return actions

    # Whole cards

    def has_delete_permission(
        self, request: HttpRequest, obj: WorkCard | None = None
    ) -> bool:
        """Return True unless the card is approved, or is another user's.

        The permission `cards.delete_any` includes the cards of other users.
        """
        if not super().has_delete_permission(request, obj):
            return False
        user = get_request_user(request)
        return obj is None or (
            obj.review_status != ReviewStatus.APPROVED
            and (user.may("cards.delete_any") or obj.uploaded_by_id == user.pk)
        )

    def save_object(
        self,
        request: HttpRequest,
        obj: WorkCard,
        values: Mapping[str, Any],
        *,
        is_new: bool,
    ) -> WorkCard:
        card, is_created = services.create_manual_card(
            site=values["site"],
            employee=values["employee"],
            month=values["processing_month"],
            notes=values.get("notes") or "",
            actor=get_request_user(request),
        )
        if not is_created:
            messages.info(request, _("There is already an open card; showing it."))
        return card

    def delete_object(self, request: HttpRequest, obj: WorkCard) -> None:
        services.delete_card(card_id=obj.pk, actor=get_request_user(request))

    # Pages of one card

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        """Show the review page on GET; on POST save its days, and approve the card with `_approve`."""
        card = self._card(request, object_id)
        page = ReviewPage(self, request, card)
        if request.method != "POST":
            return page.render()
        if "_search" in request.POST:
            return page.search()
        if not self.has_change_permission(request, card):
            raise PermissionDenied
        if not form_matches_scope(request):
            return self.business_changed_response(request)
        return page.save()

    def get_urls(self) -> list[URLPattern]:
        admin_view = self.admin_site.admin_view
        return [
            path(
                "<path:object_id>/file/",
                admin_view(self.file_view, cacheable=True),
                name="workcards_workcard_file",
            ),
            *super().get_urls(),
        ]

    def file_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Return the scan of the card."""
        card = self._card(request, object_id)
        rendition = request.GET.get("rendition", "original")
        if rendition not in RENDITIONS:
            raise Http404
        try:
            return scan_response(request, card, rendition)
        except DomainError as error:
            return plain_error_response(error)

    def _card(self, request: HttpRequest, object_id: str) -> WorkCard:
        card: WorkCard | None = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, card):
            raise PermissionDenied
        if card is None:
            raise Http404
        return card
