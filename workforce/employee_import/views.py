"""API views of the import and export of employees."""

from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.request_user import get_request_user
from automatehq.api.errors import Invalid
from automatehq.api.filters import check_parameters
from automatehq.api.routing import endpoint
from automatehq.api.unknown_ids import report_rejected_value
from businesses.models import Business
from businesses.tenancy.context import try_get_business_id
from workforce.models import Employee

from .employee_export import CHUNK, KINDS
from .file_parsing import MAX_FILE_BYTES
from .row_writer import OnInUse
from .serializers import (
    ApplyRequestSerializer,
    ImportSerializer,
    PreviewRequestSerializer,
    import_json,
)
from .services import RowsInvalid, Stale, apply_import, preview_import

if TYPE_CHECKING:
    from businesses.tenancy.viewsets import TenantViewSet

    Base = TenantViewSet[Employee]
else:
    Base = object

IMPORTS = ("preview_import", "apply_import")
EXPORT_PARAMETERS = (
    "type",
    "business_id",
    "site_id",
    "is_active",
    "passport_id",
    "external_employee_id",
    "search",
    "ordering",
)
TYPE = OpenApiParameter("type", str, enum=[*KINDS], required=True)


def on_in_use(request: Request | HttpRequest) -> OnInUse:
    """Return a callback that reports values in use, like those of a request's body."""

    def report_value(name: str, value: str) -> None:
        report_rejected_value(
            request, kind="already_in_use", model=Employee, field=name, value=value
        )

    return report_value


def read_upload(upload: UploadedFile[bytes]) -> bytes:
    """Return the bytes of an upload, at most one more than allowed."""
    upload.seek(0)
    data: bytes = upload.read(MAX_FILE_BYTES + 1)
    return data


class EmployeeFilesMixin(Base):
    """The endpoints `/employees/import/preview`, `/employees/import/apply` and `/employees/export`."""

    def get_parsers(self) -> list[BaseParser]:
        # The action is not set yet: an import is a form with a file.
        is_import = bool(set(IMPORTS) & set(self.action_map.values()))
        return [MultiPartParser()] if is_import else super().get_parsers()

    @endpoint(
        "POST import/preview",
        right="employees.manage",
        request={"multipart/form-data": PreviewRequestSerializer},
        responses=ImportSerializer,
    )
    def preview_import(self, request: Request) -> Response:
        """Preview the changes of a file (XLSX or CSV), row by row. Nothing is written."""
        body = PreviewRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = body.validated_data
        result = preview_import(
            data=read_upload(values["file"]),
            choices=values["choices"],
            actor=get_request_user(request),
            on_in_use=on_in_use(request),
        )
        return Response(import_json(result))

    @endpoint(
        "POST import/apply",
        right="employees.manage",
        request={"multipart/form-data": ApplyRequestSerializer},
        responses=ImportSerializer,
    )
    def apply_import(self, request: Request) -> Response:
        """Apply the changes of the preview with this `hash`, all or none.

        With `skip_errors`, rows with errors are left out.
        """
        body = ApplyRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = body.validated_data
        try:
            result = apply_import(
                data=read_upload(values["file"]),
                choices=values["choices"],
                hash=values["hash"],
                skip_errors=values["skip_errors"],
                actor=get_request_user(request),
                on_in_use=on_in_use(request),
            )
        except (Stale, RowsInvalid) as error:
            error.extra = {"preview": import_json(error.result)}
            raise
        return Response(import_json(result, is_applied=True))

    @endpoint(
        "GET export",
        right="employees.see",
        parameters=[TYPE],
        is_list=True,
        responses={
            (200, KINDS["xlsx"].content_type): OpenApiTypes.BINARY,
            (200, "text/csv"): OpenApiTypes.BINARY,
        },
    )
    def export(self, request: Request) -> HttpResponse:
        """Export the filtered employees as a file that can be imported again.

        The headers are in the business's language.
        """
        check_parameters(request, EXPORT_PARAMETERS)
        kind = request.query_params.get("type")
        if kind not in KINDS:
            code = "required" if kind is None else "invalid_choice"
            raise Invalid(code, _("Choose xlsx or csv."), "type")
        business = self._business_to_export(request)
        return export_response(
            self.filter_queryset(self.get_queryset()), kind, business
        )

    def _business_to_export(self, request: Request) -> Business | None:
        """Return the business in scope, or on the platform the business of `business_id`.

        None if no business has that id: the file is empty then.
        """
        own_id = try_get_business_id()
        requested_id = request.query_params.get("business_id")
        if own_id is None and not requested_id:
            raise Invalid("required", _("Choose a business."), "business_id")
        businesses: Any = Business.objects
        if own_id is not None:
            return businesses.get(pk=own_id)  # type: ignore[no-any-return]
        self.filter_queryset(self.get_queryset())  # raises 400 for an invalid id
        return businesses.filter(pk=requested_id).first()  # type: ignore[no-any-return]


def export_response(
    employees: "QuerySet[Employee]", kind: str, business: Business | None
) -> HttpResponse:
    """Return the file of `employees`. It is built completely before the response starts."""
    rows = partial(employees.iterator, chunk_size=CHUNK)
    language = business.language if business else "en"
    zone = business.zone if business else None
    response = HttpResponse(
        KINDS[kind].write(rows(), language), content_type=KINDS[kind].content_type
    )
    name = f"employees-{timezone.localdate(timezone=zone):%Y-%m-%d}.{kind}"
    response["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=name
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
