"""API serializers of users."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from automatehq.api.fields import EmailAddressField, PasswordField
from automatehq.api.serializers import StrictModelSerializer, StrictSerializer

from .fields import PhoneField
from .models import User

USER_EXAMPLE: dict[str, Any] = {
    "id": "0197f3a0-5c11-7d2e-9a51-3f6c0f4b7a10",
    "business_id": "0197f3a0-4b00-7a3c-8d11-2f0a6f1d9e01",
    "email": "dana@example.com",
    "full_name": "Dana Levi",
    "phone_number": "+972501234567",
    "role": "REVIEWER",
    "language": None,
    "is_active": True,
    "last_login": "2026-03-05T08:00:00Z",
    "created_at": "2026-01-11T09:30:00Z",
    "updated_at": "2026-03-01T12:00:00Z",
}


@extend_schema_serializer(
    examples=[
        OpenApiExample("User", value=USER_EXAMPLE, response_only=True),
        OpenApiExample(
            "A new reviewer",
            value={
                "email": "dana@example.com",
                "full_name": "Dana Levi",
                "phone_number": "050-123-4567",
                "role": "REVIEWER",
                "password": "correct horse battery staple",
            },
            request_only=True,
        ),
    ]
)
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


@extend_schema_serializer(
    examples=[OpenApiExample("One who was released", value={"email": "d@example.com"})]
)
class ActivationSerializer(StrictSerializer):
    """A released user needs a new e-mail."""

    email = EmailAddressField(required=False)
