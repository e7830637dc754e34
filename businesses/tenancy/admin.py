"""Base classes of the admin pages for rows of a business.

They use the same scope, roles and services as the API. `rights` names the permission
for each permission of the Django admin. Saving calls a service, never the form's
`save`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypeVar

from django import forms
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.filters import ListFilter
from django.contrib.admin.views.main import ORDER_VAR, ChangeList
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models.expressions import Combinable
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext_lazy as _
from rest_framework.serializers import BaseSerializer

from automatehq.admin.forms import (
    ServiceForm,
    translate_database_errors,
    with_error_status,
)
from automatehq.admin.list_filters import ParsedListFilter
from automatehq.admin.object_actions import ObjectActionsMixin
from automatehq.admin.widgets import AutocompleteSelect
from automatehq.api.converters import parse_uuid
from automatehq.api.errors import DomainError
from automatehq.api.unknown_ids import report_rejected_value
from automatehq.text import clean_line

from .bounded_paginator import BoundedPaginator
from .context import Kind, try_get_scope
from .form_token import form_matches_scope

M = TypeVar("M", bound=models.Model)

if TYPE_CHECKING:
    from django.contrib.admin.options import _ListDisplayT as Columns
    from django.contrib.admin.options import _ListFilterT as Filter

    _ModelAdmin = admin.ModelAdmin
    Filters = list[Filter] | tuple[Filter, ...]
    Column = models.Field[Any, Any]
    ForeignKey = models.ForeignKey[Any, Any]
    ModelChoiceField = forms.ModelChoiceField[Any]
else:

    class _ModelAdmin(admin.ModelAdmin, Generic[M]):
        """`ModelAdmin` with the type parameter that only its stubs have."""


# The suffixes that Django's own list filters use in the query string.
_LOOKUPS = frozenset({"", "exact", "id__exact", "isnull", "gte", "lt"})


def is_on_platform() -> bool:
    scope = try_get_scope()
    return scope is not None and scope.kind == "platform"


@admin.display(description=_("business"), ordering="business")
def _business(row: Any) -> Any:
    return row.business


class BusinessFilter(ParsedListFilter):
    """A filter by business, on the platform only."""

    title = _("business")
    parameter_name = "business"

    def lookups(
        self, request: HttpRequest, model_admin: "admin.ModelAdmin[models.Model]"
    ) -> list[tuple[str, str]]:
        # By name, because this package imports no model of an app.
        businesses: Any = apps.get_model("businesses.Business")._default_manager
        return [(str(business.pk), str(business)) for business in businesses.all()]


class TenantChangeList(ChangeList):
    """A list that ignores the order of its query string if no column is sortable."""

    def get_ordering(
        self, request: HttpRequest, queryset: models.QuerySet[models.Model]
    ) -> list[Combinable | str]:
        if not self.sortable_by:
            self.params.pop(ORDER_VAR, None)
        return super().get_ordering(request, queryset)


class PermissionTableMixin(Generic[M]):
    """The role table behind the permissions of the Django admin.

    `rights` maps "view", "add", "change" and "delete" to permissions of the role table.
    If an entry is missing, no role has that permission.
    """

    rights: ClassVar[Mapping[str, str]] = {}
    # True for rows that the platform manages: businesses, sites, super-admins.
    is_writable_on_platform: ClassVar[bool] = False

    def has_right(self, request: HttpRequest, right: str, obj: M | None = None) -> bool:
        """Return True if the user has `right` and may write here.

        `obj` is the row to write; None means any row.
        """
        user: Any = request.user
        if not user.is_authenticated or not user.may(right):
            return False
        return self.is_writable_on_platform or not is_on_platform()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        user: Any = request.user
        return bool(user.is_authenticated and user.may(self.rights["view"]))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return "add" in self.rights and self.has_right(request, self.rights["add"])

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return "change" in self.rights and self.has_right(
            request, self.rights["change"], obj
        )

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return "delete" in self.rights and self.has_right(
            request, self.rights["delete"], obj
        )


class TenantAdmin(ObjectActionsMixin, PermissionTableMixin[M], _ModelAdmin[M]):
    """The admin of a model `M`, scoped to the signed-in user's business.

    A subclass sets `rights` and the API's `serializer_class`, which validates its form.
    It writes through a service in `save_object()` and `delete_object()`. Errors are shown on the
    form, together with all values that the user entered.
    """

    form = ServiceForm
    serializer_class: ClassVar[type[BaseSerializer[Any]] | None] = None
    # True if the rows of all businesses together are too many to sort.
    is_sorted_within_a_business: ClassVar[bool] = False
    # The form and the serializer of a new row, if they differ.
    add_form: ClassVar[type[ServiceForm] | None] = None
    add_serializer_class: ClassVar[type[BaseSerializer[Any]] | None] = None
    # False if a row has no events other than its creation.
    has_history: ClassVar[bool] = True
    # The scopes in which the search page `find/` includes this list, if it is
    # searchable.
    searchable_in: ClassVar[tuple[Kind, ...]] = ("business",)
    # The label of the add page and of its button, if not "Add …" and "Save".
    add_label: ClassVar[Any] = ""
    add_button: ClassVar[Any] = ""
    show_full_result_count = False
    paginator = BoundedPaginator
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 0
    view_on_site = False
    save_as = False

    @property
    def media(self) -> forms.Media:
        # The checkboxes of a list. Stock pages load jQuery and more. Here a field that
        # needs a script includes it.
        return forms.Media(js=["admin/js/actions.js"])

    # Searching

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Return lookups that ignore case, accents and width.

        See `automatehq/folded_lookup.py`.
        """
        return [f"{name}__folded" for name in super().get_search_fields(request)]

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[M], search_term: str
    ) -> tuple[models.QuerySet[M], bool]:
        return super().get_search_results(request, queryset, clean_line(search_term))

    # Writing

    def save_object(
        self,
        request: HttpRequest,
        obj: M,
        values: Mapping[str, Any],
        *,
        is_new: bool,
    ) -> M:
        """Save `values` through a service and return the saved row.

        Override it where `rights` allow adding or changing.
        """
        raise NotImplementedError

    def delete_object(self, request: HttpRequest, obj: M) -> None:
        """Delete the row through a service. Override it where `rights` allow deletion."""
        raise NotImplementedError

    def save_model(
        self, request: HttpRequest, obj: M, form: ServiceForm, change: bool
    ) -> None:
        with translate_database_errors(request):
            saved = self.save_object(request, obj, form.values, is_new=not change)
        # Django continues with `obj` for its redirect and its message.
        obj.__dict__.update(saved.__dict__)

    def save_related(self, *args: object, **kwargs: object) -> None:
        """Do nothing: services save whole objects."""

    def delete_model(self, request: HttpRequest, obj: M) -> None:
        with translate_database_errors(request):
            self.delete_object(request, obj)

    def get_form(
        self,
        request: HttpRequest,
        obj: M | None = None,
        change: bool = False,
        **kwargs: object,
    ) -> type[ServiceForm]:
        is_new = obj is None
        if is_new and self.add_form is not None:
            kwargs.setdefault("form", self.add_form)
        form = super().get_form(request, obj, change, **kwargs)
        attributes = {
            "request": request,
            "serializer_class": (is_new and self.add_serializer_class)
            or self.serializer_class,
            "service_error": getattr(request, "service_error", None),
        }
        return type(form.__name__, (form,), attributes)

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey", request: HttpRequest, **kwargs: object
    ) -> "ModelChoiceField | None":
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", AutocompleteSelect(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(
        self, db_field: "Column", request: HttpRequest, **kwargs: object
    ) -> forms.Field | None:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(field, forms.DateField):
            # The browser's own calendar, which uses the user's language and needs no
            # script.
            field.widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
        # Without pop-up links beside a choice: adding an employee has its own page.
        if field and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        arguments = request, object_id, form_url, extra_context
        if request.method == "POST":
            if not form_matches_scope(request):
                return self.business_changed_response(request)
            try:
                return super().changeform_view(*arguments)
            except DomainError as service_error:
                # Render the form again, with its errors.
                request.service_error = service_error  # type: ignore[attr-defined]
                return with_error_status(
                    super().changeform_view(*arguments), service_error
                )
        return super().changeform_view(*arguments)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        *args: Any,
        **kwargs: Any,
    ) -> HttpResponse:
        original = context.get("original")
        context["extra_links"] = self.extra_links(request, original)
        if original is None:
            context |= {"add_label": self.add_label, "add_button": self.add_button}
            context["title"] = self.add_label or context["title"]
        else:
            context["object_actions"] = self.available_actions(request, original)
            context["may_see_history"] = self.offers_history(request)
        return super().render_change_form(request, context, *args, **kwargs)

    def delete_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        if request.method == "POST" and not form_matches_scope(request):
            return self.business_changed_response(request)
        try:
            return super().delete_view(request, object_id, extra_context)
        except DomainError as service_error:
            # Render the confirmation again. Django takes a submitted form, not the
            # method, for the confirmation.
            request.method, request.POST = "GET", QueryDict()
            problems = [problem.detail for problem in service_error.problems]
            context = {**(extra_context or {}), "problems": problems}
            return with_error_status(
                super().delete_view(request, object_id, context), service_error
            )

    def get_deleted_objects(
        self, objs: Sequence[M] | models.QuerySet[M], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        # The service checks whether the row may be deleted, and deletes its dependent
        # rows.
        return [str(obj) for obj in objs], {}, set(), []

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        if request.method == "POST" and not form_matches_scope(request):
            return self.business_changed_response(request)
        context = {
            "extra_links": self.extra_links(request, None),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    def extra_links(
        self, request: HttpRequest, obj: M | None
    ) -> list[dict[str, object]]:
        """Return links to related pages of the list or of the row `obj`.

        Each is a dict of `url`, `icon` and `label`.
        """
        return []

    def business_changed_response(self, request: HttpRequest) -> HttpResponse:
        """Return 409 `business_changed`: save nothing and show the submitted values."""
        return self.admin_site.business_changed_response(request)  # type: ignore[attr-defined,no-any-return]

    # Reading

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> M | None:
        pk = parse_uuid(object_id)
        if pk is None:
            return None
        row = super().get_object(request, str(pk), from_field)
        if row is None:
            report_rejected_value(
                request, kind="unknown_id", model=self.model, field="id", value=pk
            )
        return row

    def _get_obj_does_not_exist_redirect(self, *args: Any) -> NoReturn:
        # Stock Django redirects with a message. Here a missing row and another
        # business's row both return a plain 404.
        raise Http404

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        """Return the object's part of the audit trail. Django's own log is not used."""
        obj = self.get_object(request, object_id)
        if not self.has_view_permission(request, obj):
            raise PermissionDenied
        if obj is None or not self.has_history:
            raise Http404
        return self.admin_site.object_history(request, self, obj)  # type: ignore[attr-defined,no-any-return]

    def offers_history(self, request: HttpRequest) -> bool:
        """Return True if a row's page links to its part of the audit trail."""
        may_see: bool = self.admin_site.may_see_history(request, self.opts)  # type: ignore[attr-defined]
        return self.has_history and may_see

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow only the lookups of the list's own filters.

        Filtering by any column would reveal values that the list does not show.
        """
        if "\x00" in value:
            return False
        for declared in self.get_list_filter(request):
            for name in _parameters(declared):
                rest = lookup.removeprefix(name)
                if lookup.startswith(name) and rest.removeprefix("__") in _LOOKUPS:
                    return True
        return False

    def get_list_display(self, request: HttpRequest) -> "Columns[M]":
        columns = super().get_list_display(request)
        return [*columns, _business] if self._shows_businesses() else columns

    def get_list_filter(self, request: HttpRequest) -> "Filters":
        filters = super().get_list_filter(request)
        return [*filters, BusinessFilter] if self._shows_businesses() else filters

    def get_sortable_by(self, request: HttpRequest) -> "Columns[M]":
        has_one_business = BusinessFilter.parameter_name in request.GET
        if (
            self.is_sorted_within_a_business
            and is_on_platform()
            and not has_one_business
        ):
            return ()
        return super().get_sortable_by(request)

    def get_changelist(
        self, request: HttpRequest, **kwargs: object
    ) -> type[ChangeList]:
        return TenantChangeList

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[M]:
        # Joined here, because Django ignores `list_select_related` if there is a join
        # already.
        joined: list[str] = [*(self.list_select_related or ())]  # type: ignore[misc]
        if self._shows_businesses():
            joined.append("business")
        rows = super().get_queryset(request)
        return rows.select_related(*joined) if joined else rows

    def _shows_businesses(self) -> bool:
        """Return True on the platform, where a list contains rows of all businesses."""
        return is_on_platform() and hasattr(self.model, "business")

    # Django's own log, which is not used

    def log_addition(self, *args: object) -> None:  # type: ignore[override]
        """Do nothing: services record to the audit trail."""

    log_change = log_addition  # type: ignore[assignment]
    log_deletions = log_addition  # type: ignore[assignment]


def _parameters(declared: Any) -> tuple[str, ...]:
    """Return the query parameters of a list filter; an input filter may have several."""
    if isinstance(declared, type) and issubclass(declared, ListFilter):
        inputs = getattr(declared, "inputs", None)
        return (*inputs,) if inputs else (str(declared.parameter_name),)  # type: ignore[attr-defined]
    return (str(declared[0] if isinstance(declared, (list, tuple)) else declared),)
