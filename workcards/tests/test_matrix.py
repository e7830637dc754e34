"""The ledger's month as a matrix: its rows, its cells and its totals."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest

from accounts.tests.personas import Personas
from exports.tests.month_fixtures import (
    ABSENT,
    EIGHT,
    draft_day,
    employee_at,
    post_day,
    site_named,
)
from workcards.matrix import (
    Matrix,
    State,
    matrices_of,
    month_matrices,
    month_matrix,
)
from workcards.models import ApprovedDay, WorkCard
from workcards.month_math import days_of_month, last_of_month
from workcards.month_rows import month_rows
from workcards.tests.factories import MONTH, DayEntryFactory, WorkCardFactory
from workforce.models import Employee, Site

pytestmark = pytest.mark.django_db

SEVEN = {"hours": Decimal("7.00")}


def day(number: int) -> dt.date:
    return MONTH.replace(day=number)


def matrix(**kwargs: Any) -> Matrix:
    return month_matrix(month=MONTH, **kwargs)


def names(found: Matrix) -> list[str]:
    return [column.full_name for column in found.columns]


def cells(found: Matrix, name: str) -> dict[int, tuple[Any, ...]]:
    """Return, by day, hours, absence and status of the only employee with that name."""
    (column,) = [column for column in found.columns if column.full_name == name]
    return {
        date.day: (cell.hours and str(cell.hours), cell.day_status, cell.state.value)
        for date, cell in column.cells.items()
    }


# Employees


def test_in_a_sites_matrix_is_who_worked_there_or_whose_home_it_is(
    acme: Personas,
) -> None:
    with acme.scope():
        north, south = site_named("North"), site_named("South")
        zoe = employee_at(south, "Zoe")
        employee_at(north, "Ann, who has no day yet")
        employee_at(south, "Sue, of the other site")
        post_day(zoe, 3, site=north, **EIGHT)
        assert names(matrix(site_id=north.pk)) == ["Ann, who has no day yet", "Zoe"]
        assert names(matrix(site_id=south.pk)) == ["Sue, of the other site", "Zoe"]
        assert len(names(matrix())) == 3


def test_who_left_before_the_month_is_in_it_only_with_a_day(acme: Personas) -> None:
    gone = {"is_active": False, "left_on": MONTH - dt.timedelta(days=1)}
    with acme.scope():
        north = site_named("North")
        late = employee_at(north, "A late card", **gone)
        employee_at(north, "Gone", **gone)
        employee_at(north, "Inactive without a day of leaving", is_active=False)
        employee_at(north, "To come", started_on=last_of_month(MONTH) + dt.timedelta(1))
        employee_at(north, "Z joins on the last day", started_on=last_of_month(MONTH))
        employee_at(north, "Z leaves on the first", is_active=False, left_on=MONTH)
        post_day(late, 1, **EIGHT)
        assert names(matrix(site_id=north.pk)) == [
            "A late card",
            "Z joins on the last day",
            "Z leaves on the first",
        ]


def test_who_has_no_home_site_is_in_the_matrix_of_all_sites(acme: Personas) -> None:
    with acme.scope():
        north = site_named("North")
        nomad: Any = employee_at(north, "Nomad")
        Employee.objects.filter(pk=nomad.pk).update(site=None)
        assert names(matrix()) == ["Nomad"]
        assert names(matrix(site_id=north.pk)) == []
        assert list(month_matrices(month=MONTH)) == []
        post_day(nomad, 1, site=north, **EIGHT)
        assert [names(found) for found in month_matrices(month=MONTH)] == [["Nomad"]]


def test_moving_and_renaming_changes_no_past_hours(acme: Personas) -> None:
    with acme.scope():
        north, south = site_named("North"), site_named("South")
        zoe = employee_at(north, "Zoe")
        post_day(zoe, 1, **EIGHT)
        before = matrix(site_id=north.pk)
        Employee.objects.filter(pk=zoe.pk).update(site=south, full_name="Zoe Levi")
        after = matrix(site_id=north.pk)
        assert cells(after, "Zoe Levi") == cells(before, "Zoe")
        assert after.total_hours == before.total_hours == 8
        assert cells(matrix(site_id=south.pk), "Zoe Levi") == {}


def test_the_former_passport_stands_in_for_one_that_was_released(
    acme: Personas,
) -> None:
    with acme.scope():
        north = site_named("North")
        zoe = employee_at(north, "Zoe", passport_id=None, former_passport_id="X123456")
        post_day(zoe, 1, **EIGHT)
        assert [column.passport_id for column in matrix().columns] == ["X123456"]


def test_another_business_at_the_same_site_is_not_in_it(
    acme: Personas, globex: Personas
) -> None:
    with acme.scope():
        site = site_named("Shared")
        john = employee_at(site, "John")
        post_day(john, 1, **EIGHT)
        draft_day(employee_at(site, "Joan"), 1)
    with globex.scope():
        jane, jill = employee_at(site, "Jane"), employee_at(site, "Jill")
        post_day(jane, 1, **SEVEN)
        draft_day(jill, 1)
        found = matrix(site_id=site.pk, approved_only=False)
        assert {c.employee_id for c in found.columns} == {str(jane.pk), str(jill.pk)}
        assert found.total_hours == 7
        assert matrix(business_id=acme.id).columns == []
        (sheet,) = month_matrices(month=MONTH, approved_only=False)
        assert names(sheet) == ["Jane", "Jill"]


# Cells


def test_a_day_at_two_sites_is_two_cells_and_one_sum(acme: Personas) -> None:
    with acme.scope():
        north, south = site_named("North"), site_named("South")
        zoe = employee_at(north, "Zoe")
        there = post_day(zoe, 5, site=south, **SEVEN)
        here = post_day(zoe, 5, **EIGHT)
        assert cells(matrix(site_id=north.pk), "Zoe") == {5: ("8.00", None, "approved")}
        assert cells(matrix(site_id=south.pk), "Zoe") == {5: ("7.00", None, "approved")}
        found = matrix()
        assert cells(found, "Zoe") == {5: ("15.00", None, "approved")}
        assert found.day_totals[day(5)] == found.total_hours == 15
        (column,) = found.columns
        assert column.cells[day(5)].work_card_id == str(here.work_card_id)
        assert there.work_card_id != here.work_card_id


def test_absences_are_counted_by_kind_and_have_no_hours(acme: Personas) -> None:
    with acme.scope():
        zoe = employee_at(site_named("North"), "Zoe")
        post_day(zoe, 1, **ABSENT)
        post_day(zoe, 2, **ABSENT)
        post_day(zoe, 3, **{**ABSENT, "day_status": "VACATION"})
        post_day(zoe, 4, **EIGHT)
        found = matrix()
    (column,) = found.columns
    assert column.absences == {"SICK": 2, "VACATION": 1}
    assert column.absences["HOLIDAY"] == 0
    assert cells(found, "Zoe")[1] == (None, "SICK", "approved")
    assert found.total_hours == column.total_hours == 8


def test_days_under_review_are_shown_if_asked_for_and_never_added_up(
    acme: Personas,
) -> None:
    with acme.scope():
        zoe = employee_at(site_named("North"), "Zoe")
        post_day(zoe, 1, **EIGHT)
        draft_day(zoe, 1, total_hours=Decimal("7.50"))
        draft_day(zoe, 2)
        draft_day(zoe, 4, absent=True)
        assert set(cells(matrix(), "Zoe")) == {1}
        found = matrix(approved_only=False)
    assert cells(found, "Zoe") == {
        1: ("8.00", None, "approved"),
        2: ("8.00", None, "needs_review"),
        4: (None, "VACATION", "needs_review"),
    }
    (column,) = found.columns
    assert found.total_hours == column.total_hours == 8
    assert found.day_totals[day(2)] == 0
    assert not column.absences


def test_of_two_cards_under_review_the_newer_is_shown_as_a_conflict(
    acme: Personas,
) -> None:
    early, late = (dt.datetime(2026, 6, number, tzinfo=dt.UTC) for number in (10, 20))
    with acme.scope():
        north, south = site_named("North"), site_named("South")
        zoe = employee_at(north, "Zoe")
        newer = draft_day(zoe, 2, created_at=late, total_hours=Decimal("7.50"))
        draft_day(zoe, 2, created_at=early)
        older_at_south = WorkCardFactory(employee=zoe, site=south)
        DayEntryFactory(work_card=older_at_south, work_date=day(2))
        WorkCard.objects.filter(pk=older_at_south.pk).update(created_at=early)
        found = matrix(site_id=north.pk, approved_only=False)
        assert cells(found, "Zoe") == {2: ("7.50", None, "conflict")}
        assert found.columns[0].cells[day(2)].work_card_id == str(newer.pk)
        # Not at the other site, or the date would appear twice.
        assert names(matrix(site_id=south.pk, approved_only=False)) == []
        assert cells(matrix(approved_only=False), "Zoe") == cells(found, "Zoe")


@pytest.mark.parametrize("trait", ["unassigned", "rejected"])
def test_cards_that_are_not_under_review_are_never_shown(
    acme: Personas, trait: str
) -> None:
    with acme.scope():
        DayEntryFactory(work_card=WorkCardFactory(**{trait: True}))
        found = matrix(approved_only=False)
        assert [column.cells for column in found.columns] in ([], [{}])


# Totals


def figures(seed: int) -> dict[str, Any]:
    """Return an absence for one day in seven, else hours in quarters, up to 23.75."""
    if seed % 7 == 0:
        return {"day_status": "SICK"}
    return {"hours": Decimal(seed % 96) / 4}


def fill(site: Site, people: int, days: Iterable[dt.date]) -> None:
    """Create a card for each of `people` with the given days.

    The days have different hours, and some are absences.
    """
    month = next(iter(days), MONTH).replace(day=1)
    cards = [
        WorkCardFactory(
            approved=True,
            employee=employee_at(site, f"Worker {number:02}"),
            site=site,
            processing_month=month,
        )
        for number in range(people)
    ]
    ApprovedDay.objects.bulk_create(
        ApprovedDay(
            work_card=card,
            employee=card.employee,
            site=site,
            work_date=date,
            **figures(row + date.day),
            approved_at=card.approved_at,
        )
        for row, card in enumerate(cards)
        for date in days
    )


MONTHS = [dt.date(2026, 2, 1), dt.date(2024, 2, 1), dt.date(2026, 4, 1), MONTH]
MONTHS += [dt.date(2026, 1, 1), dt.date(2025, 12, 1)]


@pytest.mark.parametrize("month", MONTHS, ids=str)
@pytest.mark.parametrize("people", [0, 1, 7, 50])
def test_cells_employees_days_and_ledger_come_to_the_same(
    acme: Personas, month: dt.date, people: int
) -> None:
    days = days_of_month(month)
    with acme.scope():
        site = site_named("North")
        fill(site, people, days)
        # The neighbouring days, which must not count.
        fill(site_named("South"), 1, [days[0] - dt.timedelta(1)])
        fill(site_named("East"), 1, [days[-1] + dt.timedelta(1)])
        found = month_matrix(month=month, site_id=site.pk)
        ledger = [row.hours or 0 for row in ApprovedDay.objects.for_month(month)]
        absent = ApprovedDay.objects.for_month(month).filter(hours=None).count()
        exported = [
            Decimal(row.hours or 0)
            for row in month_rows(month, include_unapproved=True)
        ]
    assert found.days == days
    assert len(found.columns) == people
    total = sum(ledger)
    assert total == sum(exported) == found.total_hours
    assert total == sum(found.day_totals.values())
    assert total == sum(column.total_hours for column in found.columns)
    shown = [cell for column in found.columns for cell in column.cells.values()]
    assert total == sum(cell.hours or 0 for cell in shown)
    assert len(shown) == people * len(days)
    assert absent == sum(column.absences.total() for column in found.columns)
    assert {cell.state for cell in shown} <= {State.APPROVED}


def test_a_matrix_a_site_adds_up_to_the_one_of_all(acme: Personas) -> None:
    with acme.scope():
        days = days_of_month(MONTH)
        for name in ("North", "South", "East"):
            fill(site_named(name), 3, days)
        roamer = employee_at(site_named("West"), "Roamer")
        post_day(roamer, 1, site=Site.objects.get(site_name="North"), **EIGHT)
        together = matrix()
        sheets = list(month_matrices(month=MONTH))
        assert [sheet.site_name for sheet in sheets] == [
            "East",
            "North",
            "South",
            "West",
        ]
        assert sum(sheet.total_hours for sheet in sheets) == together.total_hours
        for sheet in sheets:
            alone = matrix(site_id=sheet.site_id)
            assert (alone.columns, alone.day_totals) == (
                sheet.columns,
                sheet.day_totals,
            )
        rows = list(month_rows(MONTH, include_expected=True))
        assert list(matrices_of(MONTH, iter(rows))) == sheets


@pytest.mark.parametrize("people", [1, 50, 500])
def test_a_matrix_costs_one_query_whatever_the_size(
    acme: Personas, people: int, django_assert_num_queries: Any
) -> None:
    with acme.scope():
        fill(site_named("North"), people, days_of_month(MONTH)[:2])
        draft_day(employee_at(site_named("South"), "Zoe"), 1)
        with django_assert_num_queries(1):
            assert len(matrix(approved_only=False).columns) == people + 1
        with django_assert_num_queries(1):
            assert len(list(month_matrices(month=MONTH, approved_only=False))) == 2
