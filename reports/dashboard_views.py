"""The API view of the dashboard."""

import uuid
from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from automatehq.api.fields import (
    HoursField,
    IdField,
    MonthField,
    NamedReference,
    TimestampField,
)
from automatehq.api.openapi_examples import load_examples
from automatehq.api.query_serializers import QuerySerializer
from automatehq.api.routing import endpoint
from automatehq.api.views import APIView
from businesses.models import Business
from businesses.tenancy.context import scope_for_business, try_get_business_id
from businesses.tenancy.permissions import BelongsToBusiness

from .dashboard import all_businesses, get_dashboard, sum_figures
from .month_views import CardCountsSerializer


class DashboardQuery(QuerySerializer):
    month = MonthField(
        required=False,
        help_text="The current upload month by default. For all businesses: cards of all months.",
    )
    business_id = IdField(
        required=False,
        help_text="For super-admins who do not act for a business: return this business only.",
    )


class TrendMonthSerializer(serializers.Serializer[Any]):
    month = MonthField()
    hours = HoursField()
    minutes = serializers.IntegerField()
    employees = serializers.IntegerField(help_text="Employees with approved days.")
    cards = serializers.IntegerField()


class SiteMonthSerializer(serializers.Serializer[Any]):
    site = NamedReference("site_name")
    cards = serializers.IntegerField()
    missing = serializers.IntegerField(help_text="Employees with this home site.")
    hours = HoursField()
    minutes = serializers.IntegerField()


class DashboardSerializer(serializers.Serializer[Any]):
    """A month of one business. Hours and days come from the ledger. An employee counts once."""

    month = MonthField()
    cards = CardCountsSerializer(help_text="By status.")
    employees_expected = serializers.IntegerField()
    missing = serializers.IntegerField(
        help_text="Expected employees with missing cards."
    )
    hours = HoursField()
    minutes = serializers.IntegerField()
    days = serializers.IntegerField(
        help_text="Days worked, counted once per employee and date."
    )
    trend = TrendMonthSerializer(many=True)
    sites = SiteMonthSerializer(many=True)


class BusinessFiguresSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    is_active = serializers.BooleanField()
    users = serializers.IntegerField()
    employees = serializers.IntegerField()
    cards = serializers.IntegerField()
    open_reviews = serializers.IntegerField(
        help_text="Cards that are neither approved nor rejected."
    )
    storage_bytes = serializers.IntegerField(
        help_text="Size of all scans; duplicates count once."
    )
    last_activity_at = TimestampField(allow_null=True)
    cross_business_attempts = serializers.IntegerField(
        help_text="Attempts of other businesses to access rows of this business."
    )


class TotalsSerializer(serializers.Serializer[Any]):
    businesses = serializers.IntegerField()
    active_businesses = serializers.IntegerField()
    users = serializers.IntegerField()
    employees = serializers.IntegerField()
    cards = serializers.IntegerField()
    open_reviews = serializers.IntegerField()
    storage_bytes = serializers.IntegerField()
    cross_business_attempts = serializers.IntegerField()


class PlatformSerializer(serializers.Serializer[Any]):
    """All businesses, by name."""

    businesses = BusinessFiguresSerializer(many=True)
    totals = TotalsSerializer()


class DashboardView(APIView):
    """Figures of a business's month or of all businesses."""

    permission_classes = [BelongsToBusiness]

    @endpoint(
        right="matrix.see",
        parameters=[DashboardQuery],
        responses=PolymorphicProxySerializer(
            component_name="DashboardOrPlatform",
            serializers=[DashboardSerializer, PlatformSerializer],
            resource_type_field_name=None,
        ),
        examples=load_examples("reports", "dashboard"),
    )
    def get(self, request: Request) -> Response:
        """Return a month of your business, and the twelve months that end with it.

        A super-admin who does not act for a business gets all businesses, or one of them with `business_id`.
        """
        query = DashboardQuery.read(request)
        if try_get_business_id() is None and "business_id" not in query:
            businesses = all_businesses(query.get("month"))
            body = {"businesses": businesses, "totals": sum_figures(businesses)}
            return Response(PlatformSerializer(body).data)
        business = _business(request, query.get("business_id"))
        with scope_for_business(business.pk):
            dashboard = get_dashboard(business, query.get("month"))
        return Response(DashboardSerializer(dashboard).data)


def _business(request: Any, business_id: uuid.UUID | None) -> Business:
    """Return the business of the request, or an empty one if it is not visible."""
    current: Business | None = request._request.business
    if current is not None and business_id in (None, current.pk):
        return current
    return Business.objects.listed().filter(pk=business_id).first() or Business()
