"""Months: the first day stands for the month, in the database and everywhere else. Pure."""

import re
from datetime import date, timedelta

ONE_DAY = timedelta(days=1)
MONTH_TEXT = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{2})(?:-(?P<day>\d{2}))?", re.ASCII
)


def first_of_month(day: date) -> date:
    """The month that a date is in."""
    return date(day.year, day.month, 1)


def add_months(month: date, count: int) -> date:
    """The month so many months later, or earlier; OverflowError beyond the years 1 to 9999."""
    index = month.year * 12 + month.month - 1 + count
    if not 12 <= index < 12 * 10_000:
        raise OverflowError(f"{count} months from {month:%Y-%m} is no date.")
    return date(index // 12, index % 12 + 1, 1)


def previous_month(month: date) -> date:
    return add_months(month, -1)


def next_month(month: date) -> date:
    return add_months(month, 1)


def months_between(earlier: date, later: date) -> int:
    """How many months lie from one to the other; negative if they are the other way round."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def last_months(month: date, count: int) -> list[date]:
    """That many months, the given one last."""
    return [add_months(month, -back) for back in reversed(range(count))]


def last_of_month(month: date) -> date:
    """Its last day. Not by way of the next month: December 9999 has none."""
    thirty_first = first_of_month(month) + timedelta(days=30)
    if thirty_first.month == month.month:
        return thirty_first
    return first_of_month(thirty_first) - ONE_DAY


def days_of_month(month: date) -> list[date]:
    """All its 28 to 31 days, in order."""
    return [
        date(month.year, month.month, day)
        for day in range(1, last_of_month(month).day + 1)
    ]


def is_saturday(day: date) -> bool:
    """The day of rest, which is marked wherever days stand side by side."""
    return day.weekday() == 5


def format_month(month: date) -> str:
    """`2026-03`, as the API writes months."""
    return f"{month.year:04}-{month.month:02}"


def parse_month(text: str) -> date:
    """The month of `2026-03` or of any date in it, `2026-03-17`; ValueError for anything else."""
    match = MONTH_TEXT.fullmatch(text)
    if match is None:
        raise ValueError("A month is written like 2026-03.")
    year, month, day = (int(part or 1) for part in match.groups())
    return first_of_month(date(year, month, day))


def processing_month_for(local_date: date, cutoff_day: int) -> date:
    """The month that a card handed in on this date is for, if nobody says.

    Up to the business's cut-off day people still hand in the month before. `local_date` is the
    business's date, not the server's.
    """
    month = first_of_month(local_date)
    return previous_month(month) if local_date.day <= cutoff_day else month
