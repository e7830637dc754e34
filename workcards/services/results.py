"""The result of a service."""

from dataclasses import dataclass

from workcards.models import WorkCard

from .card_warnings import CardWarning
from .reposting import DecidedDay, NotRepostedDay


@dataclass(frozen=True)
class ActionResult:
    """The card after an action.

    `reposted` are days of other approved cards that are in the ledger again. `not_reposted` are days that clash with
    other rows. `card_warnings` are the warnings about the card.
    """

    card: WorkCard
    reposted: tuple[DecidedDay, ...] = ()
    not_reposted: tuple[NotRepostedDay, ...] = ()
    card_warnings: tuple[CardWarning, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return the texts of the warnings about the card, and about days not posted again."""
        return (
            *(warning.detail for warning in self.card_warnings),
            *(day.warning for day in self.not_reposted),
        )
