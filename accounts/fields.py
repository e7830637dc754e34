"""A serializer field of phone numbers."""

from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import serializers

from automatehq.api.fields import StringField
from businesses.phone_numbers import normalise_phone

DEFAULT_REGION = "IL"


class PhoneField(StringField):
    """A phone number, stored as E.164.

    A national number belongs to the region of the request's business, or of the business in the context. An unchanged
    stored value is valid, because some are older than the validation.
    """

    def to_internal_value(self, data: object) -> str:
        text = super().to_internal_value(data)
        instance = getattr(self.parent, "instance", None)
        if instance is not None and text == getattr(instance, str(self.source), None):
            return text
        request = self.context.get("request")
        business = self.context.get("business") or getattr(request, "business", None)
        region = business.default_region if business else DEFAULT_REGION
        try:
            return normalise_phone(text, region)
        except DjangoValidationError as error:
            raise serializers.ValidationError(
                error.messages, code="invalid_phone"
            ) from error
