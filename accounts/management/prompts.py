"""How commands ask for who somebody is and for a password."""

import os
import sys
from getpass import getpass

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.core.validators import validate_email

from automatehq.text import clean_email

# Where a password comes from when there is nobody to type it.
PASSWORD_VARIABLE = "AUTOMATEHQ_PASSWORD"  # noqa: S105  a name, not a password


def read_email(text: str, name: str = "The e-mail") -> str:
    """`text` as e-mail addresses are stored. Raises `CommandError`, which says `name`."""
    email = clean_email(text)
    try:
        validate_email(email)
    except ValidationError as error:
        raise CommandError(f"{name} is no e-mail address: {text}") from error
    return email


def read_password(*, is_interactive: bool) -> str:
    """A new password: typed twice, or from the environment. Raises `CommandError`."""
    from_environment = os.environ.get(PASSWORD_VARIABLE)
    if from_environment:
        return from_environment
    if not is_interactive or not sys.stdin.isatty():
        raise CommandError(f"{PASSWORD_VARIABLE} must be set in the environment.")
    password = getpass("New password: ")
    if getpass("Once more: ") != password:
        raise CommandError("The two passwords are not the same.")
    return password
