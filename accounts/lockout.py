"""Limits of failed sign-ins in 15 minutes.

The limit is 5 for an e-mail and address, and 50 for an address. django-axes counts the failures of an e-mail from an
address. A counter of the project counts the failures of an address. Unknown e-mails count like known ones. Works in all
scopes and outside them.
"""

import ipaddress
import math
from datetime import timedelta

from axes.conf import settings as axes_settings
from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_credentials
from axes.models import AccessAttempt
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from automatehq.advisory_locks import try_transaction_lock
from automatehq.api.errors import TooMany
from automatehq.client_ip import get_client_ip
from businesses.tenancy import rate_limits
from businesses.tenancy.context import unscoped

FAILURES_AN_ADDRESS = 50
ADDRESS_PREFIX = "sign-in-failures:"
# The address of requests over a Unix socket.
UNKNOWN_ADDRESS = "unknown"
COOL_OFF: timedelta = axes_settings.AXES_COOLOFF_TIME


def serialize_attempts(request: HttpRequest, email: str) -> bool:
    """Lock attempts at an e-mail from an address until the transaction ends.

    Return False while another transaction holds the lock. Without the lock, many simultaneous attempts would all be
    checked before the first is counted.
    """
    return try_transaction_lock(f"sign-in:{email}:{get_client_ip(request)}")


def lockout_error(request: HttpRequest, email: str) -> TooMany | None:
    """Return 429 `too_many_attempts` while the e-mail or the address is locked.

    The lock of an e-mail applies to the request's address only. None if neither is locked.
    """
    wait = max(_wait_for_email(request, email), _wait_for_address(request))
    if wait <= 0:
        return None
    return TooMany(
        "too_many_attempts",
        _("Too many failed attempts to sign in. Try again later."),
        wait=math.ceil(wait),
    )


def count_failure(request: HttpRequest, email: str) -> bool:
    """Count one failure; return True if it reaches a limit."""
    with unscoped():
        AxesProxyHandler.user_login_failed(__name__, get_credentials(email), request)
    of_address = rate_limits.increment(
        _address_key(request), seconds=int(COOL_OFF.total_seconds())
    )
    # django-axes sets this attribute on the request.
    locks_email = bool(getattr(request, "axes_locked_out", False))
    return locks_email or of_address.count == FAILURES_AN_ADDRESS


def reset_failures(request: HttpRequest, email: str) -> None:
    """Delete the failures of the e-mail from this address after a sign-in.

    The failures of the address as a whole still count.
    """
    with unscoped():
        AccessAttempt.objects.filter(
            username=email, ip_address=get_client_ip(request)
        ).delete()


def _wait_for_email(request: HttpRequest, email: str) -> float:
    with unscoped():
        if AxesProxyHandler.is_allowed(request, get_credentials(email)):
            return 0.0
        attempts = AccessAttempt.objects.filter(
            username=email, ip_address=get_client_ip(request)
        )
        last = attempts.order_by("-attempt_time").values_list("attempt_time", flat=True)
        failed_at = last.first() or timezone.now()
    return max((failed_at + COOL_OFF - timezone.now()).total_seconds(), 1.0)


def _wait_for_address(request: HttpRequest) -> float:
    failures = rate_limits.get_count(_address_key(request))
    return failures.seconds_left if failures.count >= FAILURES_AN_ADDRESS else 0.0


def _address_key(request: HttpRequest) -> str:
    address = get_client_ip(request)
    return address_key(UNKNOWN_ADDRESS if address is None else address)


def address_key(address: str) -> str:
    """Return the cache key of an address's failures. An IPv6 /64 counts as one address.

    Raises: `ValueError` if the text is not an address.
    """
    if address == UNKNOWN_ADDRESS:
        return f"{ADDRESS_PREFIX}{UNKNOWN_ADDRESS}"
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        network = ipaddress.ip_network((ip, 64), strict=False)
        return f"{ADDRESS_PREFIX}{ip.ipv4_mapped or network}"
    return f"{ADDRESS_PREFIX}{ip}"
