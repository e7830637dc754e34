"""The arithmetic of a day: a table of cases, and properties of all of them."""

from datetime import UTC, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from automatehq.text import clean_line
from workcards.hours import (
    MESSAGES,
    DayFigures,
    InvalidDay,
    as_hours,
    check_shared_date,
    day_figures,
    sum_hours,
)
from workcards.transitions import DayStatus


def at(text):
    return time.fromisoformat(text) if text else None


def hours(text):
    return Decimal(text) if text else None


def moment_of(clock):
    return timedelta(hours=clock.hour, minutes=clock.minute)


times = st.times().map(lambda moment: moment.replace(second=0, microsecond=0))
breaks = st.integers(0, 240)
totals = st.decimals(0, 24, places=2)


def error(**given_fields):
    with pytest.raises(InvalidDay) as caught:
        day_figures(**given_fields)
    assert caught.value.detail  # every code has a message
    return caught.value


@pytest.mark.parametrize(
    ("from_time", "to_time", "break_minutes", "expected"),
    [
        ("07:00", "16:30", 30, "9.00"),
        ("07:00", "16:45", 30, "9.25"),
        ("07:00", "16:30", None, "9.50"),
        ("22:00", "06:00", 0, "8.00"),  # past midnight
        ("23:59", "00:01", 0, "0.03"),
        ("16:00", "00:00", 0, "8.00"),  # midnight at the end of the day
        ("00:00", "08:00", 0, "8.00"),
        ("00:00", "23:59", 0, "23.98"),
        ("08:00", "07:59", 0, "23.98"),
        ("07:00", "14:20", 0, "7.33"),
        ("07:00", "14:40", 0, "7.67"),
        ("07:00", "07:30", 30, "0.00"),  # only a break: an entry, but no day worked
        ("06:00", "18:00", 240, "8.00"),
        ("07:00", "15:03", 0, "8.05"),
    ],
)
def test_times_give_the_total(from_time, to_time, break_minutes, expected):
    day = day_figures(
        from_time=at(from_time), to_time=at(to_time), break_minutes=break_minutes
    )
    assert day == DayFigures(
        at(from_time), at(to_time), break_minutes or 0, Decimal(expected)
    )
    assert str(day.total_hours) == expected
    assert day.is_worked == (expected != "0.00")


@pytest.mark.parametrize(
    ("total", "stored"),
    [
        ("8", "8.00"),
        ("0", "0.00"),
        ("-0", "0.00"),
        ("24", "24.00"),
        ("8.125", "8.13"),  # half up, where the banker's rounding says 8.12
        ("8.124", "8.12"),
        ("8.005", "8.01"),
        ("8E0", "8.00"),
    ],
)
def test_a_total_alone_is_fine(total, stored):
    day = day_figures(total_hours=Decimal(total))
    assert str(day.total_hours) == stored
    assert (day.from_time, day.to_time, day.break_minutes) == (None, None, 0)


def test_zero_hours_are_an_entry_but_no_day_worked():
    assert not day_figures(total_hours=Decimal(0)).is_worked
    assert day_figures(total_hours=Decimal("0.01")).is_worked


@pytest.mark.parametrize("total", ["7.32", "7.33", "7.34", "7.325"])
def test_a_total_within_a_hundredth_agrees_and_the_computed_one_is_kept(total):
    day = day_figures(
        from_time=at("07:00"), to_time=at("14:20"), total_hours=Decimal(total)
    )
    assert day.total_hours == Decimal("7.33")


@pytest.mark.parametrize(
    ("break_minutes", "total", "computed", "suggested"),
    [
        (0, "9.00", "9.50", 30),
        (30, "8.25", "9.00", 75),  # instead of the 30, not on top of them
        (30, "8.98", "9.00", 31),
        (0, "5.50", "9.50", 240),
        (0, "5.48", "9.50", None),  # no break is that long
        (30, "9.50", "9.00", None),  # the total is the larger
        (0, "24", "9.50", None),
        (0, "0", "9.50", None),
    ],
)
def test_another_total_is_refused_with_both_figures(
    break_minutes, total, computed, suggested
):
    rejected = error(
        from_time=at("07:00"),
        to_time=at("16:30"),
        break_minutes=break_minutes,
        total_hours=Decimal(total),
    )
    assert (rejected.code, rejected.field) == ("total_mismatch", "total_hours")
    expected = {
        "total_hours": f"{Decimal(total):.2f}",
        "computed_hours": computed,
        "suggested_break_minutes": suggested,
    }
    if suggested is None:
        del expected["suggested_break_minutes"]
    assert rejected.extras == expected
    assert computed in rejected.detail


@pytest.mark.parametrize(
    ("given_fields", "code", "field"),
    [
        ({"from_time": time(7)}, "missing_time", "to_time"),
        ({"to_time": time(7)}, "missing_time", "from_time"),
        (
            {"from_time": time(7), "total_hours": Decimal(8)},
            "missing_time",
            "to_time",
        ),
        ({"from_time": time(7), "to_time": time(7)}, "same_times", "to_time"),
        ({"from_time": time(0), "to_time": time(0)}, "same_times", "to_time"),
        ({"from_time": time(7, 0, 1)}, "invalid_time", "from_time"),
        (
            {"from_time": time(7), "to_time": time(8, 0, 0, 1)},
            "invalid_time",
            "to_time",
        ),
        (
            {"from_time": time(7), "to_time": time(8, tzinfo=UTC)},
            "invalid_time",
            "to_time",
        ),
        ({"break_minutes": -1}, "break_out_of_range", "break_minutes"),
        (
            {"from_time": time(7), "to_time": time(16), "break_minutes": 241},
            "break_out_of_range",
            "break_minutes",
        ),
        ({"break_minutes": 30}, "break_without_times", "break_minutes"),
        (
            {"break_minutes": 30, "total_hours": Decimal(8)},
            "break_without_times",
            "break_minutes",
        ),
        (
            {"from_time": time(7), "to_time": time(7, 29), "break_minutes": 30},
            "break_too_long",
            "break_minutes",
        ),
        ({"total_hours": Decimal("-0.001")}, "total_out_of_range", "total_hours"),
        ({"total_hours": Decimal("24.001")}, "total_out_of_range", "total_hours"),
        ({"total_hours": Decimal("1E+99")}, "total_out_of_range", "total_hours"),
        ({"total_hours": Decimal("NaN")}, "invalid_total", "total_hours"),
        ({"total_hours": Decimal("sNaN")}, "invalid_total", "total_hours"),
        ({"total_hours": Decimal("Infinity")}, "invalid_total", "total_hours"),
        ({"day_status": "STRIKE"}, "unknown_day_status", "day_status"),
        ({"day_status": "sick"}, "unknown_day_status", "day_status"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(given_fields, code, field):
    rejected = error(**given_fields)
    assert (rejected.code, rejected.field) == (code, field)


@pytest.mark.parametrize(
    "given_fields",
    [
        {},
        {"break_minutes": 0},
        {"day_status": "", "comment": ""},
        {"comment": " \t\n"},
    ],
)
def test_an_entry_with_nothing_in_it_is_no_entry(given_fields):
    assert day_figures(**given_fields) is None


def test_a_comment_alone_is_an_entry_of_no_hours():
    day = day_figures(comment=" rain, sent home ")
    assert day == DayFigures(comment="rain, sent home")
    assert str(day.total_hours) == "0.00"
    assert not day.is_worked


@pytest.mark.parametrize("absence", DayStatus.values)
def test_an_absence_clears_times_and_hours_even_wrong_ones(absence):
    day = day_figures(
        from_time=time(7),
        break_minutes=999,
        total_hours=Decimal(77),
        day_status=absence,
        comment="note",
    )
    assert day == DayFigures(total_hours=None, day_status=absence, comment="note")
    assert day.payable == (None, absence)
    assert not day.is_worked


def test_only_hours_and_absence_are_paid():
    by_times = day_figures(from_time=time(7), to_time=time(15))
    by_total = day_figures(total_hours=Decimal(8), comment="double shift")
    assert by_times.payable == by_total.payable
    # 480.6 minutes, to the nearest 481.
    assert by_times.payable != day_figures(total_hours=Decimal("8.01")).payable


@given(times, times, breaks)
def test_whatever_the_times_a_day_has_0_to_24_hours_in_two_decimals(
    from_time, to_time, break_minutes
):
    assume(from_time != to_time)
    shift = moment_of(to_time) - moment_of(from_time)
    worked = shift.seconds // 60 - break_minutes  # timedelta.seconds wraps at midnight
    if worked < 0:
        rejected = error(
            from_time=from_time, to_time=to_time, break_minutes=break_minutes
        )
        assert rejected.code == "break_too_long"
        return
    day = day_figures(from_time=from_time, to_time=to_time, break_minutes=break_minutes)
    assert 0 <= day.total_hours <= 24
    assert day.total_hours.as_tuple().exponent == -2
    assert abs(day.total_hours * 60 - worked) <= Decimal("0.3")


@given(
    from_time=st.none() | times,
    to_time=st.none() | times,
    break_minutes=st.none() | breaks,
    total_hours=st.none() | totals,
    day_status=st.none() | st.sampled_from(DayStatus.values),
    comment=st.text(max_size=5),
)
def test_what_was_accepted_is_accepted_again_unchanged(**given_fields):
    try:
        day = day_figures(**given_fields)
    except InvalidDay as error:
        rejected = error
    else:
        rejected = None
    if rejected:
        assert rejected.field in given_fields
        assert rejected.code in MESSAGES
        assert rejected.detail
        return
    if day is None:
        # A comment of invisible characters is no comment.
        visible = {**given_fields, "comment": clean_line(given_fields["comment"])}
        assert not any(visible.values())
        return
    again = day_figures(
        from_time=day.from_time,
        to_time=day.to_time,
        break_minutes=day.break_minutes,
        total_hours=day.total_hours,
        day_status=day.day_status,
        comment=day.comment,
    )
    assert again == day
    # The database's constraints on every row.
    assert (day.total_hours is None) == (day.day_status is not None)
    assert (day.from_time is None) == (day.to_time is None)
    assert day.from_time is not None or day.break_minutes == 0


@given(times, st.integers(1, 1439), st.data())
def test_a_suggested_break_makes_the_total_agree(from_time, shift_minutes, data):
    to_minute = (from_time.hour * 60 + from_time.minute + shift_minutes) % 1440
    shift = {"from_time": from_time, "to_time": time(*divmod(to_minute, 60))}
    gross = as_hours(shift_minutes)
    total = data.draw(st.decimals(0, gross, places=2))
    assume(gross - total > Decimal("0.01"))
    suggested = error(**shift, total_hours=total).extras.get("suggested_break_minutes")
    if suggested is None:
        assert gross - total > Decimal("3.99")
        return
    assert 0 < suggested <= 240
    day = day_figures(**shift, break_minutes=suggested)
    assert abs(day.total_hours - total) <= Decimal("0.01")
    # Therefore a client can send the response back unchanged.
    assert day_figures(**shift, break_minutes=suggested, total_hours=total) == day


@given(st.lists(st.none() | totals))
def test_a_sum_is_that_of_the_rounded_days(days):
    total = sum_hours(days)
    assert total == sum((day for day in days if day is not None), Decimal(0))
    assert total.as_tuple().exponent == -2


def test_rounding_is_per_day_and_then_added():
    days = [as_hours(440)] * 3  # 3 × 7 h 20 min are 22 h, but the days say 7.33
    assert sum_hours(days) == Decimal("21.99")
    assert str(sum_hours([])) == "0.00"


@pytest.mark.parametrize(
    ("days", "code"),
    [
        ([(480, None), (960, None)], None),
        ([(480, None), (961, None)], "too_many_hours"),
        ([(720, None), (480, None), (270, None)], "too_many_hours"),
        ([(None, "SICK")], None),
        ([(480, None), (None, "SICK")], "absence_not_alone"),
        ([(None, "SICK"), (None, "SICK")], "absence_not_alone"),
        ([(0, None), (0, None)], None),
        ([], None),
    ],
)
def test_what_can_be_paid_together_on_one_date(days, code):
    if code is None:
        check_shared_date(days)
        return
    with pytest.raises(InvalidDay) as caught:
        check_shared_date(iter(days))
    assert caught.value.code == code
    assert caught.value.detail


def test_a_refusal_reads_as_a_sentence_with_its_field():
    rejected = error(
        from_time=time(7), to_time=time(16, 30), total_hours=Decimal("9.25")
    )
    assert (
        str(rejected)
        == "total_hours: The times give 9.50 hours, but the total is 9.25."
    )
