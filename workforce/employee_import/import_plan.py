"""Plans the change of each row, by the same rules as the edit of a single employee."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from django.utils.translation import gettext as _
from drf_standardized_errors.formatter import flatten_errors
from rest_framework.exceptions import ValidationError

from audit.services import snapshot
from automatehq.api.errors import CONSTRAINT_ERRORS, Conflict, DomainError, Problem
from businesses.models import Business
from workforce import services
from workforce.models import Employee, Site

from .file_parsing import missing_names
from .matching import Known, Matcher
from .row_values import PersonRow, changed, visible
from .serializers import PersonSerializer
from .site_matching import Sites

Action = Literal["create", "update", "unchanged", "error"]
ACTIONS: tuple[Action, ...] = ("create", "update", "unchanged", "error")


@dataclass(slots=True)
class RowPlan:
    """The planned change of a row. `before` and `after` contain the changed fields, as in the audit trail."""

    row: PersonRow
    employee: Employee | None = None
    is_new: bool = False
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    site_names: tuple[str | None, str | None] = (None, None)

    @property
    def action(self) -> Action:
        if self.row.errors:
            return "error"
        if self.is_new:
            return "create"
        return "update" if self.after else "unchanged"

    @property
    def employee_id(self) -> uuid.UUID | None:
        """Return the id of an existing employee; None for a new one before the write."""
        return self.employee.pk if self.employee and not self.is_new else None

    @property
    def changes(self) -> list[dict[str, object]]:
        """Return the changed fields with old and new value; a site is given by its name."""
        if self.row.errors:
            return []
        shown = {
            name: (self.before.get(name), new)
            for name, new in self.after.items()
            if not (self.is_new and (new in (None, "") or name == "is_active"))
        }
        if "site_id" in shown:
            shown["site_id"] = self.site_names
        return [
            {"field": "site" if name == "site_id" else name, "old": old, "new": new}
            for name, (old, new) in shown.items()
        ]


def plan_rows(
    rows: Sequence[PersonRow], business: Business, *, has_names: bool
) -> list[RowPlan]:
    """Return the planned change of each row.

    Raises `Invalid` `missing_column` if all employees are new and none has a name.
    """
    matcher = Matcher()
    known = [matcher.match(row) for row in rows]
    is_new = any(
        not (one or row.errors or row.is_header)
        for row, one in zip(rows, known, strict=True)
    )
    if is_new and not has_names and not any(known):
        raise missing_names()
    _reject_same_person(rows, [one.pk if one else None for one in known])
    employees = _lock(one for one in known if one)
    planner = _Planner(business)
    return [
        planner.plan(row, employees[one.pk] if one else None)
        for row, one in zip(rows, known, strict=True)
    ]


def _reject_same_person(
    rows: Sequence[PersonRow], known: Sequence[uuid.UUID | None]
) -> None:
    rows_by_key: dict[Any, list[PersonRow]] = defaultdict(list)
    for row, pk in zip(rows, known, strict=True):
        keys_of_row = {
            pk,
            ("passport", row.passport.text),
            ("external", row.external.text),
        }
        for key in keys_of_row - {None, ("passport", ""), ("external", "")}:
            rows_by_key[key].append(row)
    reported = set()
    for same_rows in rows_by_key.values():
        for row in same_rows if len(same_rows) > 1 else ():
            if row.number in reported:
                continue
            reported.add(row.number)
            others = ", ".join(
                str(other.number) for other in same_rows[:5] if other is not row
            )
            row.errors.append(
                Problem(
                    "same_person",
                    _("Same employee as row %s.") % others,
                )
            )


def _lock(known: Iterable[Known]) -> dict[uuid.UUID, Employee]:
    """Lock and return the employees of the rows.

    Raises `Conflict` if their keys have changed since they were matched.
    """
    keys = {one.pk: one for one in known}
    rows = Employee.objects.filter(pk__in=list(keys)).select_related("site")
    locked = {
        row.pk: row for row in rows.select_for_update(of=("self",)).order_by("pk")
    }
    for pk, one in keys.items():
        row = locked.get(pk)
        is_same = row and (row.passport_id, row.external_employee_id) == one[1:]
        if not is_same:
            raise Conflict("busy", _("Another user is changing this. Try again."))
    return locked


class _Planner:
    """Plans the changes of rows, by the same rules as the edit of a single employee."""

    def __init__(self, business: Business) -> None:
        self._list: Any = PersonSerializer(many=True, context={"business": business})
        self._sites = Sites()
        self._check_site = cache(services.site_error)

    def plan(self, row: PersonRow, employee: Employee | None) -> RowPlan:
        if row.is_header:
            return RowPlan(row)
        plan = RowPlan(row, employee, is_new=employee is None)
        if row.errors:
            return plan
        values = self._read(row, employee)
        site = self._sites.find(row)
        if row.errors:
            return plan
        if site is not None:
            values["site"] = site
        try:
            self._fill(plan, values)
        except DomainError as error:
            row.errors.extend(error.problems)
        else:
            _check_employment(plan)
            row.errors.extend(
                changed(str(plan.after[name]), name)
                for name in sorted(row.looks_changed & plan.after.keys())
            )
        return plan

    def _read(self, row: PersonRow, employee: Employee | None) -> dict[str, Any]:
        """Return the values of a row, validated like a body of the API."""
        body = {
            name: text
            for name, text in row.values.items()
            if name not in ("site_name", "site_code")
        }
        if employee is not None and row.is_part_of_name:
            del body["full_name"]
        if row.passport.text:
            body["passport_id"] = row.passport.text
        if row.external.text:
            is_stored = employee and employee.external_employee_id == row.external.text
            text = row.external.text
            body["external_employee_id"] = text if is_stored else visible(text)
        serializer = self._list.child
        # A row of an existing employee may be incomplete; blank cells never erase values.
        self._list.partial = employee is not None
        serializer.instance = employee
        try:
            return dict(serializer.run_validation(body))
        except ValidationError as error:
            problems = flatten_errors(error.detail)
            row.errors.extend(
                Problem(one.code, one.detail, one.attr) for one in problems
            )
            return {}

    def _fill(self, plan: RowPlan, values: Mapping[str, Any]) -> None:
        employee = plan.employee
        if employee is None:
            plan.employee = services.new_employee(values, check_site=self._check_site)
            plan.after = snapshot(plan.employee, services.EMPLOYEE_FIELDS)
            plan.site_names = (None, _name(plan.employee.site))
            return
        old_site = employee.site
        plan.before, plan.after = services.change_employee(
            employee, values, check_site=self._check_site
        )
        plan.site_names = (_name(old_site), _name(employee.site))


def _name(site: Site | None) -> str | None:
    return site.site_name if site else None


def _check_employment(plan: RowPlan) -> None:
    """Add the errors that the database would raise, and a warning for an ignored status."""
    employee, row = plan.employee, plan.row
    assert employee is not None
    started, left = employee.started_on, employee.left_on
    if plan.after and started and left and left < started:
        rule = CONSTRAINT_ERRORS["employees_left_after_start"]
        row.errors.append(Problem(rule.code, str(rule.detail), rule.field))
    if row.is_active is not None and row.is_active != employee.is_active:
        row.warnings.append(
            Problem(
                "activity_stays",
                _("An import does not activate or deactivate employees."),
                "is_active",
            )
        )
