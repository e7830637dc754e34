"""Taking hold of cards before they are changed, and refusing those who come too late or may not."""

import uuid
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import connection
from django.http import Http404
from django.utils.translation import gettext as _

from audit.models import AuditEvent
from automatehq.api.errors import Conflict, Denied
from businesses.tenancy.context import get_current_business_id
from workcards.models import ClosedMonth, WorkCard, month_lock
from workcards.month_math import format_month
from workcards.serializers import card_json, moment
from workcards.transitions import RIGHTS, ReviewStatus, Verb, status_after


def lock_card(card_id: uuid.UUID, *, version: int | None = None) -> WorkCard:
    """The card, held until the transaction ends.

    Raises `Http404` if there is none, `Conflict` `month_closed` if nothing in its month changes any more, `stale_version`
    if it is not any more the version that was seen.
    """
    # No joins: whoever waits for the lock would get the new card beside the employee it had before.
    # No key: an entry of the ledger may refer to a card that somebody else holds; it need not wait.
    card: WorkCard | None = (
        WorkCard.objects.select_for_update(no_key=True).filter(pk=card_id).first()
    )
    if card is None:
        raise Http404
    require_open_month(card.processing_month)
    if version is not None:
        check_version(card, version)
    return card


def lock_cards(card_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, WorkCard]:
    """Those of these cards that there are, by id, all held until the transaction ends."""
    # The database locks them one by one, in this order.
    found = WorkCard.objects.select_for_update(no_key=True).filter(pk__in=card_ids)
    return {card.pk: card for card in found.order_by("pk")}


def check_version(card: WorkCard, version: int) -> None:
    """Raise `Conflict` `stale_version` if a locked card is not any more the version that was seen."""
    if card.version != version:
        raise _stale(card)


def require_open_month(month: date) -> None:
    """Keep a month of the business from being closed until the transaction ends. Cards are locked before.

    Raises `Conflict` `month_closed`, naming the month. The database would refuse too, without a name.
    """
    name = month_lock(get_current_business_id(), month)
    _lock("SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))", name)
    # A query of its own, after the lock: whoever has waited for a closing must see it.
    refuse_closed_month(month)


def closed_among(months: Iterable[date]) -> dict[date, Conflict]:
    """`require_open_month` of several, in one order whoever asks; gives the refusals of those that are closed."""
    refusals = {}
    for month in sorted(set(months)):
        try:
            require_open_month(month)
        except Conflict as refusal:
            refusals[month] = refusal
    return refusals


def refuse_closed_month(month: date) -> None:
    """Raise `Conflict` `month_closed` if the month is closed now; a moment later it may be another way."""
    if ClosedMonth.objects.for_month(month).exists():
        text = format_month(month)
        detail = _("%(month)s is closed: nothing in it can change any more.")
        raise Conflict("month_closed", detail % {"month": text}, month=text)


def lock_month(month: date) -> None:
    """Have a month of the business alone, to close or to reopen it, until the transaction ends."""
    name = month_lock(get_current_business_id(), month)
    _lock("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", name)


def lock_ledger(employee_id: uuid.UUID) -> None:
    """Keep all others from posting days of this employee until the transaction ends. Cards and months come before."""
    lock_ledgers([employee_id])


def lock_ledgers(employee_ids: Iterable[uuid.UUID]) -> None:
    """`lock_ledger` of several employees, in one order whoever asks; one query."""
    # The lock that the ledger's own trigger takes: see migration 0010 of this app.
    names = sorted({f"approved_days {employee_id}" for employee_id in employee_ids})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest(%s::text[]) AS names(name)",
            [names],
        )


def lock_names(kind: str, names: Iterable[object]) -> None:
    """Hold names of one kind in this business (a hash of bytes, a card that may not exist yet) until the end."""
    business_id = get_current_business_id()
    # In one order, or two requests with the same names could wait for each other.
    for name in sorted({f"{kind} {business_id} {name}" for name in names}):
        _lock("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", name)


def _lock(sql: str, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, [name])


def require_right(actor: Any, right: str) -> None:
    """Raise `Denied` unless the role table gives `right` to the actor; nobody is the system itself."""
    if actor is not None and not actor.may(right):
        raise Denied


def check_verb(card: WorkCard, verb: Verb, actor: Any) -> ReviewStatus:
    """The status that `verb` leads to. Raises `Denied`, or `Conflict` `invalid_transition` naming the state."""
    require_right(actor, RIGHTS[verb])
    status = ReviewStatus(card.review_status)
    target = status_after(status, verb, has_employee=card.employee_id is not None)
    if target is None:
        raise invalid_transition(card)
    return target


def require_pending(card: WorkCard) -> None:
    """Raise `Conflict` unless the card's days may be edited: `card_approved`, else `invalid_transition`."""
    require_unapproved(card)
    if card.review_status not in ReviewStatus.pending():
        raise invalid_transition(card)


def require_unapproved(card: WorkCard) -> None:
    """Raise `Conflict` `card_approved` if the card is approved."""
    if card.review_status == ReviewStatus.APPROVED:
        raise Conflict(
            "card_approved",
            _("The card is approved. Reopen it first."),
            card=card_json(card.pk),
        )


def invalid_transition(card: WorkCard) -> Conflict:
    """409: the card's status does not allow this."""
    status = ReviewStatus(card.review_status)
    detail = _("This can't be done with a card in the status “%(status)s”.")
    return Conflict(
        "invalid_transition", detail % {"status": status.label}, card=card_json(card.pk)
    )


def _stale(card: WorkCard) -> Conflict:
    """409 `stale_version`, with who changed the card last, and when."""
    last = AuditEvent.objects.of_work_card(card.pk).first()
    who = (
        {"id": str(last.actor_id), "name": last.actor_label}
        if last and last.actor_id
        else None
    )
    return Conflict(
        "stale_version",
        _("Somebody has changed this card since you opened it."),
        card=card_json(card.pk),
        changed_by=who,
        changed_at=moment(last.created_at if last else card.updated_at),
    )
