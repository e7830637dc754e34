"""API views of work cards."""

import uuid
from collections.abc import Callable, Iterable
from typing import Any, cast

from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema_view,
)
from rest_framework import serializers, status
from rest_framework.exceptions import APIException
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.idempotency import IDEMPOTENCY_KEY, idempotent
from accounts.models import User
from automatehq.api.converters import InvalidPathValue
from automatehq.api.errors import Conflict, Invalid, Problem
from automatehq.api.openapi_examples import load_examples
from automatehq.api.parsers import JSONObjectParser
from automatehq.api.routing import endpoint
from automatehq.api.schema import RefusalSerializer
from automatehq.api.unknown_ids import report_rejected_value
from businesses.tenancy.viewsets import TenantViewSet

from . import services
from .action_serializers import (
    ApprovalsSerializer,
    ApproveSerializer,
    AssignSerializer,
    BulkApproveSerializer,
    OutcomeSerializer,
    ReasonSerializer,
    StatusSerializer,
    SuggestionSerializer,
    UploadSerializer,
    UploadsSerializer,
)
from .employee_suggestions import QUERY_LENGTH, suggest
from .filters import WorkCardFilterSet
from .models import ApprovedDay, WorkCard
from .scans.responses import RENDITIONS, scan_response
from .serializers import (
    DayEntriesSerializer,
    ManualCardSerializer,
    WorkCardSerializer,
    days_json,
)
from .services.card_warnings import warnings_before_approval

DETAILS = OpenApiParameter(
    "details",
    bool,
    description="Include `days` and `file`; for a single card also `warnings` and `warning_details`.",
)
QUERY = OpenApiParameter(
    "q", str, required=True, description="A passport, external ID or name."
)
RENDITION = OpenApiParameter("rendition", enum=RENDITIONS, default="original")
CONFLICT = OpenApiResponse(
    RefusalSerializer, "Conflict", load_examples("workcards", "refusals")
)
CARD = {200: WorkCardSerializer, 409: CONFLICT}
DAYS = {200: DayEntriesSerializer, 409: CONFLICT}
OUTCOME = {200: OutcomeSerializer, 409: CONFLICT}
SCAN: dict[Any, Any] = {
    (200, "image/*"): OpenApiTypes.BINARY,
    (200, "application/pdf"): OpenApiTypes.BINARY,
    304: None,
}


@extend_schema_view(
    list=endpoint(parameters=[DETAILS]),
    update=endpoint(responses=CARD, examples=load_examples("workcards", "card")),
    partial_update=endpoint(
        responses=CARD, examples=load_examples("workcards", "card")
    ),
)
class WorkCardViewSet(TenantViewSet[WorkCard]):
    """The work cards of the business, from upload to approval."""

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

    def refine_queryset(self, queryset: Any) -> Any:
        if self.action == "pending":
            queryset = queryset.pending()
        elif self.action == "unassigned":
            queryset = queryset.unassigned()
        elif self.action == "file":
            return queryset.select_related("file")
        elif self.action == "suggestions":
            return queryset
        return queryset.with_details() if self._details() else queryset.with_figures()

    def get_parsers(self) -> list[Any]:
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
        sent = self.request.data if self.action in ("update", "partial_update") else ()
        return text == "true" or "days" in sent or "file" in sent

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
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return a card; with details also the warnings that approving it would give."""
        return Response(
            self.get_serializer(self._with_warnings(self.get_object())).data
        )

    def _with_warnings(self, card: Any) -> Any:
        """Return the card, with the warnings of approval if details are requested."""
        if self._details():
            business = self.request.business  # type: ignore[attr-defined]
            card.warnings_found = warnings_before_approval(card, business)
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
        answer = UploadsSerializer(uploads).data
        if uploads.uploaded:
            return Response(answer, status=status.HTTP_201_CREATED)
        if uploads.duplicates:
            return Response(answer)
        problems = [
            Problem(failure.code, failure.detail, f"files.{failure.index}")
            for failure in uploads.failed
        ]
        raise Invalid.from_problems(problems, **answer)

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

    # Days

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

    # Review

    @endpoint(
        "POST {id}/approve",
        right="cards.review",
        request=ApproveSerializer,
        responses=OUTCOME,
        examples=load_examples("workcards", "approve", "conflicts", "refused_warning"),
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

    # The scan

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

    @property
    def _actor(self) -> User:
        return cast(User, self.request.user)

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
