"""API serializers of users."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from automatehq.api.fields import EmailAddressField, PasswordField
from automatehq.api.openapi_examples import load_examples
from automatehq.api.serializers import StrictModelSerializer, StrictSerializer

from .fields import PhoneField
from .models import User


@extend_schema_serializer(examples=load_examples("accounts", "user"))
class UserSerializer(StrictModelSerializer):
    """A user. A password in an update resets the user's password and ends their sign-ins."""

    # Null is valid only if it is stored already, for a released user.
    email = EmailAddressField(allow_null=True)
    phone_number = PhoneField(allow_null=True, required=False, max_length=40)
    password = PasswordField(required=False)

    class Meta:
        model = User
        fields = (
            "id",
            "business_id",
            "email",
            "full_name",
            "phone_number",
            "role",
            "language",
            "is_active",
            "last_login",
            "created_at",
            "updated_at",
            "password",
        )
        read_only_fields = (
            "id",
            "business_id",
            "is_active",
            "last_login",
            "created_at",
            "updated_at",
        )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.instance is not None:
            return attrs
        problems = {}
        if "password" not in attrs:
            problems["password"] = serializers.ErrorDetail(
                _("This field is required."), code="required"
            )
        if attrs["email"] is None:
            problems["email"] = serializers.ErrorDetail(
                _("This field may not be null."), code="null"
            )
        if problems:
            raise serializers.ValidationError(problems)
        return attrs


@extend_schema_serializer(examples=load_examples("accounts", "activation"))
class ActivationSerializer(StrictSerializer):
    """A released user needs a new e-mail."""

    email = EmailAddressField(required=False)
