"""Endpoints of the days of a card."""

import uuid

from rest_framework.request import Request
from rest_framework.response import Response

from automatehq.api.openapi_examples import load_examples
from automatehq.api.routing import endpoint
from workcards import services
from workcards.serializers import DayEntriesSerializer, days_json

from .card_viewset import CONFLICT, CardViewSetBase

DAYS = {200: DayEntriesSerializer, 409: CONFLICT}


class DayEndpoints(CardViewSetBase):
    """Endpoints of the days of a card."""

    @endpoint(
        "GET {id}/day-entries",
        right="cards.see",
        responses=DayEntriesSerializer,
        examples=load_examples("workcards", "days", "saved_days"),
    )
    def days(self, request: Request, pk: uuid.UUID) -> Response:
        """Return the days of the card, and the ledger's figures for their dates."""
        return Response(days_json(self.get_object()))

    @endpoint(
        "PUT {id}/day-entries",
        right="cards.review",
        request=DayEntriesSerializer,
        responses=DAYS,
        examples=load_examples("workcards", "days", "saved_days"),
    )
    def replace_days(self, request: Request, pk: uuid.UUID) -> Response:
        """Replace all days of the card; omitted dates are removed."""
        return self._write_days(keep_others=False)

    @endpoint(
        "PATCH {id}/day-entries",
        right="cards.review",
        request=DayEntriesSerializer,
        responses=DAYS,
        examples=load_examples("workcards", "edited_days", "saved_days"),
    )
    def edit_days(self, request: Request, pk: uuid.UUID) -> Response:
        """Change the given fields of these dates, and no other dates.

        A date whose fields are all null is removed.
        """
        return self._write_days(keep_others=True)

    def _write_days(self, *, keep_others: bool) -> Response:
        card = services.set_day_entries(
            card_id=self._card_id(),
            keep_others=keep_others,
            actor=self._actor,
            **self._card_body(DayEntriesSerializer),
        )
        return Response(days_json(card))
