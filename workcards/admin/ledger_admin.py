"""The admin of the ledger, read only: approving and reopening cards writes it."""

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from businesses.tenancy.admin import TenantAdmin, is_on_platform
from workcards.models import ApprovedDay

from .filters import MonthListFilter


@admin.register(ApprovedDay)
class ApprovedDayAdmin(TenantAdmin[ApprovedDay]):
    rights = {"view": "cards.see"}
    has_history = False  # its cards have a history
    list_display = (
        "work_date",
        "employee",
        "site",
        "hours",
        "day_status",
        "approver",
    )
    list_select_related = ("employee", "site")
    is_sorted_within_a_business = True
    list_filter = (MonthListFilter, "day_status", "site")
    search_fields = ("employee__full_name",)
    searchable_in = ()  # the search finds its employees and cards
    ordering = ("-work_date", "id")
    fields = (
        "work_date",
        "employee",
        "site",
        "from_time",
        "to_time",
        "break_minutes",
        "hours",
        "minutes",
        "day_status",
        "card",
        "approver",
        "approved_at",
    )
    readonly_fields = ("minutes", "card", "approver")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        # No index covers the dates of all businesses together. The order of ids is the order of posting.
        return ("-id",) if is_on_platform() else self.ordering

    @admin.display(description=_("work card"))
    def card(self, row: ApprovedDay) -> SafeString:
        url = reverse("admin:workcards_workcard_change", args=[row.work_card_id])
        return format_html('<a href="{}"><bdi>{}</bdi></a>', url, row.work_card)

    @admin.display(description=_("approved by"))
    def approver(self, row: ApprovedDay) -> str:
        # The name stored in the row: a join would omit the names of super-admins.
        return row.approved_by_name or "–"
