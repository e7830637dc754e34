"""The admin of sites, site settings and employees."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.request_user import get_request_user
from automatehq.admin.badges import active_column, boolean_column
from automatehq.admin.forms import ActionForm, ServiceForm
from automatehq.admin.object_actions import ObjectAction
from businesses.tenancy.admin import TenantAdmin, is_on_platform
from businesses.tenancy.context import try_get_business_id

from . import services
from .employee_import.admin_pages import EmployeeFilesAdmin
from .models import Employee, Site, SiteSettings
from .serializers import EmployeeSerializer, SiteSerializer, SiteSettingsSerializer


class LeavingForm(ActionForm):
    left_on = forms.DateField(
        label=gettext_lazy("Left on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Leave empty to use the known leaving date, or today."),
    )


def _open_site(request: HttpRequest, site: Site, values: Mapping[str, Any]) -> str:
    services.activate_site(site_id=site.pk, actor=get_request_user(request))
    return _("%s is active.") % site


def _close_site(request: HttpRequest, site: Site, values: Mapping[str, Any]) -> str:
    services.deactivate_site(site_id=site.pk, actor=get_request_user(request))
    return _("%s is inactive.") % site


def _activate(
    request: HttpRequest, employee: Employee, values: Mapping[str, Any]
) -> str:
    services.activate_employee(employee_id=employee.pk, actor=get_request_user(request))
    return _("%s is active.") % employee


def _deactivate(
    request: HttpRequest, employee: Employee, values: Mapping[str, Any]
) -> str:
    services.deactivate_employee(
        employee_id=employee.pk,
        actor=get_request_user(request),
        left_on=values.get("left_on"),
    )
    return _("%s is inactive.") % employee


def _release(
    request: HttpRequest, employee: Employee, values: Mapping[str, Any]
) -> str:
    services.release_employee(employee_id=employee.pk, actor=get_request_user(request))
    return _("The passport of %s was released.") % employee


@admin.display(description=gettext_lazy("address"), ordering="address")
def _address(site: Site) -> SafeString | str:
    # An address begins with a number, which text of the other direction would move to the end.
    return format_html("<bdi>{}</bdi>", site.address) if site.address else "–"


@admin.register(Site)
class SiteAdmin(TenantAdmin[Site]):
    serializer_class = SiteSerializer
    rights = {"view": "sites.see", "add": "sites.edit", "change": "sites.edit"}
    is_writable_on_platform = True
    list_display = (
        "site_name",
        "site_code",
        _address,
        active_column,
    )
    list_filter = ("is_active",)
    search_fields = ("site_name", "site_code", "address")
    searchable_in = ("business", "platform")
    fields = ("site_name", "site_code", "address")
    object_actions = (
        ObjectAction(
            name="activate",
            label=gettext_lazy("Activate"),
            question=gettext_lazy("All businesses can use this site again."),
            right="sites.manage",
            run=_open_site,
            is_available=lambda site: not site.is_active,
            in_list=True,
        ),
        ObjectAction(
            name="deactivate",
            label=gettext_lazy("Deactivate"),
            question=gettext_lazy(
                "Businesses can no longer add cards or employees to this site. Existing ones continue."
            ),
            right="sites.manage",
            run=_close_site,
            is_available=lambda site: site.is_active,
            in_list=True,
        ),
    )

    def extra_links(
        self, request: HttpRequest, obj: Site | None
    ) -> list[dict[str, object]]:
        if is_on_platform() or not get_request_user(request).may("site_settings.see"):
            return []
        url = reverse("admin:workforce_sitesettings_changelist")
        if obj is not None:
            url = f"{url}?{urlencode({'q': obj.site_name})}"
        return [{"url": url, "icon": "settings", "label": _("Site settings")}]

    def has_right(self, request: HttpRequest, right: str, obj: Any = None) -> bool:
        """Return True if the user has the permission.

        A business may edit only the sites it is the steward of, the platform all.
        """
        is_editable = (
            obj is None or is_on_platform() or obj.steward_id == try_get_business_id()
        )
        return is_editable and super().has_right(request, right, obj)

    def save_object(
        self,
        request: HttpRequest,
        obj: Site,
        values: Mapping[str, object],
        *,
        is_new: bool,
    ) -> Site:
        if is_new:
            return services.create_site(values=values, actor=get_request_user(request))
        return services.update_site(
            site_id=obj.pk, values=values, actor=get_request_user(request)
        )


class SiteSettingsForm(ServiceForm):
    payload_exclude = frozenset({"site"})

    def clean(self) -> dict[str, object]:
        values: dict[str, Any] = super().clean() or {}
        site = self.cleaned_data.get("site")
        if site and SiteSettings.objects.filter(site=site).exists():
            self.add_error(
                "site", _("Your business already has settings for this site.")
            )
        return values


_HIDDEN: Any = boolean_column("is_hidden", gettext_lazy("hidden"))


@admin.register(SiteSettings)
class SiteSettingsAdmin(TenantAdmin[SiteSettings]):
    form = SiteSettingsForm
    serializer_class = SiteSettingsSerializer
    rights = {
        "view": "site_settings.see",
        "add": "site_settings.manage",
        "change": "site_settings.manage",
    }
    list_display = (
        "site",
        "hourly_tariff",
        "responsible_employee",
        _HIDDEN,
    )
    list_select_related = ("site", "responsible_employee")
    list_filter = ("is_hidden",)
    search_fields = ("site__site_name",)
    searchable_in = ()  # a search finds the site, which links to its settings
    autocomplete_fields = ("responsible_employee",)
    fields = (
        "site",
        "hourly_tariff",
        "contact_emails",
        "contact_phone",
        "responsible_employee",
        "expected_cards_per_month",
        "is_hidden",
    )

    def get_list_display(self, request: HttpRequest) -> Any:
        return self._without_tariff(request, super().get_list_display(request))

    def get_fields(self, request: HttpRequest, obj: SiteSettings | None = None) -> Any:
        fields = self._without_tariff(request, super().get_fields(request, obj))
        if obj is None or self.has_change_permission(request, obj):
            return fields
        return [_HIDDEN if name == "is_hidden" else name for name in fields]

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> Any:
        return () if obj is None else ("site", _HIDDEN)

    def save_object(
        self,
        request: HttpRequest,
        obj: SiteSettings,
        values: Mapping[str, Any],
        *,
        is_new: bool,
    ) -> SiteSettings:
        values = dict(values)
        site = values.pop("site") or obj.site
        return services.save_site_settings(
            site=site, values=values, actor=get_request_user(request)
        )

    @staticmethod
    def _without_tariff(request: HttpRequest, names: Any) -> Any:
        if get_request_user(request).may("site_tariffs.see"):
            return names
        return [name for name in names if name != "hourly_tariff"]


@admin.display(description=gettext_lazy("phone"), ordering="phone_number")
def _phone(employee: Employee) -> SafeString | str:
    # The plus sign must stay before the number in both directions.
    phone = employee.phone_number
    return format_html('<bdi dir="ltr">{}</bdi>', phone) if phone else "–"


@admin.register(Employee)
class EmployeeAdmin(EmployeeFilesAdmin):
    serializer_class = EmployeeSerializer
    rights = {
        "view": "employees.see",
        "add": "employees.manage",
        "change": "employees.manage",
    }
    list_display = (
        "full_name",
        "site",
        "passport_id",
        "external_employee_id",
        _phone,
        "started_on",
        active_column,
    )
    list_select_related = ("site",)
    list_filter = ("is_active", "site")
    search_fields = (
        "full_name",
        "passport_id",
        "external_employee_id",
        "phone_number",
    )
    fields = (
        "full_name",
        "site",
        "passport_id",
        "external_employee_id",
        "phone_number",
        "started_on",
        "left_on",
    )
    readonly_fields = ("former_passport_id",)
    object_actions = (
        ObjectAction(
            name="activate",
            label=gettext_lazy("Activate"),
            question=gettext_lazy(
                "The employee is employed again. The leaving date is cleared."
            ),
            right="employees.manage",
            run=_activate,
            is_available=lambda employee: not employee.is_active,
            in_list=True,
        ),
        ObjectAction(
            name="deactivate",
            label=gettext_lazy("Deactivate"),
            question=gettext_lazy("The employee has left. Cards and hours are kept."),
            right="employees.manage",
            run=_deactivate,
            form=LeavingForm,
            is_available=lambda employee: employee.is_active,
            in_list=True,
        ),
        ObjectAction(
            name="release",
            label=gettext_lazy("Release"),
            question=gettext_lazy(
                "Frees the passport, so that another business can hire the employee. Paid hours are kept."
            ),
            right="employees.release",
            run=_release,
            is_available=lambda employee: (
                not employee.is_active and employee.passport_id is not None
            ),
        ),
    )

    def get_fields(
        self, request: HttpRequest, obj: Employee | None = None
    ) -> tuple[str, ...]:
        fields: tuple[str, ...] = tuple(super().get_fields(request, obj))  # type: ignore[arg-type]
        was_released = obj is not None and obj.former_passport_id
        return (*fields, "former_passport_id") if was_released else fields

    def save_object(
        self,
        request: HttpRequest,
        obj: Employee,
        values: Mapping[str, object],
        *,
        is_new: bool,
    ) -> Employee:
        if is_new:
            return services.create_employee(
                values=values, actor=get_request_user(request)
            )
        return services.update_employee(
            employee_id=obj.pk, values=values, actor=get_request_user(request)
        )
