"""Base classes of the admin pages of a month: a query form with a report."""

import uuid
from datetime import date
from typing import Any, ClassVar, TypedDict, cast

from django import forms
from django.core.exceptions import PermissionDenied
from django.forms.models import ModelChoiceIterator
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.admin_site import AutomateHQAdminSite
from accounts.request_user import get_request_business, get_request_user
from automatehq.admin.form_fields import LineFormField
from automatehq.admin.forms import MonthFormField
from automatehq.api.converters import parse_uuid
from businesses.models import Business
from businesses.tenancy.admin import is_on_platform
from workcards.month_math import first_of_month
from workcards.services.uploads import default_month
from workforce.models import Site

NAME_LENGTH = 100


class _Choices(ModelChoiceIterator):  # type: ignore[type-arg]
    def __iter__(self) -> Any:
        field: Any = self.field
        if field.empty_label is not None:
            yield "", field.empty_label
        for row in field.queryset:
            yield self.choice(row)


class CachedModelChoiceField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A model choice field that reads its rows once.

    A form with its values in the URL needs the rows for the choices and for the validation. The queryset caches its
    rows; each form has a separate one.
    """

    iterator = _Choices

    def to_python(self, value: object) -> object:
        if value in self.empty_values:
            return None
        row_id, rows = parse_uuid(value), cast("Any", self.queryset)
        for row in rows:
            if row.pk == row_id:
                return row
        raise forms.ValidationError(
            self.error_messages["invalid_choice"],
            code="invalid_choice",
            params={"value": value},
        )


class MonthFilters(TypedDict):
    """The arguments of the services that read a month."""

    month: date
    site_id: uuid.UUID | None
    business_id: uuid.UUID | None


class MonthForm(forms.Form):
    """A query form for month and site; on the platform also for the business."""

    month = MonthFormField(label=_("Month"))
    site = CachedModelChoiceField(
        label=_("Site"),
        queryset=Site.objects,
        required=False,
        empty_label=_("All sites"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        site: Any = self.fields["site"]
        site.queryset = Site.objects.in_use()
        if is_on_platform():
            business = CachedModelChoiceField(
                label=_("Business"), queryset=Business.objects.listed()
            )
            self.fields = {"business": business, **self.fields}

    def to_filters(self) -> MonthFilters:
        """Return the arguments of the services: `month`, `site_id` and `business_id`."""
        site, business = (self.cleaned_data.get(name) for name in ("site", "business"))
        return {
            "month": self.cleaned_data["month"],
            "site_id": site and site.pk,
            "business_id": business and business.pk,
        }

    def business(self, request: HttpRequest) -> Business:
        """Return the business of the report."""
        return get_request_business(request) or cast(
            "Business", self.cleaned_data["business"]
        )


class PeopleForm(MonthForm):
    """A query form for month, site and a part of the employees' names."""

    name = LineFormField(
        label=_("Employee name"),
        max_length=NAME_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )

    def employee_name(self) -> str:
        """Return the text that the employees' names must contain."""
        return str(self.cleaned_data["name"])


class MonthReport:
    """A page at `/admin/<path>/` for users with the permission `right`.

    A subclass returns the report for the form in `report_context()`. The form's defaults are the month that uploads count for
    at present, and all sites. A request without a query gets the report of the defaults. On the platform it gets an
    empty form, because a business must be chosen first.
    """

    path: ClassVar[str]
    name: ClassVar[str]
    title: ClassVar[Any]
    template: ClassVar[str]
    right: ClassVar[str] = "matrix.see"
    form_class: ClassVar[type[MonthForm]] = MonthForm

    def report_context(
        self, request: HttpRequest, form: MonthForm
    ) -> dict[str, object]:
        """Return the template context for a valid `form`."""
        raise NotImplementedError

    def view(self, site: AutomateHQAdminSite, request: HttpRequest) -> HttpResponse:
        """Render the page in the admin site."""
        if not get_request_user(request).may(self.right):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        form = self._form(request)
        context = {**site.each_context(request), "title": self.title, "form": form}
        is_submitted = form.is_bound and form.is_valid()
        if is_submitted:
            context |= self.report_context(request, form)
        status = 400 if form.errors else 200
        return TemplateResponse(request, self.template, context, status=status)

    def _form(self, request: HttpRequest) -> MonthForm:
        if is_on_platform() and not request.GET:
            month = first_of_month(timezone.localdate())
            return self.form_class(initial={"month": month})
        query = request.GET.copy()
        if not query.get("month"):
            query["month"] = f"{self._month(request):%Y-%m}"
        return self.form_class(query)

    def _month(self, request: HttpRequest) -> date:
        business = get_request_business(request)
        if business is None:
            return first_of_month(timezone.localdate())
        return default_month(business)
