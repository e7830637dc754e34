"""Serializer fields of what identifies people and lets them in."""

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import serializers

from automatehq.rest.fields import EmailField, LineField
from businesses.phones import normalise_phone

from .sign_in import PASSWORD_LIMIT

DEFAULT_REGION = "IL"
TOKEN_LIMIT = 4096


class StrictText(serializers.CharField):
    """A mixin of text fields that refuse numbers and truth values."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class StringField(StrictText, LineField):
    """A line of text; numbers are refused."""


class PasswordField(StrictText):
    """A password, never cleaned and never written out."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            write_only=True, trim_whitespace=False, max_length=PASSWORD_LIMIT, **kwargs
        )


class TokenField(StrictText):
    """A token as the API issued it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=TOKEN_LIMIT, **kwargs)


class EmailAddressField(StrictText, EmailField):
    """An e-mail address, in small letters as it is stored."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=254, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(data).lower()


class PhoneField(StringField):
    """A phone number; a national one is of the region of the request's business, or of the context's. Stored as E.164.

    What stood there before, from before numbers were looked at, may stay.
    """

    def to_internal_value(self, data: Any) -> str:
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
