"""Locks on cards, months and ledgers, and the checks that follow them."""

import uuid
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import connection
from django.http import Http404
from django.utils.translation import gettext as _

from accounts.models import User
from audit.models import AuditEvent
from automatehq.api.errors import Conflict, Denied
from businesses.tenancy.context import get_current_business_id
from workcards.json_values import named_reference, timestamp_text
from workcards.models import ClosedMonth, WorkCard, month_lock
from workcards.month_math import format_month
from workcards.transitions import (
    TRANSITION_RIGHTS,
    ReviewStatus,
    Transition,
    status_after,
)


class CardConflict(Conflict):
    """A conflict with the state of a card, to which the API adds the card."""

    def __init__(self, card: WorkCard, code: str, detail: str, **extra: Any) -> None:
        super().__init__(code, detail, **extra)
        self.card = card


def lock_card(card_id: uuid.UUID, *, version: int | None = None) -> WorkCard:
    """Return the card with its figures, locked until the transaction ends.

    The figures are those of `with_figures`, before the changes of the service. Raises `Http404` for an unknown card, `Conflict` `month_closed` if its month is closed, and `stale_version` if
    `version` is given and differs from the stored version. Three queries.
    """
    # The month tells which lock to take next. No key: a ledger row may reference a card that another transaction has
    # locked, and need not wait.
    locked = WorkCard.objects.select_for_update(no_key=True).filter(pk=card_id)
    month = locked.values_list("processing_month", flat=True).first()
    if month is None:
        raise Http404
    share_month_lock(month)
    # A separate query, after both locks: a query that waits for a lock joins the new card with its previous employee.
    card: WorkCard = WorkCard.objects.with_figures().get(pk=card_id)
    if card.month_is_closed:  # type: ignore[attr-defined]
        raise _month_closed(month)
    if version is not None:
        check_version(card, version)
    return card


def lock_cards(card_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, WorkCard]:
    """Lock the existing cards of `card_ids` until the transaction ends; return them by id."""
    # PostgreSQL locks the rows one after the other, in this order.
    cards = WorkCard.objects.select_for_update(no_key=True).filter(pk__in=card_ids)
    return {card.pk: card for card in cards.order_by("pk")}


def check_version(card: WorkCard, version: int) -> None:
    """Raise `Conflict` `stale_version` unless the locked card has this version."""
    if card.version != version:
        raise _stale_version(card)


def require_open_month(month: date) -> None:
    """Lock a month of the business against closing until the transaction ends.

    Cards must be locked before. Raises `Conflict` `month_closed` with the month. The database triggers raise an error
    too, but without the month.
    """
    share_month_lock(month)
    # A separate query, after the lock: it must see a closing that the lock has waited for.
    check_month_open(month)


def closed_among(months: Iterable[date]) -> dict[date, Conflict]:
    """Lock several months in date order; return the error of each closed month."""
    errors = {}
    for month in sorted(set(months)):
        try:
            require_open_month(month)
        except Conflict as error:
            errors[month] = error
    return errors


def check_month_open(month: date) -> None:
    """Raise `Conflict` `month_closed` if the month is closed. Takes no lock."""
    if ClosedMonth.objects.for_month(month).exists():
        raise _month_closed(month)


def lock_month(month: date) -> None:
    """Lock a month of the business exclusively until the transaction ends.

    Closing and reopening a month take this lock.
    """
    name = month_lock(get_current_business_id(), month)
    _lock("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", name)


def lock_ledgers(employee_ids: Iterable[uuid.UUID]) -> None:
    """Lock the ledgers of employees in the order of their ids; one query.

    They stay locked until the transaction ends. Cards and months must be locked before.
    """
    # The lock that the ledger's own trigger takes: see migration 0010 of this app.
    names = sorted({f"approved_days {employee_id}" for employee_id in employee_ids})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest(%s::text[]) AS names(name)",
            [names],
        )


def lock_names(kind: str, names: Iterable[object]) -> None:
    """Lock names of one kind in this business until the transaction ends.

    A name is, for example, the hash of a file's bytes, or a card that may not exist yet.
    """
    business_id = get_current_business_id()
    # In one order: otherwise two requests with the same names could deadlock.
    for name in sorted({f"{kind} {business_id} {name}" for name in names}):
        _lock("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", name)


def share_month_lock(month: date) -> None:
    name = month_lock(get_current_business_id(), month)
    _lock("SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))", name)


def _month_closed(month: date) -> Conflict:
    text = format_month(month)
    detail = _("%(month)s is closed and can no longer be changed.")
    return Conflict("month_closed", detail % {"month": text}, month=text)


def _lock(sql: str, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, [name])


def require_right(actor: User | None, right: str) -> None:
    """Raise `Denied` unless the actor's role has the permission `right`.

    An actor of None is the system, which has every permission.
    """
    if actor is not None and not actor.may(right):
        raise Denied


def require_transition(
    card: WorkCard, transition: Transition, actor: User | None
) -> ReviewStatus:
    """Return the status that `transition` leads to.

    Raises `Denied`, or `Conflict` `invalid_transition` with the current status.
    """
    require_right(actor, TRANSITION_RIGHTS[transition])
    status = ReviewStatus(card.review_status)
    target = status_after(status, transition, has_employee=card.employee_id is not None)
    if target is None:
        raise invalid_transition(card)
    return target


def require_pending(card: WorkCard) -> None:
    """Raise `Conflict` unless the card's days may be edited.

    The code is `card_approved` for an approved card, otherwise `invalid_transition`.
    """
    require_unapproved(card)
    if card.review_status not in ReviewStatus.pending():
        raise invalid_transition(card)


def require_unapproved(card: WorkCard) -> None:
    """Raise `Conflict` `card_approved` if the card is approved."""
    if card.review_status == ReviewStatus.APPROVED:
        detail = _("The card is approved. Reopen it first.")
        raise CardConflict(card, "card_approved", detail)


def invalid_transition(card: WorkCard) -> CardConflict:
    """Return the `CardConflict` for an action that the card's status does not permit."""
    status = ReviewStatus(card.review_status)
    detail = _("This is not possible while the card has the status “%(status)s”.")
    return CardConflict(card, "invalid_transition", detail % {"status": status.label})


def _stale_version(card: WorkCard) -> CardConflict:
    """Return the `CardConflict` `stale_version`, with the user and time of the last change."""
    last = AuditEvent.objects.of_work_card(card.pk).first()
    return CardConflict(
        card,
        "stale_version",
        _("This card has changed since you opened it."),
        changed_by=last and named_reference(last.actor_id, last.actor_label),
        changed_at=timestamp_text(last.created_at if last else card.updated_at),
    )
