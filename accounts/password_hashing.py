"""Password hashing, limited to a few hashes at once in each process.

One Argon2 hash takes 100 MB and most of a processor. Every hash and every verification holds a place while it runs; the
hashers themselves take it, so no caller can forget it. Code that waits for a place must not hold a transaction.
"""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib.auth import hashers
from django.db import connection
from django.http import HttpRequest
from django.utils.translation import gettext as _

from automatehq.api.errors import TooMany

# Seconds that a request waits for a place, and what it is told to wait when it gets none.
WAIT = 1.0
RETRY_AFTER = 2

# Requests of signed-in users that hash a password. Tests compare them with the requests that do.
_HASHING = re.compile(
    r"/api/auth/password|/api/users(/[^/]+)?|/api/businesses"
    r"|/admin/password_change/|/admin/accounts/user/(add|[^/]+/change)/"
    r"|/admin/businesses/business/add/"
)

_places = threading.BoundedSemaphore(settings.PASSWORD_HASHES_AT_ONCE)
_thread = threading.local()
# Until then, on the monotonic clock, requests do not wait for a place.
_crowded_until = 0.0


def too_many() -> TooMany:
    """Return the refusal of a request that got no place."""
    return TooMany(
        "too_many_at_once",
        _("Too many passwords are being checked at once. Try again in a few seconds."),
        wait=RETRY_AFTER,
    )


@contextmanager
def place() -> Iterator[None]:
    """Hold a place until the block ends; a nested block shares the place of the outer one.

    Waits up to `WAIT` seconds for a place, and not at all inside a transaction. Raises `TooMany` without one.
    """
    if _is_held():
        yield
        return
    if not _acquire(0.0 if connection.in_atomic_block else WAIT):
        raise too_many()
    with _release_at_end():
        yield


@contextmanager
def place_for_request(request: HttpRequest) -> Iterator[None]:
    """Wait for a place before the transaction of a request that hashes a password (`settings.TENANCY_BEFORE_SCOPE`).

    A request that gets none goes on without one: the hasher asks again and its refusal is answered like any other.
    """
    hashes = request.method in ("POST", "PUT", "PATCH") and _HASHING.fullmatch(
        request.path_info
    )
    if not hashes or not _acquire(WAIT):
        yield
        return
    with _release_at_end():
        yield


def _acquire(seconds: float) -> bool:
    """Take a place within `seconds`; at once or not at all in the second after a request has waited in vain.

    Otherwise a queue of sign-ins, each waiting its second, would keep every thread of the server from other requests.
    """
    global _crowded_until  # noqa: PLW0603  one state for the process
    if time.monotonic() < _crowded_until:
        seconds = 0.0
    if _places.acquire(timeout=seconds):
        return True
    if seconds:
        _crowded_until = time.monotonic() + WAIT
    return False


def _is_held() -> bool:
    return getattr(_thread, "is_held", False)


@contextmanager
def _release_at_end() -> Iterator[None]:
    _thread.is_held = True
    try:
        yield
    finally:
        _thread.is_held = False
        _places.release()


class Limited:
    """A mixin of hashers that hold a place while they work."""

    def encode(self, *args: Any, **kwargs: Any) -> str:
        with place():
            encoded: str = super().encode(*args, **kwargs)  # type: ignore[misc]
        return encoded

    def verify(self, *args: Any, **kwargs: Any) -> bool:
        with place():
            is_right: bool = super().verify(*args, **kwargs)  # type: ignore[misc]
        return is_right

    def harden_runtime(self, *args: Any, **kwargs: Any) -> None:
        with place():
            super().harden_runtime(*args, **kwargs)  # type: ignore[misc]


class Argon2Hasher(Limited, hashers.Argon2PasswordHasher):
    """Argon2, limited."""


class PBKDF2Hasher(Limited, hashers.PBKDF2PasswordHasher):
    """PBKDF2, for passwords of the single-company database, limited."""
