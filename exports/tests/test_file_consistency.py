"""Tests that files of all kinds agree with the ledger.

They cover months of 28 to 31 days, with no employee, one and many.
"""

import datetime as dt
import random
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from accounts.tests.personas import Personas
from exports.models import ExportProfile
from exports.profiles import COMPONENTS
from workcards.hours import as_hours
from workcards.models import ApprovedDay
from workcards.month_math import days_of_month
from workcards.tests.factories import WorkCardFactory
from workcards.transitions import DayStatus

from .export_files import csv_lines, made, sheets, values
from .factories import ExportProfileFactory
from .month_fixtures import employee_at, site_named

pytestmark = pytest.mark.django_db
MONTHS = [dt.date(2026, 2, 1), dt.date(2028, 2, 1), dt.date(2026, 4, 1), dt.date(2026, 3, 1)]  # fmt: skip
SIZES = [0, 1, 7, 50]
SITES = 3
NAMES = ("דנה לוי", "John O'Neil", 'A "B", C', "=1+1", "Žofia", "Same Name")

# (employee, site, date) → hours, or an absence.
Ledger = dict[tuple[str, str, dt.date], Decimal | str]


def fill(month: dt.date, people: int, seed: int) -> Ledger:
    """Fill a month and return external id → days.

    Employees work at one or two sites a day, are absent, or have 0.00 hours.
    """
    rng = random.Random(seed)
    sites = [site_named(f"Site {seed} {number}") for number in range(SITES)]
    ledger: Ledger = {}
    posted = []
    for number in range(people):
        external_id = f"{number:05}"
        employee = employee_at(
            sites[number % SITES],
            f"{NAMES[number % len(NAMES)]}",
            external_employee_id=external_id,
        )
        for site in rng.sample(sites, 2):
            card = WorkCardFactory(
                approved=True, employee=employee, site=site, processing_month=month
            )
            for day in days_of_month(month):
                absent = (external_id, "", day) in ledger
                roll = rng.random()
                if roll < 0.4 or absent:
                    continue
                has_other = any(
                    (external_id, other.site_name, day) in ledger for other in sites
                )
                status = rng.choice(DayStatus.values) if roll < 0.5 else None
                if status and has_other:
                    continue
                cents = 0 if roll > 0.95 else rng.randrange(1, 1201)
                hours = None if status else Decimal(cents) / 100
                if status:
                    ledger[external_id, "", day] = status
                ledger[external_id, site.site_name, day] = status or Decimal(hours or 0)
                posted.append(
                    ApprovedDay(
                        employee=employee,
                        site=site,
                        work_card=card,
                        work_date=day,
                        hours=hours,
                        day_status=status,
                        approved_by_name="Dana",
                        approved_at=card.approved_at,
                        business_id=card.business_id,
                    )
                )
    ApprovedDay.objects.bulk_create(posted)
    return {key: value for key, value in ledger.items() if key[1]}


def of_days_csv(month: dt.date) -> Ledger:
    _, *lines = csv_lines(made("days_csv", month=month))
    return {
        (line[3], line[1], dt.date.fromisoformat(line[5])): line[10] or Decimal(line[9])
        for line in lines
    }


def totals(ledger: Ledger) -> dict[str, Counter[str]]:
    """Return the sums of rounded days: external id → component → quantity."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for (person, _, _), value in ledger.items():
        if isinstance(value, Decimal):
            found[person]["hours"] += value  # type: ignore[assignment]
        else:
            found[person][value] += 1
    return found


def check_summary(ledger: Ledger, month: dt.date) -> None:
    (rows,) = sheets(made("summary_xlsx", month=month)).values()
    _, *lines = values(rows)
    by_person = {line[1]: line for line in lines}
    expected = totals(ledger)
    assert by_person.keys() == expected.keys()
    for person, line in by_person.items():
        days = {key: value for key, value in ledger.items() if key[0] == person}
        worked = {
            day for (_, _, day), v in days.items() if isinstance(v, Decimal) and v
        }
        assert line[4] == len(worked)
        assert round(Decimal(line[5]), 2) == expected[person]["hours"]
        assert line[6:10] == [expected[person][kind] for kind in DayStatus.values]
        assert line[3] == ", ".join(sorted({site for _, site, _ in days}))
        assert line[11].date() == min(day for _, _, day in days)
        assert line[12].date() == max(day for _, _, day in days)


def minutes_as_hours(ledger: Ledger) -> dict[str, Decimal]:
    """Return the sums of minutes, rounded once to hundredths of an hour, by external id."""
    found: Counter[str] = Counter()
    for (person, _, _), value in ledger.items():
        if isinstance(value, Decimal):
            found[person] += int((value * 60).quantize(Decimal(1), ROUND_HALF_UP))
    return {person: as_hours(minutes) for person, minutes in found.items()}


def check_payroll(ledger: Ledger, month: dt.date, profile: ExportProfile) -> None:
    _, *lines = csv_lines(made("payroll_csv", month=month, profile=profile))
    components = {code: part for part, code in profile.components.items()}
    found = {(line[2], components[line[4]]): Decimal(line[5]) for line in lines}
    assert len(found) == len(lines)
    expected = totals(ledger)
    if profile.totals == ExportProfile.Totals.MINUTES:
        for person, hours in minutes_as_hours(ledger).items():
            expected[person]["hours"] = hours  # type: ignore[assignment]
    assert found == {
        (person, part): quantity
        for person, quantities in expected.items()
        for part, quantity in quantities.items()
        if quantity
    }


def check_matrix(ledger: Ledger, month: dt.date, people: dict[str, str]) -> None:
    days = days_of_month(month)
    found: Ledger = {}
    for name, rows in sheets(made("matrix_xlsx", month=month)).items():
        cells = values(rows)
        persons = [people.get(passport, "") for passport in cells[1][2:-1]]
        for day, row in zip(days, cells[2:], strict=False):
            assert row[0].date() == day
            for person, value in zip(persons, row[2:-1], strict=True):
                if value is not None:
                    is_number = not isinstance(value, str)
                    found[person, name, day] = (
                        round(Decimal(value), 2) if is_number else value
                    )
            assert round(Decimal(row[-1]), 2) == sum(
                (v for k, v in found.items() if k[1:] == (name, day) and isinstance(v, Decimal)),
                Decimal(0),
            )  # fmt: skip
        for person, total in zip(persons, cells[2 + len(days)][2:-1], strict=True):
            assert round(Decimal(total), 2) == sum(
                (v for k, v in found.items() if k[:2] == (person, name) and isinstance(v, Decimal)),
                Decimal(0),
            )  # fmt: skip
    assert found == ledger


@pytest.mark.parametrize("people", SIZES)
@pytest.mark.parametrize("month", MONTHS, ids=str)
def test_all_kinds_agree_with_the_ledger(
    acme: Personas, globex: Personas, month: dt.date, people: int
) -> None:
    with globex.scope():
        fill(month, 1, seed=99)
    with acme.scope():
        ledger = fill(month, people, seed=people)
        passports: Any = ApprovedDay.objects.values_list(
            "employee__passport_id", "employee__external_employee_id"
        )
        assert of_days_csv(month) == ledger
        check_summary(ledger, month)
        for kind in ExportProfile.Totals.values:
            check_payroll(ledger, month, ExportProfileFactory(totals=kind))
        check_matrix(ledger, month, dict(passports))


def test_the_components_are_hours_and_every_kind_of_absence() -> None:
    assert set(COMPONENTS) == {"hours", *DayStatus.values}
