"""Password hashing, with a limit on simultaneous hashes in each process.

One Argon2 hash takes 100 MB of memory and most of a processor. Each hash and each verification holds a slot of a
semaphore while it runs. The hashers acquire the slot, so no caller can forget it. Code that waits for a slot must not
hold a transaction.
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

# Seconds that a request waits for a slot, and the Retry-After of a request that gets none.
WAIT = 1.0
RETRY_AFTER = 2

# Requests of signed-in users that hash a password. A test compares the pattern with the requests that hash.
_HASHING = re.compile(
    r"/api/auth/password|/api/users(/[^/]+)?|/api/businesses"
    r"|/admin/password_change/|/admin/accounts/user/(add|[^/]+/change)/"
    r"|/admin/businesses/business/add/"
)

_places = threading.BoundedSemaphore(settings.PASSWORD_HASHES_AT_ONCE)
_thread = threading.local()
# Until this time of the monotonic clock, requests do not wait for a slot.
_crowded_until = 0.0


def too_many() -> TooMany:
    """Return the error of a request that got no slot."""
    return TooMany(
        "too_many_at_once",
        _("Too many passwords are being checked at once. Try again in a few seconds."),
        wait=RETRY_AFTER,
    )


@contextmanager
def place() -> Iterator[None]:
    """Hold a slot until the block ends. A nested block shares the slot of the outer one.

    Waits up to `WAIT` seconds for a slot, but does not wait inside a transaction.

    Raises: `TooMany` without a slot.
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
    """Wait for a slot before the transaction of a request that hashes a password.

    The setting `TENANCY_BEFORE_SCOPE` names this function. A request without a slot continues: the hasher tries again,
    and the view handles its error like any other.
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
    """Acquire a slot within `seconds`; do not wait for one second after a timeout.

    Otherwise a queue of sign-ins would occupy every thread of the server.
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
    """Mixin of hashers that hold a slot while they work."""

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
    """Argon2 with the limit."""


class PBKDF2Hasher(Limited, hashers.PBKDF2PasswordHasher):
    """PBKDF2 with the limit, for passwords of the former single-company database."""
