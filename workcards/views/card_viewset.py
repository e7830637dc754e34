"""The base class of the endpoints of work cards."""

import uuid
from typing import Any, cast

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.parsers import BaseParser, MultiPartParser

from accounts.models import User
from accounts.request_user import get_request_user
from automatehq.api.converters import InvalidPathValue
from automatehq.api.errors import Invalid
from automatehq.api.openapi_examples import load_examples
from automatehq.api.parsers import JSONObjectParser
from automatehq.api.schema import RefusalSerializer
from businesses.tenancy.viewsets import TenantViewSet
from workcards.filters import WorkCardFilterSet
from workcards.models import WorkCard
from workcards.querysets import WorkCardQuerySet
from workcards.serializers import WorkCardSerializer

CONFLICT = OpenApiResponse(
    RefusalSerializer, "Conflict", load_examples("workcards", "errors")
)


class CardViewSetBase(TenantViewSet[WorkCard]):
    """The rows, the options and the request body of the endpoints of work cards."""

    queryset = WorkCard.objects
    serializer_class = WorkCardSerializer
    filterset_class = WorkCardFilterSet
    parser_classes = [JSONObjectParser]
    search_fields = ("employee__full_name", "original_filename", "notes")
    ordering = ("-created_at", "-id")
    ordering_fields = {
        "created_at": "created_at",
        "updated_at": "updated_at",
        "processing_month": "processing_month",
        "site": ("site__site_name", "created_at"),
        "employee": ("employee__full_name", "created_at"),
    }
    read_right = "cards.see"
    write_right = "cards.upload"

    def refine_queryset(self, queryset: QuerySet[WorkCard]) -> WorkCardQuerySet:
        cards = cast(WorkCardQuerySet, queryset)
        if self.action == "pending":
            cards = cards.pending()
        elif self.action == "unassigned":
            cards = cards.unassigned()
        elif self.action == "file":
            return cards.select_related("file")
        elif self.action == "suggestions":
            return cards
        return cards.with_details() if self._details() else cards.with_figures()

    def get_parsers(self) -> list[BaseParser]:
        # The action is not set yet. An upload is multipart form data; all other bodies are JSON.
        is_upload = "upload" in self.action_map.values()
        return [MultiPartParser()] if is_upload else super().get_parsers()

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "details": self._details()}

    def _details(self) -> bool:
        if getattr(self, "swagger_fake_view", False):
            return True
        text = self.request.query_params.get("details", "false")
        if text not in ("true", "false"):
            raise Invalid("invalid", _("Enter true or false."), "details")
        # A client can PUT the response of a GET with details.
        body = self.request.data if self.action in ("update", "partial_update") else ()
        return text == "true" or "days" in body or "file" in body

    @property
    def _actor(self) -> User:
        return get_request_user(self.request)

    def _card_id(self) -> uuid.UUID:
        """Return the id in the path; the service raises 404 for an unknown one."""
        pk: uuid.UUID | InvalidPathValue = self.kwargs["pk"]
        if isinstance(pk, InvalidPathValue):
            raise Http404
        return pk

    def _card_body(
        self, serializer_class: type[serializers.BaseSerializer[Any]]
    ) -> dict[str, Any]:
        """Return the validated body of a request about the card in the path."""
        try:
            return self._body(serializer_class)
        except APIException:
            self.get_object()  # for an unknown card, 404 takes precedence
            raise

    def _body(
        self, serializer_class: type[serializers.BaseSerializer[Any]]
    ) -> dict[str, Any]:
        body = serializer_class(
            data=self.request.data, context=self.get_serializer_context()
        )
        body.is_valid(raise_exception=True)
        values: dict[str, Any] = body.validated_data
        return values
