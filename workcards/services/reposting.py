"""Days of approved cards that are posted again, or set aside by a ledger row.

The caller has locked the employee's ledger. Each day of an approved card is in one of two states:

- *posted*: the ledger has a row of the card for the date, and `set_aside_by` is null;
- *set aside*: the ledger has no row of the card for the date, and `set_aside_by` is another approved card of the
  employee that has the date. The day of that card is posted, or set aside by a third card, and so on up to a posted
  day.

`set_aside_by` is only set to a card whose day is posted at that moment, so the chain has no cycle. When the day of
that card is set aside later, the chain grows by one. When that card is reopened, the days that it had set aside are
decided again.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from workcards.hours import InvalidDay, check_shared_date
from workcards.json_values import hours_text, named_reference
from workcards.models import ApprovedDay, DayEntry, WorkCard
from workcards.transitions import DayStatus, ReviewStatus


@dataclass(frozen=True)
class DecidedDay:
    """A day of an approved card that was decided again.

    `entry` has its card and the card's site loaded.
    """

    entry: DayEntry

    @property
    def figure(self) -> str:
        """Return the hours, or the name of the absence, for display."""
        status = self.entry.day_status
        return str(DayStatus(status).label) if status else f"{self.entry.total_hours}"

    def __str__(self) -> str:
        """Return date, site and figure, for display."""
        return _("%(date)s, %(site)s: %(figure)s") % {
            "date": date_format(self.entry.work_date, "SHORT_DATE_FORMAT"),
            "site": self.entry.work_card.site.site_name,
            "figure": self.figure,
        }

    def as_json(self) -> dict[str, object]:
        """Return the day as the API and the audit trail format it."""
        card = self.entry.work_card
        return {
            "date": self.entry.work_date.isoformat(),
            "site": named_reference(card.site_id, card.site.site_name),
            "hours": hours_text(self.entry.total_hours),
            "minutes": self.entry.minutes,
            "day_status": self.entry.day_status,
            "work_card_id": str(card.pk),
        }


@dataclass(frozen=True)
class NotRepostedDay(DecidedDay):
    """A day that stays out of the ledger, because it clashes with the date's rows."""

    code: str
    detail: str

    @property
    def warning(self) -> str:
        """Return the warning about the day, for display."""
        return _("Not paid from another card: %(day)s. %(reason)s") % {
            "day": self,
            "reason": self.detail,
        }

    def as_json(self) -> dict[str, object]:
        """Return the day as the API formats it; the audit trail omits `detail`."""
        return {
            **super().as_json(),
            "set_aside_by_id": str(self.entry.set_aside_by_id),
            "code": self.code,
            "detail": self.detail,
        }


@dataclass(frozen=True)
class Reposting:
    """The days that were decided again, in date order.

    Days set aside by a row of their own site are in neither list.
    """

    reposted: tuple[DecidedDay, ...] = ()
    not_reposted: tuple[NotRepostedDay, ...] = ()


def withdraw_card(card: WorkCard) -> Reposting:
    """Remove the rows of a card that is no longer approved.

    The days that the card had set aside are decided again.
    """
    ApprovedDay.objects.filter(work_card=card).delete()
    card.day_entries.filter(set_aside_by__isnull=False).update(set_aside_by=None)
    waiting = DayEntry.objects.filter(
        set_aside_by=card, work_card__review_status=ReviewStatus.APPROVED
    )
    return repost_days(waiting.select_related("work_card__site"))


def repost_days(entries: Iterable[DayEntry]) -> Reposting:
    """Post each day whose site and date are free, and set the other days aside.

    The latest approval is posted first. `entries` are days without rows, of approved cards of one employee, with
    `work_card__site` loaded. A day is set aside by the row that it clashes with if together they exceed 24 hours, or
    if either is an absence. Four queries.
    """
    waiting = sorted(
        entries,
        key=lambda entry: (entry.work_card.approved_at, entry.work_card_id),
        reverse=True,
    )
    waiting.sort(key=lambda entry: entry.work_date)
    if not waiting:
        return Reposting()
    employee_id = waiting[0].work_card.employee_id
    assert employee_id is not None
    ledger = ledger_of(employee_id, [entry.work_date for entry in waiting])
    reposted, not_reposted, new_rows = [], [], []
    for entry in waiting:
        rows = ledger.setdefault(entry.work_date, [])
        prevailing = prevailing_row(entry.work_card.site_id, rows)
        clash = _clash(entry, rows)
        entry.set_aside_by_id = prevailing.work_card_id if prevailing else None
        if prevailing and prevailing.site_id == entry.work_card.site_id:
            continue
        if clash:
            day = NotRepostedDay(entry, clash.code, clash.detail)
            not_reposted.append(day)
            continue
        entry.set_aside_by_id = None
        row = ledger_row(entry.work_card, entry)
        rows.append(row)
        new_rows.append(row)
        reposted.append(DecidedDay(entry))
    ApprovedDay.objects.bulk_create(new_rows)
    DayEntry.objects.bulk_update(waiting, ["set_aside_by"])
    return Reposting(tuple(reposted), tuple(not_reposted))


def set_aside(rows: Sequence[ApprovedDay], winner: WorkCard) -> list[DayEntry]:
    """Set `set_aside_by` to `winner` on the days of these rows; return them unsaved.

    One query.
    """
    if not rows:
        return []
    keys = {(row.work_card_id, row.work_date) for row in rows}
    candidates = DayEntry.objects.filter(
        work_card__in={card_id for card_id, _date in keys},
        work_date__in={day for _card_id, day in keys},
    )
    entries = [
        entry for entry in candidates if (entry.work_card_id, entry.work_date) in keys
    ]
    for entry in entries:
        entry.set_aside_by = winner
    return entries


def prevailing_row(
    site_id: uuid.UUID, rows: Sequence[ApprovedDay]
) -> ApprovedDay | None:
    """Return the row of a date that sets aside a day at `site_id`, or None without rows.

    It is the row of the same site, else an absence, else the row with the most hours, else the row posted first.
    """

    return max(
        rows,
        key=lambda row: prevailing_rank(
            row.payable, is_same_site=row.site_id == site_id
        ),
        default=None,
    )


def prevailing_rank(
    payable: tuple[int | None, str | None], *, is_same_site: bool
) -> tuple[bool, bool, int]:
    """Return the sort key of a row.

    The row of a date with the highest key sets a day aside.
    """
    minutes, day_status = payable
    return is_same_site, day_status is not None, minutes or 0


def ledger_of(
    employee_id: uuid.UUID, dates: Iterable[date]
) -> dict[date, list[ApprovedDay]]:
    """Return the employee's ledger rows on `dates`, by date, in the order of posting.

    One query.
    """
    rows = ApprovedDay.objects.filter(employee_id=employee_id, work_date__in=[*dates])
    by_date = defaultdict(list)
    for row in rows.select_related("site").order_by("work_date", "id"):
        by_date[row.work_date].append(row)
    return dict(by_date)


def ledger_row(card: WorkCard, entry: DayEntry) -> ApprovedDay:
    """Return the unsaved ledger row of a day of an approved card."""
    assert card.employee_id is not None
    assert card.approved_at is not None
    return ApprovedDay(
        employee_id=card.employee_id,
        site_id=card.site_id,
        work_card=card,
        work_date=entry.work_date,
        hours=entry.total_hours,
        from_time=entry.from_time,
        to_time=entry.to_time,
        break_minutes=entry.break_minutes,
        day_status=entry.day_status,
        approved_by_id=card.approved_by_id,
        approved_by_name=card.approved_by_name,
        approved_at=card.approved_at,
    )


def days_for_audit(days: Iterable[DecidedDay]) -> list[Mapping[str, object]]:
    """Return days for the audit trail, without sentences in the active language."""
    return [
        {name: value for name, value in day.as_json().items() if name != "detail"}
        for day in days
    ]


def _clash(entry: DayEntry, rows: Sequence[ApprovedDay]) -> InvalidDay | None:
    """Return the reason why the day can't be paid beside `rows`, or None if it can."""
    try:
        check_shared_date([entry.payable, *(row.payable for row in rows)])
    except InvalidDay as error:
        return error
    return None
