"""The service that approves many cards, each in its own savepoint."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import DatabaseError, transaction
from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound

from accounts.models import User
from automatehq.api.errors import DomainError, Invalid, Missing, error_from_database
from workcards.models import WorkCard
from workcards.transitions import TRANSITION_RIGHTS, Transition

from .card_warnings import Background, read_background
from .locking import (
    check_version,
    closed_among,
    lock_cards,
    lock_ledgers,
    require_right,
)
from .results import ActionResult
from .review import approve_locked


class CardVersion(NamedTuple):
    """A card, and the version that the reviewer saw."""

    card_id: uuid.UUID
    version: int


@dataclass(frozen=True)
class BulkApprovalResult:
    """The result for each card, by its id, in the order of the request."""

    approved: dict[uuid.UUID, ActionResult] = field(default_factory=dict)
    failed: dict[uuid.UUID, DomainError] = field(default_factory=dict)

    @property
    def unknown(self) -> list[uuid.UUID]:
        """Return the ids that are no card of the business."""
        return [key for key, error in self.failed.items() if isinstance(error, Missing)]

    def as_json(self) -> dict[str, object]:
        """Return the result as the API formats it, with errors without the card."""
        return {
            "approved": [str(card_id) for card_id in self.approved],
            "failed": [
                {
                    "id": str(card_id),
                    "code": error.code,
                    "detail": error.problems[0].detail,
                    **error.extra,
                }
                for card_id, error in self.failed.items()
            ],
            "warnings": [
                {"id": str(card_id), **warning.as_json}
                for card_id, result in self.approved.items()
                for warning in result.card_warnings
            ],
        }


@transaction.atomic
def approve_cards(
    *, versions: Sequence[CardVersion], actor: User | None
) -> BulkApprovalResult:
    """Approve each of these cards as `approve_card` does, in its own savepoint.

    If two cards have a date in common, the second gets the same error as it would alone. Raises `Invalid` `duplicate`
    for a card that is listed twice.
    """
    require_right(actor, TRANSITION_RIGHTS[Transition.APPROVE])
    _require_distinct(versions)
    # Lock all cards at once, in the order that all services use. Otherwise two bulk approvals with common cards could
    # deadlock.
    cards = lock_cards(card_id for card_id, _version in versions)
    closed = closed_among(card.processing_month for card in cards.values())
    lock_ledgers(card.employee_id for card in cards.values() if card.employee_id)
    prefetch_related_objects([*cards.values()], "site", "employee", "day_entries")
    background = read_background(cards.values())
    result = BulkApprovalResult()
    for card_id, version in versions:
        if card_id not in cards:
            # The same error as for a path with this id.
            result.failed[card_id] = Missing(
                NotFound.default_code, str(NotFound.default_detail)
            )
            continue
        card = cards[card_id]
        try:
            if card.processing_month in closed:
                raise closed[card.processing_month]
            result.approved[card_id] = _approve(card, version, actor, background)
        except DomainError as error:
            result.failed[card_id] = error
    return result


def _approve(
    card: WorkCard, version: int, actor: User | None, background: Background
) -> ActionResult:
    try:
        with transaction.atomic():
            check_version(card, version)
            result = approve_locked(card, actor=actor, background=background)
    except DatabaseError as error:
        domain_error = error_from_database(error)
        if domain_error is None:
            raise
        raise domain_error from error
    background.mark_approved(card)
    return result


def _require_distinct(versions: Iterable[CardVersion]) -> None:
    known: set[uuid.UUID] = set()
    for index, (card_id, _version) in enumerate(versions):
        if card_id in known:
            detail = _("This card is already in the list.")
            raise Invalid("duplicate", detail, f"cards.{index}.id")
        known.add(card_id)
