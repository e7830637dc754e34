"""Endpoints that upload and return scans."""

import uuid
from typing import Any

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.idempotency import IDEMPOTENCY_KEY, idempotent
from automatehq.api.errors import Invalid, Problem
from automatehq.api.openapi_examples import load_examples
from automatehq.api.routing import endpoint
from workcards import services
from workcards.action_serializers import UploadSerializer, UploadsSerializer
from workcards.models import WorkCard
from workcards.scans.responses import RENDITIONS, scan_response

from .card_viewset import CardViewSetBase

RENDITION = OpenApiParameter("rendition", enum=RENDITIONS, default="original")
SCAN: dict[Any, Any] = {
    (200, "image/*"): OpenApiTypes.BINARY,
    (200, "application/pdf"): OpenApiTypes.BINARY,
    304: None,
}


class ScanEndpoints(CardViewSetBase):
    """Endpoints that upload and return scans."""

    @endpoint(
        "POST upload",
        right="cards.upload",
        request={"multipart/form-data": UploadSerializer},
        responses={201: UploadsSerializer, 200: UploadsSerializer},
        parameters=[IDEMPOTENCY_KEY],
        examples=load_examples("workcards", "uploads"),
    )
    @idempotent
    def upload(self, request: Request) -> Response:
        """Upload scans, and create a card for each page.

        Each file succeeds or fails alone. The status is 201 if any file was stored. It is 200 if all readable files
        are duplicates, and 400 if no file can be read.
        """
        uploads = services.upload_cards(
            actor=self._actor, **self._body(UploadSerializer)
        )
        cards = {
            card.pk: card
            for card in WorkCard.objects.with_figures().filter(
                pk__in=[card.pk for card in uploads.uploaded]
            )
        }
        uploads.uploaded = [cards[card.pk] for card in uploads.uploaded]
        body = UploadsSerializer(uploads).data
        if uploads.uploaded:
            return Response(body, status=status.HTTP_201_CREATED)
        if uploads.duplicates:
            return Response(body)
        problems = [
            Problem(failure.code, failure.detail, f"files.{failure.index}")
            for failure in uploads.failed
        ]
        raise Invalid.from_problems(problems, **body)

    @endpoint(
        "GET {id}/file", right="cards.see", parameters=[RENDITION], responses=SCAN
    )
    def file(self, request: Request, pk: uuid.UUID) -> HttpResponseBase:
        """Return the scan.

        It is the original file, or an upright JPEG of at most 2,000 pixels on the longer side.
        """
        rendition = request.query_params.get("rendition", RENDITIONS[0])
        if rendition not in RENDITIONS:
            detail = _("Choose one of: %(names)s.") % {"names": ", ".join(RENDITIONS)}
            raise Invalid("invalid_choice", detail, "rendition")
        return scan_response(request._request, self.get_object(), rendition)
