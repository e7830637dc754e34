"""Endpoints that change the status or the employee of a card."""

import uuid
from collections.abc import Callable, Iterable
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from automatehq.api.errors import Conflict
from automatehq.api.openapi_examples import load_examples
from automatehq.api.routing import endpoint
from automatehq.api.unknown_ids import report_rejected_value
from workcards import services
from workcards.action_serializers import (
    ApprovalsSerializer,
    ApproveSerializer,
    AssignSerializer,
    BulkApproveSerializer,
    OutcomeSerializer,
    ReasonSerializer,
    StatusSerializer,
)
from workcards.models import ApprovedDay, WorkCard
from workcards.serializers import WorkCardSerializer

from .card_viewset import CONFLICT, CardViewSetBase

OUTCOME = {200: OutcomeSerializer, 409: CONFLICT}


class ReviewEndpoints(CardViewSetBase):
    """Endpoints that run a transition of a card."""

    @endpoint(
        "POST {id}/assign",
        right="cards.upload",
        request=AssignSerializer,
        responses=OUTCOME,
        examples=load_examples("workcards", "assign", "outcome"),
    )
    def assign(self, request: Request, pk: uuid.UUID) -> Response:
        """Assign an employee to the card; null removes the employee."""
        return self._run(services.assign_card, AssignSerializer)

    @endpoint(
        "POST {id}/approve",
        right="cards.review",
        request=ApproveSerializer,
        responses=OUTCOME,
        examples=load_examples("workcards", "approve", "conflicts", "rejected_warning"),
    )
    def approve(self, request: Request, pk: uuid.UUID) -> Response:
        """Approve the card, and post its days to the ledger.

        Each date that is already paid with different hours needs a choice: 409 `day_conflicts`.
        """
        return self._run(services.approve_card, ApproveSerializer)

    @endpoint(
        "POST bulk-approve",
        right="cards.review",
        request=BulkApproveSerializer,
        responses=ApprovalsSerializer,
        examples=load_examples("workcards", "bulk_approve"),
    )
    def bulk_approve(self, request: Request) -> Response:
        """Approve many cards; the response (200) has the result for each card.

        An error about one card does not affect the other cards.
        """
        versions = [
            services.CardVersion(card["id"], card["version"])
            for card in self._body(BulkApproveSerializer)["cards"]
        ]
        result = services.approve_cards(versions=versions, actor=self._actor)
        for card_id in result.unknown:
            report_rejected_value(
                request, kind="unknown_id", model=WorkCard, field="id", value=card_id
            )
        return Response(result.as_json())

    @endpoint(
        "POST {id}/reject",
        right="cards.review",
        request=ReasonSerializer,
        responses=OUTCOME,
        examples=load_examples("workcards", "reject"),
    )
    def reject(self, request: Request, pk: uuid.UUID) -> Response:
        """Reject the card, with a reason."""
        return self._run(services.reject_card, ReasonSerializer)

    @endpoint(
        "POST {id}/reopen",
        right="cards.review",
        request=ReasonSerializer,
        responses=OUTCOME,
        examples=load_examples("workcards", "reopen"),
    )
    def reopen(self, request: Request, pk: uuid.UUID) -> Response:
        """Withdraw an approval or a rejection.

        `reposted` lists days that are now paid from other cards.
        """
        return self._run(services.reopen_card, ReasonSerializer)

    @endpoint(
        "PUT {id}/status",
        # The target status may require another permission: the service checks the action's own.
        right="cards.upload",
        request=StatusSerializer,
        responses=OUTCOME,
        examples=load_examples("workcards", "status", "outcome", "conflicts"),
    )
    def change_status(self, request: Request, pk: uuid.UUID) -> Response:
        """Run the action that leads to the given status."""
        return self._run(services.change_status, StatusSerializer)

    def _run(
        self,
        service: Callable[..., services.ActionResult],
        serializer_class: type[serializers.BaseSerializer[Any]],
    ) -> Response:
        """Run `service` for the card in the path, with the validated body as arguments."""
        card_id, values = self._card_id(), self._card_body(serializer_class)
        if "resolutions" in values:
            values["resolutions"] = [
                services.Resolution(
                    resolution["date"],
                    resolution["approved_day_id"],
                    resolution["choice"],
                )
                for resolution in values["resolutions"]
            ]
        try:
            result = service(card_id=card_id, actor=self._actor, **values)
        except Conflict as error:
            self._report_unknown_rows(values.get("resolutions", ()), error)
            raise
        return Response(
            {
                "card": WorkCardSerializer(result.card).data,
                "reposted": [day.as_json() for day in result.reposted],
                "not_reposted": [day.as_json() for day in result.not_reposted],
                "warnings": result.warnings,
                "warning_details": [
                    warning.as_json for warning in result.card_warnings
                ],
            }
        )

    def handle_exception(self, exc: Exception) -> Response:
        """Return the error response; an error about a card includes the card."""
        if isinstance(exc, services.CardConflict):
            card = WorkCardSerializer(exc.card).data
            exc.extra = {"card": card, **exc.extra}
        return super().handle_exception(exc)

    def _report_unknown_rows(
        self, resolutions: Iterable[services.Resolution], error: Conflict
    ) -> None:
        """Report the ids in resolutions that are no row in conflict, of any business."""
        known = {row["approved_day_id"] for row in error.extra.get("conflicts", ())}
        for resolution in resolutions:
            if (
                error.code == "day_conflicts"
                and str(resolution.approved_day_id) not in known
            ):
                report_rejected_value(
                    self.request,
                    kind="unknown_id",
                    model=ApprovedDay,
                    field="approved_day_id",
                    value=resolution.approved_day_id,
                )
