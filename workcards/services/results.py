"""The result of a verb."""

from dataclasses import dataclass

from workcards.models import WorkCard

from .card_warnings import CardWarning
from .reposting import DecidedDay, NotRepostedDay


@dataclass(frozen=True)
class ActionResult:
    """The card after the verb.

    `reposted` are days of other approved cards that the ledger has again, `not_reposted` those for which it has no room;
    `found` are the warnings about the card.
    """

    card: WorkCard
    reposted: tuple[DecidedDay, ...] = ()
    not_reposted: tuple[NotRepostedDay, ...] = ()
    found: tuple[CardWarning, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return the sentences about the card and about the days that the ledger has no room for."""
        return (
            *(warning.detail for warning in self.found),
            *(day.warning for day in self.not_reposted),
        )
