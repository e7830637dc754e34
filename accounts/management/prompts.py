"""Prompts of management commands: e-mail and password."""

import os
import sys
from getpass import getpass

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.core.validators import validate_email

from automatehq.text import clean_email

# Source of the password when the command is not interactive.
PASSWORD_VARIABLE = "AUTOMATEHQ_PASSWORD"  # noqa: S105  a name, not a password


def read_email(text: str, name: str = "The e-mail") -> str:
    """Return `text` as a normalised e-mail address.

    Raises: `CommandError` with `name` if the text is not an e-mail address.
    """
    email = clean_email(text)
    try:
        validate_email(email)
    except ValidationError as error:
        raise CommandError(f"{name} is not an e-mail address: {text}") from error
    return email


def read_password(*, is_interactive: bool) -> str:
    """Return a new password from the environment, or from two equal prompts.

    Raises: `CommandError` if the two differ, or if there is neither a variable nor a terminal.
    """
    from_environment = os.environ.get(PASSWORD_VARIABLE)
    if from_environment:
        return from_environment
    if not is_interactive or not sys.stdin.isatty():
        raise CommandError(f"{PASSWORD_VARIABLE} must be set in the environment.")
    password = getpass("New password: ")
    if getpass("Once more: ") != password:
        raise CommandError("The passwords do not match.")
    return password
