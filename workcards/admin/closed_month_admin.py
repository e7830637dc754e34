"""The admin of closed months: the list, closing a month, and reopening it."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from automatehq.admin.form_fields import LineFormField
from automatehq.admin.forms import ActionForm, MonthFormField, ServiceForm
from automatehq.admin.object_actions import ObjectAction
from businesses.tenancy.admin import TenantAdmin
from workcards import services
from workcards.action_serializers import CloseMonthSerializer
from workcards.models import ClosedMonth
from workcards.month_math import format_month
from workcards.month_overview import add_hours, months_of_business
from workcards.services.review import REASON_LENGTH


class CloseForm(ServiceForm):
    payload_exclude = frozenset({"month"})

    month = MonthFormField(label=gettext_lazy("Month"))
    force = forms.BooleanField(
        label=gettext_lazy("Close anyway"),
        required=False,
        help_text=gettext_lazy(
            "Closes a month that has not ended or has unfinished cards. Enter a reason in the note."
        ),
    )
    note = LineFormField(
        label=gettext_lazy("Note"),
        max_length=REASON_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )


class ReopenForm(ActionForm):
    reason = LineFormField(
        label=gettext_lazy("Reason"),
        max_length=REASON_LENGTH,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )


def _reopen(request: Any, closed: ClosedMonth, values: Mapping[str, Any]) -> str:
    services.reopen_month(
        month=closed.month, actor=request.user, reason=values["reason"]
    )
    return _("%s was reopened.") % closed


@admin.register(ClosedMonth)
class ClosedMonthAdmin(TenantAdmin[ClosedMonth]):
    """Admin of closed months. Adding a row closes a month; the open months are above the list."""

    add_form = CloseForm
    add_serializer_class = CloseMonthSerializer
    rights = {"view": "months.see", "add": "months.close"}
    add_label = gettext_lazy("Close a month")
    add_button = gettext_lazy("Close the month")
    object_actions = (
        ObjectAction(
            name="reopen",
            label=gettext_lazy("Reopen"),
            question=gettext_lazy(
                "Cards, days and the ledger of this month can be changed again."
            ),
            right="months.reopen",
            run=_reopen,
            form=ReopenForm,
        ),
    )
    list_display = ("month_closed", "closer", "closed_at", "note_left")
    readonly_fields = ("month_closed", "closer", "note_left")
    ordering = ("-month", "-id")

    def get_fields(
        self, request: HttpRequest, obj: ClosedMonth | None = None
    ) -> tuple[str, ...]:
        if obj is None:
            return ("month", "force", "note")
        return ("month_closed", "closer", "closed_at", "note_left")

    def get_changeform_initial_data(
        self, request: HttpRequest
    ) -> dict[str, str | list[str]]:
        return {"month": request.GET.get("month", "")}

    @admin.display(description=gettext_lazy("month"), ordering="month")
    def month_closed(self, closed: ClosedMonth) -> str:
        return format_month(closed.month)

    @admin.display(description=gettext_lazy("closed by"))
    def closer(self, closed: ClosedMonth) -> str:
        # The name stored in the row: a join would omit the names of super-admins.
        return closed.closed_by_name or "–"

    @admin.display(description=gettext_lazy("note"))
    def note_left(self, closed: ClosedMonth) -> SafeString | str:
        # Free text, which may have another direction than the page.
        return format_html("<bdi>{}</bdi>", closed.note) if closed.note else "–"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        business: Any = request.business  # type: ignore[attr-defined]
        months = months_of_business(business) if business else []
        open_months = [overview for overview in months if overview.closed is None]
        add_hours(open_months)
        context = {**(extra_context or {}), "open_months": open_months}
        return super().changelist_view(request, context)

    def url_of(self, obj: Any) -> str:
        """Return the URL of the month's page.

        A month that is open again has no page in this admin.
        """
        return f"{reverse('admin:month')}?month={format_month(obj.month)}"

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: Any = None
    ) -> HttpResponse:
        """Redirect to the month, with one message: Django's own message would repeat it."""
        month = date_format(obj.month, "YEAR_MONTH_FORMAT")
        messages.success(request, _("%s was closed.") % month)
        return HttpResponseRedirect(self.url_of(obj))

    def save_object(
        self,
        request: Any,
        obj: ClosedMonth,
        values: Mapping[str, Any],
        *,
        is_new: bool,
    ) -> ClosedMonth:
        return services.close_month(actor=request.user, **values)
