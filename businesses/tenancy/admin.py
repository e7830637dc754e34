"""What every admin page of a business's rows has in common.

The same scope, the same role table and the same services as the API: `rights` names the right that each permission of the
Django admin takes, and saving is a service's verb, never the form's own.
"""

import uuid
from collections.abc import Callable
from typing import Any, ClassVar, NoReturn

from django.contrib import admin, messages
from django.core import signing
from django.db import DatabaseError, models, transaction
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from automatehq.rest.attempts import note
from automatehq.rest.errors import DomainError, refusal_of

from .context import try_get_scope

SEAL_FIELD = "_business"
_SEAL = signing.Signer(salt="automatehq.admin.business")


def seal() -> str:
    """The business in scope, signed: what a form carries to say for whom it was drawn."""
    scope = try_get_scope()
    return _SEAL.sign(str(scope.business_id or "platform") if scope else "")


def is_sealed_for_this_business(request: HttpRequest) -> bool:
    """False if a posted form was drawn for another business than the one in scope (another tab has changed it)."""
    return request.POST.get(SEAL_FIELD) == seal()


class RefusableForm(ModelForm):  # type: ignore[type-arg]
    """A form that can be told, after it looked valid, what a service or the database refused."""

    refusal: ClassVar[DomainError | None] = None

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.refusal is None:
            return
        for problem in self.refusal.problems:
            self.add_error(
                problem.attr if problem.attr in self.fields else None, problem.detail
            )

    def validate_unique(self) -> None:
        """Left to the database, which knows all businesses' rows: the answer is the same whoever has the value."""


class RightsMixin:
    """The role table behind the permissions of the Django admin.

    `rights` maps "view", "add", "change" and "delete" to keys of the role table; one that is not there is nobody's.
    """

    rights: ClassVar[dict[str, str]] = {}
    # True for rows that the platform itself manages: businesses, sites, super-admins.
    writable_on_platform: ClassVar[bool] = False

    def _may(self, request: HttpRequest, permission: str) -> bool:
        right = self.rights.get(permission)
        user: Any = request.user
        if right is None or not user.is_authenticated or not user.may(right):
            return False
        if permission == "view" or self.writable_on_platform:
            return True
        scope = try_get_scope()
        return scope is not None and scope.business_id is not None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._may(request, "view")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "view")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "add")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "change")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "delete")


class TenantAdmin(RightsMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """The admin of a model, scoped to the signed-in person's business.

    A subclass names `rights` and writes through services in `write()` (and `remove()`). A refusal of theirs, or of the
    database, is shown on the form, with everything that was typed still in it.
    """

    form = RefusableForm
    actions = []
    show_full_result_count = False
    list_per_page = 50
    view_on_site = False

    # Writing

    def write(
        self, request: HttpRequest, obj: models.Model, form: Any, *, is_new: bool
    ) -> models.Model | None:
        """Save what the form says, by a service; gives the row that was saved. Must be overridden where rights allow it."""
        raise NotImplementedError

    def remove(self, request: HttpRequest, obj: models.Model) -> None:
        """Delete the row by a service. Must be overridden where rights allow it."""
        raise NotImplementedError

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        saved = self.write(request, obj, form, is_new=not change)
        if saved is not None:
            # Django goes on with `obj`: where to go next, and what to say was saved.
            obj.pk = saved.pk

    def save_related(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: services save whole objects."""

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.remove(request, obj)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        refusal = getattr(request, "refusal", None)
        return type(form.__name__, (form,), {"refusal": refusal}) if refusal else form

    def changeform_view(
        self,
        request: Any,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method != "POST":
            return super().changeform_view(request, object_id, form_url, extra_context)
        if not is_sealed_for_this_business(request):
            return self._refuse_other_business(
                request, object_id, form_url, extra_context
            )
        return self._or_form_again(
            request,
            lambda: super(TenantAdmin, self).changeform_view(
                request, object_id, form_url, extra_context
            ),
        )

    def delete_view(
        self, request: Any, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method == "POST" and not is_sealed_for_this_business(request):
            raise Http404
        try:
            with transaction.atomic():
                return super().delete_view(request, object_id, extra_context)
        except DomainError as error:
            messages.error(request, str(error.detail))
            request.method = "GET"
            return super().delete_view(request, object_id, extra_context)

    def _or_form_again(
        self, request: Any, attempt: Callable[[], HttpResponse]
    ) -> HttpResponse:
        """What `attempt` answers; if a service or the database refuses, the form again, saying so."""
        try:
            with transaction.atomic():
                return attempt()
        except DomainError as error:
            request.refusal = error
        except DatabaseError as error:
            refusal = refusal_of(error)
            if refusal is None:
                raise
            request.refusal = refusal
        response = attempt()
        response.status_code = request.refusal.status_code
        return response

    def _refuse_other_business(
        self, request: Any, object_id: str | None, form_url: str, extra: Any
    ) -> HttpResponse:
        """409 `business_changed`: nothing is saved, and what was typed is shown."""
        return TemplateResponse(
            request,
            "admin/business_changed.html",
            {
                **self.admin_site.each_context(request),
                "title": _("This form was drawn for another business"),
                "typed": [
                    (key, value)
                    for key, value in request.POST.items()
                    if not key.startswith("_")
                    and key != "csrfmiddlewaretoken"
                    and value
                ],
            },
            status=409,
        )

    # Reading

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        try:
            pk: Any = uuid.UUID(object_id)
        except ValueError:
            return None
        found = super().get_object(request, str(pk), from_field)
        if found is None:
            note(request, kind="unknown_id", model=self.model, field="id", value=pk)
        return found

    def _get_obj_does_not_exist_redirect(self, *args: Any) -> NoReturn:
        # Stock Django redirects with a message; a missing row and another business's are one plain 404.
        raise Http404

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """The object's part of the audit trail; Django's own log is not kept."""
        obj = self.get_object(request, object_id)
        if obj is None or not self.has_view_permission(request, obj):
            raise Http404
        return self.admin_site.object_history(request, self, obj)  # type: ignore[attr-defined,no-any-return]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def log_addition(self, *args: Any) -> None:  # type: ignore[override]
        """Nothing: services record to the audit trail."""

    log_change = log_addition  # type: ignore[assignment]
    log_deletions = log_addition  # type: ignore[assignment]
