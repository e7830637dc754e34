"""Readers of settings that check more than the type. Each raises `ValueError` for a malformed value."""

import io
import logging
import zoneinfo
from collections.abc import Collection
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()
OFF = ("false", "off", "no", "n", "0", "")


def read_env_file(*, named: str, default: Path) -> None:
    """Load settings from the file that ENV_FILE names, else from `default` if it exists.

    Raises `ImproperlyConfigured` when the file cannot be read: AutomateHQ would otherwise start with other settings
    than the operator's. Variables of the environment take precedence.
    """
    if not named and not default.exists():
        return
    path = Path(named or default)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        problem = error.strerror
    except UnicodeDecodeError:
        problem = "the file is not UTF-8 text"
    else:
        env.read_env(io.StringIO(text))
        return
    raise ImproperlyConfigured(
        f"ENV_FILE ({path}) cannot be read: {problem}. "
        "Correct the path, or give the user of this process read permission."
    )


def flag(name: str, *, default: bool) -> bool:
    """Read a boolean.

    `Env.bool` would read misspelled values as False, even for a security setting.
    """
    text: str = env.str(name, default=str(default)).strip().lower()
    if text not in (*env.BOOLEAN_TRUE_STRINGS, *OFF):
        raise ValueError(f"{text!r} is not a boolean. Use on or off.")
    return text in env.BOOLEAN_TRUE_STRINGS


def whole_number(name: str, *, default: int, minimum: int = 0) -> int:
    """Read a whole number of `minimum` or more."""
    number: int = env.int(name, default=default)
    if number < minimum:
        raise ValueError(f"{number} is less than {minimum}.")
    return number


def choice(name: str, *, default: str, of: Collection[str]) -> str:
    """Read one of the values in `of`."""
    value: str = env.str(name, default=default)
    if value not in of:
        raise ValueError(
            f"{value!r} is unknown. Use one of: {', '.join(filter(None, of))}."
        )
    return value


def log_level(name: str, *, default: str) -> str:
    """Read the name of a log level of the standard library."""
    level: str = env.str(name, default=default).upper()
    if level not in logging.getLevelNamesMapping():
        raise ValueError(
            f"{level!r} is not a log level. Use DEBUG, INFO, WARNING or ERROR."
        )
    return level


def time_zone(name: str, *, default: str) -> str:
    """Read the name of a time zone of the IANA database."""
    zone: str = env.str(name, default=default)
    if zone not in zoneinfo.available_timezones():
        raise ValueError(f"{zone!r} is not a time zone.")
    return zone


def sentry_address(name: str, *, default: str) -> str:
    """Read the address of a Sentry server, `https://<key>@<host>/<number>`, or ""."""
    address: str = env.str(name, default=default)
    if address:
        parts = urlsplit(address)
        number = parts.path.rpartition("/")[2]
        if (
            parts.scheme not in ("http", "https")
            or not (parts.hostname and parts.username)
            or not number.isdecimal()
        ):
            # The message does not quote the value, because it contains a key.
            raise ValueError("use the format https://<key>@<host>/<number>.")
    return address
