"""Services that close a month and reopen it."""

from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User, display_name
from audit.services import record, snapshot
from automatehq.api.errors import Conflict, Problem
from businesses.models import Business
from businesses.tenancy.context import get_current_business_id
from workcards.models import ApprovedDay, ClosedMonth, WorkCard
from workcards.month_math import first_of_month, format_month, last_of_month
from workcards.transitions import ReviewStatus

from .locking import lock_month, require_right
from .review import check_reason

# The number of cards that an error lists, for each status.
NAMED_CARDS = 50
MONTH_FIELDS = ("month", "closed_by_name", "closed_at", "note")


@transaction.atomic
def close_month(
    *, month: date, actor: User | None, force: bool = False, note: str = ""
) -> ClosedMonth:
    """Close a month to further changes.

    If the month is closed already, the row is returned unchanged and without an event.

    Waits for transactions that write in the month. Raises `Conflict` `month_not_over` (by the business's own date)
    and `unreviewed_cards`, together if both apply. `unreviewed` then has the cards by status. With `force` neither is
    raised, but `note` is required (`Invalid` `required`).
    """
    require_right(actor, "months.close")
    note = check_reason(note, "note", is_required=force)
    month = first_of_month(month)
    lock_month(month)
    closed: ClosedMonth | None = ClosedMonth.objects.for_month(month).first()
    if closed is not None:
        return closed
    counts = WorkCard.objects.for_month(month).counts_by_status()
    if not force:
        _require_finished(month, counts)
    closed = ClosedMonth(
        month=month,
        closed_by=actor,
        closed_by_name=display_name(actor),
        closed_at=timezone.now(),
        note=note,
    )
    closed.save(force_insert=True)
    record(
        "month_closed",
        entity=closed,
        actor=actor,
        after=snapshot(closed, MONTH_FIELDS),
        forced=force or None,
        **_contents(month, counts),
    )
    return closed


@transaction.atomic
def reopen_month(*, month: date, actor: User | None, reason: str) -> None:
    """Reopen a closed month; leave an open one unchanged, without an event.

    Raises `Invalid` without a reason.
    """
    require_right(actor, "months.reopen")
    reason = check_reason(reason)
    month = first_of_month(month)
    lock_month(month)
    closed: ClosedMonth | None = ClosedMonth.objects.for_month(month).first()
    if closed is None:
        return
    record(
        "month_reopened",
        entity=closed,
        actor=actor,
        before=snapshot(closed, MONTH_FIELDS),
        reason=reason,
        **_contents(month, WorkCard.objects.for_month(month).counts_by_status()),
    )
    closed.delete()


def _require_finished(month: date, counts: dict[str, int]) -> None:
    """Raise `Conflict` if the month is not over or has pending cards."""
    problems = []
    business = Business.objects.get(pk=get_current_business_id())
    if timezone.localdate(timezone=business.zone) <= last_of_month(month):
        detail = _("%(month)s has not ended yet.") % {"month": format_month(month)}
        problems.append(Problem("month_not_over", detail))
    waiting = sum(counts[status] for status in ReviewStatus.pending())
    extra = {}
    if waiting:
        detail = ngettext(
            "One card of %(month)s is neither approved nor rejected.",
            "%(count)d cards of %(month)s are neither approved nor rejected.",
            waiting,
        )
        detail %= {"count": waiting, "month": format_month(month)}
        problems.append(Problem("unreviewed_cards", detail))
        extra = {"unreviewed": _unreviewed(month, counts)}
    if problems:
        raise Conflict.from_problems(problems, **extra)


def _unreviewed(month: date, counts: dict[str, int]) -> dict[str, Any]:
    """Return the pending cards by status: their number, and the first of them."""
    waiting = {}
    for status in ReviewStatus.pending():
        cards = WorkCard.objects.for_month(month).with_status(status)
        first = cards.order_by("created_at", "id").values_list("pk", flat=True)
        waiting[str(status)] = {
            "count": counts[status],
            "card_ids": [str(pk) for pk in first[:NAMED_CARDS]],
        }
    return waiting


def _contents(month: date, counts: dict[str, int]) -> dict[str, Any]:
    """Return the month's totals of cards and approved days, for the audit event."""
    ledger = ApprovedDay.objects.for_month(month).figures()
    return {"cards": counts, "approved_days": ledger["days"], "hours": ledger["hours"]}
