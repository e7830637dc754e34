"""API views of months. They belong to reports because a month includes its last export run."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import (
    OpenApiResponse,
    extend_schema_field,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.request_user import get_request_user
from automatehq.api.converters import InvalidPathValue, parse_uuid
from automatehq.api.errors import Invalid
from automatehq.api.fields import (
    HoursField,
    MonthField,
    NamedReference,
    TimestampField,
)
from automatehq.api.filters import IdFilter, StrictFilterSet
from automatehq.api.openapi_examples import load_examples
from automatehq.api.routing import endpoint
from automatehq.api.schema import RefusalSerializer
from automatehq.api.serializers import StrictSerializer
from businesses.models import Business
from businesses.tenancy.context import get_current_business_id, try_get_business_id
from businesses.tenancy.viewsets import TenantGenericViewSet
from exports.models import ExportRun
from workcards import services
from workcards.action_serializers import CloseMonthSerializer, ReopenMonthSerializer
from workcards.json_values import named_reference
from workcards.models import ClosedMonth
from workcards.month_overview import (
    MonthOverview,
    add_hours,
    month_of_business,
    months_of_business,
)
from workcards.transitions import ReviewStatus

CONFLICT_RESPONSE = OpenApiResponse(
    RefusalSerializer, "Reason why the month cannot be closed"
)


class MonthFilterSet(StrictFilterSet):
    business_id = IdFilter()

    class Meta:
        model = ClosedMonth
        fields = ("business_id",)


class CardCountsSerializer(serializers.Serializer[Any]):
    """Numbers of cards by status."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {status: serializers.IntegerField() for status in ReviewStatus.values}


class LastRunSerializer(serializers.ModelSerializer[ExportRun]):
    """The newest export run of a month, in any status."""

    is_draft = serializers.BooleanField()
    created_at = TimestampField()

    class Meta:
        model = ExportRun
        fields = ("id", "kind", "site_id", "status", "is_draft", "created_at")


class MonthSerializer(serializers.Serializer[Any]):
    """A month. `last_run` comes from the context, and is null for users who may not see exports."""

    business_id = serializers.UUIDField()
    month = MonthField()
    is_closed = serializers.SerializerMethodField()
    closed_by_id = serializers.UUIDField(
        source="closed.closed_by_id", default=None, allow_null=True
    )
    closed_by = serializers.SerializerMethodField()
    closed_at = TimestampField(source="closed.closed_at", default=None, allow_null=True)
    note = serializers.CharField(source="closed.note", default="")
    cards = CardCountsSerializer()
    hours = HoursField()
    minutes = serializers.IntegerField()
    last_run = serializers.SerializerMethodField()

    def get_is_closed(self, overview: MonthOverview) -> bool:
        return overview.closed is not None

    @extend_schema_field(NamedReference("closed_by_name"))
    def get_closed_by(self, overview: MonthOverview) -> dict[str, str] | None:
        closed = overview.closed
        if closed is None:
            return None
        return named_reference(closed.closed_by_id, closed.closed_by_name)

    @extend_schema_field(LastRunSerializer(allow_null=True))
    def get_last_run(self, overview: MonthOverview) -> dict[str, object] | None:
        run = self.context["last_runs"].get(overview.month)
        return run and dict(LastRunSerializer(run).data)


class MonthViewSet(TenantGenericViewSet[ClosedMonth]):
    """Months: list them with their figures, close and reopen them."""

    queryset = ClosedMonth.objects
    serializer_class = MonthSerializer
    filterset_class = MonthFilterSet
    lookup_field = lookup_value_converter = "month"
    read_right = "months.see"

    def list(self, request: Request, *args: object, **kwargs: object) -> Response:
        """Return all months with cards, all closed months, and the current upload month.

        The current upload month is the one that uploads count for now. The newest month comes first.
        """
        self.filter_queryset(self.get_queryset())  # rejects unknown filters
        requested_id = parse_uuid(request.query_params.get("business_id"))
        business_id = requested_id or try_get_business_id()
        if business_id is None:
            raise Invalid("required", _("Choose a business."), "business_id")
        # The scope may not show the business; its list is empty then.
        business = Business.objects.filter(pk=business_id).first()
        months: Any = months_of_business(business) if business else []
        page: Any = self.paginate_queryset(months)
        add_hours(page)
        return self.get_paginated_response(self._serialize(page))

    @endpoint(
        "POST {month}/close",
        right="months.close",
        request=CloseMonthSerializer,
        responses={200: MonthSerializer, 409: CONFLICT_RESPONSE},
        examples=load_examples("reports", "month", "unfinished_month"),
    )
    def close(self, request: Request, month: date | InvalidPathValue) -> Response:
        """Close a month, so that nothing in it can change. A closed month stays unchanged."""
        return self._run_service(services.close_month, CloseMonthSerializer, month)

    @endpoint(
        "POST {month}/reopen",
        right="months.reopen",
        request=ReopenMonthSerializer,
        responses=MonthSerializer,
        examples=load_examples("reports", "month"),
    )
    def reopen(self, request: Request, month: date | InvalidPathValue) -> Response:
        """Reopen a month, so that it can change again. An open month stays unchanged."""
        return self._run_service(services.reopen_month, ReopenMonthSerializer, month)

    def _run_service(
        self,
        service: Any,
        body_class: type[StrictSerializer],
        month: date | InvalidPathValue,
    ) -> Response:
        if isinstance(month, InvalidPathValue):
            raise Http404  # the response is 400: see automatehq.api.exception_handler
        body = body_class(data=self.request.data)
        body.is_valid(raise_exception=True)
        service(
            month=month, actor=get_request_user(self.request), **body.validated_data
        )
        overview = month_of_business(get_current_business_id(), month)
        return Response(self._serialize([overview])[0])

    def _serialize(self, overviews: Sequence[MonthOverview]) -> Any:
        """Return the months as serialized data, with their last export runs."""
        context = {**self.get_serializer_context(), "last_runs": {}}
        user = get_request_user(self.request)
        if overviews and user.may("exports.see"):
            runs = ExportRun.objects.filter(business_id=overviews[0].business_id)
            months = [overview.month for overview in overviews]
            context["last_runs"] = runs.latest_by_month(months)
        return MonthSerializer(overviews, many=True, context=context).data
