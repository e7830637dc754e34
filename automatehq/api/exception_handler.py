"""REST_FRAMEWORK's exception handler: converts exceptions of views to error responses."""

import uuid
from typing import Any

from django.apps import apps
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DatabaseError
from django.db.models import Model
from django.http import Http404, HttpRequest, UnreadablePostError
from django.utils.translation import gettext_lazy as _
from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import ExceptionHandler
from drf_standardized_errors.types import (
    Error,
    ErrorResponse,
    ErrorType,
    ExceptionHandlerContext,
)
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings

from .converters import InvalidPathValue
from .errors import (
    AUTH_HEADER,
    CONVERTERS,
    IN_USE_CODE,
    AlreadyInUse,
    DomainError,
    Invalid,
    error_from_database,
    outage_of,
    problems_of_validation,
)
from .unknown_ids import report_rejected_value, value_in_body


class RequestTooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = _("The request is too large.")
    default_code = "too_large"


class ApiExceptionHandler(ExceptionHandler):
    """The exception handler of drf-standardized-errors, extended by this project's errors."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        for kind, convert in CONVERTERS.items():
            if isinstance(exc, kind):
                return convert(exc)
        if (outage := outage_of(exc)) is not None:
            return outage
        match exc:
            case Http404() | exceptions.NotFound():
                return self._missing_row()
            case DjangoValidationError():
                return Invalid.from_problems(problems_of_validation(exc))
            case AlreadyInUse():
                report_value_in_use(self.context.get("request"), exc)
                return exc
            case DatabaseError():
                return self._convert_database_error(exc)
            case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
                # DRF responds 403 for views without authentication classes; this API responds 401.
                exc.status_code = status.HTTP_401_UNAUTHORIZED
                header = getattr(exc, "auth_header", None) or AUTH_HEADER
                exc.auth_header = header  # type: ignore[union-attr]
                return exc
            case RequestDataTooBig():
                return RequestTooLarge()
            case SuspiciousOperation() | BadRequest() | UnreadablePostError():
                return exceptions.ParseError()
            case _:
                return super().convert_known_exceptions(exc)

    def _missing_row(self) -> exceptions.APIException:
        """Return the uniform 404 for a row, or a 400 for a malformed path segment."""
        in_path = self.context.get("kwargs") or {}
        in_path = {"id" if k == "pk" else k: value for k, value in in_path.items()}
        for name, value in in_path.items():
            if isinstance(value, InvalidPathValue):
                return Invalid("invalid", value.error_message, name)
        model = _model_behind(self.context.get("view"))
        for name, value in in_path.items():
            if model and isinstance(value, uuid.UUID):
                report_rejected_value(
                    self.context.get("request"),
                    kind="unknown_id",
                    model=model,
                    field=name,
                    value=value,
                )
        return exceptions.NotFound()

    def _convert_database_error(self, exc: DatabaseError) -> Exception:
        service_error = error_from_database(exc)
        if service_error is None:
            return exc
        report_duplicate(self.context.get("request"), exc, service_error)
        return service_error


def _model_behind(view: Any) -> type[Model] | None:
    """Return the model of a view: its `model`, else the model of its `queryset`."""
    served: type[Model] | None = getattr(view, "model", None)
    return served or getattr(getattr(view, "queryset", None), "model", None)


def report_duplicate(
    request: Request | HttpRequest | None,
    error: DatabaseError,
    service_error: DomainError,
) -> None:
    """Report a value that violated a unique constraint, perhaps of another business's row."""
    model = _model_of_table(error)
    if service_error.code != IN_USE_CODE or model is None:
        return
    field = str(service_error.attr)
    report_rejected_value(
        request,
        kind="already_in_use",
        model=model,
        field=field,
        value=value_in_body(request, field),
    )


def report_value_in_use(
    request: Request | HttpRequest | None, service_error: AlreadyInUse
) -> None:
    """Report a value that a query found to be in use before the write."""
    report_rejected_value(
        request,
        kind="already_in_use",
        model=service_error.model,
        field=str(service_error.attr),
        value=service_error.value,
    )


def _model_of_table(error: DatabaseError) -> type[Model] | None:
    table = getattr(getattr(error.__cause__, "diag", None), "table_name", None)
    by_table = {model._meta.db_table: model for model in apps.get_models()}
    return by_table.get(table or "")


def exception_handler(
    exc: Exception, context: ExceptionHandlerContext
) -> Response | None:
    """Return the response to an exception of a view; set as REST_FRAMEWORK's EXCEPTION_HANDLER."""
    return ApiExceptionHandler(exc, context).run()


class Formatter(ExceptionFormatter):
    """Formatter of drf-standardized-errors that adds members beside `errors`."""

    def get_error_type(self) -> ErrorType:
        if isinstance(self.exc, Invalid):
            return "validation_error"
        return super().get_error_type()

    def get_errors(self) -> list[Error]:
        detail = self.exc.detail
        if isinstance(self.exc, DomainError):
            errors = [Error(*problem) for problem in self.exc.problems]
        elif isinstance(self.exc, exceptions.ValidationError):
            errors = super().get_errors()
        elif isinstance(detail, dict):
            # simplejwt's detail is {detail, code, messages}; clients need the first two.
            code = str(detail.get("code", self.exc.default_code))
            errors = [Error(code, str(detail.get("detail", "")), None)]
        else:
            errors = super().get_errors()
        return [
            Error(
                _replace_surrogates(e.code),
                _replace_surrogates(e.detail),
                _path(e.attr),
            )
            for e in errors
        ]

    def format_error_response(self, error_response: ErrorResponse) -> dict[str, object]:
        body: dict[str, Any] = super().format_error_response(error_response)
        if isinstance(self.exc, DomainError):
            body |= self.exc.extra
        return body


def _path(attr: Any) -> str | None:
    """Return the field's path without `non_field_errors`; None for the whole request."""
    if attr is None:
        return None
    steps = [
        step
        for step in str(attr).split(".")
        if step != api_settings.NON_FIELD_ERRORS_KEY
    ]
    return _replace_surrogates(".".join(steps))[:200] or None


def _replace_surrogates(text: str) -> str:
    """Replace lone surrogates, which JSON can contain and UTF-8 cannot encode."""
    return str(text).encode("utf-8", "replace").decode("utf-8")
