"""API views of export runs."""

import uuid
from typing import Any

from django.core.files.storage import default_storage
from django.http import HttpResponse, HttpResponseBase
from django.utils.http import content_disposition_header, quote_etag
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.idempotency import IDEMPOTENCY_KEY, idempotent
from accounts.request_user import get_request_user
from automatehq.api.errors import Missing
from automatehq.api.routing import endpoint
from automatehq.api.schema import RefusalSerializer
from businesses.tenancy.viewsets import TenantReadOnlyViewSet

from . import services
from .filters import ExportRunFilterSet
from .models import ExportRun
from .run_diff_views import ChangesMixin
from .run_lifecycle import require_done
from .serializers import ExportRequestSerializer, ExportRunSerializer
from .writers import WRITERS, XLSX


class ExportRunViewSet(ChangesMixin, TenantReadOnlyViewSet[ExportRun]):
    """Export files of a month's ledger. Create a run with POST, then poll it until its status is DONE."""

    queryset = ExportRun.objects.select_related("site")
    serializer_class = ExportRunSerializer
    filterset_class = ExportRunFilterSet
    ordering_fields = ("created_at", "processing_month", "status")
    read_right = "exports.see"
    write_right = "exports.create"

    @endpoint(
        request=ExportRequestSerializer,
        responses={202: ExportRunSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    @idempotent
    def create(self, request: Request) -> Response:
        """Request a file. While an equal request is queued or running, the response is its run."""
        body = ExportRequestSerializer(
            data=request.data, context=self.get_serializer_context()
        )
        body.is_valid(raise_exception=True)
        run = services.request_run(
            actor=get_request_user(request), **body.validated_data
        )
        return Response(self.get_serializer(run).data, status=status.HTTP_202_ACCEPTED)

    @endpoint(
        "GET {id}/file",
        right="exports.see",
        responses={
            (200, "text/csv"): OpenApiTypes.BINARY,
            (200, XLSX): OpenApiTypes.BINARY,
            304: None,
            409: OpenApiResponse(RefusalSerializer, "The file does not exist yet"),
        },
    )
    def file(self, request: Request, pk: uuid.UUID) -> HttpResponseBase:
        """Download the file. Repeated downloads return the same bytes."""
        return file_response(self.get_object(), request.headers.get("If-None-Match"))


def file_response(run: ExportRun, if_none_match: str | None = None) -> HttpResponseBase:
    """Return the run's file as a download.

    Raises `Conflict` before the run is done, and `Missing` if the file is lost from storage.
    """
    require_done(run)
    etag = quote_etag(run.sha256)
    headers: dict[str, Any] = {
        "ETag": etag,
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
    }
    if if_none_match and etag in if_none_match:
        return HttpResponse(status=304, headers=headers)
    try:
        with default_storage.open(run.file) as stored:
            content = stored.read()
    except FileNotFoundError as error:
        raise Missing("file_missing", _("The file is no longer in storage.")) from error
    mime_type = WRITERS[ExportRun.Kind(run.kind)].mime_type
    headers["Content-Disposition"] = content_disposition_header(
        True,  # noqa: FBT003
        run.generated_file_name,
    )
    return HttpResponse(content, content_type=mime_type, headers=headers)
