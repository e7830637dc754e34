"""What a verb has brought about."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from workcards.models import WorkCard

from .reposting import DecidedDay, NotRepostedDay


@dataclass(frozen=True)
class Outcome:
    """The card as it is now.

    `reposted` are days of other approved cards that the ledger has again, `not_reposted` those for which it has no room;
    `warnings` are sentences for people.
    """

    card: WorkCard
    reposted: tuple[DecidedDay, ...] = ()
    not_reposted: tuple[NotRepostedDay, ...] = ()
    warnings: tuple[str, ...] = ()


def warnings_about(employee: Any) -> tuple[str, ...]:
    """What somebody should know who puts a card to `employee`'s account."""
    if employee is None or employee.is_active:
        return ()
    return (_("%(name)s is inactive.") % {"name": employee.full_name},)
