"""The minutes of a day: the rule, the generated columns, and comparisons of days."""

from datetime import time
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Value

from workcards import services
from workcards.hours import DayFigures, day_figures, minutes_of
from workcards.models import ApprovedDay, DayEntry
from workcards.models.day_figures import DayMinutes
from workcards.tests.factories import (
    ApprovedDayFactory,
    DayEntryFactory,
    WorkCardFactory,
)
from workcards.tests.review_helpers import (
    approve,
    card_with,
    conflicts_of,
    day,
    ledger,
)
from workforce.tests.factories import EmployeeFactory, SiteFactory

pytestmark = pytest.mark.server

DAY = 24 * 60
TABLES = ("work_card_day_entries", "approved_days")
# The column's own expression, evaluated on a query that supplies its columns.
EXPRESSION = """
SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d JOIN pg_attribute a
    ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE a.attname = 'minutes' AND a.attrelid = %s::regclass
"""


@pytest.mark.parametrize(
    ("times", "pause", "hours", "minutes"),
    [
        (("07:00", "14:20"), 0, "7.33", 440),
        (("22:00", "06:20"), 30, "7.83", 470),
        (("16:00", "00:00"), 0, "8.00", 480),
        (("08:00", "08:30"), 30, "0.00", 0),
        # The times count, and not the total.
        (("07:00", "14:20"), 0, "7.34", 440),
        # A total alone, to the nearest minute.
        (None, 0, "7.33", 440),
        (None, 0, "7.34", 440),
        (None, 0, "7.35", 441),
        (None, 0, "0.01", 1),
        (None, 0, "0.00", 0),
        (None, 0, "24.00", 1440),
        (None, 0, None, None),
        # Days of the single-company schema have seconds.
        (("07:00:00", "15:07:30"), 0, "8.13", 488),
        (("07:00:00", "15:07:29"), 0, "8.12", 487),
    ],
)
def test_the_minutes_of_a_day(
    times: tuple[str, str] | None, pause: int, hours: str | None, minutes: int | None
) -> None:
    start, end = map(time.fromisoformat, times) if times else (None, None)
    given = minutes_of(start, end, pause, None if hours is None else Decimal(hours))
    assert given == minutes


def test_every_pair_of_times_has_the_minutes_between_them() -> None:
    clock = [time(*divmod(minute, 60)) for minute in range(DAY)]
    for start in range(0, DAY, 13):
        for end in range(DAY):
            minutes = minutes_of(clock[start], clock[end], 0, None)
            assert minutes == (end - start) % DAY


@pytest.mark.django_db
@pytest.mark.parametrize("table", TABLES)
def test_the_column_has_the_minutes_of_every_pair_of_times_and_every_total(
    table: str,
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(EXPRESSION, [table])
        (expression,) = cursor.fetchone()
        hours = "total_hours" if "total_hours" in expression else "hours"
        # All 2,073,600 pairs, without a break and with a break that may be longer than the shift.
        cursor.execute(
            f"""
            SELECT count(*), count(*) FILTER (
                WHERE {expression} IS DISTINCT FROM greatest((t - f + {DAY}) % {DAY} - break_minutes, 0))
            FROM (SELECT f, t, time '00:00' + f * interval '1 minute' AS from_time,
                    time '00:00' + t * interval '1 minute' AS to_time, (f + t) % 2 * 30 AS break_minutes,
                    1.00::numeric(5, 2) AS {hours}
                FROM generate_series(0, {DAY - 1}) f, generate_series(0, {DAY - 1}) t) days
            """
        )
        assert cursor.fetchone() == (DAY * DAY, 0)
        cursor.execute(
            f"""
            SELECT {hours}, {expression} FROM (SELECT NULL::time AS from_time, NULL::time AS to_time, 0 AS break_minutes,
                (h / 100.0)::numeric(5, 2) AS {hours} FROM generate_series(0, 2400) h
                UNION ALL SELECT NULL, NULL, 0, NULL) days
            """
        )
        totals = cursor.fetchall()
    assert len(totals) == 2402
    assert [minutes for _, minutes in totals] == [
        minutes_of(None, None, 0, hours) for hours, _ in totals
    ]


@pytest.mark.django_db
def test_entries_and_ledger_have_the_minutes_of_what_was_typed(acme: Any) -> None:
    typed = [
        {"from_time": time(7), "to_time": time(14, 20)},
        {"from_time": time(22), "to_time": time(6), "break_minutes": 45},
        {"total_hours": Decimal("8.33")},
        {"comment": "Rain"},
        {"day_status": "SICK"},
    ]
    with acme.scope():
        card = WorkCardFactory()
        entries = [
            {"work_date": day(number), **figures}
            for number, figures in enumerate(typed, 1)
        ]
        services.set_day_entries(
            card_id=card.pk, version=1, entries=entries, actor=acme.reviewer
        )
        approve(acme, card)
        expected = [day_figures(**figures).minutes for figures in typed]  # type: ignore[arg-type,union-attr]
        assert expected == [440, 435, 500, 0, None]
        for model in (DayEntry, ApprovedDay):
            rows = model.objects.order_by("work_date")
            assert list(rows.values_list("minutes", flat=True)) == expected


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("paid", "typed", "is_conflict"),
    [("7.33", "7.34", False), ("8.34", "8.33", False), ("7.34", "7.35", True)],
)
def test_days_of_equal_minutes_do_not_conflict(
    acme: Any, paid: str, typed: str, is_conflict: bool
) -> None:
    with acme.scope():
        employee = EmployeeFactory()
        approve(acme, card_with(acme, employee, {3: paid}))
        second = card_with(acme, employee, {3: typed})
        waiting = DayEntry.objects.in_conflict(second.processing_month)
        assert waiting.exists() is is_conflict
        if is_conflict:
            (conflict,) = conflicts_of(acme, second)
            assert (conflict["ledger"]["minutes"], conflict["new"]["minutes"]) == (
                440,
                441,
            )
            return
        approve(acme, second)
        # The decimal value stays as typed.
        assert ledger(employee) == {3: [(employee.site.site_name, paid)]}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("hours", "is_refused"),
    [
        # 24.01 hours, but 500 + 500 + 440 minutes.
        (["8.34", "8.34", "7.33"], False),
        # 24.00 hours, but 481 + 481 + 479 minutes.
        (["8.01", "8.01", "7.98"], True),
    ],
)
def test_the_database_counts_24_hours_in_minutes(
    acme: Any, hours: list[str], is_refused: bool
) -> None:
    with acme.scope():
        employee = EmployeeFactory()
        first, second, third = (
            {
                "work_card": WorkCardFactory(
                    approved=True, employee=employee, site=SiteFactory()
                ),
                "work_date": day(3),
                "hours": Decimal(figure),
            }
            for figure in hours
        )
        ApprovedDayFactory(**first)
        ApprovedDayFactory(**second)
        if not is_refused:
            ApprovedDayFactory(**third)
            return
        with (
            pytest.raises(IntegrityError, match="more than 24 hours"),
            transaction.atomic(),
        ):
            ApprovedDayFactory(**third)


def test_a_day_of_a_typed_total_keeps_it_and_has_whole_minutes() -> None:
    typed = DayFigures(total_hours=Decimal("7.34"))
    assert typed.payable == (440, None)
    assert typed.total_hours == Decimal("7.34")


@pytest.mark.django_db
def test_the_expression_takes_values_as_well_as_columns(acme: Any) -> None:
    expression = DayMinutes(
        Value(time(22)), Value(time(6)), Value(45), Value(Decimal("7.25"))
    )
    with acme.scope():
        DayEntryFactory()
        assert DayEntry.objects.values_list(expression, flat=True).get() == 435
