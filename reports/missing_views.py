"""The API view of missing cards."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from automatehq.api.fields import (
    IdField,
    MonthField,
    NamedReference,
    TimestampField,
)
from automatehq.api.openapi_examples import load_examples
from automatehq.api.routing import endpoint
from automatehq.api.views import APIView
from businesses.tenancy.query_params import OneBusinessQuery
from workcards.missing_cards import MissingCards, Received, missing_cards


class MissingQuery(OneBusinessQuery):
    month = MonthField()
    site_id = IdField(required=False, help_text="Home site of the employees.")


class MissingEmployeeSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    full_name = serializers.CharField()
    passport_id = serializers.CharField(allow_null=True)
    phone_number = serializers.CharField(allow_blank=True)
    expected = serializers.IntegerField(
        help_text="Expected cards per month, from the settings of the home site or else the business."
    )
    received = serializers.IntegerField(
        help_text="Number of cards that are not rejected. The pages of one file count as one card."
    )
    status = serializers.ChoiceField(
        Received.choices, help_text="Until the month ends, one card counts as complete."
    )
    first_card_at = TimestampField(allow_null=True)


class MissingOfSiteSerializer(serializers.Serializer[Any]):
    site = NamedReference("site_name")
    employees = MissingEmployeeSerializer(many=True)


class MissingCountsSerializer(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {status: serializers.IntegerField() for status in Received.values}


class MissingSerializer(serializers.Serializer[Any]):
    """The employees expected in a month, with the number of their cards."""

    month = MonthField()
    is_running = serializers.BooleanField(
        help_text="True until the month ends in the time zone of the business."
    )
    sites = MissingOfSiteSerializer(many=True)
    counts = serializers.SerializerMethodField()

    @extend_schema_field(
        MissingCountsSerializer(help_text="Number of employees by status.")
    )
    def get_counts(self, report: MissingCards) -> dict[str, int]:
        return {status: report.counts[status] for status in Received.values}


class MissingCardsView(APIView):
    """Missing cards of a month."""

    @endpoint(
        right="matrix.see",
        parameters=[MissingQuery],
        responses=MissingSerializer,
        examples=load_examples("reports", "missing_cards"),
    )
    def get(self, request: Request) -> Response:
        """Return the employees expected in the month, by site. Those with missing cards come first."""
        report = missing_cards(**MissingQuery.read(request))
        return Response(MissingSerializer(report).data)
