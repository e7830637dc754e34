"""The days that an employee writes on a card."""

import random
from collections.abc import Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from workcards.hours import DayFigures, day_figures
from workcards.month_math import is_saturday
from workcards.transitions import DayStatus

from .people import Person
from .vocabulary import Phrases

FRIDAY = 4
QUARTERS = (0, 0, 0, 0, 15, 15, 30, 45, 60, -15, -30)
# Absence, probability of its start on a day, and maximum length in days.
ABSENCES = (
    (DayStatus.VACATION, 0.012, 5),
    (DayStatus.SICK, 0.012, 3),
    (DayStatus.INTERNATIONAL_VISA, 0.004, 1),
)


class Day(NamedTuple):
    """A line of a card."""

    work_date: date
    figures: DayFigures


def month_of(
    person: Person,
    first: date,
    last: date,
    holiday: date,
    phrases: Phrases,
    rng: random.Random,
) -> list[Day]:
    """Return the employee's lines from `first` to `last`, limited to days of employment."""
    employee = person.employee
    first = max(first, employee.started_on or first)
    last = min(last, employee.left_on or last)
    absences = dict(_absences(first, last, rng))
    absences[holiday] = DayStatus.HOLIDAY
    days = []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        if is_saturday(day) or (day.weekday() == FRIDAY and not person.works_fridays):
            continue
        figures = (
            _figures(day_status=absences[day])
            if day in absences
            else _worked(person, day, phrases, rng)
        )
        days.append(Day(day, figures))
    return days


def changed(day: Day, rng: random.Random) -> Day:
    """Return the same day with other hours, as on another card or as misread."""
    hours = Decimal(rng.choice([6, 7, 8, 9, 10]))
    if day.figures.total_hours == hours:
        hours += Decimal("0.50")
    return Day(day.work_date, _figures(total_hours=hours))


def evening(day: Day, rng: random.Random) -> Day:
    """Return a few evening hours of the same day, at another site."""
    times = rng.choice([(time(18), time(21)), (time(18, 30), time(22, 30))])
    return Day(day.work_date, _figures(from_time=times[0], to_time=times[1]))


def _worked(
    person: Person, day: date, phrases: Phrases, rng: random.Random
) -> DayFigures:
    chance = rng.random()
    if chance < 0.004:
        return _figures(total_hours=Decimal(0), comment=phrases.rain)
    if chance < 0.006:
        return _figures(total_hours=Decimal(24), comment=phrases.guard_duty)
    if chance < 0.010:
        return _figures(from_time=time(15), to_time=time(0), break_minutes=30)
    comment = rng.choice(phrases.day_comments) if chance > 0.98 else ""
    start = _minutes(person.starts_at) + rng.choice((0, 0, 0, 0, 0, 15, 20, -15))
    length = person.minutes + rng.choice(QUARTERS)
    if day.weekday() == FRIDAY and not person.is_night_worker:
        length = min(length, 5 * 60 + 30)
    if person.writes_totals_only:
        return _figures(
            total_hours=Decimal(length - person.break_minutes) / 60, comment=comment
        )
    return _figures(
        from_time=_time(start),
        to_time=_time(start + length),
        break_minutes=person.break_minutes,
        comment=comment,
    )


def _absences(
    first: date, last: date, rng: random.Random
) -> Iterator[tuple[date, DayStatus]]:
    day = first
    while day <= last:
        for status, chance, longest in ABSENCES:
            if rng.random() < chance:
                for _ in range(rng.randint(1, longest)):
                    yield day, status
                    day += timedelta(days=1)
                break
        day += timedelta(days=1)


@lru_cache(maxsize=4096)  # most days are equal to many others
def _figures(**given: Any) -> DayFigures:
    figures = day_figures(**given)
    assert figures is not None
    return figures


def _minutes(value: time) -> int:
    return value.hour * 60 + value.minute


def _time(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60)
