"""Parsers of a month's files and pages into one form, so that tests compare them."""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from openpyxl import load_workbook

from tests.api_session import Front

ABSENCES = ("VACATION", "SICK", "INTERNATIONAL_VISA", "HOLIDAY")
Person = str


@dataclass(frozen=True)
class ExportFigures:
    """Hours, days worked and days of absence by employee, for employees who have any.

    A day worked at two sites is one day worked.
    """

    hours: Mapping[Person, Decimal]
    worked: Mapping[Person, int]
    absences: Mapping[Person, int]


def people(business: Front) -> dict[str, Person]:
    """Return the external ids of employees by id and by name."""
    rows = business.rows("employees")
    return {
        row[key]: row["external_employee_id"]
        for row in rows
        for key in ("id", "full_name")
    }


def from_days_csv(content: bytes) -> ExportFigures:
    hours: defaultdict[Person, Decimal] = defaultdict(Decimal)
    absences: Counter[Person] = Counter()
    worked = set()
    for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig"))):
        person = row["External ID"]
        if row["Status"]:
            absences[person] += 1
        else:
            hours[person] += Decimal(row["Total Hours"])
            worked.add((person, row["Date"]))
    return ExportFigures(
        dict(hours), Counter(person for person, _date in worked), absences
    )


def from_payroll_csv(
    content: bytes, codes: Mapping[str, str | None], worked: Mapping[Person, int]
) -> ExportFigures:
    """Parse the payroll CSV. The file has no days, so the number of days `worked` is a parameter."""
    hours = {}
    absences: Counter[Person] = Counter()
    for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig"))):
        if row["Component"] == codes["hours"]:
            hours[row["Employee ID"]] = Decimal(row["Quantity"])
        else:
            absences[row["Employee ID"]] += int(row["Quantity"])
    return ExportFigures(hours, worked, absences)


def from_summary_xlsx(content: bytes) -> ExportFigures:
    """Parse the summary workbook, which has one row per employee."""
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    header, *rows = sheet.iter_rows(values_only=True)
    hours, worked = {}, {}
    absences: Counter[Person] = Counter()
    for values in rows:
        row: dict[Any, Any] = dict(zip(header, values, strict=True))
        person = str(row["External ID"])
        hours[person], worked[person] = _hours(row["Hours"]), row["Days Worked"]
        absences[person] = sum(row[kind.replace("_", " ").title()] for kind in ABSENCES)
    return ExportFigures(hours, worked, +absences)


def from_matrix_xlsx(content: bytes, ids: Mapping[str, Person]) -> ExportFigures:
    """Parse the matrix workbook, and check its totals against all cells.

    It has one sheet per site.
    """
    hours: defaultdict[Person, Decimal] = defaultdict(Decimal)
    absences: Counter[Person] = Counter()
    worked = set()
    for sheet in load_workbook(io.BytesIO(content)).worksheets:
        names, _passports, *rows = sheet.iter_rows(values_only=True)
        totals = next(row for row in rows if row[0] == "Total")
        of_sheet = Decimal(0)
        for row in rows[: rows.index(totals)]:
            cells = [(ids[str(names[at])], row[at]) for at in range(2, len(names) - 1)]
            absences.update(person for person, cell in cells if isinstance(cell, str))
            numbers = [
                (person, _hours(cell))
                for person, cell in cells
                if isinstance(cell, int | float)
            ]
            for person, number in numbers:
                hours[person] += number
                worked.add((person, row[0]))
            of_day = sum(number for _person, number in numbers)
            assert _hours(row[-1]) == of_day
            of_sheet += of_day
        assert _hours(totals[-1]) == of_sheet
    return ExportFigures(
        dict(hours), Counter(person for person, _date in worked), absences
    )


def from_matrix(front: Front, month: str, ids: Mapping[str, Person]) -> ExportFigures:
    """Parse the matrix of all sites, in which two sites of one date share a cell."""
    matrix = front.get("matrix", month=month)
    hours, worked = {}, {}
    absences: Counter[Person] = Counter()
    for employee in matrix["employees"]:
        person = ids[employee["id"]]
        cells = matrix["cells"].get(employee["id"], {}).values()
        paid = [Decimal(cell["hours"]) for cell in cells if cell["hours"]]
        assert Decimal(employee["total_hours"]) == sum(paid)
        if paid:
            hours[person], worked[person] = sum(paid), len(paid)
        absences[person] = sum(employee["absences"].values())
    of_days = sum(map(Decimal, matrix["day_totals"].values()))
    assert Decimal(matrix["total_hours"]) == of_days == sum(hours.values())
    return ExportFigures(hours, worked, +absences)


def _hours(value: Any) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.01"))
