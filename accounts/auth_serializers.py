"""API serializers of sign-in and of acting for a business."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from automatehq.api.fields import (
    IdField,
    PasswordField,
    StringField,
    TimestampField,
    TokenField,
)
from automatehq.api.serializers import StrictSerializer
from businesses.serializers import BUSINESS_EXAMPLE, BusinessSerializer

from .serializers import USER_EXAMPLE, UserSerializer

_TOKEN = "eyJhbGciOiJIUzI1NiIs…"  # noqa: S105  the beginning of any token
_TOKENS = {"access": _TOKEN, "refresh": _TOKEN}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Sign in",
            value={
                "email": "dana@example.com",
                "password": "correct horse battery staple",
            },
        )
    ]
)
class LoginSerializer(StrictSerializer):
    # Any text is valid. The password check rejects malformed and unknown addresses with the same error.
    email = StringField(max_length=254)
    password = PasswordField()


@extend_schema_serializer(
    examples=[OpenApiExample("Refresh", value={"refresh": _TOKEN})]
)
class RefreshSerializer(StrictSerializer):
    refresh = TokenField()


@extend_schema_serializer(examples=[OpenApiExample("Tokens", value=_TOKENS)])
class TokensSerializer(StrictSerializer):
    """An access token for 15 minutes, and a refresh token for one use within 7 days."""

    access = serializers.CharField()
    refresh = serializers.CharField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Signed in",
            value={**_TOKENS, "user": USER_EXAMPLE, "business": BUSINESS_EXAMPLE},
        )
    ]
)
class SignedInSerializer(TokensSerializer):
    """The tokens, the user and the business. `business` is null for a super-admin."""

    user = UserSerializer()
    business = BusinessSerializer(allow_null=True)


class ActingSerializer(StrictSerializer):
    business = serializers.SerializerMethodField()
    reason = serializers.CharField()
    expires_at = TimestampField()

    def get_business(self, acting: Any) -> dict[str, str]:
        return {"id": str(acting.business.pk), "name": acting.business.business_name}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Me",
            value={
                "user": USER_EXAMPLE,
                "business": BUSINESS_EXAMPLE,
                "acting": None,
                "may": ["businesses.see", "cards.review", "cards.see", "cards.upload"],
            },
        )
    ]
)
class MeSerializer(StrictSerializer):
    """The signed-in user. `may` lists the user's current permissions, as keys of the role table."""

    user = UserSerializer()
    business = BusinessSerializer(allow_null=True)
    acting = ActingSerializer(allow_null=True)
    may = serializers.ListField(child=serializers.CharField())


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Change password",
            value={
                "current_password": "correct horse battery staple",
                "new_password": "four other random words",
            },
        )
    ]
)
class PasswordChangeSerializer(StrictSerializer):
    current_password = PasswordField()
    new_password = PasswordField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Act",
            value={
                "business_id": BUSINESS_EXAMPLE["id"],
                "reason": "Ticket 4711: a card was assigned to the wrong person",
            },
        )
    ]
)
class ActAsSerializer(StrictSerializer):
    business_id = IdField()
    reason = StringField(max_length=500)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Acting",
            value={
                "access": _TOKEN,
                "expires_at": "2026-03-05T09:00:00Z",
                "business": BUSINESS_EXAMPLE,
            },
        )
    ]
)
class ActingTokenSerializer(StrictSerializer):
    """An access token for acting. It expires at `expires_at` and has no refresh token."""

    access = serializers.CharField()
    expires_at = TimestampField()
    business = BusinessSerializer()
