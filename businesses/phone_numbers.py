"""Normalisation of phone numbers to E.164, such as `+972501234567`."""

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from automatehq.text import clean_line


def normalise_phone(text: str, region: str) -> str:
    """Return `text` as E.164; an empty text stays empty.

    A number without a country code belongs to `region` (ISO 3166, such as "IL").

    Raises: `ValidationError` with the code `invalid_phone` for an impossible number.
    """
    text = clean_line(text)
    if not text:
        return ""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise ValidationError(_("Enter a valid phone number."), code="invalid_phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
