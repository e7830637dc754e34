"""Comparison of the ledger with the days of approved cards, and its repair.

`reposting` describes the rule: each day of an approved card is posted or set aside, and no other day is.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from django.db import connection, transaction

from audit.services import to_json
from automatehq.api.errors import Conflict
from workcards.json_values import hours_text
from workcards.models import ApprovedDay, DayEntry, WorkCard
from workcards.month_math import first_of_month
from workcards.transitions import ReviewStatus

from .audit_events import record_card
from .locking import lock_cards, lock_ledgers, require_open_month
from .reposting import repost_days


class Fault(StrEnum):
    """A way in which a day or a row breaks the rule."""

    NOT_POSTED = "not_posted"
    """The day of an approved card has no row, and no card sets it aside."""
    SET_ASIDE_BY_UNAPPROVED = "set_aside_by_unapproved"
    """The card that sets the day aside is no approved card of the employee with the date."""
    SET_ASIDE_IN_A_CIRCLE = "set_aside_in_a_circle"
    """Days set each other aside, and none of them is posted."""
    POSTED_AND_SET_ASIDE = "posted_and_set_aside"
    """The day has a row, and `set_aside_by` as well."""
    UNAPPROVED_SET_ASIDE = "unapproved_set_aside"
    """The day of an unapproved card has `set_aside_by`."""
    ROW_WITHOUT_DAY = "row_without_day"
    """No approved card of the row's employee and site has the row's date."""
    OTHER_FIGURES = "other_figures"
    """The row has other figures than the day that it was posted from."""


class Action(StrEnum):
    """A change that a repair makes to a day or a row."""

    POSTED = "posted"
    SET_ASIDE = "set_aside"
    CLEARED = "cleared"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class LedgerFinding:
    """A day or a row that breaks the rule; a missing entry, row or employee has a null id."""

    fault: Fault
    work_date: date
    employee_id: uuid.UUID | None
    employee: str
    site: str
    hours: Decimal | None
    day_status: str | None
    work_card_id: uuid.UUID
    entry_id: uuid.UUID | None
    row_id: uuid.UUID | None
    is_closed: bool

    @property
    def month(self) -> date:
        return first_of_month(self.work_date)

    def __str__(self) -> str:
        figure = self.day_status or self.hours
        closed = "; the month is closed" if self.is_closed else ""
        return (
            f"{self.work_date}  {self.employee or '–'}  {self.site}  {figure}  card {self.work_card_id}: "
            f"{self.fault}{closed}"
        )


@dataclass(frozen=True, slots=True)
class Repair:
    """A change that a repair makes, or would make.

    `winner_id` is the card that sets the day aside from now on.
    """

    action: Action
    finding: LedgerFinding
    winner_id: uuid.UUID | None = None

    def as_json(self) -> dict[str, object]:
        """Return the repair for the audit trail."""
        finding = self.finding
        repair = {
            "date": finding.work_date,
            "site": {"name": finding.site},
            "hours": hours_text(finding.hours),
            "day_status": finding.day_status,
            "fault": finding.fault.value,
            "action": self.action.value,
            "set_aside_by_id": self.winner_id,
        }
        return {name: to_json(value) for name, value in repair.items()}

    def __str__(self) -> str:
        suffix = f" by card {self.winner_id}" if self.winner_id else ""
        return f"{self.finding} → {self.action}{suffix}"


_REPOSTED_FAULTS = (
    Fault.NOT_POSTED,
    Fault.SET_ASIDE_BY_UNAPPROVED,
    Fault.SET_ASIDE_IN_A_CIRCLE,
    Fault.OTHER_FIGURES,
)

# One statement, and therefore one snapshot: the check may run during writes. The scope's row-level security limits it
# to the business. `walk` follows `set_aside_by` from each day that is set aside. UNION drops duplicate rows, so the
# recursion also ends in a circle.
_FIND = """
WITH RECURSIVE days AS MATERIALIZED (
    SELECT d.id AS entry_id, d.work_card_id, d.work_date, d.set_aside_by_id, d.total_hours, d.day_status,
           c.employee_id, c.site_id, c.review_status = 'APPROVED' AS is_approved, a.id AS row_id,
           a.id IS NOT NULL AND (a.hours, a.day_status, a.from_time, a.to_time, a.break_minutes) IS DISTINCT FROM
           (d.total_hours, d.day_status, d.from_time, d.to_time, d.break_minutes) AS differs
      FROM work_card_day_entries d
      JOIN work_cards c ON c.business_id = d.business_id AND c.id = d.work_card_id
      LEFT JOIN approved_days a
        ON a.business_id = d.business_id AND a.work_card_id = d.work_card_id AND a.work_date = d.work_date
       AND a.employee_id = c.employee_id AND a.site_id = c.site_id AND c.review_status = 'APPROVED'
     WHERE %(month)s::date IS NULL
        OR d.processing_month = %(month)s AND c.employee_id IS NOT DISTINCT FROM %(employee)s
), aside AS MATERIALIZED (
    SELECT * FROM days WHERE is_approved AND row_id IS NULL AND set_aside_by_id IS NOT NULL
), walk AS (
    SELECT a.entry_id, a.work_card_id, a.work_date, a.set_aside_by_id AS winner_id FROM aside a
    UNION
    SELECT w.entry_id, w.work_card_id, w.work_date, a.set_aside_by_id
      FROM walk w JOIN aside a ON a.work_card_id = w.winner_id AND a.work_date = w.work_date
), faults AS (
    SELECT CASE
            WHEN NOT d.is_approved THEN 'unapproved_set_aside'
            WHEN d.differs THEN 'other_figures'
            WHEN d.row_id IS NOT NULL THEN 'posted_and_set_aside'
            ELSE 'not_posted'
           END AS fault,
           d.work_date, d.employee_id, d.site_id, d.total_hours AS hours, d.day_status, d.work_card_id, d.entry_id, d.row_id
      FROM days d
     WHERE d.differs OR CASE WHEN d.is_approved
        THEN (d.row_id IS NULL) = (d.set_aside_by_id IS NULL) ELSE d.set_aside_by_id IS NOT NULL END
    UNION ALL
    SELECT CASE WHEN winner.work_card_id IS NULL THEN 'set_aside_by_unapproved' ELSE 'set_aside_in_a_circle' END,
           a.work_date, a.employee_id, a.site_id, a.total_hours, a.day_status, a.work_card_id, a.entry_id, NULL
      FROM aside a
      LEFT JOIN days winner
        ON winner.work_card_id = a.set_aside_by_id AND winner.work_date = a.work_date
       AND winner.employee_id = a.employee_id AND winner.is_approved
     WHERE winner.work_card_id IS NULL
        OR EXISTS (SELECT FROM walk w WHERE w.entry_id = a.entry_id AND w.winner_id = a.work_card_id)
    UNION ALL
    SELECT 'row_without_day', a.work_date, a.employee_id, a.site_id, a.hours, a.day_status, a.work_card_id, NULL, a.id
      FROM approved_days a
     WHERE NOT EXISTS (SELECT FROM days d WHERE d.row_id = a.id)
       AND (%(month)s::date IS NULL OR a.employee_id = %(employee)s
            AND a.work_date - (EXTRACT(DAY FROM a.work_date)::int - 1) = %(month)s)
)
SELECT f.fault, f.work_date, f.employee_id, coalesce(e.full_name, ''), coalesce(s.site_name, ''), f.hours, f.day_status,
       f.work_card_id, f.entry_id, f.row_id,
       EXISTS (SELECT FROM closed_months m WHERE m.month = f.work_date - (EXTRACT(DAY FROM f.work_date)::int - 1))
  FROM faults f
  LEFT JOIN employees e ON e.id = f.employee_id
  LEFT JOIN sites s ON s.id = f.site_id
 ORDER BY f.work_date, 4, 5, f.work_card_id, f.fault
"""


def find_faults(
    employee_id: uuid.UUID | None = None, month: date | None = None
) -> list[LedgerFinding]:
    """Return the days and rows of the business in scope that break the rule.

    With arguments, only those of the employee's month. One query.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FIND, {"employee": employee_id, "month": month})
        return [
            LedgerFinding(Fault(fault), *rest) for fault, *rest in cursor.fetchall()
        ]


def open_months_of(
    findings: Iterable[LedgerFinding],
) -> list[tuple[uuid.UUID | None, date]]:
    """Return the employee and month of the findings, each pair once, in order.

    Closed months are omitted, because they can't be repaired.
    """
    pairs = {
        (finding.employee_id, finding.month)
        for finding in findings
        if not finding.is_closed
    }
    return sorted(pairs, key=lambda pair: (pair[1], str(pair[0])))


@transaction.atomic
def repair_month(
    employee_id: uuid.UUID | None, month: date, *, apply: bool
) -> list[Repair]:
    """Repair an employee's month and return the changes.

    Without `apply`, the changes are rolled back.

    Locks the month's cards and the employee's ledger, then searches for the faults again. A month closed in the
    meantime is not changed. Each card concerned gets an audit event.
    """
    cards = _lock(employee_id, month)
    try:
        require_open_month(month)
    except Conflict:
        return []  # closed after the first search
    if employee_id is not None:
        lock_ledgers([employee_id])
    findings = find_faults(employee_id, month)
    repairs = [*_remove(findings), *_clear(findings), *_decide(findings)]
    by_card = defaultdict(list)
    for repair in repairs:
        by_card[repair.finding.work_card_id].append(repair.as_json())
    for card_id, repaired in by_card.items():
        record_card("ledger_repaired", cards[card_id], actor=None, repaired=repaired)
    if not apply:
        transaction.set_rollback(True)
    return repairs


def _lock(employee_id: uuid.UUID | None, month: date) -> dict[uuid.UUID, WorkCard]:
    """Lock the cards that the repair may change, in the order that all services use."""
    concerned = {
        finding.work_card_id for finding in find_faults(employee_id, month)
    } | set(
        WorkCard.objects.for_month(month)
        .filter(employee_id=employee_id, review_status=ReviewStatus.APPROVED)
        .values_list("pk", flat=True)
    )
    return lock_cards(concerned)


def _remove(findings: Iterable[LedgerFinding]) -> list[Repair]:
    """Remove rows without a day, and rows whose day is to be posted again."""
    wrong = [
        finding
        for finding in findings
        if finding.fault in (Fault.ROW_WITHOUT_DAY, Fault.OTHER_FIGURES)
    ]
    rows = ApprovedDay.objects.filter(pk__in=[finding.row_id for finding in wrong])
    rows.delete()
    return [Repair(Action.REMOVED, finding) for finding in wrong]


def _clear(findings: Iterable[LedgerFinding]) -> list[Repair]:
    """Clear `set_aside_by` of days that are posted or unapproved."""
    wrong = [
        finding
        for finding in findings
        if finding.fault in (Fault.POSTED_AND_SET_ASIDE, Fault.UNAPPROVED_SET_ASIDE)
    ]
    entries = DayEntry.objects.filter(pk__in=[finding.entry_id for finding in wrong])
    entries.update(set_aside_by=None)
    return [Repair(Action.CLEARED, finding) for finding in wrong]


def _decide(findings: Iterable[LedgerFinding]) -> list[Repair]:
    """Post the other days, or set them aside by an existing row."""
    wrong = {
        finding.entry_id: finding
        for finding in findings
        if finding.fault in _REPOSTED_FAULTS
    }
    entries = DayEntry.objects.filter(pk__in=wrong).select_related("work_card__site")
    waiting = list(entries)
    repost_days(waiting)
    return [
        Repair(
            Action.SET_ASIDE if entry.set_aside_by_id else Action.POSTED,
            wrong[entry.pk],
            entry.set_aside_by_id,
        )
        for entry in waiting
    ]
