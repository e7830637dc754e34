"""API serializers of sign-in and of acting for a business."""

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from automatehq.api.fields import (
    IdField,
    PasswordField,
    StringField,
    TimestampField,
    TokenField,
)
from automatehq.api.openapi_examples import load_examples
from automatehq.api.serializers import StrictSerializer
from businesses.serializers import BusinessSerializer

from .models import Acting
from .serializers import UserSerializer


@extend_schema_serializer(examples=load_examples("accounts", "login"))
class LoginSerializer(StrictSerializer):
    # Any text is valid. The password check rejects malformed and unknown addresses with the same error.
    email = StringField(max_length=254)
    password = PasswordField()


@extend_schema_serializer(examples=load_examples("accounts", "refresh"))
class RefreshSerializer(StrictSerializer):
    refresh = TokenField()


@extend_schema_serializer(examples=load_examples("accounts", "tokens"))
class TokensSerializer(StrictSerializer):
    """An access token for 15 minutes, and a refresh token for one use within 7 days."""

    access = serializers.CharField()
    refresh = serializers.CharField()


class BusinessChoiceSerializer(StrictSerializer):
    id = serializers.UUIDField(source="business_id")
    business_name = serializers.CharField()


@extend_schema_serializer(examples=load_examples("accounts", "business_choices"))
class BusinessChoicesSerializer(StrictSerializer):
    """The businesses that you can work for, by name. Empty for a super-admin."""

    businesses = BusinessChoiceSerializer(many=True)


@extend_schema_serializer(examples=load_examples("accounts", "switch"))
class SwitchSerializer(StrictSerializer):
    business_id = IdField()


@extend_schema_serializer(examples=load_examples("accounts", "signed_in"))
class SignedInSerializer(TokensSerializer):
    """The tokens, the user, the business, and the businesses that you can switch to.

    `business` is null for a super-admin.
    """

    user = UserSerializer()
    business = BusinessSerializer(allow_null=True)
    businesses = BusinessChoiceSerializer(many=True)


class ActingSerializer(StrictSerializer):
    business = serializers.SerializerMethodField()
    reason = serializers.CharField()
    expires_at = TimestampField()

    def get_business(self, acting: Acting) -> dict[str, str]:
        return {"id": str(acting.business.pk), "name": acting.business.business_name}


@extend_schema_serializer(examples=load_examples("accounts", "me"))
class MeSerializer(StrictSerializer):
    """The signed-in user. `may` lists the user's current permissions, as keys of the role table."""

    user = UserSerializer()
    business = BusinessSerializer(allow_null=True)
    acting = ActingSerializer(allow_null=True)
    may = serializers.ListField(child=serializers.CharField())


@extend_schema_serializer(examples=load_examples("accounts", "password_change"))
class PasswordChangeSerializer(StrictSerializer):
    current_password = PasswordField()
    new_password = PasswordField()


@extend_schema_serializer(examples=load_examples("accounts", "act_as"))
class ActAsSerializer(StrictSerializer):
    business_id = IdField()
    reason = StringField(max_length=500)


@extend_schema_serializer(examples=load_examples("accounts", "acting_token"))
class ActingTokenSerializer(StrictSerializer):
    """An access token for acting. It expires at `expires_at` and has no refresh token."""

    access = serializers.CharField()
    expires_at = TimestampField()
    business = BusinessSerializer()
