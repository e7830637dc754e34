"""The viewset of work cards."""

import uuid
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema_view
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.idempotency import IDEMPOTENCY_KEY, idempotent
from automatehq.api.errors import Invalid
from automatehq.api.openapi_examples import load_examples
from automatehq.api.routing import endpoint
from workcards import services
from workcards.action_serializers import SuggestionSerializer
from workcards.employee_suggestions import QUERY_LENGTH, suggest
from workcards.models import WorkCard
from workcards.serializers import ManualCardSerializer, WorkCardSerializer
from workcards.services.card_warnings import warnings_before_approval

from .card_viewset import CONFLICT
from .day_views import DayEndpoints
from .review_views import ReviewEndpoints
from .scan_views import ScanEndpoints

DETAILS = OpenApiParameter(
    "details",
    bool,
    description="Include `days` and `file`; for a single card also `warnings` and `warning_details`.",
)
QUERY = OpenApiParameter(
    "q", str, required=True, description="A passport, external ID or name."
)
CARD = {200: WorkCardSerializer, 409: CONFLICT}


@extend_schema_view(
    list=endpoint(parameters=[DETAILS]),
    update=endpoint(responses=CARD, examples=load_examples("workcards", "card")),
    partial_update=endpoint(
        responses=CARD, examples=load_examples("workcards", "card")
    ),
)
class WorkCardViewSet(ScanEndpoints, DayEndpoints, ReviewEndpoints):
    """The work cards of the business, from upload to approval."""

    # Lists of work to do

    @endpoint("GET pending", right="cards.see", is_list=True, parameters=[DETAILS])
    def pending(self, request: Request) -> Response:
        """List the cards that need assignment or review."""
        return self.list(request)

    @endpoint("GET unassigned", right="cards.see", is_list=True, parameters=[DETAILS])
    def unassigned(self, request: Request) -> Response:
        """List the cards that need assignment."""
        return self.list(request)

    # Cards as a whole

    @endpoint(parameters=[DETAILS], examples=load_examples("workcards", "card"))
    def retrieve(self, request: Request, *args: object, **kwargs: object) -> Response:
        """Return a card; with details also the warnings that approving it would give."""
        return Response(
            self.get_serializer(self._with_warnings(self.get_object())).data
        )

    def _with_warnings(self, card: Any) -> Any:
        """Return the card, with the warnings of approval if details are requested."""
        if self._details():
            business = self.request.business  # type: ignore[attr-defined]
            card.approval_warnings = warnings_before_approval(card, business)
        return card

    @endpoint(
        request=ManualCardSerializer,
        responses={201: WorkCardSerializer, 200: WorkCardSerializer},
        parameters=[IDEMPOTENCY_KEY],
        examples=load_examples("workcards", "manual_card", "card"),
    )
    @idempotent
    def create(self, request: Request) -> Response:
        """Create a card without a scan (201).

        If a manual card of the same employee, site and month is pending, return that card (200).
        """
        values = self._body(ManualCardSerializer)
        card, is_new = services.create_manual_card(
            site=values["site"],
            employee=values["employee"],
            month=values["processing_month"],
            notes=values.get("notes", ""),
            actor=self._actor,
        )
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        card = self.get_queryset().get(pk=card.pk)
        return Response(WorkCardSerializer(card).data, status=code)

    def perform_update(self, serializer: serializers.BaseSerializer[WorkCard]) -> None:
        card: Any = serializer.instance
        values = serializer.validated_data
        services.edit_card(
            card_id=card.pk,
            # With a version, the request fails if the card has changed since then.
            version=card.version if "version" in self.request.data else None,
            site=values.get("site"),
            month=values.get("processing_month"),
            notes=values.get("notes"),
            actor=self._actor,
        )
        serializer.instance = self._with_warnings(self.get_queryset().get(pk=card.pk))

    @endpoint(responses={204: None, 409: CONFLICT})
    def destroy(self, request: Request, pk: uuid.UUID) -> Response:
        """Delete an unapproved card and its scan.

        ADMIN may delete any card, other users only cards that they uploaded or created.
        """
        services.delete_card(card_id=self._card_id(), actor=self._actor)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @endpoint(
        "GET {id}/suggestions",
        right="cards.upload",
        parameters=[QUERY],
        filters=False,
        responses=SuggestionSerializer(many=True),
        examples=load_examples("workcards", "suggestions"),
    )
    def suggestions(self, request: Request, pk: uuid.UUID) -> Response:
        """Return at most five matching employees, the best reason first.

        The request assigns no employee.
        """
        card = self.get_object()
        text = request.query_params.get("q", "").strip()
        if not text:
            raise Invalid("required", _("Enter a search term."), "q")
        if len(text) > QUERY_LENGTH:
            detail = _("Enter at most %(limit)s characters.") % {"limit": QUERY_LENGTH}
            raise Invalid("max_length", detail, "q")
        return Response(SuggestionSerializer(suggest(card, text), many=True).data)
