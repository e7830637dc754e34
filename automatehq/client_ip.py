"""Where a request comes from, as far as that can be believed."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def get_client_ip(request: HttpRequest) -> str | None:
    """The client's IP address, or None when there is none to believe.

    Each of our TRUSTED_PROXIES appends to X-Forwarded-For the address that it was called
    from, so with n of them the n-th from the right is the client; what stands further left
    the client may have written itself. A shorter header did not come through our proxies.
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
    """`203.0.113.7`, `203.0.113.7:4711`, `2001:db8::1` or `[2001:db8::1]:4711`."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
