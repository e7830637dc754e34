"""What a verb has brought about."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from workcards.models import WorkCard


@dataclass(frozen=True)
class Outcome:
    """The card as it is now.

    `reposted` are dates that the ledger now takes from another approved card; `warnings` are sentences for people.
    """

    card: WorkCard
    reposted: tuple[date, ...] = ()
    warnings: tuple[str, ...] = ()


def warnings_about(employee: Any) -> tuple[str, ...]:
    """What somebody should know who puts a card to `employee`'s account."""
    if employee is None or employee.is_active:
        return ()
    return (_("%(name)s is inactive.") % {"name": employee.full_name},)
