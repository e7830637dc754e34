"""Arithmetic of months, without database. The first day represents a month everywhere."""

from datetime import date, timedelta

ONE_DAY = timedelta(days=1)


def first_of_month(day: date) -> date:
    """Return the month of a date."""
    return date(day.year, day.month, 1)


def add_months(month: date, count: int) -> date:
    """Return the month `count` months later, or earlier if negative.

    Raises `OverflowError` outside the years 1 to 9999.
    """
    index = month.year * 12 + month.month - 1 + count
    if not 12 <= index < 12 * 10_000:
        raise OverflowError(f"{count} months from {month:%Y-%m} is not a valid date.")
    return date(index // 12, index % 12 + 1, 1)


def previous_month(month: date) -> date:
    return add_months(month, -1)


def next_month(month: date) -> date:
    return add_months(month, 1)


def months_between(earlier: date, later: date) -> int:
    """Return the number of months from `earlier` to `later`; negative in reverse order."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def last_months(month: date, count: int) -> list[date]:
    """Return `count` months, of which `month` is the last."""
    return [add_months(month, -back) for back in reversed(range(count))]


def last_of_month(month: date) -> date:
    """Return the last day of a month.

    It is not computed from the next month: December 9999 has none.
    """
    thirty_first = first_of_month(month) + timedelta(days=30)
    if thirty_first.month == month.month:
        return thirty_first
    return first_of_month(thirty_first) - ONE_DAY


def days_of_month(month: date) -> list[date]:
    """Return the 28 to 31 days of a month, in order."""
    return [
        date(month.year, month.month, day)
        for day in range(1, last_of_month(month).day + 1)
    ]


def is_saturday(day: date) -> bool:
    """Return True for a Saturday, the day of rest, which grids of days mark."""
    return day.weekday() == 5


def format_month(month: date) -> str:
    """Return a month as the API formats it: `2026-03`."""
    return f"{month.year:04}-{month.month:02}"


def processing_month_for(local_date: date, cutoff_day: int) -> date:
    """Return the default month of a card that is uploaded on this date.

    Up to the business's cut-off day, cards still count for the month before. `local_date` is the business's date, not
    the server's.
    """
    month = first_of_month(local_date)
    return previous_month(month) if local_date.day <= cutoff_day else month
