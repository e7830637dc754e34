"""API serializers of sites, site settings and employees."""

from collections.abc import Mapping
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from drf_spectacular.utils import (
    extend_schema_field,
    extend_schema_serializer,
)
from rest_framework import serializers

from accounts.fields import PhoneField
from automatehq.api.fields import (
    DateField,
    EmailSerializerField,
    IdField,
    LineSerializerField,
    NamedReference,
    ReferenceField,
    ShortListField,
    TimestampField,
)
from automatehq.api.openapi_examples import load_examples
from automatehq.api.serializers import StrictModelSerializer, StrictSerializer

from .identifiers import normalise_passport
from .models import Employee, Site, SiteSettings


class PassportField(LineSerializerField):
    """A passport or identity number; spaces and dashes are removed: `12 345-678` is stored as `12345678`."""

    def to_internal_value(self, data: str) -> str:
        return normalise_passport(super().to_internal_value(data))


@extend_schema_serializer(examples=load_examples("workforce", "site_settings"))
class SiteSettingsSerializer(StrictModelSerializer):
    """The private settings of one business for a site. `hourly_tariff` is omitted without the permission to read it."""

    # Null until the first PUT.
    id = IdField(read_only=True, allow_null=True)
    created_at = TimestampField(read_only=True, allow_null=True)
    updated_at = TimestampField(read_only=True, allow_null=True)
    site = NamedReference("site.site_name")
    responsible_employee_id = ReferenceField(
        queryset=Employee.objects, allow_null=True, required=False
    )
    responsible_employee = NamedReference("responsible_employee.full_name")
    contact_phone = PhoneField(max_length=32, allow_blank=True, required=False)
    contact_emails = ShortListField(
        child=EmailSerializerField(max_length=254), max_length=20, required=False
    )

    class Meta:
        model = SiteSettings
        fields = (
            "id",
            "business_id",
            "site_id",
            "site",
            "hourly_tariff",
            "contact_emails",
            "contact_phone",
            "responsible_employee_id",
            "responsible_employee",
            "expected_cards_per_month",
            "is_hidden",
            "created_at",
            "updated_at",
        )
        read_only_fields = ("business_id", "site_id")
        may_be_absent = ("hourly_tariff",)
        extra_kwargs = {
            "expected_cards_per_month": {
                "validators": [MinValueValidator(1), MaxValueValidator(31)]
            }
        }

    def get_fields(
        self,
    ) -> dict[str, serializers.Field[object, object, object, object]]:
        fields = super().get_fields()
        user = getattr(self.context.get("request"), "user", None)
        if (
            user is not None
            and user.is_authenticated
            and not user.may("site_tariffs.see")
        ):
            del fields["hourly_tariff"]
        return fields


class SiteCountsSerializer(StrictSerializer):
    """The number of rows of the business in scope that reference the site."""

    employees = serializers.IntegerField(source="employee_count")
    active_employees = serializers.IntegerField(source="active_employee_count")
    cards = serializers.IntegerField(source="card_count")


@extend_schema_serializer(examples=load_examples("workforce", "site"))
class SiteSerializer(StrictModelSerializer):
    """A site, shared by all businesses. `settings` are those of the business in scope."""

    is_steward = serializers.SerializerMethodField(
        help_text="True if your business created this site and can edit it."
    )
    settings = serializers.SerializerMethodField()
    counts = serializers.SerializerMethodField()

    class Meta:
        model = Site
        fields = (
            "id",
            "site_name",
            "site_code",
            "address",
            "is_active",
            "is_steward",
            "settings",
            "counts",
        )
        read_only_fields = ("id", "is_active")
        may_be_absent = ("counts",)
        extra_kwargs = {"site_code": {"allow_blank": False}}

    def get_is_steward(self, site: Site) -> bool:
        business_id = getattr(self.context.get("request"), "business_id", None)
        return business_id is not None and site.steward_id == business_id

    @extend_schema_field(SiteSettingsSerializer(allow_null=True))
    def get_settings(self, site: Any) -> object:
        for settings in site.own_settings:
            return SiteSettingsSerializer(settings, context=self.context).data
        return None

    @extend_schema_field(SiteCountsSerializer)
    def get_counts(self, site: object) -> object:
        return SiteCountsSerializer(site).data

    def get_fields(
        self,
    ) -> dict[str, serializers.Field[object, object, object, object]]:
        fields = super().get_fields()
        if not self.context.get("include_counts", True):
            del fields["counts"]
        return fields

    def to_internal_value(self, data: object) -> object:
        # Counts change at any time: a client may send a body back with the counts it has read, so they are ignored.
        if isinstance(data, Mapping):
            data = {name: value for name, value in data.items() if name != "counts"}
        return super().to_internal_value(data)


@extend_schema_serializer(examples=load_examples("workforce", "employee"))
class EmployeeSerializer(StrictModelSerializer):
    """A person whom the business pays."""

    site_id = ReferenceField(queryset=Site.objects, allow_null=True, required=False)
    site = NamedReference("site.site_name")
    passport_id = PassportField(
        allow_null=True,
        required=False,
        validators=Employee._meta.get_field("passport_id").validators,
        help_text="Unique across all businesses.",
    )
    phone_number = PhoneField(max_length=32, allow_blank=True, required=False)

    class Meta:
        model = Employee
        fields = (
            "id",
            "business_id",
            "site_id",
            "site",
            "full_name",
            "passport_id",
            "former_passport_id",
            "external_employee_id",
            "phone_number",
            "started_on",
            "left_on",
            "is_active",
            "created_at",
            "updated_at",
        )
        read_only_fields = (
            "id",
            "business_id",
            "former_passport_id",
            "is_active",
            "created_at",
            "updated_at",
        )
        extra_kwargs = {"external_employee_id": {"allow_blank": False}}


class LeavingSerializer(StrictSerializer):
    """The employee's leaving date; by default today at the business."""

    left_on = DateField(required=False)
