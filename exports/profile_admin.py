"""The admin of export profiles."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.request_user import get_request_user
from automatehq.admin.form_fields import LineFormField
from automatehq.admin.forms import ServiceForm
from businesses.tenancy.admin import TenantAdmin
from workcards.transitions import DayStatus

from . import profile_services as services
from .models import ExportProfile
from .profile_serializers import ExportProfileSerializer
from .profiles import CODE_LIMIT, COMPONENTS


def _code(label: Any) -> LineFormField:
    return LineFormField(label=label, max_length=CODE_LIMIT, required=False)


class ProfileForm(ServiceForm):
    """A profile, with a line for the code of each component. An empty code leaves the component out of the file."""

    names = {f"code_{part.lower()}": f"components.{part}" for part in COMPONENTS}

    code_hours = _code(_("Hours code"))
    code_vacation = _code(DayStatus.VACATION.label)
    code_sick = _code(DayStatus.SICK.label)
    code_international_visa = _code(DayStatus.INTERNATIONAL_VISA.label)
    code_holiday = _code(DayStatus.HOLIDAY.label)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        codes = self.instance.components or {}
        for name, attr in self.names.items():
            if name in self.fields:
                self.fields[name].initial = codes.get(attr.removeprefix("components."))

    def form_field_name(self, attr: str | None) -> str | None:
        # Show an error of all codes beside the first code.
        return "code_hours" if attr == "components" else super().form_field_name(attr)


@admin.register(ExportProfile)
class ExportProfileAdmin(TenantAdmin[ExportProfile]):
    form = ProfileForm
    serializer_class = ExportProfileSerializer
    rights = {
        "view": "exports.see",
        "add": "exports.create",
        "change": "exports.create",
        "delete": "exports.create",
    }
    add_label = _("New profile")
    list_display = ("name", "identifier", "organization_number", "codes", "encoding")
    search_fields = ("name",)
    searchable_in = ()  # a business has one or two
    readonly_fields = ("codes",)

    def get_fields(
        self, request: HttpRequest, obj: ExportProfile | None = None
    ) -> tuple[str, ...]:
        may_write = obj is None or self.has_change_permission(request, obj)
        return (
            "name",
            "identifier",
            "organization_number",
            *(ProfileForm.names if may_write else ("codes",)),
            "hours_format",
            "totals",
            "decimal_separator",
            "delimiter",
            "encoding",
        )

    @admin.display(description=_("codes"))
    def codes(self, profile: ExportProfile) -> str:
        return ", ".join(
            f"{ProfileForm.base_fields[name].label}: {code}"
            for name, attr in ProfileForm.names.items()
            if (code := profile.components.get(attr.removeprefix("components.")))
        )

    def save_object(
        self,
        request: HttpRequest,
        obj: ExportProfile,
        values: Mapping[str, object],
        *,
        is_new: bool,
    ) -> ExportProfile:
        if is_new:
            return services.create_profile(
                values=values, actor=get_request_user(request)
            )
        return services.update_profile(
            profile_id=obj.pk, values=values, actor=get_request_user(request)
        )

    def delete_object(self, request: HttpRequest, obj: ExportProfile) -> None:
        services.delete_profile(profile_id=obj.pk, actor=get_request_user(request))
