"""Admin pages of users and businesses."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from automatehq.admin.badges import active_column
from automatehq.admin.form_fields import EmailFormField
from automatehq.admin.forms import ActionForm, ServiceForm
from automatehq.admin.object_actions import ObjectAction
from automatehq.api.fields import PASSWORD_LIMIT, EmailAddressField
from businesses.models import PLATFORM_ID
from businesses.tenancy.admin import TenantAdmin, is_on_platform

from . import services
from .models import User
from .request_user import get_request_user
from .roles import Role
from .serializers import UserSerializer


def new_password_field(**kwargs: Any) -> forms.CharField:
    """Return a form field for a new password, which is never shown again."""
    return forms.CharField(
        strip=False,
        max_length=PASSWORD_LIMIT,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        **kwargs,
    )


class UserForm(ServiceForm):
    # The name differs from the column's: a read-only page would show the password hash.
    names = {"new_password": "password"}

    new_password = new_password_field(label=gettext_lazy("Password"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_new = self.instance._state.adding
        if "role" in self.fields:
            field: Any = self.fields["role"]
            of_platform = [Role.SUPER_ADMIN]
            roles = of_platform if is_on_platform() else [*Role][1:]
            field.choices = [(role.value, role.label) for role in roles]
            # A new user gets the lowest role unless the administrator chooses another.
            field.initial = roles[-1].value
        if "email" in self.fields:
            # Only a released user has no e-mail.
            self.fields["email"].required = is_new or self.instance.email is not None
        if "new_password" in self.fields:
            self.fields["new_password"].required = is_new
            if not is_new:
                self.fields["new_password"].help_text = _(
                    "Set only to reset; signs the user out everywhere."
                )

    def payload(self) -> dict[str, Any]:
        body = super().payload()
        if not body.get("password"):
            body.pop("password", None)
        return body


class ActivationForm(ActionForm):
    """A form to activate a user. A released user needs a new e-mail."""

    email = EmailFormField(label=gettext_lazy("E-mail"), max_length=254)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.obj.email is not None:
            del self.fields["email"]

    def clean_email(self) -> str:
        return str(EmailAddressField().run_validation(self.cleaned_data["email"]))


def _activate(request: Any, user: User, values: Mapping[str, Any]) -> str:
    services.activate_user(user_id=user.pk, actor=get_request_user(request), **values)
    return _("%s is active.") % user


def _deactivate(request: Any, user: User, values: Mapping[str, Any]) -> str:
    services.deactivate_user(user_id=user.pk, actor=get_request_user(request))
    return _("%s is inactive.") % user


def _release(request: Any, user: User, values: Mapping[str, Any]) -> str:
    services.release_user(user_id=user.pk, actor=get_request_user(request))
    return _("The e-mail and phone number of %s were released.") % user


@admin.register(User)
class UserAdmin(TenantAdmin[User]):
    form = UserForm
    serializer_class = UserSerializer
    rights = {"view": "users.see", "add": "users.manage", "change": "users.manage"}
    list_display = (
        "full_name",
        "email",
        "role",
        active_column,
        "last_login",
    )
    list_filter = ("role", "is_active")
    search_fields = ("full_name", "email", "phone_number")
    searchable_in = ("business", "platform")
    fields = ("full_name", "email", "phone_number", "role", "language", "new_password")
    object_actions = (
        ObjectAction(
            name="activate",
            label=gettext_lazy("Activate"),
            question=gettext_lazy(
                "The user can sign in again with the previous password."
            ),
            right="users.manage",
            run=_activate,
            form=ActivationForm,
            is_available=lambda user: not user.is_active,
            in_list=True,
        ),
        ObjectAction(
            name="deactivate",
            label=gettext_lazy("Deactivate"),
            question=gettext_lazy(
                "The user is signed out immediately and can no longer sign in."
            ),
            right="users.manage",
            run=_deactivate,
            is_available=lambda user: user.is_active,
            in_list=True,
        ),
        ObjectAction(
            name="release",
            label=gettext_lazy("Release"),
            question=gettext_lazy(
                "Frees the e-mail and phone number for another business. Past work is kept."
            ),
            right="users.manage",
            run=_release,
            is_available=lambda user: not user.is_active and user.email is not None,
        ),
    )

    def has_right(self, request: HttpRequest, right: str, obj: object = None) -> bool:
        """Return whether the request's user may use `right` on `obj`.

        On the platform, super-admins manage super-admins. The users of a business are managed in the scope of the
        business.
        """
        if not is_on_platform():
            return super().has_right(request, right, obj)
        user: Any = request.user
        is_ours = not isinstance(obj, User) or obj.business_id == PLATFORM_ID
        return is_ours and bool(user.may("users.manage_super_admins"))

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        shown = super().get_fields(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return shown
        return [name for name in shown if name != "new_password"]

    def save_object(
        self,
        request: HttpRequest,
        obj: User,
        values: Mapping[str, Any],
        *,
        is_new: bool,
    ) -> User:
        if is_new:
            values = dict(values)
            return services.create_user(
                password=values.pop("password"),
                values=values,
                actor=get_request_user(request),
            )
        return services.update_user(
            user_id=obj.pk, values=values, actor=get_request_user(request)
        )
