"""Services for the review of a card: approve, reject, reopen."""

import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User, display_name
from automatehq.api.errors import Conflict, Invalid
from automatehq.text import clean_line
from workcards.models import WorkCard
from workcards.transitions import ReviewStatus, Transition, transition_to

from .audit_events import card_snapshot, save_card
from .card_warnings import (
    Background,
    read_background,
    reject_warnings,
    warnings_about,
)
from .cards import assign_card
from .locking import invalid_transition, lock_card, lock_ledgers, require_transition
from .posting import Resolution, post_card
from .reposting import Reposting, days_for_audit, withdraw_card
from .results import ActionResult

REASON_LENGTH = 500


@transaction.atomic
def approve_card(
    *,
    card_id: uuid.UUID,
    version: int,
    actor: User | None,
    resolutions: Sequence[Resolution] = (),
) -> ActionResult:
    """Approve the version of the card that the reviewer saw, and post its days.

    Raises `Conflict`: `stale_version`, `invalid_transition`, `no_days`, `day_conflicts` (with all conflicts, until
    `resolutions` has an answer to each), `too_many_hours`, `absence_not_alone`, and the codes of warnings that the
    business's settings reject. Raises `Invalid`: `mixed_resolutions`, `same_site`.
    """
    card = lock_card(card_id, version=version)
    if card.employee_id is not None:
        lock_ledgers([card.employee_id])
    background = read_background([card])
    return approve_locked(
        card, actor=actor, background=background, resolutions=resolutions
    )


def approve_locked(
    card: WorkCard,
    *,
    actor: User | None,
    background: Background,
    resolutions: Sequence[Resolution] = (),
) -> ActionResult:
    """Approve a card that is locked, as is its employee's ledger.

    `background` must be read after taking the locks.
    """
    status = require_transition(card, Transition.APPROVE, actor)
    entries = list(card.day_entries.all())
    if not entries:
        raise Conflict(
            "no_days", _("Enter at least one day before you approve the card.")
        )
    before = card_snapshot(card)
    card.review_status = status
    card.approved_by = actor
    card.approved_by_name = display_name(actor)
    card.approved_at = timezone.now()
    conflicts = post_card(card, entries, resolutions)
    warnings = warnings_about(card, entries, background, resolved=conflicts)
    reject_warnings(warnings)
    save_card(
        "card_approved", card, actor=actor, before=before, conflicts=conflicts or None
    )
    return ActionResult(card, card_warnings=warnings)


@transaction.atomic
def reject_card(
    *, card_id: uuid.UUID, reason: str, actor: User | None, version: int | None = None
) -> ActionResult:
    """Reject the card, and store the reason with it."""
    card = lock_card(card_id, version=version)
    status = require_transition(card, Transition.REJECT, actor)
    before = card_snapshot(card)
    card.review_status = status
    card.rejected_reason = check_reason(reason)
    save_card("card_rejected", card, actor=actor, before=before)
    return ActionResult(card)


@transaction.atomic
def reopen_card(
    *, card_id: uuid.UUID, reason: str, actor: User | None, version: int | None = None
) -> ActionResult:
    """Withdraw an approval or a rejection.

    The days that the card had set aside are decided again. In the result, `reposted` lists the days that are in the
    ledger again. `not_reposted` lists the days that clash with other rows, with a warning each.
    """
    card = lock_card(card_id, version=version)
    status = require_transition(card, Transition.REOPEN, actor)
    reason = check_reason(reason)
    before = card_snapshot(card)
    reposting = Reposting()
    if card.review_status == ReviewStatus.APPROVED:
        assert card.employee_id is not None
        lock_ledgers([card.employee_id])
        reposting = withdraw_card(card)
    card.review_status = status
    card.approved_by = None
    card.approved_by_name = ""
    card.approved_at = None
    card.rejected_reason = ""
    save_card(
        "card_reopened",
        card,
        actor=actor,
        before=before,
        reason=reason,
        reposted=days_for_audit(reposting.reposted) or None,
        not_reposted=days_for_audit(reposting.not_reposted) or None,
    )
    warnings = warnings_about(card, card.day_entries.all(), read_background([card]))
    return ActionResult(card, reposting.reposted, reposting.not_reposted, warnings)


@transaction.atomic
def change_status(
    *,
    card_id: uuid.UUID,
    status: ReviewStatus | str,
    version: int,
    actor: User | None,
    reason: str = "",
    resolutions: Sequence[Resolution] = (),
) -> ActionResult:
    """Run the action that leads to `status`, for clients that send the status."""
    card = lock_card(card_id, version=version)
    match _transition_to(ReviewStatus(status), card):
        case Transition.UNASSIGN:
            return assign_card(
                card_id=card_id, employee=None, actor=actor, version=version
            )
        case Transition.APPROVE:
            return approve_card(
                card_id=card_id, version=version, actor=actor, resolutions=resolutions
            )
        case Transition.REJECT:
            return reject_card(
                card_id=card_id, reason=reason, actor=actor, version=version
            )
        case Transition.REOPEN:
            return reopen_card(
                card_id=card_id, reason=reason, actor=actor, version=version
            )
        case _:
            raise invalid_transition(card)


def _transition_to(target: ReviewStatus, card: WorkCard) -> Transition | None:
    return transition_to(
        target,
        status=ReviewStatus(card.review_status),
        has_employee=card.employee_id is not None,
    )


def check_reason(
    reason: str, field: str = "reason", *, is_required: bool = True
) -> str:
    """Return the cleaned reason. Raises `Invalid` on `field`."""
    reason = clean_line(reason)
    if is_required and not reason:
        raise Invalid("required", _("Enter a reason."), field)
    if len(reason) > REASON_LENGTH:
        detail = _("Enter at most %(limit)s characters.") % {"limit": REASON_LENGTH}
        raise Invalid("max_length", detail, field)
    return reason
