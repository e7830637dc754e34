"""Arithmetic of days and their totals, without database or request.

`day_figures` validates each day and returns its stored form, for the API, the admin and commands.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import time
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import Any, TypeAlias

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from automatehq.text import clean_line

from .transitions import DayStatus

MAX_BREAK_MINUTES = 240
MAX_HOURS = Decimal(24)
# Totals on paper are rounded manually: 7 h 20 min is written 7.33 or 7.34.
TOLERANCE = Decimal("0.01")

DAY_MINUTES = 24 * 60
# In microseconds.
_MINUTE = 60_000_000
_DAY = DAY_MINUTES * _MINUTE
ZERO = Decimal("0.00")

# The error messages, by code. The names in brackets are keys of `InvalidDay.extras`.
MESSAGES: Mapping[str, Promise] = MappingProxyType(
    {
        "unknown_day_status": _("“%(day_status)s” is not an absence."),
        "invalid_time": _("Enter hours and minutes only."),
        "missing_time": _("Enter both From and To."),
        "same_times": _("From and To are equal. For 24 hours, enter only the total."),
        "break_out_of_range": _("Enter a break of 0 to 240 minutes."),
        "break_without_times": _("Enter From and To, or remove the break."),
        "break_too_long": _("The break is longer than the shift."),
        "invalid_total": _("Enter the total as a number."),
        "total_out_of_range": _("Enter 0 to 24 hours."),
        "total_mismatch": _(
            "The times give %(computed_hours)s hours, but the total is %(total_hours)s."
        ),
        "too_many_hours": _(
            "All sites together have %(hours)s hours on this date, more than 24."
        ),
        "absence_not_alone": _("A date with an absence cannot have other entries."),
    }
)


# The values of a day by the name of their argument of `day_figures`, in a list of days with
# `work_date`.
DayValues: TypeAlias = Mapping[str, Any]


class InvalidDay(ValueError):
    """An invalid day.

    `code` is a key of MESSAGES, `field` the field with the error. `extras` has details for a client. For
    `total_mismatch` these are both figures as text: `total_hours` is the given total, `computed_hours` the total of
    the times. If a longer break explains the difference, `suggested_break_minutes` is included.
    """

    def __init__(self, code: str, field: str, **extras: str | int) -> None:
        super().__init__(code, field)
        self.code = code
        self.field = field
        self.extras: Mapping[str, str | int] = extras

    @property
    def detail(self) -> str:
        """Return the message in the active language."""
        return str(MESSAGES[self.code]) % self.extras

    def __str__(self) -> str:
        return f"{self.field}: {self.detail}"


@dataclass(frozen=True, slots=True)
class DayFigures:
    """A day in its stored form, worked or absent.

    A worked day has a total, with or without times. An absence has neither.
    """

    from_time: time | None = None
    to_time: time | None = None
    break_minutes: int = 0
    total_hours: Decimal | None = ZERO
    day_status: str | None = None
    comment: str = ""

    @property
    def is_worked(self) -> bool:
        """Return True for a total above zero; 0.00 is an entry, but not a worked day."""
        return bool(self.total_hours)

    @property
    def minutes(self) -> int | None:
        """Return the minutes of the day, or None for an absence."""
        return minutes_of(
            self.from_time, self.to_time, self.break_minutes, self.total_hours
        )

    @property
    def payable(self) -> tuple[int | None, str | None]:
        """Return minutes and absence; days with equal results do not conflict."""
        return self.minutes, self.day_status


def day_figures(
    *,
    from_time: time | None = None,
    to_time: time | None = None,
    break_minutes: int | None = None,
    total_hours: Decimal | None = None,
    day_status: str | None = None,
    comment: str | None = None,
) -> DayFigures | None:
    """Return the day in its stored form, or None if all arguments are empty.

    - A day_status clears times, break and hours.
    - With times, the total is computed from them. A given total must agree within 0.01, and the computed total is
      stored. So times and total can't differ.
    - A total alone is valid. A break beside it is an error: the break can't be checked. Dropping it would lose input;
      subtracting it could reduce a net total a second time.
    - A comment alone is an entry of 0.00 hours.

    Raises `InvalidDay`.
    """
    comment = clean_line(comment or "")
    if day_status:
        if day_status not in DayStatus.values:
            raise InvalidDay("unknown_day_status", "day_status", day_status=day_status)
        return DayFigures(total_hours=None, day_status=day_status, comment=comment)

    break_minutes = _checked_break(break_minutes)
    total_hours = _checked_total(total_hours)
    shift_minutes = _shift_minutes(from_time, to_time)
    if shift_minutes is None:
        if break_minutes:
            raise InvalidDay("break_without_times", "break_minutes")
        if total_hours is None and not comment:
            return None
        return DayFigures(total_hours=total_hours or ZERO, comment=comment)

    if break_minutes > shift_minutes:
        raise InvalidDay("break_too_long", "break_minutes")
    computed = as_hours(shift_minutes - break_minutes)
    if total_hours is not None:
        _check_agreement(total_hours, computed, shift_minutes)
    return DayFigures(from_time, to_time, break_minutes, computed, None, comment)


def minutes_of(
    from_time: time | None,
    to_time: time | None,
    break_minutes: int,
    hours: Decimal | None,
) -> int | None:
    """Return the minutes of a stored day, or None for an absence.

    They come from its times, else from its hours, rounded half up to the nearest minute. The generated columns
    `minutes` compute the same: see `day_figures.DayMinutes`.
    """
    if from_time is not None and to_time is not None:
        shift = (_microseconds(to_time) - _microseconds(from_time)) % _DAY
        # Days of the single-company schema may have seconds.
        return max((2 * shift + _MINUTE) // (2 * _MINUTE) - break_minutes, 0)
    if hours is None:
        return None
    return int((hours * 60).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def as_hours(minutes: int) -> Decimal:
    """Return minutes as hours with two decimals, rounded half up."""
    return _two_decimals(Decimal(minutes) / 60)


def sum_hours(totals: Iterable[Decimal | None]) -> Decimal:
    """Return the sum of rounded totals; None, the total of an absence, adds nothing."""
    return sum((total for total in totals if total is not None), ZERO)


def sum_minutes(days: Iterable[int | None]) -> int:
    """Return the sum of the minutes of days; None, for an absence, adds nothing."""
    return sum(minutes for minutes in days if minutes is not None)


def check_shared_date(days: Iterable[tuple[int | None, str | None]]) -> None:
    """Check that the days of an employee's date at several sites can all be paid.

    `days` are pairs (minutes, day_status). Together they have at most 24 hours. An absence is the only day of its
    date. Raises `InvalidDay`.
    """
    days = list(days)
    if len(days) > 1 and any(day_status for _minutes, day_status in days):
        raise InvalidDay("absence_not_alone", "day_status")
    together = sum_minutes(minutes for minutes, _day_status in days)
    if together > DAY_MINUTES:
        hours = str(as_hours(together))
        raise InvalidDay("too_many_hours", "total_hours", hours=hours)


def _two_decimals(value: Decimal) -> Decimal:
    return value.quantize(ZERO, rounding=ROUND_HALF_UP)


def _checked_break(minutes: int | None) -> int:
    if minutes is None:
        return 0
    if not 0 <= minutes <= MAX_BREAK_MINUTES:
        raise InvalidDay("break_out_of_range", "break_minutes")
    return minutes


def _checked_total(total: Decimal | None) -> Decimal | None:
    if total is None:
        return None
    if not total.is_finite():
        raise InvalidDay("invalid_total", "total_hours")
    # Checked before rounding: 24.004 hours are more than a day has.
    if not 0 <= total <= MAX_HOURS:
        raise InvalidDay("total_out_of_range", "total_hours")
    return abs(_two_decimals(total))  # abs: -0.00 would be printed


def _shift_minutes(from_time: time | None, to_time: time | None) -> int | None:
    """Return the minutes between the times, past midnight if necessary.

    Return None without times.
    """
    for field, value in (("from_time", from_time), ("to_time", to_time)):
        if value and (value.second or value.microsecond or value.tzinfo):
            raise InvalidDay("invalid_time", field)
    if from_time is None and to_time is None:
        return None
    if from_time is None:
        raise InvalidDay("missing_time", "from_time")
    if to_time is None:
        raise InvalidDay("missing_time", "to_time")
    if from_time == to_time:
        raise InvalidDay("same_times", "to_time")
    minutes = _minute_of_day(to_time) - _minute_of_day(from_time)
    # The same rule makes a `to` of 00:00 the midnight at the end of the day.
    return minutes % DAY_MINUTES


def _minute_of_day(value: time) -> int:
    return value.hour * 60 + value.minute


def _microseconds(value: time) -> int:
    """Return the time of day in microseconds."""
    seconds = _minute_of_day(value) * 60 + value.second
    return seconds * 1_000_000 + value.microsecond


def _check_agreement(
    total_hours: Decimal, computed: Decimal, shift_minutes: int
) -> None:
    if abs(total_hours - computed) <= TOLERANCE:
        return
    extras: dict[str, str | int] = {
        "total_hours": str(total_hours),
        "computed_hours": str(computed),
    }
    if total_hours < computed:
        # The usual cause: the break was not written down, or only a part of it.
        worked_minutes = (total_hours * 60).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        suggestion = shift_minutes - int(worked_minutes)
        if suggestion <= MAX_BREAK_MINUTES:
            extras["suggested_break_minutes"] = suggestion
    raise InvalidDay("total_mismatch", "total_hours", **extras)
