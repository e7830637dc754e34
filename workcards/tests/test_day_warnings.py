"""The checks of a card's days, without a database."""

import uuid
from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workcards.day_warnings import (
    CHECKS,
    DayFinding,
    Situation,
    WarningDay,
    apply_choices,
    duplicate_days,
    find_conflict_dates,
    future_month,
    inactive_employee,
    long_day,
    outside_employment,
    overlapping_hours,
)

MARCH = date(2026, 3, 1)
HARBOUR, MILL = uuid.UUID(int=1), uuid.UUID(int=2)
CARD, OTHER, THIRD = (uuid.UUID(int=number) for number in (11, 12, 13))
ROW = uuid.UUID(int=21)


def at(text: str) -> time:
    return time.fromisoformat(text)


def worked(
    number: int, times: str = "", hours: Any = "8", *, of: uuid.UUID = CARD, **more: Any
) -> WarningDay:
    """Return a day of March with `times` such as 08:00-16:00, or hours alone. Day 0 is the last of February."""
    values: dict[str, Any] = {"site_id": HARBOUR, "day_status": None} | more
    start, _dash, end = times.partition("-")
    figures = None if values["day_status"] else Decimal(hours)
    return WarningDay(
        work_date=MARCH + timedelta(days=number - 1),
        card_id=of,
        from_time=at(start) if start else None,
        to_time=at(end) if end else None,
        hours=figures,
        minutes=None if figures is None else round(figures * 60),
        **values,
    )


def situation(own_days: Any, other_days: Any = (), **more: Any) -> Situation:
    values: dict[str, Any] = {
        "month": MARCH,
        "today": date(2026, 3, 20),
        "is_active": True,
        "started_on": None,
        "left_on": None,
        "longest_day": Decimal(16),
        "own_days": tuple(own_days),
        "other_days": tuple(other_days),
        "conflict_dates": find_conflict_dates(own_days, other_days),
    }
    return Situation(**values | more)


def numbers(finding: DayFinding | None) -> list[int]:
    """Return the days of March that a check found."""
    return [] if finding is None else [(day - MARCH).days + 1 for day in finding.dates]


# Employment, month


@pytest.mark.parametrize(
    ("started", "left", "found"),
    [
        (10, 20, [2, 27]),
        (2, 27, []),
        (3, 26, [2, 27]),
        (None, 20, [27]),
        (10, None, [2]),
        (None, None, []),
    ],
)
def test_days_before_the_first_and_after_the_last_day_of_employment(
    started: int | None, left: int | None, found: list[int]
) -> None:
    now = situation(
        [worked(2), worked(15), worked(27, day_status="SICK")],
        started_on=started and MARCH.replace(day=started),
        left_on=left and MARCH.replace(day=left),
    )
    assert numbers(outside_employment(now)) == found


@pytest.mark.parametrize(
    ("started", "left", "is_found"),
    [
        (None, date(2026, 2, 28), True),
        (None, date(2026, 3, 1), False),
        (date(2026, 4, 1), None, True),
        (date(2026, 3, 31), None, False),
    ],
)
def test_a_card_without_days_is_of_a_month_outside_employment(
    started: date | None, left: date | None, is_found: bool
) -> None:
    now = situation([], started_on=started, left_on=left)
    assert outside_employment(now) == (DayFinding() if is_found else None)


def test_a_month_that_has_not_started() -> None:
    now = situation([worked(3), worked(2)])
    assert future_month(now) is None
    assert future_month(replace(now, today=date(2026, 3, 1))) is None
    assert numbers(future_month(replace(now, today=date(2026, 2, 28)))) == [2, 3]
    early = situation([], today=date(2025, 12, 31))
    assert future_month(early) == DayFinding()


def test_an_inactive_employee() -> None:
    assert inactive_employee(situation([])) is None
    assert inactive_employee(situation([], is_active=False)) == DayFinding()


# Overlapping hours


@pytest.mark.parametrize(
    ("own_days", "other", "found"),
    [
        ((3, "08:00-16:00"), (3, "15:59-18:00"), [3]),
        ((3, "08:00-16:00"), (3, "16:00-18:00"), []),
        ((3, "08:00-16:00"), (3, "06:00-08:00"), []),
        ((3, "22:00-07:00"), (4, "06:00-14:00"), [3]),
        ((3, "22:00-06:00"), (4, "06:00-14:00"), []),
        ((4, "06:00-14:00"), (3, "22:00-07:00"), [4]),
        ((3, "16:00-00:00"), (4, "00:00-08:00"), []),
        ((1, "05:00-13:00"), (0, "22:00-06:00"), [1]),  # the last of February
        ((31, "22:00-06:00"), (32, "05:00-13:00"), [31]),  # the first of April
        ((3, "08:00-16:00"), (5, "08:00-16:00"), []),
        ((3, ""), (3, "08:00-16:00"), []),  # hours alone have no position in the day
    ],
)
def test_hours_of_two_cards_overlap(
    own_days: Any, other: Any, found: list[int]
) -> None:
    rival = worked(*other, of=OTHER, site_id=MILL)
    finding = overlapping_hours(situation([worked(*own_days)], [rival]))
    assert numbers(finding) == found
    if finding:
        assert finding.card_ids == (OTHER,)


def test_hours_of_one_card_overlap_past_midnight() -> None:
    nights = [
        worked(3, "22:00-07:00"),
        worked(4, "06:00-14:00"),
        worked(9, "08:00-09:00"),
    ]
    finding = overlapping_hours(situation(nights))
    assert (numbers(finding), finding and finding.card_ids) == ([3, 4], ())


def test_two_figures_of_one_date_and_site_are_alternatives() -> None:
    own_days = [worked(3, "08:00-16:00")]
    same_site = worked(3, "07:00-15:00", of=OTHER)
    assert overlapping_hours(situation(own_days, [same_site])) is None


@st.composite
def some_days(draw: Any) -> list[WarningDay]:
    minutes = st.integers(0, 95).map(lambda n: time(n // 4, n % 4 * 15))
    found: dict[Any, WarningDay] = {}
    for _ in range(draw(st.integers(0, 6))):
        start, end = draw(
            st.tuples(minutes, minutes).filter(lambda two: two[0] != two[1])
        )
        card = draw(st.sampled_from([CARD, OTHER, THIRD]))
        day = worked(
            draw(st.integers(1, 5)),
            f"{start:%H:%M}-{end:%H:%M}",
            of=card,
            site_id=HARBOUR if card == CARD else draw(st.sampled_from([HARBOUR, MILL])),
        )
        found[day.work_date, card] = day
    return list(found.values())


@given(some_days())
def test_overlaps_are_those_of_the_quarters_of_hours(days: list[WarningDay]) -> None:
    """The result equals that of a plain list of quarter hours.

    That list has no rule about neighbours.
    """

    def quarters(day: WarningDay) -> set[int]:
        assert day.from_time is not None
        assert day.to_time is not None
        start = day.from_time.hour * 4 + day.from_time.minute // 15
        end = day.to_time.hour * 4 + day.to_time.minute // 15
        first = day.work_date.toordinal() * 96
        return set(range(first + start, first + end + (96 if end <= start else 0)))

    own_days = [day for day in days if day.card_id == CARD]
    other_days = [day for day in days if day.card_id != CARD]
    expected = {
        day.work_date
        for day in own_days
        for rival in days
        if (day.work_date, day.site_id) != (rival.work_date, rival.site_id)
        and quarters(day) & quarters(rival)
    }
    finding = overlapping_hours(situation(own_days, other_days))
    assert set(finding.dates if finding else ()) == expected


# Long days


def test_more_than_the_longest_day() -> None:
    days = [worked(2, hours="16"), worked(3, hours="16.02"), worked(4, hours="24")]
    assert numbers(long_day(situation(days))) == [3, 4]
    assert numbers(long_day(situation(days, longest_day=Decimal(24)))) == []


def test_the_ledgers_hours_at_other_sites_count_for_the_longest_day() -> None:
    own_days = [worked(day, hours="9") for day in (2, 3, 4, 5)]
    other_days = [
        worked(2, hours="8", of=OTHER, site_id=MILL, approved_day_id=ROW),
        worked(3, hours="7", of=OTHER, site_id=MILL, approved_day_id=ROW),
        worked(4, hours="8", of=OTHER, site_id=MILL),  # under review
        worked(5, hours="8", of=OTHER, approved_day_id=ROW),  # an alternative
    ]
    assert numbers(long_day(situation(own_days, other_days))) == [2]


# Days of another card too


def test_another_card_has_the_same_dates() -> None:
    own_days = [worked(day) for day in (2, 3, 4, 5, 6)]
    other_days = [
        worked(2, of=OTHER),  # under review, equal
        worked(3, of=OTHER, hours="7"),  # under review, different
        worked(4, of=THIRD, approved_day_id=ROW),  # paid, equal
        worked(
            5, of=THIRD, hours="7", approved_day_id=ROW
        ),  # a conflict for the reviewer
        worked(7, of=THIRD),
    ]
    finding = duplicate_days(situation(own_days, other_days))
    assert numbers(finding) == [2, 3, 4]
    assert finding is not None
    assert finding.card_ids == (OTHER, THIRD)


# After the reviewer's answers


def test_a_day_that_is_not_paid_overlaps_with_nothing() -> None:
    own_days = [worked(3, "08:00-18:00", "10")]
    rival = worked(3, "08:00-16:00", of=OTHER, site_id=MILL, approved_day_id=ROW)
    now = situation(own_days, [rival], longest_day=Decimal(9))
    third = [own_days[0].work_date]
    assert numbers(overlapping_hours(now)) == numbers(long_day(now)) == [3]
    added = apply_choices(
        now, resolved_dates=third, unpaid_dates=[], replaced_row_ids=[]
    )
    assert numbers(overlapping_hours(added)) == numbers(long_day(added)) == [3]
    kept_rows = apply_choices(
        now, resolved_dates=third, unpaid_dates=third, replaced_row_ids=[]
    )
    assert numbers(overlapping_hours(kept_rows)) == numbers(long_day(kept_rows)) == []
    replaced_rows = apply_choices(
        now, resolved_dates=third, unpaid_dates=[], replaced_row_ids=[ROW]
    )
    assert numbers(overlapping_hours(replaced_rows)) == []
    assert numbers(long_day(replaced_rows)) == [3]
    for result in (added, kept_rows, replaced_rows):
        assert duplicate_days(result) is None


def test_the_first_and_the_last_day_of_the_calendar_have_one_neighbour() -> None:
    for day in (date.min, date.max):
        alone = worked(3, "22:00-06:00")._replace(work_date=day)
        now = situation([alone], month=day.replace(day=1), today=date.max)
        assert [check(now) for check in CHECKS.values()] == [None] * len(CHECKS)
