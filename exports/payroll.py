"""The payroll program's file: a row an employee and component, in the format of a profile."""

from collections.abc import Iterator
from typing import IO, NamedTuple

from django.utils.translation import gettext as _

from automatehq.api.errors import Invalid, Problem
from automatehq.spreadsheet_escape import escape_cell
from workcards.month_rows import DayRow

from .csv_columns import csv_writer
from .export_options import ExportOptions
from .models import ExportProfile
from .profiles import COMPONENTS, HOURS, Profile
from .totals import Amount, EmployeeMonth, amount_of, employee_months

HEADER = ("Month", "Organization", "Employee ID", "Employee", "Component", "Quantity")
# An error message lists at most this many employees, each name cut to `NAME_LENGTH`.
MAX_NAMED = 50
NAME_LENGTH = 60


class Payment(NamedTuple):
    """A line of the file: a component and its quantity as text. `status` is "" for approved days."""

    component: str
    quantity: str
    status: str = ""


def payments(month: EmployeeMonth, profile: Profile) -> Iterator[Payment]:
    """Yield a line for each component of an employee, and one for each unapproved day."""
    exported = [part for part in COMPONENTS if profile.components.get(part)]
    for component in exported:
        if quantity := _quantity(month.amount(component), profile):
            yield Payment(component, quantity)
    for row in month.drafts:
        amount = amount_of(row)
        quantity = _quantity(amount, profile)
        if amount.component in exported and quantity:
            yield Payment(amount.component, quantity, f"{row.draft} {row.work_date}")


def _quantity(amount: Amount, profile: Profile) -> str:
    """Return hours in the format of the profile, or days of an absence; "" for none."""
    if amount.component != HOURS:
        return f"{amount.quantity:f}" if amount.quantity else ""
    paid = profile.paid_hours(amount.quantity, amount.minutes)
    return profile.hours(paid) if paid else ""


def write_payroll_csv(
    rows: Iterator[DayRow], file: IO[bytes], options: ExportOptions
) -> int:
    """Write the file, sorted by employee name; return the number of lines.

    Raises `Invalid` with the names of employees who cannot be exported. The file is incomplete then.
    """
    profile = options.profile
    assert profile is not None, "the file needs a profile"
    nameless = _EmployeeList()
    unwritable = _EmployeeList()
    count = 0
    with csv_writer(
        file, encoding=profile.encoding, delimiter=profile.delimiter
    ) as writer:
        writer.writerow([*HEADER, "Status"] if options.is_draft else HEADER)
        for month in employee_months(rows):
            lines = list(payments(month, profile))
            if not lines:
                continue
            person = month.person
            identifier = getattr(person, profile.identifier)
            if not identifier:
                nameless.add(person)
            elif not profile.is_encodable(person.employee_name + identifier):
                unwritable.add(person)
            else:
                for line in lines:
                    cells = _cells(person, identifier, line, profile)
                    writer.writerow(
                        [*cells, line.status] if options.is_draft else cells
                    )
                count += len(lines)
    _raise_problems(profile, nameless, unwritable)
    return count


def _cells(
    person: DayRow, identifier: str, line: Payment, profile: Profile
) -> list[str]:
    return [
        person.work_date[:7],
        escape_cell(profile.organization_number),
        escape_cell(identifier),
        escape_cell(person.employee_name),
        escape_cell(profile.components[line.component]),
        line.quantity,
    ]


class _EmployeeList:
    """The employees of an error message: the first names and the number of the others."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.count = 0

    def add(self, person: DayRow) -> None:
        self.count += 1
        if self.count <= MAX_NAMED:
            name = person.employee_name[:NAME_LENGTH]
            # Two employees may have the same name; the other identifier distinguishes them.
            other = person.external_employee_id or person.passport_id
            self.names.append(f"{name} ({other})" if other else name)

    def __str__(self) -> str:
        named = ", ".join(self.names)
        if self.count <= len(self.names):
            return named
        more = self.count - len(self.names)
        return _("%(names)s and %(more)d more") % {"names": named, "more": more}


def _raise_problems(
    profile: Profile, nameless: _EmployeeList, unwritable: _EmployeeList
) -> None:
    problems = []
    if nameless.count:
        label = ExportProfile.Identifier(profile.identifier).label
        message = _("These employees have hours to pay but no %(what)s: %(names)s.")
        problems.append(
            Problem(
                "missing_identifier",
                message % {"what": label.lower(), "names": nameless},
            )
        )
    if unwritable.count:
        message = _(
            "The encoding %(encoding)s cannot represent the name or ID of: %(names)s."
        )
        encoding = ExportProfile.Encoding(profile.encoding).label
        problems.append(
            Problem(
                "not_encodable", message % {"encoding": encoding, "names": unwritable}
            )
        )
    if problems:
        raise Invalid.from_problems(problems)
