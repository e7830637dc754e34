"""Approving many cards at once, each by itself: what one is refused for does not keep the others back."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import DatabaseError, transaction
from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound

from automatehq.api.errors import DomainError, Invalid, Missing, refusal_of
from workcards.models import WorkCard
from workcards.transitions import RIGHTS, Verb

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


class Seen(NamedTuple):
    """A card, and its version that the reviewer saw."""

    card_id: uuid.UUID
    version: int


@dataclass(frozen=True)
class BulkApprovalResult:
    """What became of each card, by its id, each part in the order in which they were given."""

    approved: dict[uuid.UUID, ActionResult] = field(default_factory=dict)
    refused: dict[uuid.UUID, DomainError] = field(default_factory=dict)

    @property
    def unknown(self) -> list[uuid.UUID]:
        """Ids of no card of the business."""
        return [
            key for key, refusal in self.refused.items() if isinstance(refusal, Missing)
        ]

    def as_json(self) -> dict[str, Any]:
        """As the API writes it. Of a refusal, all but the card itself."""
        return {
            "approved": [str(card_id) for card_id in self.approved],
            "failed": [
                {
                    "id": str(card_id),
                    "code": refusal.code,
                    "detail": refusal.problems[0].detail,
                    **{k: v for k, v in refusal.extra.items() if k != "card"},
                }
                for card_id, refusal in self.refused.items()
            ],
            "warnings": [
                {"id": str(card_id), **warning.as_json}
                for card_id, outcome in self.approved.items()
                for warning in outcome.found
            ],
        }


@transaction.atomic
def approve_cards(*, seen: Sequence[Seen], actor: Any) -> BulkApprovalResult:
    """Approve each of these cards as `approve_card` would, in a savepoint of its own.

    Of two with a date in common the second is refused, as it would be alone. Raises `Invalid` `duplicate` for a card that
    is named twice.
    """
    require_right(actor, RIGHTS[Verb.APPROVE])
    _refuse_duplicates(seen)
    # All at once, in the order in which everybody locks: nobody who approves some of the same cards can wait for one of
    # ours while we wait for one of theirs.
    cards = lock_cards(card_id for card_id, _version in seen)
    closed = closed_among(card.processing_month for card in cards.values())
    lock_ledgers(card.employee_id for card in cards.values() if card.employee_id)
    prefetch_related_objects([*cards.values()], "site", "employee", "day_entries")
    background = read_background(cards.values())
    approvals = BulkApprovalResult()
    for card_id, version in seen:
        if card_id not in cards:
            # What a path with this id would be answered with.
            approvals.refused[card_id] = Missing(
                NotFound.default_code, str(NotFound.default_detail)
            )
            continue
        card = cards[card_id]
        try:
            if card.processing_month in closed:
                raise closed[card.processing_month]
            approvals.approved[card_id] = _approve(card, version, actor, background)
        except DomainError as refusal:
            approvals.refused[card_id] = refusal
    return approvals


def _approve(
    card: WorkCard, version: int, actor: Any, background: Background
) -> ActionResult:
    try:
        with transaction.atomic():
            check_version(card, version)
            return approve_locked(card, actor=actor, background=background)
    except DatabaseError as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        raise refusal from error


def _refuse_duplicates(seen: Iterable[Seen]) -> None:
    known: set[uuid.UUID] = set()
    for index, (card_id, _version) in enumerate(seen):
        if card_id in known:
            detail = _("This card is in the list already.")
            raise Invalid("duplicate", detail, f"cards.{index}.id")
        known.add(card_id)
