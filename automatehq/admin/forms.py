"""Base classes of admin forms.

Django renders the forms, the API's serializers validate them, and services write the rows. So each rule has one
definition: the admin shows the API's error message next to the field concerned.
"""

import datetime
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.db import DatabaseError, models, transaction
from django.forms.models import ModelChoiceField
from django.http import HttpRequest, HttpResponse
from drf_standardized_errors.formatter import flatten_errors
from rest_framework.serializers import BaseSerializer

from automatehq.api.converters import INVALID_MONTH, parse_month, parse_uuid
from automatehq.api.errors import (
    AlreadyInUse,
    DomainError,
    Problem,
    TooMany,
    error_from_database,
)
from automatehq.api.exception_handler import report_duplicate, report_value_in_use
from automatehq.api.unknown_ids import report_rejected_value


@contextmanager
def translate_database_errors(request: HttpRequest) -> Iterator[None]:
    """Open a savepoint; raise database errors as the `DomainError` of the API."""
    try:
        with transaction.atomic():
            yield
    except AlreadyInUse as error:
        report_value_in_use(request, error)
        raise
    except DatabaseError as error:
        service_error = error_from_database(error)
        if service_error is None:
            raise
        report_duplicate(request, error, service_error)
        raise service_error from error


def with_error_status(
    response: HttpResponse, service_error: DomainError
) -> HttpResponse:
    """Set the status of a service's error on `response`; the transaction rolls back."""
    response.status_code = service_error.status_code
    if isinstance(service_error, TooMany) and service_error.wait:
        response["Retry-After"] = str(math.ceil(service_error.wait))
    return response


def plain_error_response(service_error: DomainError) -> HttpResponse:
    """Return a service's error as plain text, for a file download without a page."""
    return HttpResponse(
        "; ".join(problem.detail for problem in service_error.problems),
        status=service_error.status_code,
        content_type="text/plain; charset=utf-8",
    )


if TYPE_CHECKING:
    FormBase = forms.BaseForm
else:
    FormBase = object


class ServiceErrorsMixin(FormBase):
    """Mixin of forms that show the errors of services, raised after validation.

    `names` maps a form field to the API's name where they differ: `{"admin_email": "admin.email"}`.
    """

    request: HttpRequest | None = None
    names: ClassVar[Mapping[str, str]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Labels stand above their fields, where a colon is superfluous.
        super().__init__(*args, **{"label_suffix": "", **kwargs})

    def full_clean(self) -> None:
        super().full_clean()
        # An id outside the scope belongs to another business or does not exist. Both give the same error; the lookup
        # follows after the response.
        for name, errors in self.errors.items():
            field = self.fields.get(name)
            submitted_id = parse_uuid(self.data.get(self.add_prefix(name)))
            if isinstance(field, ModelChoiceField) and errors and submitted_id:
                model: Any = field.queryset.model  # type: ignore[union-attr]
                attr = f"{name}_id"
                report_rejected_value(
                    self.request,
                    kind="unknown_id",
                    model=model,
                    field=attr,
                    value=submitted_id,
                )

    def add_service_errors(self, service_error: DomainError) -> None:
        """Add the errors of a service to the form."""
        for problem in service_error.problems:
            self.add_problem(problem)

    def add_problem(self, problem: Problem) -> None:
        """Add a problem to the field it concerns, or to the form if it has no such field."""
        self.add_error(self.form_field_name(problem.attr), problem.detail)

    def form_field_name(self, attr: str | None) -> str | None:
        """Return the form's field for a name of the API, or None.

        Examples: `site` for `site_id`, `contact_emails` for `contact_emails.0`.
        """
        if attr is None:
            return None
        form_names = {api_name: form_name for form_name, api_name in self.names.items()}
        steps = attr.split(".")
        for end in range(len(steps), 0, -1):
            name = ".".join(steps[:end])
            for candidate in (form_names.get(name), name, name.removesuffix("_id")):
                if candidate in self.fields:
                    return str(candidate)
        return None


class ServiceForm(ServiceErrorsMixin, forms.ModelForm):  # type: ignore[type-arg]
    """The form of a row that a service writes; `values` holds the validated data.

    Model validation is switched off: the serializer holds the rules, and the database reports what only it can check.
    """

    serializer_class: ClassVar[type[BaseSerializer[Any]] | None] = None
    # Fields that the API has in the path and not in the body.
    payload_exclude: ClassVar[frozenset[str]] = frozenset()
    service_error: ClassVar[DomainError | None] = None
    values: Mapping[str, Any]

    def _post_clean(self) -> None:
        self.values = self.cleaned_data
        if self.serializer_class is not None:
            self._validate_with_serializer(self.serializer_class)
        if self.service_error is not None:
            self.add_service_errors(self.service_error)

    def _validate_with_serializer(
        self, serializer_class: type[BaseSerializer[Any]]
    ) -> None:
        is_new = self.instance._state.adding
        serializer = serializer_class(
            None if is_new else self.instance,
            data=self.payload(),
            partial=not is_new,
            context={"request": self.request},
        )
        if serializer.is_valid():
            excluded = {
                name: self.cleaned_data.get(name) for name in self.payload_exclude
            }
            self.values = {**serializer.validated_data, **excluded}
            return
        # An unreadable value is left out of the body. The serializer must not report it as missing too.
        unread = set(self.errors)
        errors: Any = serializer.errors
        for error in flatten_errors(errors):
            if self.form_field_name(error.attr) not in unread:
                self.add_problem(Problem(error.code, error.detail, error.attr))

    def payload(self) -> dict[str, object]:
        """Return the form's data as the body of the corresponding API request."""
        body: dict[str, Any] = {}
        for name, value in self.cleaned_data.items():
            if name in self.payload_exclude:
                continue
            is_reference = isinstance(self.fields[name], ModelChoiceField)
            attr = self.names.get(name, f"{name}_id" if is_reference else name)
            *outer, last = attr.split(".")
            into = body
            for step in outer:
                into = into.setdefault(step, {})
            into[last] = to_json_value(value)
        return body


def to_json_value(value: object) -> object:
    """Return a form's value as JSON represents it."""
    if isinstance(value, models.Model):
        return str(value.pk)
    if isinstance(value, datetime.time):
        return f"{value:%H:%M}"
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return value


class ActionForm(ServiceErrorsMixin, forms.Form):
    """The input of an object action on the row `obj`."""

    def __init__(
        self, *args: Any, request: HttpRequest, obj: Any, **kwargs: Any
    ) -> None:
        self.request = request
        self.obj = obj
        super().__init__(*args, **kwargs)


class MonthInput(forms.TextInput):
    input_type = "month"


class MonthFormField(forms.Field):
    """A month as its first day, typed as `2026-03`; not every browser has a month picker."""

    widget = MonthInput(attrs={"placeholder": "2026-03"})
    default_error_messages = {"invalid": INVALID_MONTH}

    def to_python(self, value: object) -> datetime.date | None:
        if value in self.empty_values:
            return None
        month = parse_month(value)
        if month is None:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return month

    def prepare_value(self, value: object) -> object:
        return f"{value:%Y-%m}" if isinstance(value, datetime.date) else value

    def has_changed(self, initial: object, data: object) -> bool:
        return bool(self.prepare_value(initial) != data)


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several uploaded files; a service validates each of them."""

    widget = FilesInput

    def clean(self, data: object, initial: object = None) -> list[object]:
        files = data if isinstance(data, (list, tuple)) else [data]
        files = [file for file in files if file]
        if self.required and not files:
            raise forms.ValidationError(
                self.error_messages["required"], code="required"
            )
        return files
