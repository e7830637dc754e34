"""Serializers of businesses and their settings."""

from typing import Any

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from automatehq.api.fields import (
    EmailAddressField,
    HoursField,
    IdField,
    PasswordField,
    StringField,
    TimestampField,
)
from automatehq.api.openapi_examples import load_examples
from automatehq.api.serializers import StrictModelSerializer, StrictSerializer
from businesses.models import (
    CODE_PATTERN,
    Business,
    BusinessSettings,
    validate_time_zone,
)


class BusinessCodeField(StringField):
    """A business's code, in lower case."""

    def to_internal_value(self, data: object) -> str:
        return super().to_internal_value(data).lower()


@extend_schema_serializer(examples=load_examples("businesses", "business"))
class BusinessSerializer(StrictModelSerializer):
    """A business. Only super-admins change its code."""

    business_code = BusinessCodeField(
        allow_null=True,
        required=False,
        validators=[
            RegexValidator(CODE_PATTERN, _("Use 2 to 40 characters: a-z, 0-9 and -."))
        ],
    )
    month_cutoff_day = serializers.IntegerField(
        required=False, min_value=1, max_value=28
    )
    expected_cards_per_month = serializers.IntegerField(
        required=False, min_value=1, max_value=31
    )
    time_zone = StringField(
        required=False, max_length=64, validators=[validate_time_zone]
    )

    class Meta:
        model = Business
        fields: tuple[str, ...] = (
            "id",
            "business_name",
            "business_code",
            "is_active",
            "month_cutoff_day",
            "expected_cards_per_month",
            "time_zone",
            "language",
            "created_at",
            "updated_at",
        )
        read_only_fields = ("id", "is_active", "created_at", "updated_at")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        user = getattr(self.context.get("request"), "user", None)
        if user is not None and user.is_authenticated:
            fields["business_code"].read_only = not user.may("businesses.manage")
        return fields


class FirstAdminSerializer(StrictSerializer):
    """The first administrator of a new business."""

    email = EmailAddressField()
    full_name = StringField(max_length=200)
    password = PasswordField()


@extend_schema_serializer(examples=load_examples("businesses", "new_business"))
class NewBusinessSerializer(BusinessSerializer):
    """A new business with its first administrator."""

    admin = FirstAdminSerializer(write_only=True)

    class Meta(BusinessSerializer.Meta):
        fields = (*BusinessSerializer.Meta.fields, "admin")


@extend_schema_serializer(examples=load_examples("businesses", "business_settings"))
class BusinessSettingsSerializer(StrictModelSerializer):
    """The settings of a business; `updated_at` is null while the defaults apply.

    `on_…` is the effect of a warning on an approval: `warn` or `refuse`.
    """

    business_id = IdField(read_only=True)
    longest_day_hours = HoursField(required=False, min_value=1, max_value=24)
    updated_at = TimestampField(read_only=True, allow_null=True)

    class Meta:
        model = BusinessSettings
        fields = (
            "business_id",
            "on_outside_employment",
            "on_future_month",
            "on_overlapping_hours",
            "on_long_day",
            "on_duplicate_days",
            "longest_day_hours",
            "updated_at",
        )
        read_only_fields = ("business_id", "updated_at")
