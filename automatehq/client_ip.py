"""The client's IP address, taken from trusted proxy headers only."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def get_client_ip(request: HttpRequest) -> str | None:
    """Return the client's IP address, or None without a trustworthy address.

    Each of the TRUSTED_PROXIES appends the address of its peer to X-Forwarded-For. With n proxies the n-th address
    from the right is the client's. Addresses further left may be forged by the client. A header with fewer addresses
    did not pass through the proxies.
    """
    proxies: int = settings.TRUSTED_PROXIES
    peer = _address(request.META.get("REMOTE_ADDR", ""))
    if proxies < 1:
        return peer
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if len(hops) < proxies:
        return peer
    return _address(hops[-proxies]) or peer


def _address(text: str) -> str | None:
    """Return the IP address of a header entry, without its port and brackets.

    Accepts `203.0.113.7`, `203.0.113.7:4711`, `2001:db8::1` and `[2001:db8::1]:4711`.
    """
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
