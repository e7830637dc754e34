"""API filters of the lists of users and businesses."""

from automatehq.api.filters import IdFilter, StrictFilterSet
from businesses.models import Business

from .models import User


class UserFilterSet(StrictFilterSet):
    business_id = IdFilter(field_name="business_id")

    class Meta:
        model = User
        fields = ("role", "is_active", "business_id")


class BusinessFilterSet(StrictFilterSet):
    class Meta:
        model = Business
        fields = ("is_active",)
