"""Admin pages of businesses: your own, and for super-admins all except Platform."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.request_user import get_request_user
from automatehq.admin.badges import active_column
from automatehq.admin.form_fields import LineFormField
from automatehq.admin.forms import ActionForm, ServiceForm
from automatehq.admin.object_actions import ObjectAction
from automatehq.api.fields import PASSWORD_LIMIT
from businesses.models import Business, BusinessSettings, WarningPolicy
from businesses.querysets import BusinessQuerySet
from businesses.tenancy.admin import TenantAdmin, is_on_platform

from . import services
from .serializers import BusinessSerializer, NewBusinessSerializer

if TYPE_CHECKING:
    from django.contrib.admin.options import _FieldsetSpec

FIELDS = (
    "business_name",
    "business_code",
    "month_cutoff_day",
    "expected_cards_per_month",
    "time_zone",
    "language",
)


def _policy_field(name: str) -> forms.ChoiceField:
    """Return the form field of a warning's policy."""
    field: Any = BusinessSettings._meta.get_field(name)
    return forms.ChoiceField(
        label=capfirst(field.verbose_name), choices=WarningPolicy.choices
    )


class NewBusinessForm(ServiceForm):
    """The form of a business and its first administrator."""

    names = {
        "admin_email": "admin.email",
        "admin_full_name": "admin.full_name",
        "admin_password": "admin.password",
    }

    admin_email = LineFormField(label=gettext_lazy("E-mail"), max_length=254)
    admin_full_name = LineFormField(label=gettext_lazy("Full name"), max_length=200)
    admin_password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        max_length=PASSWORD_LIMIT,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def form_field_name(self, attr: str | None) -> str | None:
        # Errors of the service that creates the administrator use a user's field names.
        return super().form_field_name(attr) or super().form_field_name(f"admin.{attr}")


class WarningsForm(ActionForm):
    """The form with the effect of each warning on an approval."""

    on_outside_employment = _policy_field("on_outside_employment")
    on_future_month = _policy_field("on_future_month")
    on_overlapping_hours = _policy_field("on_overlapping_hours")
    on_long_day = _policy_field("on_long_day")
    longest_day_hours = forms.DecimalField(
        label=gettext_lazy("Maximum hours per day"),
        min_value=1,
        max_value=24,
        max_digits=4,
        decimal_places=2,
    )
    on_duplicate_days = _policy_field("on_duplicate_days")

    def __init__(self, *args: Any, obj: Business, **kwargs: Any) -> None:
        super().__init__(*args, obj=obj, **kwargs)
        settings = obj.settings
        for name in self.fields:
            self.initial.setdefault(name, getattr(settings, name))


def _change_warnings(
    request: Any, business: Business, values: Mapping[str, Any]
) -> str:
    services.update_business_settings(
        business_id=business.pk, values=values, actor=request.user
    )
    return _("Warnings of %s saved.") % business


def _activate(request: Any, business: Business, values: Mapping[str, Any]) -> str:
    services.activate_business(business_id=business.pk, actor=request.user)
    return _("%s is active.") % business


def _deactivate(request: Any, business: Business, values: Mapping[str, Any]) -> str:
    services.deactivate_business(business_id=business.pk, actor=request.user)
    return _("%s is inactive.") % business


@admin.register(Business)
class BusinessAdmin(TenantAdmin[Business]):
    serializer_class = BusinessSerializer
    add_form = NewBusinessForm
    add_serializer_class = NewBusinessSerializer
    rights = {
        "view": "businesses.see",
        "add": "businesses.manage",
        "change": "businesses.edit",
    }
    is_writable_on_platform = True
    list_display = (
        "business_name",
        "business_code",
        active_column,
        "language",
        "time_zone",
    )
    list_filter = ("is_active",)
    search_fields = ("business_name", "business_code")
    searchable_in = ("platform",)
    object_actions = (
        ObjectAction(
            name="warnings",
            label=gettext_lazy("Warnings before approving"),
            question=gettext_lazy(
                "For each warning, choose if a card with it can still be approved."
            ),
            button=gettext_lazy("Save"),
            right="businesses.edit",
            run=_change_warnings,
            form=WarningsForm,
        ),
        ObjectAction(
            name="activate",
            label=gettext_lazy("Activate"),
            question=gettext_lazy("Its users can sign in again."),
            right="businesses.manage",
            run=_activate,
            is_available=lambda business: not business.is_active,
        ),
        ObjectAction(
            name="deactivate",
            label=gettext_lazy("Deactivate"),
            question=gettext_lazy(
                "All users of this business are signed out immediately and can no longer sign in."
            ),
            right="businesses.manage",
            run=_deactivate,
            is_available=lambda business: business.is_active,
        ),
    )

    def get_queryset(self, request: HttpRequest) -> BusinessQuerySet:
        businesses = cast(BusinessQuerySet, super().get_queryset(request))
        return businesses.listed().with_settings()

    def get_fieldsets(
        self, request: HttpRequest, obj: Business | None = None
    ) -> "_FieldsetSpec":
        if obj is not None:
            return [(None, {"fields": FIELDS})]
        admin_fields = tuple(NewBusinessForm.names)
        return [
            (None, {"fields": FIELDS}),
            (_("First administrator"), {"fields": admin_fields}),
        ]

    def get_readonly_fields(
        self, request: HttpRequest, obj: Business | None = None
    ) -> tuple[str, ...]:
        user: Any = request.user
        return () if user.may("businesses.manage") else ("business_code",)

    def available_actions(
        self, request: HttpRequest, obj: Model
    ) -> list[dict[str, object]]:
        assert isinstance(obj, Business)
        user: Any = request.user
        buttons = super().available_actions(request, obj)
        if user.may("platform.act_as") and user.acting is None and obj.is_active:
            url = f"{reverse('admin:act_as')}?business={obj.pk}"
            buttons.append(
                {"name": "act_as", "label": _("Act for this business"), "url": url}
            )
        return buttons

    def extra_links(
        self, request: HttpRequest, obj: Business | None
    ) -> list[dict[str, object]]:
        if obj is None or is_on_platform():
            return []
        return [
            {"url": reverse(f"admin:{page}_changelist"), "icon": icon, "label": label}
            for page, icon, label in (
                ("exports_exportprofile", "export", _("Payroll profiles")),
                ("workforce_sitesettings", "site", _("Site settings")),
            )
        ]

    def save_object(
        self,
        request: HttpRequest,
        obj: Business,
        values: Mapping[str, Any],
        *,
        is_new: bool,
    ) -> Business:
        actor = get_request_user(request)
        if is_new:
            values = dict(values)
            return services.create_business(
                admin=values.pop("admin"), values=values, actor=actor
            )
        return services.update_business(business_id=obj.pk, values=values, actor=actor)
