"""Arithmetic of months, and the default processing month of a card."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automatehq.api.converters import parse_month
from workcards.month_math import (
    add_months,
    days_of_month,
    first_of_month,
    format_month,
    is_saturday,
    last_months,
    last_of_month,
    months_between,
    next_month,
    previous_month,
    processing_month_for,
)

dates = st.dates(min_value=date(1900, 1, 1), max_value=date(2200, 12, 31))
months = dates.map(first_of_month)


@pytest.mark.parametrize(
    ("local_date", "cutoff_day", "expected"),
    [
        (date(2026, 3, 1), 10, date(2026, 2, 1)),
        (date(2026, 3, 10), 10, date(2026, 2, 1)),
        (date(2026, 3, 11), 10, date(2026, 3, 1)),
        (date(2026, 3, 31), 10, date(2026, 3, 1)),
        (date(2026, 1, 5), 10, date(2025, 12, 1)),
        (date(2026, 1, 1), 1, date(2025, 12, 1)),
        (date(2026, 1, 2), 1, date(2026, 1, 1)),
        (date(2024, 2, 28), 28, date(2024, 1, 1)),
        (date(2024, 2, 29), 28, date(2024, 2, 1)),
    ],
)
def test_up_to_the_cut_off_day_cards_are_for_the_month_before(
    local_date, cutoff_day, expected
):
    assert processing_month_for(local_date, cutoff_day) == expected


@given(dates, st.integers(1, 28))
def test_a_card_is_for_this_month_or_the_last_and_never_goes_back(day, cutoff_day):
    month = processing_month_for(day, cutoff_day)
    assert months_between(month, day) in (0, 1)
    assert processing_month_for(day + timedelta(days=1), cutoff_day) >= month


@given(dates)
def test_a_date_is_among_the_days_of_its_month(day):
    days = days_of_month(day)
    assert day in days
    assert days[0] == first_of_month(day)
    assert days[-1] == last_of_month(day)
    assert 28 <= len(days) == days[-1].day <= 31
    assert days[-1] + timedelta(days=1) == next_month(day)
    assert first_of_month(days[-1]) == days[0]


@given(months, st.integers(-1200, 1200))
def test_adding_months_and_taking_them_away_comes_back(month, count):
    there = add_months(month, count)
    assert there.day == 1
    assert months_between(month, there) == count
    assert add_months(there, -count) == month


@given(months)
def test_the_month_before_the_next_is_this_one(month):
    assert previous_month(next_month(month)) == month
    assert previous_month(month) < month < next_month(month)


@given(dates)
def test_the_text_of_a_month_reads_back(day):
    assert parse_month(format_month(day)) == first_of_month(day)
    assert parse_month(day.isoformat()) == first_of_month(day)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "2026-13",
        "2026-00",
        "2026-3",
        "0000-01",
        "2026-02-30",
        "2026-03-01T00:00:00Z",
        " 2026-03",
        "2026-03\n",
        "٢٠٢٦-٠٣",
        "March 2026",
    ],
)
def test_what_is_no_month_is_refused(text):
    assert parse_month(text) is None


def test_the_first_and_the_last_month_that_there_are():
    assert last_of_month(date(9999, 12, 1)) == date(9999, 12, 31)
    assert days_of_month(date(1, 1, 1))[0] == date(1, 1, 1)
    with pytest.raises(OverflowError):
        next_month(date(9999, 12, 1))
    with pytest.raises(OverflowError):
        previous_month(date(1, 1, 1))


def test_the_last_months_end_with_the_given_one():
    assert last_months(date(2026, 2, 1), 3) == [
        date(2025, 12, 1),
        date(2026, 1, 1),
        date(2026, 2, 1),
    ]
    assert last_months(date(2026, 2, 17), 1) == [date(2026, 2, 1)]
    assert last_months(date(2026, 2, 1), 0) == []


def test_saturdays_of_a_month():
    saturdays = [day.day for day in days_of_month(date(2026, 3, 1)) if is_saturday(day)]
    assert saturdays == [7, 14, 21, 28]
