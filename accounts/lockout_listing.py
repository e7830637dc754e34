"""List and open the locks of failed sign-ins and of "already in use" responses.

Runs outside all scopes, because the counts are in tables of libraries and in the cache. Each opening is recorded in the
audit trail.
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from axes.conf import settings as axes_settings
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max, Sum
from django.utils import timezone

from audit.cross_business import IN_USE_AN_HOUR, IN_USE_PREFIX
from audit.services import record_after_rollback
from automatehq.text import clean_email
from businesses.models import PLATFORM_ID
from businesses.tenancy import rate_limits

from .credentials import users_with_email
from .lockout import (
    ADDRESS_PREFIX,
    COOL_OFF,
    FAILURES_AN_ADDRESS,
    UNKNOWN_ADDRESS,
    address_key,
)


@dataclass(frozen=True)
class Count:
    """A running count of failed sign-ins or of "already in use" responses.

    `name` is the address, e-mail, or id of a user or business. For an e-mail, `address` is the source of the failures.
    """

    kind: str
    name: str
    address: str
    count: int
    limit: int
    seconds_left: float

    @property
    def is_locked(self) -> bool:
        return self.count >= self.limit

    def concerns(self, name: str) -> bool:
        """Return True if `name` is this count's address, e-mail or id."""
        if self.name == name.lower():
            return True
        address = UNKNOWN_ADDRESS if name == UNKNOWN_ADDRESS else _network(name)
        return address is not None and address in (self.name, _network(self.address))


def running_counts() -> list[Count]:
    """Return all counts that have not expired. They are in the table of axes and in the cache."""
    return [*_of_emails(), *_of_cache()]


def open_lock(count: Count) -> None:
    """Delete a count, which ends its lock. Record `lockout_opened` in the audit trail."""
    business_id = PLATFORM_ID
    if count.kind == "e-mail":
        places = users_with_email(count.name)
        business_id = places[0].business_id if places else PLATFORM_ID
        ip_address = None if count.address == UNKNOWN_ADDRESS else count.address
        AccessAttempt.objects.filter(
            username=count.name, ip_address=ip_address
        ).delete()
    else:
        rate_limits.reset(_key_of(count))
    record_after_rollback(
        "lockout_opened",
        business_id=business_id,
        entity_type=count.kind,
        entity_label=count.name,
        of_address=count.address,
        count=count.count,
    )


def _of_emails() -> Iterator[Count]:
    now = timezone.now()
    rows = (
        AccessAttempt.objects.filter(attempt_time__gt=now - COOL_OFF)
        .values_list("username", "ip_address")
        .annotate(failures=Sum("failures_since_start"), last=Max("attempt_time"))
        .order_by("username", "ip_address")
    )
    for email, address, failures, last in rows:
        left = (last + COOL_OFF - now).total_seconds()
        yield Count(
            "e-mail",
            email or "",
            address or UNKNOWN_ADDRESS,
            failures,
            axes_settings.AXES_FAILURE_LIMIT,
            left,
        )


# Kind of count → prefix of its keys in the cache, and its limit.
_CACHED: dict[str, tuple[str, Callable[[], int]]] = {
    "address": (ADDRESS_PREFIX, lambda: FAILURES_AN_ADDRESS),
    "user": (f"{IN_USE_PREFIX}user:", lambda: IN_USE_AN_HOUR),
    "business": (
        f"{IN_USE_PREFIX}business:",
        lambda: settings.IN_USE_A_BUSINESS_AN_HOUR,
    ),
}


def _of_cache() -> Iterator[Count]:
    for kind, (prefix, limit) in _CACHED.items():
        for key, tally in rate_limits.running_counts(prefix).items():
            name = key.removeprefix(prefix)
            yield Count(kind, name, "", tally.count, limit(), tally.seconds_left)


def _key_of(count: Count) -> str:
    prefix, _ = _CACHED[count.kind]
    return f"{prefix}{count.name}"


def _network(text: str) -> str | None:
    """Return the counted name of an address; None if the text is not an address."""
    network, slash, bits = text.partition("/")
    if slash and bits != "64":
        return None
    try:
        return address_key(network).removeprefix(ADDRESS_PREFIX)
    except ValueError:
        return None


def parse_name(text: str) -> str | None:
    """Return an address, e-mail or id in the form of `Count.name`. None for other text."""
    text = clean_email(text)
    if text == UNKNOWN_ADDRESS or "@" in text:
        return text
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return _network(text)
