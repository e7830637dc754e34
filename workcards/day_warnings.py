"""Checks of a card's days before approval, without database or request."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, time
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from .hours import DAY_MINUTES
from .month_math import ONE_DAY, first_of_month, last_of_month


class WarningDay(NamedTuple):
    """A day of a card or a row of the ledger.

    `approved_day_id` is None for a day of a card under review.
    """

    work_date: date
    site_id: uuid.UUID
    card_id: uuid.UUID
    from_time: time | None
    to_time: time | None
    hours: Decimal | None
    minutes: int | None
    day_status: str | None
    approved_day_id: uuid.UUID | None = None

    @property
    def is_approved(self) -> bool:
        return self.approved_day_id is not None

    @property
    def payable(self) -> tuple[int | None, str | None]:
        """Return the minutes and the absence; days whose payables are equal do not conflict."""
        return self.minutes, self.day_status


@dataclass(frozen=True, kw_only=True)
class Situation:
    """The data for the checks: days of the card and of the employee's other cards.

    `other_days` includes one day before and after the month, for shifts past midnight. `conflict_dates` has the dates on which the
    ledger differs from the card: the reviewer answers for these separately.
    """

    month: date
    today: date
    is_active: bool
    started_on: date | None
    left_on: date | None
    longest_day: Decimal
    own_days: tuple[WarningDay, ...]
    other_days: tuple[WarningDay, ...]
    conflict_dates: frozenset[date]


class DayFinding(NamedTuple):
    """The result of a check: the card's dates, and the other cards involved."""

    dates: tuple[date, ...] = ()
    card_ids: tuple[uuid.UUID, ...] = ()


Check = Callable[[Situation], DayFinding | None]


def find_conflict_dates(
    own_days: Iterable[WarningDay], other_days: Iterable[WarningDay]
) -> frozenset[date]:
    """Return the dates that the ledger has with other figures or at other sites only."""
    posted: dict[date, list[WarningDay]] = defaultdict(list)
    for day in other_days:
        if day.is_approved:
            posted[day.work_date].append(day)
    return frozenset(
        day.work_date
        for day in own_days
        if (rows := posted.get(day.work_date))
        and not any(_is_same(day, row) for row in rows)
    )


def apply_choices(
    situation: Situation,
    *,
    resolved_dates: Collection[date],
    unpaid_dates: Collection[date],
    replaced_row_ids: Collection[uuid.UUID],
) -> Situation:
    """Return the situation after the reviewer's answers about the ledger.

    `unpaid_dates` are dates on which the card's own day is not paid, `replaced_row_ids` the ledger rows that it replaces.
    """
    return replace(
        situation,
        own_days=tuple(
            day for day in situation.own_days if day.work_date not in unpaid_dates
        ),
        other_days=tuple(
            day
            for day in situation.other_days
            if day.approved_day_id not in replaced_row_ids
        ),
        conflict_dates=frozenset(resolved_dates),
    )


def inactive_employee(situation: Situation) -> DayFinding | None:
    """Find an inactive employee."""
    return None if situation.is_active else DayFinding()


def outside_employment(situation: Situation) -> DayFinding | None:
    """Find days before the employee's first day or after the last day.

    For a card without days, find a month that is entirely outside the employment.
    """
    first = situation.started_on or date.min
    last = situation.left_on or date.max
    if not situation.own_days:
        is_inside = first <= last_of_month(situation.month) and situation.month <= last
        return None if is_inside else DayFinding()
    return _finding(
        day for day in situation.own_days if not first <= day.work_date <= last
    )


def future_month(situation: Situation) -> DayFinding | None:
    """Find a month that has not started, with the card's days in it."""
    if situation.month <= first_of_month(situation.today):
        return None
    return DayFinding(tuple(sorted(day.work_date for day in situation.own_days)))


def overlapping_hours(situation: Situation) -> DayFinding | None:
    """Find days whose hours overlap with another day of the employee.

    Shifts past midnight and days at other sites are included.
    """
    by_date: dict[date, list[WarningDay]] = defaultdict(list)
    for day in (*situation.own_days, *situation.other_days):
        if day.from_time is not None:
            by_date[day.work_date].append(day)
    overlapping: list[WarningDay] = []
    clashing: list[WarningDay] = []
    for day in situation.own_days:
        if day.from_time is None:
            continue
        rivals = [
            other
            for near in _adjacent_dates(day.work_date)
            for other in by_date.get(near, ())
            if _are_both_payable(day, other) and _overlap(day, other)
        ]
        if rivals:
            overlapping.append(day)
            clashing += rivals
    return _finding(overlapping, clashing)


def long_day(situation: Situation) -> DayFinding | None:
    """Find dates with more hours than the longest day.

    The hours are those of the card and of the ledger's rows at other sites.
    """
    elsewhere: dict[date, dict[uuid.UUID, int]] = defaultdict(dict)
    for other in situation.other_days:
        if other.is_approved and other.minutes is not None:
            sites = elsewhere[other.work_date]
            sites[other.site_id] = max(sites.get(other.site_id, 0), other.minutes)
    return _finding(
        day
        for day in situation.own_days
        if day.minutes
        and day.minutes
        + sum(
            minutes
            for site_id, minutes in elsewhere.get(day.work_date, {}).items()
            if site_id != day.site_id
        )
        > situation.longest_day * 60
    )


def duplicate_days(situation: Situation) -> DayFinding | None:
    """Find dates that another card has too, except dates of conflicts with the ledger."""
    own_days = {
        day.work_date: day
        for day in situation.own_days
        if day.work_date not in situation.conflict_dates
    }
    rivals = [other for other in situation.other_days if other.work_date in own_days]
    return _finding({own_days[other.work_date] for other in rivals}, rivals)


# Code → check, in display order.
CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "inactive_employee": inactive_employee,
        "outside_employment": outside_employment,
        "future_month": future_month,
        "overlapping_hours": overlapping_hours,
        "long_day": long_day,
        "duplicate_days": duplicate_days,
    }
)
CODES = tuple(CHECKS)


def _finding(
    days: Iterable[WarningDay], other_days: Iterable[WarningDay] = ()
) -> DayFinding | None:
    days = list(days)
    if not days:
        return None
    own_cards = {day.card_id for day in days}
    cards = {other.card_id for other in other_days} - own_cards
    return DayFinding(
        tuple(sorted({day.work_date for day in days})),
        tuple(sorted(cards)),
    )


def _is_same(day: WarningDay, row: WarningDay) -> bool:
    """Return True if the ledger row pays the card's day: same site, minutes and absence."""
    return (day.site_id, day.payable) == (row.site_id, row.payable)


def _are_both_payable(day: WarningDay, other: WarningDay) -> bool:
    """Return False if only one of the days can be paid.

    That is so for a day and itself, and for two cards' figures of one date and site.
    """
    return (day.work_date, day.site_id) != (other.work_date, other.site_id)


def _overlap(day: WarningDay, other: WarningDay) -> bool:
    start, end = _span(day)
    other_start, other_end = _span(other)
    return start < other_end and other_start < end


def _span(day: WarningDay) -> tuple[int, int]:
    """Return the shift's first and last minute, counted from 1 January of year 1."""
    assert day.from_time is not None
    assert day.to_time is not None
    start = day.from_time.hour * 60 + day.from_time.minute
    minutes = (day.to_time.hour * 60 + day.to_time.minute - start) % DAY_MINUTES
    start += day.work_date.toordinal() * DAY_MINUTES
    return start, start + minutes


def _adjacent_dates(day: date) -> Iterator[date]:
    """Yield the date and its neighbours: a shift ends within 24 hours."""
    if day > date.min:
        yield day - ONE_DAY
    yield day
    if day < date.max:
        yield day + ONE_DAY
